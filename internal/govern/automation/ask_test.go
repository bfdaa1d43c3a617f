package automation_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
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

// The mode of a catalog may change between what a pass found and what it proposes.
func TestNobodyIsAskedAboutWhatABindingAsksAboutNoMore(t *testing.T) {
	onWorlds(t, func(w *world) {
		b, k := automation.Binding{Source: w.a, Destination: w.b}, w.auto.Keeper().(automation.Keeper)
		for _, ask := range []automation.Asking{{Giving: true, Taking: true}, {Giving: true}, {Taking: true}, {}} {
			w.must(w.DB.Write(w.Ctx, func(tx *db.Tx) error {
				err := w.auto.BindAll(tx, audit.System(), w.a, []app.EntitlementRef{w.b}, automation.Terms{Loss: automation.Taken, Ask: ask})
				w.must(err)
				for taking, want := range map[bool]bool{false: ask.Giving, true: ask.Taking} {
					if got, err := k.Asks(tx, b, taking); err != nil || got != want {
						t.Errorf("%+v: taking %v: %v, %v", ask, taking, got, err)
					}
				}
				return nil
			}))
		}
		w.must(w.DB.Write(w.Ctx, func(tx *db.Tx) error {
			w.must(w.auto.BindAll(tx, audit.System(), w.a, nil, automation.Terms{}))
			if got, err := k.Asks(tx, b, true); got || err != nil {
				t.Errorf("it is gone: %v, %v", got, err)
			}
			return nil
		}))
	})
}

func TestWhatIsRememberedOfARuleStaysWhereItIsMadeAnewWhileItsLastPassEnds(t *testing.T) {
	onWorlds(t, func(w *world) {
		b, k := automation.Binding{Source: w.a, Destination: w.a}, w.auto.Keeper().(automation.Keeper)
		ada := w.user("Ada", "Sales")
		rule := automation.Rule{Of: w.a, Kind: automation.CEL, Expression: `subject.department == "Sales"`, Asks: true}
		until := w.Clock.Now().Add(time.Hour)
		remembered := func() time.Time {
			got, err := automation.Remembered(w.DB.Q(w.Ctx), b, ada)
			w.must(err)
			return got
		}
		made, err := w.auto.Create(w.Ctx, rule)
		w.must(err)
		w.must(w.DB.Write(w.Ctx, func(tx *db.Tx) error { automation.Remember(tx, b, ada, until); return nil }))
		w.must(w.auto.Delete(w.Ctx, w.a))
		gone := made
		gone.DeletedAt = w.Clock.Now()
		w.Clock.Advance(time.Second)
		_, err = w.auto.Create(w.Ctx, rule)
		w.must(err)
		w.must(k.Close(w.Ctx, gone))
		if got := remembered(); !got.Equal(until) {
			t.Errorf("made anew, it remembers %v", got)
		}
		w.must(w.auto.Delete(w.Ctx, w.a))
		gone.DeletedAt = w.Clock.Now()
		w.must(k.Close(w.Ctx, gone))
		if got := remembered(); !got.IsZero() {
			t.Errorf("gone, it remembers %v", got)
		}
	})
}
