package automation_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/platform/db"
)

// everyStance calls fn with all there are.
func everyStance(fn func(s automation.Stance, v automation.Decided)) {
	var s automation.Stance
	bits := []*bool{
		&s.Giving, &s.Taking, &s.Released, &s.Should, &s.Has, &s.Lapsed, &s.Holds, &s.Other, &s.Enabled, &s.Asked, &s.AskedTaking, &s.AskedWithout, &s.Anew,
	}
	for _, s.Loss = range []automation.Loss{automation.Taken, automation.Left, automation.Revoked} {
		for _, s.Is = range []automation.Standing{automation.Unknown, automation.Pending, automation.Agreed, automation.Denied} {
			for n := range 1 << len(bits) {
				for i, bit := range bits {
					*bit = n>>i&1 == 1
				}
				switch {
				case s.Has && s.Lapsed, s.Released && s.Should: // neither can be
				default:
					fn(s, automation.Decide(s))
				}
			}
		}
	}
}

func TestWhatIsToBeAskedAboutIsNeverGivenOrTakenWithoutThat(t *testing.T) {
	everyStance(func(s automation.Stance, v automation.Decided) {
		open := s.Asked && !s.AskedWithout && s.Is == automation.Pending
		ours := s.Loss != automation.Left && s.Enabled && !s.Released && !s.Lapsed
		bad := map[string]bool{
			"gives unasked":              s.Giving && s.Should && !s.Has && v.Do == "PLAIN",
			"takes unasked":              s.Taking && !s.Should && s.Has && (!s.Other || s.Loss == automation.Revoked) && ours && v.Do == "PLAIN",
			"takes what is decided":      open && s.AskedTaking && !s.Should && s.Has && ours && v.Do == "PLAIN",
			"takes from who should":      s.Should && (v.Do == "TAKE" || v.Do == "LEAVE"),
			"gives to who should not":    !s.Should && (v.Do == "GIVE" || v.Do == "REMEMBER" || v.Do == "END"),
			"asks and asked":             open && (v.Do == "GIVE" || v.Do == "TAKE"),
			"asks about what is held":    s.Holds && v.Do == "GIVE",
			"asks nobody wants":          v.Do == "GIVE" && !s.Giving || v.Do == "TAKE" && (!s.Taking || s.Loss == automation.Left),
			"asks again and again":       v.Do == "GIVE" && s.Asked && !s.AskedWithout && !s.AskedTaking && s.Is == automation.Denied && !s.Anew,
			"asks about who is disabled": v.Do == "TAKE" && !s.Enabled,
			"asks about who is past it":  v.Do == "TAKE" && s.Lapsed,
			"withdraws nothing":          v.Withdraw && !open,
			"forgets an open task":       open && (v.Forget || v.Blank) && !v.Withdraw,
		}
		for what, is := range bad {
			if is {
				t.Fatalf("%s: %+v: %+v", what, s, v)
			}
		}
	})
}

func TestWhoIsRefusedOnceIsAskedAboutWhenTheyComeAnew(t *testing.T) {
	s := automation.Stance{Giving: true, Should: true, Enabled: true, Asked: true, Is: automation.Denied}
	if v := automation.Decide(s); v.Do != "" {
		t.Errorf("%+v", v)
	}
	s.Anew = true
	if v := automation.Decide(s); v.Do != "GIVE" {
		t.Errorf("%+v", v)
	}
}

// Two replicas may be at a binding at once.
func TestAPassThatComesLateTakesAndForgetsNothing(t *testing.T) {
	onWorlds(t, func(w *world) {
		b := automation.Binding{Source: w.a, Destination: w.b}
		ada := w.user("Ada", "Sales")
		w.must(w.bind(b.Source, b.Destination))
		w.give(b.Source, ada)
		w.settle()
		account, err := w.Grants.AccountFor(w.Ctx, b.Destination.AppID, ada)
		w.must(err)
		until := w.Clock.Now().Add(time.Hour)
		w.must(w.DB.Write(w.Ctx, func(tx *db.Tx) error { automation.Remember(tx, b, ada, until); return nil }))
		late := func(do string, back bool, want time.Time) {
			t.Helper()
			w.must(w.DB.Write(w.Ctx, func(tx *db.Tx) error { return w.auto.Keeper().(automation.Keeper).Late(tx, b, account, ada, do, back) }))
			w.wantHolders(b.Destination, "[Ada]")
			if got, err := automation.Remembered(w.DB.Q(w.Ctx), b, ada); err != nil || !got.Equal(want) {
				t.Errorf("%s: until %v, %v", do, got, err)
			}
		}
		late("END", false, until) // it is not past its end any more
		late("PLAIN", true, until)
		late("PLAIN", false, time.Time{})
	})
}
