package grant

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/fault"
)

var (
	noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	soon = noon.Add(time.Hour)
	past = noon.Add(-time.Hour)
)

// stages are grants in every state that a step may find them in, at noon. Each has a target.
var stages = []struct {
	name  string
	grant Grant
}{
	{"pending", Grant{State: Pending, Direct: Manual, DeprovisionAt: soon}},
	{"pending, past its end", Grant{State: Pending, Direct: Manual, DeprovisionAt: noon}},
	{"active", Grant{State: Active, Direct: Manual, DeprovisionAt: soon, ActiveAt: past}},
	{"active without end", Grant{State: Active, Direct: Synced, ActiveAt: past}},
	{"active, past its end", Grant{State: Active, Direct: Manual, DeprovisionAt: noon, ActiveAt: past}},
	{"active, passed on too", Grant{State: Active, Direct: Manual, DeprovisionAt: soon, ActiveAt: past, Derived: 1}},
	{"active, passed on beyond its end", Grant{State: Active, Direct: Manual, DeprovisionAt: noon, ActiveAt: past, Derived: 1}},
	{"active, passed on only", Grant{State: Active, ActiveAt: past, Derived: 1}},
	{"pending, kept", Grant{State: Pending, Derived: 1, Kept: 1}},
	{"active, kept too", Grant{State: Active, Direct: Manual, DeprovisionAt: soon, ActiveAt: past, Derived: 1, Kept: 1}},
	{"active, kept beyond its end", Grant{State: Active, Direct: Manual, DeprovisionAt: noon, ActiveAt: past, Derived: 1, Kept: 1}},
	{"active, kept only", Grant{State: Active, ActiveAt: past, Derived: 1, Kept: 1}},
	{"active, kept and passed on", Grant{State: Active, ActiveAt: past, Derived: 2, Kept: 1}},
	{"active, kept against the target", Grant{State: Active, ActiveAt: past, Derived: 1, Kept: 1, PutBack: MaxPutBacks}},
	{"active, kept against the target, and passed on", Grant{State: Active, ActiveAt: past, Derived: 2, Kept: 1, PutBack: MaxPutBacks}},
	{"active, kept until soon", Grant{State: Active, ActiveAt: past, Derived: 1, Kept: 1, DerivedUntil: soon}},
	{"active, kept until now", Grant{State: Active, ActiveAt: past, Derived: 1, Kept: 1, DerivedUntil: noon}},
	{"active, kept until now, and given", Grant{State: Active, Direct: Manual, DeprovisionAt: soon, ActiveAt: past, Derived: 1, Kept: 1, DerivedUntil: noon}},
	{"active, given and kept until now", Grant{State: Active, Direct: Manual, DeprovisionAt: past, ActiveAt: past.Add(-time.Hour), Derived: 1, Kept: 1, DerivedUntil: noon}},
	{"condemned", Grant{State: Active, Direct: Manual, DeprovisionAt: noon, ActiveAt: past, Derived: 1, ForceEnd: true, EndReason: "USER_DISABLED"}},
	{"ending", Grant{State: Ending, Direct: Manual, DeprovisionAt: past, ActiveAt: past, EndingAt: past, EndReason: Expired}},
	{"ended", Grant{State: Ended, Direct: Manual, ActiveAt: past, EndingAt: past, EndedAt: past, EndReason: Expired}},
}

// steps are everything that can happen to a grant.
var steps = []struct {
	name string
	do   func(g Grant) (Grant, Effect, error)
}{
	{"Extend later", func(g Grant) (Grant, Effect, error) { return g.Extend(Manual, soon.Add(time.Hour), noon) }},
	{"Extend sooner", func(g Grant) (Grant, Effect, error) { return g.Extend(Manual, soon.Add(-time.Minute), noon) }},
	{"SetEnd", func(g Grant) (Grant, Effect, error) { return g.SetEnd(noon.Add(time.Minute), noon) }},
	{"ClearEnd", func(g Grant) (Grant, Effect, error) { return g.SetEnd(time.Time{}, noon) }},
	{"Revoke", func(g Grant) (Grant, Effect, error) { return g.Revoke(Person{ID: "ada"}, "enough", noon) }},
	{"Expire", func(g Grant) (Grant, Effect, error) { h, e := g.Expire(noon); return h, e, nil }},
	{"Condemn", func(g Grant) (Grant, Effect, error) { return g.Condemn("USER_DELETED", Person{}, noon), Effect{}, nil }},
	{"Provisioned", func(g Grant) (Grant, Effect, error) { h, e := g.Provisioned(noon); return h, e, nil }},
	{"Removed", func(g Grant) (Grant, Effect, error) { h, e := g.Removed(noon); return h, e, nil }},
	{"Abandoned", func(g Grant) (Grant, Effect, error) { h, e := g.Abandoned(noon); return h, e, nil }},
	{"Missing", func(g Grant) (Grant, Effect, error) { h, e := g.Missing(noon); return h, e, nil }},
	{"AddSource", func(g Grant) (Grant, Effect, error) { return g.AddSource(noon) }},
	{"DropSource", func(g Grant) (Grant, Effect, error) {
		h, e := g.DropSource(g.Kept > 0, noonOr(g), noon)
		return h, e, nil
	}},
	{"Keep", func(g Grant) (Grant, Effect, error) { return g.Keep(time.Time{}, noon) }},
	{"MoveSources", func(g Grant) (Grant, Effect, error) { return g.MoveSources(soon, noon) }},
}

// TestEveryStepFromEveryState holds the whole state machine as one table: what each step does to a grant in each stage, as
// "state call event", "refused" with its code, or "-" where nothing happens.
func TestEveryStepFromEveryState(t *testing.T) {
	table := map[string]map[string]string{
		"pending": {
			"Extend later": "pending . extended", "Extend sooner": "-", "SetEnd": "pending . end_moved", "ClearEnd": "pending . end_cleared",
			"Revoke": "ending revoke revoked", "Condemn": "condemned", "Provisioned": "active . activated", "Abandoned": "ended . abandoned",
			"AddSource": "active . source_added", "Keep": "pending . source_added",
		},
		"pending, kept": {
			"Extend later": "pending . direct_added", "Extend sooner": "pending . direct_added", "SetEnd": "refused invalid state",
			"ClearEnd": "refused invalid state", "Revoke": "refused invalid state", "Condemn": "condemned", "Provisioned": "active . activated",
			"Abandoned": "ended . abandoned", "AddSource": "active . source_added", "Keep": "pending . source_added",
			"DropSource": "ending revoke ended",
		},
		"active, kept too": {
			"Extend later": "active . extended", "Extend sooner": "-", "SetEnd": "active . end_moved", "ClearEnd": "active . end_cleared",
			"Revoke": "active . direct_revoked", "Condemn": "condemned", "Provisioned": "active . provisioned",
			"Removed": "active . direct_removed", "Missing": "active grant direct_removed_in_target", "AddSource": "active . source_added",
			"Keep": "active . source_added", "DropSource": "active . source_removed",
		},
		"active, kept beyond its end": {
			"Extend later": "active . direct_added", "Extend sooner": "active . direct_added", "SetEnd": "refused invalid state",
			"ClearEnd": "refused invalid state", "Revoke": "refused invalid state", "Expire": "active . direct_ended_on_time",
			"Condemn": "condemned", "Provisioned": "active . provisioned", "Removed": "active . direct_removed",
			"AddSource": "active . source_added", "Keep": "active . source_added", "DropSource": "ending revoke ended",
		},
		"active, kept only": {
			"Extend later": "active . direct_added", "Extend sooner": "active . direct_added", "SetEnd": "refused invalid state",
			"ClearEnd": "refused invalid state", "Revoke": "refused invalid state", "Condemn": "condemned",
			"Provisioned": "active . provisioned", "Removed": "active . direct_removed", "Missing": "active grant put_back",
			"AddSource": "active . source_added", "Keep": "active . source_added", "DropSource": "ending revoke ended",
		},
		"active, kept and passed on": {
			"Extend later": "active . direct_added", "Extend sooner": "active . direct_added", "SetEnd": "refused invalid state",
			"ClearEnd": "refused invalid state", "Revoke": "refused invalid state", "Condemn": "condemned",
			"Provisioned": "active . provisioned", "Removed": "active . direct_removed", "Missing": "active grant put_back",
			"AddSource": "active . source_added", "Keep": "active . source_added", "DropSource": "active revoke source_removed",
		},
		"active, kept against the target": {
			"Extend later": "active . direct_added", "Extend sooner": "active . direct_added", "SetEnd": "refused invalid state",
			"ClearEnd": "refused invalid state", "Revoke": "refused invalid state", "Condemn": "condemned",
			"Provisioned": "active . provisioned", "Removed": "active . direct_removed", "Missing": "ended . removed_in_target",
			"AddSource": "active . source_added", "Keep": "active . source_added", "DropSource": "ending revoke ended",
		},
		"active, kept against the target, and passed on": {
			"Extend later": "active . direct_added", "Extend sooner": "active . direct_added", "SetEnd": "refused invalid state",
			"ClearEnd": "refused invalid state", "Revoke": "refused invalid state", "Condemn": "condemned",
			"Provisioned": "active . provisioned", "Removed": "active . direct_removed",
			"AddSource": "active . source_added", "Keep": "active . source_added", "DropSource": "active revoke source_removed",
		},
		"pending, past its end": {
			"Expire": "ending revoke ended_on_time", "Abandoned": "ended . abandoned",
		},
		"active": {
			"Extend later": "active . extended", "Extend sooner": "-", "SetEnd": "active . end_moved", "ClearEnd": "active . end_cleared",
			"Revoke": "ending revoke revoked", "Condemn": "condemned", "Provisioned": "active . provisioned",
			"Removed": "active . direct_removed", "Missing": "ended . removed_in_target", "AddSource": "active . source_added", "Keep": "active . source_added",
		},
		"active without end": {
			"Extend later": "-", "Extend sooner": "-", "SetEnd": "active . end_moved", "ClearEnd": "-",
			"Revoke": "ending revoke revoked", "Condemn": "condemned", "Provisioned": "active . provisioned",
			"Removed": "active . direct_removed", "Missing": "ended . removed_in_target", "AddSource": "active . source_added", "Keep": "active . source_added",
		},
		"active, past its end": {
			"Expire": "ending revoke ended_on_time", "Provisioned": "active . provisioned", "Removed": "active . direct_removed",
		},
		"active, passed on too": {
			"Extend later": "active . extended", "Extend sooner": "-", "SetEnd": "active . end_moved", "ClearEnd": "active . end_cleared",
			"Revoke": "active revoke direct_revoked", "Condemn": "condemned", "Provisioned": "active . provisioned",
			"Removed": "active . direct_removed", "Missing": "active . direct_removed_in_target", "AddSource": "active . source_added",
			"DropSource": "active . source_removed", "Keep": "active . source_added",
		},
		"active, passed on beyond its end": {
			"Extend later": "active grant direct_added", "Extend sooner": "active grant direct_added", "SetEnd": "refused invalid state",
			"ClearEnd": "refused invalid state", "Revoke": "refused invalid state", "Expire": "active revoke direct_ended_on_time",
			"Condemn": "condemned", "Provisioned": "active . provisioned", "Removed": "active . direct_removed",
			"AddSource": "active . source_added", "DropSource": "ending revoke ended", "Keep": "active . source_added",
		},
		"active, passed on only": {
			"Extend later": "active grant direct_added", "Extend sooner": "active grant direct_added", "SetEnd": "refused invalid state",
			"ClearEnd": "refused invalid state", "Revoke": "refused invalid state", "Condemn": "condemned",
			"Provisioned": "active . provisioned", "Removed": "active . direct_removed", "AddSource": "active . source_added",
			"DropSource": "ending revoke ended", "Keep": "active grant source_added",
		},
		"active, kept until soon": {
			"Extend later": "active . direct_added", "Extend sooner": "active . direct_added", "SetEnd": "refused invalid state",
			"ClearEnd": "refused invalid state", "Revoke": "refused invalid state", "Condemn": "condemned",
			"Provisioned": "active . provisioned", "Removed": "active . direct_removed", "Missing": "active grant put_back",
			"AddSource": "active . source_added", "Keep": "active . source_added", "DropSource": "ending revoke ended",
			"MoveSources": "active . source_end_moved",
		},
		"active, kept until now": {
			"Provisioned": "active . provisioned", "Removed": "active . direct_removed", "DropSource": "ending revoke ended_on_time",
		},
		"active, kept until now, and given": {
			"Extend later": "active . extended", "Extend sooner": "-", "SetEnd": "active . end_moved", "ClearEnd": "active . end_cleared",
			"Revoke": "ending revoke revoked", "Condemn": "condemned", "Provisioned": "active . provisioned",
			"Removed": "active . direct_removed", "Missing": "ended . removed_in_target", "AddSource": "active . source_added",
			"Keep": "active . source_added", "DropSource": "active . source_removed", "MoveSources": "active . source_end_moved",
		},
		"active, given and kept until now": {
			"Expire": "ending revoke ended_on_time", "Provisioned": "active . provisioned", "Removed": "active . direct_removed",
			"DropSource": "ending revoke ended_on_time",
		},
		"condemned": {
			"Expire": "ending revoke ended", "Provisioned": "active . provisioned", "Removed": "active . direct_removed",
			"DropSource": "active . source_removed",
		},
		"ending": {"Removed": "ended . removed", "Abandoned": "ended . abandoned"},
		"ended":  {},
	}
	for _, stage := range stages {
		for _, step := range steps {
			t.Run(stage.name+"/"+step.name, func(t *testing.T) {
				want, ok := table[stage.name][step.name]
				if step.name == "MoveSources" && !ok && !stage.grant.Over(noon) {
					return // nobody moves the end of what is not passed on with one
				}
				if !ok {
					want = "-"
					if stage.grant.Over(noon) && strings.Contains("Extend later,Extend sooner,SetEnd,ClearEnd,Revoke,AddSource,Keep,MoveSources", step.name) {
						want = "refused conflict"
					}
				}
				g := stage.grant
				g.Connector = "connector"
				if got := outcome(step.do(g)); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		}
	}
}

// noonOr is when the sources of g end that are left when one of several goes.
func noonOr(g Grant) time.Time {
	if g.Derived > 1 {
		return g.DerivedUntil
	}
	return time.Time{}
}

func outcome(g Grant, e Effect, err error) string {
	switch {
	case fault.Is(err, fault.Conflict):
		return "refused conflict"
	case fault.Is(err, fault.Precondition):
		return "refused invalid state"
	case err != nil:
		return err.Error()
	case g.ForceEnd && e == (Effect{}) && g.EndReason == "USER_DELETED":
		return "condemned"
	case e == (Effect{}):
		return "-"
	}
	call := string(e.Call)
	if call == "" {
		call = "."
	}
	return string(g.State) + " " + call + " " + strings.TrimPrefix(e.Kind, "grant.")
}

func TestWithoutATargetNothingWaits(t *testing.T) {
	g, effect := Grant{}.Begin(Manual, soon, noon)
	if g.State != Active || !g.ActiveAt.Equal(noon) || effect.Call != "" {
		t.Errorf("begun as %v with %v", g, effect)
	}
	ended, effect := g.Expire(soon)
	if ended.State != Ended || !ended.EndedAt.Equal(soon) || effect.Call != "" {
		t.Errorf("expired to %v with %v", ended, effect)
	}
	revoked, effect, err := g.Revoke(Person{}, "", noon)
	if err != nil || revoked.State != Ended || effect.Call != "" {
		t.Errorf("revoked to %v with %v, %v", revoked, effect, err)
	}
}

func TestAScheduledEndIsTheEndHoweverLateItIsNoticed(t *testing.T) {
	g := Grant{State: Active, Direct: Manual, DeprovisionAt: soon, ActiveAt: noon, Connector: "c"}
	ended, _ := g.Expire(soon.Add(24 * time.Hour))
	if !ended.EndingAt.Equal(soon) {
		t.Errorf("access ended at %v, want %v", ended.EndingAt, soon)
	}
}

// Whatever happens, in whatever order: states are taken in one direction, what is over stays over, and access needs a source.
func TestAGrantsLife(t *testing.T) {
	order := map[State]int{Pending: 1, Active: 2, Ending: 3, Ended: 4}
	rapid.Check(t, func(t *rapid.T) {
		now := noon
		g := Grant{}
		if rapid.Bool().Draw(t, "target") {
			g.Connector = "connector"
		}
		g, _ = g.Begin(Manual, drawEnd(t, now), now)
		open := g.call(provision.Grant) // what the target is being asked for
		target := false                 // whether it holds the membership
		var passing []source            // what passes it on
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "minutes")) * time.Minute)
			before, over := g, g.Over(now)
			var effect Effect
			var err error
			switch rapid.SampledFrom([]string{"extend", "end", "revoke", "expire", "condemn", "target", "missing", "add", "keep", "move", "drop"}).Draw(t, "step") {
			case "extend":
				g, effect, err = g.Extend(Manual, drawEnd(t, now), now)
			case "end":
				g, effect, err = g.SetEnd(drawEnd(t, now), now)
			case "revoke":
				g, effect, err = g.Revoke(Person{}, "", now)
			case "expire":
				g, effect = g.Expire(now)
			case "condemn":
				waited := time.Duration(rapid.IntRange(0, 30).Draw(t, "waited")) * time.Minute // since the time was taken
				g = g.Condemn("APP_DELETED", Person{}, now.Add(-waited))
			case "target":
				switch open {
				case provision.Grant:
					target = true
					g, effect = g.Provisioned(now)
				case provision.Revoke:
					target = false
					g, effect = g.Removed(now)
				}
				open = ""
			case "missing":
				if open == "" && target && !g.Over(now) && !clock.Passed(g.DeprovisionAt, now) {
					target = false
					g, effect = g.Missing(now)
				}
			case "add":
				if g, effect, err = g.AddSource(now); err == nil {
					passing = append(passing, source{})
				}
			case "keep":
				end := drawEnd(t, now)
				if g, effect, err = g.Keep(end, now); err == nil {
					passing = append(passing, source{kept: true, until: end})
				}
			case "move":
				if len(passing) == 0 {
					break
				}
				moved := slices.Clone(passing)
				moved[rapid.IntRange(0, len(moved)-1).Draw(t, "which")].until = drawEnd(t, now)
				if g, effect, err = g.MoveSources(lastOf(moved), now); err == nil {
					passing = moved
				}
			case "drop":
				if len(passing) == 0 {
					break
				}
				i := rapid.IntRange(0, len(passing)-1).Draw(t, "which")
				gone := passing[i]
				passing = slices.Delete(passing, i, i+1)
				g, effect = g.DropSource(gone.kept, lastOf(passing), now)
			}
			if g.Derived == 0 {
				passing = nil
			}
			sourced := g.HeldDirectly(now)
			for _, s := range passing {
				sourced = sourced || !clock.Passed(s.until, now)
			}
			if effect.Call != "" {
				open = effect.Call
			}
			switch {
			case err != nil && g != before:
				t.Fatalf("a refused step changed %+v to %+v", before, g)
			case order[g.State] < order[before.State]:
				t.Fatalf("went back from %v to %v", before.State, g.State)
			case before.State == Ended && g != before:
				t.Fatalf("an ended grant changed: %+v", g)
			case over && !g.Over(now):
				t.Fatalf("what was over lives again: %+v", g)
			case g.Live(now) && !sourced && !g.ForceEnd:
				t.Fatalf("access without a source: %+v", g)
			case g.State == Ending && g.Connector == "":
				t.Fatalf("nobody will ever end %+v", g)
			case g.State == Ending && before.State != Ending && open != provision.Revoke:
				t.Fatalf("ending, and the target is not asked to remove it")
			case g.State == Active && !g.ForceEnd && g.Over(now) == sourced:
				t.Fatalf("over %v with a source in time %v: %+v", g.Over(now), sourced, g)
			case len(passing) != g.Derived || !g.DerivedUntil.Equal(lastOf(passing)):
				t.Fatalf("%+v by %+v", g, passing)
			case g.Derived < g.Kept || g.Kept < 0:
				t.Fatalf("%d sources, %d of them kept", g.Derived, g.Kept)
			case g.Connector != "" && g.State == Active && g.member() != holds(target, open):
				t.Fatalf("held by a source of its own: %v, and the target holds it %v and is asked to %q", g.member(), target, open)
			case !g.EndingAt.IsZero() && g.EndingAt.Before(g.ActiveAt):
				t.Fatalf("ended before it was in force: %+v", g)
			}
		}
	})
}

// holds is what the target holds once it did what it is asked to.
func holds(target bool, open provision.Kind) bool {
	return open == provision.Grant || target && open == ""
}

func drawEnd(t *rapid.T, now time.Time) time.Time {
	minutes := rapid.IntRange(0, 300).Draw(t, "end")
	if minutes == 0 {
		return time.Time{}
	}
	return now.Add(time.Duration(minutes) * time.Minute)
}

// Losing one source never shortens another: whatever the direct end does, what other entitlements pass on stays.
func TestLosingOneSourceNeverShortensAnother(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := Grant{State: Active, Direct: Manual, DeprovisionAt: drawEnd(t, noon), ActiveAt: past, Derived: rapid.IntRange(1, 4).Draw(t, "derived")}
		g.Kept = rapid.IntRange(0, g.Derived).Draw(t, "kept")
		later := noon.Add(time.Duration(rapid.IntRange(1, 600).Draw(t, "minutes")) * time.Minute)
		for name, step := range map[string]func() Grant{
			"expire":  func() Grant { h, _ := g.Expire(later); return h },
			"revoke":  func() Grant { h, _, _ := g.Revoke(Person{}, "", noon); return h },
			"missing": func() Grant { h, _ := g.Missing(later); return h },
		} {
			if h := step(); !h.Live(later) || !h.Until().IsZero() {
				t.Fatalf("after %s at %v: %+v", name, later, h)
			}
		}
		for range g.Derived {
			g, _ = g.DropSource(g.Kept > 0, time.Time{}, noon)
		}
		if !g.Live(noon) || !g.Until().Equal(g.DeprovisionAt) {
			t.Fatalf("the direct source went with the derived ones: %+v", g)
		}
	})
}

func TestCheckEnd(t *testing.T) {
	for _, c := range []struct {
		name      string
		end       time.Time
		longest   time.Duration
		unlimited bool
		want      string // part of the refusal; empty: allowed
	}{
		{"later", soon, 0, false, ""},
		{"now", noon, 0, false, "must be in the future"},
		{"past, whoever asks", past, 0, true, "must be in the future"},
		{"exactly the longest", soon, time.Hour, false, ""},
		{"over the longest", soon.Add(time.Microsecond), time.Hour, false, "grant duration must be less than or equal to max provision time)"},
		{"without end under a longest", time.Time{}, time.Hour, false, "less than or equal to max provision time)"},
		{"over the longest, unlimited", soon.Add(time.Hour), time.Hour, true, ""},
		{"without end, unlimited", time.Time{}, time.Hour, true, ""},
		{"without end", time.Time{}, 0, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := CheckEnd("newDeprovisionAt", c.end, noon, c.longest, c.unlimited)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) || fault.Of(err).Field != "newDeprovisionAt"):
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
}
