package automation_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/directory"
)

// again saves a rule as it is.
func (w *world) again(of app.EntitlementRef) {
	w.t.Helper()
	_, err := w.auto.Update(w.Ctx, of, func(*automation.Rule) {})
	w.must(err)
}

// match makes the rule of an entitlement match whom an expression does.
func (w *world) match(of app.EntitlementRef, expression string) {
	w.t.Helper()
	_, err := w.auto.Update(w.Ctx, of, func(r *automation.Rule) { r.Kind, r.Expression = automation.CEL, expression })
	w.must(err)
}

func (w *world) wantDoubt(of app.EntitlementRef, want automation.Doubt) {
	w.t.Helper()
	r, err := w.auto.Get(w.Ctx, of)
	w.must(err)
	if r.Doubt != want || want == automation.Refused && (r.Status != automation.Failed || !strings.Contains(r.Error, "save it again")) {
		w.t.Errorf("doubt %q, want %q; %s: %s", r.Doubt, want, r.Status, r.Error)
	}
}

func TestTheLastOneWhoLeavesLosesIt(t *testing.T) {
	onWorlds(t, func(w *world) {
		ada := w.user("Ada", "Engineering")
		w.rule(w.a, engineers)
		w.settle()
		w.wantHolders(w.a, "[Ada]")
		w.move(ada, "Sales")
		w.settle()
		w.wantHolders(w.a, "[]")
		w.wantDoubt(w.a, "")
	})
}

func TestAllOfAFewWhoLeaveLoseIt(t *testing.T) {
	onWorlds(t, func(w *world) {
		ada, grace := w.user("Ada", "Engineering"), w.user("Grace", "Engineering")
		w.rule(w.a, engineers)
		w.settle()
		w.settle() // a pass after the one that gave
		w.move(ada, "Sales")
		w.move(grace, "Sales")
		w.settle()
		w.wantHolders(w.a, "[]")
	})
}

func TestARuleThatIsChangedToMatchNobodyTakesNothingUntilItIsSavedAgain(t *testing.T) {
	onWorlds(t, func(w *world) {
		ada := w.user("Ada", "Engineering")
		w.user("Grace", "Engineering")
		w.rule(w.a, engineers)
		w.settle()
		w.match(w.a, `subject.department == "Enginering"`)
		for range 2 {
			w.settle()
			w.wantHolders(w.a, "[Ada Grace]")
			w.wantDoubt(w.a, automation.Refused)
			w.move(ada, "Engineering ")
		}
		w.match(w.a, `subject.department == "Nothing"`) // changed once more is not accepted
		w.settle()
		w.wantHolders(w.a, "[Ada Grace]")
		w.again(w.a)
		w.wantDoubt(w.a, automation.Accepted)
		w.settle()
		w.wantHolders(w.a, "[]")
		w.wantDoubt(w.a, "")
	})
}

func TestARuleThatIsSetToMatchNobodyTakesAllAtOnce(t *testing.T) {
	onWorlds(t, func(w *world) {
		w.user("Ada", "Engineering")
		w.user("Grace", "Engineering")
		w.rule(w.a, engineers)
		w.settle()
		_, err := w.auto.Update(w.Ctx, w.a, func(r *automation.Rule) { r.Kind, r.Expression = automation.Nobody, "" })
		w.must(err)
		w.settle()
		w.wantHolders(w.a, "[]")
	})
}

// A fifth of a hundred may go at once; one more may not, whatever the reason.
func TestMoreThanAFifthOfManyIsDoubted(t *testing.T) {
	onWorlds(t, func(w *world) {
		var all []directory.UserID
		for i := range automation.MaxDoubts {
			all = append(all, w.user(fmt.Sprintf("User%03d", i), "Engineering"))
		}
		w.rule(w.a, engineers)
		w.settle()
		w.settle()
		count := func() int { return strings.Count(w.holders(w.a), "User") }
		for _, u := range all[:21] {
			w.move(u, "Sales")
		}
		w.settle()
		w.wantDoubt(w.a, automation.Refused)
		if n := count(); n != 100 {
			t.Fatalf("%d are left", n)
		}
		w.move(all[0], "Engineering")
		w.settle()
		w.wantDoubt(w.a, "")
		if n := count(); n != 80 {
			t.Fatalf("%d are left", n)
		}
		for _, u := range all[21:60] {
			w.move(u, "Sales") // of fewer than a hundred any number may go
		}
		w.settle()
		if n := count(); n != 41 {
			t.Fatalf("%d are left", n)
		}
	})
}
