package automation_test

import (
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/fault"
)

const settleTime = time.Second

var grantNoEnd time.Time

const engineers = `subject.department == "Engineering"`

func (w *world) rule(of app.EntitlementRef, expression string) {
	w.t.Helper()
	_, err := w.auto.Create(w.Ctx, automation.Rule{Of: of, Kind: automation.CEL, Expression: expression})
	w.must(err)
}

func (w *world) move(u directory.UserID, department string) {
	w.t.Helper()
	_, err := w.Directory.Update(w.Ctx, u, func(u *directory.User) error { u.Department = department; return nil })
	w.must(err)
}

func TestWhoMatchesGetsItAndWhoNoLongerDoesLosesIt(t *testing.T) {
	onWorlds(t, func(w *world) {
		w.user("Ada", "Engineering")
		grace := w.user("Grace", "Sales")
		w.rule(w.a, engineers)
		w.settle()
		w.wantHolders(w.a, "[Ada]")
		w.move(grace, "Engineering")
		w.user("Linus", "Engineering")
		w.settle()
		w.wantHolders(w.a, "[Ada Grace Linus]")
		w.move(grace, "Sales")
		w.settle()
		w.wantHolders(w.a, "[Ada Linus]")
		r, err := w.auto.Get(w.Ctx, w.a)
		w.must(err)
		if r.Status != automation.Done || r.Error != "" || r.CompletedAt.IsZero() {
			t.Errorf("%+v", r)
		}
		if got := w.kinds(w.a); got["automation.created"] != 1 || got["automation.ran"] != 3 {
			t.Errorf("%v", got)
		}
	})
}

func TestWhatAPersonWasGivenOtherwiseOutlivesTheRule(t *testing.T) {
	onWorlds(t, func(w *world) {
		ada := w.user("Ada", "Engineering")
		w.user("Grace", "Engineering")
		w.give(w.a, ada)
		w.rule(w.a, engineers)
		w.settle()
		w.wantHolders(w.a, "[Ada Grace]")
		w.must(w.auto.Delete(w.Ctx, w.a))
		w.settle()
		w.wantHolders(w.a, "[Ada]")
		if _, err := w.auto.Get(w.Ctx, w.a); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		w.rule(w.a, engineers)
		w.settle()
		w.wantHolders(w.a, "[Ada Grace]")
	})
}

func TestARuleThatFailsChangesNothingAndSaysSo(t *testing.T) {
	onWorlds(t, func(w *world) {
		w.user("Ada", "Engineering")
		w.rule(w.a, engineers)
		w.settle()
		_, err := w.auto.Update(w.Ctx, w.a, func(r *automation.Rule) { r.Expression = `[1][size(subject.department)] == 1` })
		w.must(err)
		w.user("Grace", "")
		w.settle()
		w.wantHolders(w.a, "[Ada]")
		r, err := w.auto.Get(w.Ctx, w.a)
		w.must(err)
		if r.Status != automation.Failed || r.Error == "" {
			t.Errorf("%+v", r)
		}
	})
}

func TestWhoIsExcludedNeverMatches(t *testing.T) {
	onWorlds(t, func(w *world) {
		w.user("Ada", "Engineering")
		grace := w.user("Grace", "Engineering")
		w.rule(w.a, engineers)
		w.must(w.auto.Exclude(w.Ctx, w.a, []directory.UserID{grace, grace}))
		w.settle()
		w.wantHolders(w.a, "[Ada]")
		w.must(w.auto.Include(w.Ctx, w.a, []directory.UserID{grace}))
		w.settle()
		w.wantHolders(w.a, "[Ada Grace]")
		w.must(w.auto.Exclude(w.Ctx, w.a, []directory.UserID{grace}))
		w.settle()
		w.wantHolders(w.a, "[Ada]")
		if err := w.auto.Exclude(w.Ctx, w.a, []directory.UserID{"nobody"}); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
		if n, err := w.auto.Count(w.Ctx, automation.Rule{Of: w.a, Kind: automation.CEL, Expression: engineers}); n != 1 || err != nil {
			t.Errorf("%d match: %v", n, err)
		}
	})
}

func TestHoldersOfOneEntitlementGetAnother(t *testing.T) {
	onWorlds(t, func(w *world) {
		ada := w.user("Ada", "")
		other := w.thing(w.app("Shop"), "Seller")
		_, err := w.auto.Create(w.Ctx, automation.Rule{Of: other, Kind: automation.Holders, Sources: []app.EntitlementRef{w.a, w.b}})
		w.must(err)
		w.settle()
		key := w.give(w.b, ada)
		w.give(w.a, w.user("Grace", ""))
		w.settle()
		w.wantHolders(other, "[Ada Grace]")
		_, err = w.Grants.Revoke(w.Ctx, key, "")
		w.must(err)
		w.settle()
		w.wantHolders(other, "[Grace]")
	})
}

func TestDisabledPeopleDoNotMatch(t *testing.T) {
	onWorlds(t, func(w *world) {
		ada := w.user("Ada", "Engineering")
		w.user("Grace", "Engineering")
		w.rule(w.a, engineers)
		w.settle()
		_, err := w.Directory.Disable(w.Ctx, ada, "")
		w.must(err)
		w.settle()
		w.wantHolders(w.a, "[Grace]")
		_, err = w.Directory.Enable(w.Ctx, ada, "")
		w.must(err)
		w.settle()
		w.wantHolders(w.a, "[Ada Grace]")
	})
}

func TestBadRulesAreRefused(t *testing.T) {
	onWorlds(t, func(w *world) {
		gone := w.thing(w.wiki, "D")
		w.must(w.Apps.DeleteEntitlement(w.Ctx, gone.AppID, gone.ID))
		for name, c := range map[string]struct {
			rule automation.Rule
			code fault.Code
		}{
			"no kind":               {automation.Rule{Of: w.a}, fault.Invalid},
			"no expression":         {automation.Rule{Of: w.a, Kind: automation.CEL}, fault.Invalid},
			"no condition":          {automation.Rule{Of: w.a, Kind: automation.CEL, Expression: "subject"}, fault.Invalid},
			"no expression at all":  {automation.Rule{Of: w.a, Kind: automation.Basic, Expression: "((("}, fault.Invalid},
			"endless":               {automation.Rule{Of: w.a, Kind: automation.CEL, Expression: strings.Repeat("x", 1<<20)}, fault.Invalid},
			"no sources":            {automation.Rule{Of: w.a, Kind: automation.Holders}, fault.Invalid},
			"its own source":        {automation.Rule{Of: w.a, Kind: automation.Holders, Sources: []app.EntitlementRef{w.a}}, fault.Invalid},
			"a deleted source":      {automation.Rule{Of: w.a, Kind: automation.Holders, Sources: []app.EntitlementRef{gone}}, fault.Invalid},
			"a deleted entitlement": {automation.Rule{Of: gone, Kind: automation.Nobody}, fault.NotFound},
		} {
			if _, err := w.auto.Create(w.Ctx, c.rule); !fault.Is(err, c.code) {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.rule(w.a, "true")
		if _, err := w.auto.Create(w.Ctx, automation.Rule{Of: w.a, Kind: automation.Nobody}); !fault.Is(err, fault.Exists) {
			t.Error(err)
		}
	})
}

func TestHundredsAreGivenAndTakenInStepsAndAgainIsNothing(t *testing.T) {
	onWorlds(t, func(w *world) {
		for i := range 120 {
			w.user("User"+strings.Repeat("x", i), "Engineering")
		}
		keep := w.user("Ada", "Board")
		w.rule(w.a, engineers+` || subject.department == "Board"`)
		w.settle()
		if n := strings.Count(w.holders(w.a), "User"); n != 120 {
			t.Fatalf("%d hold it", n)
		}
		w.Clock.Advance(10 * time.Minute)
		w.settle()
		_, err := w.auto.Update(w.Ctx, w.a, func(r *automation.Rule) { r.Expression = `subject.department == "Board"` })
		w.must(err)
		w.settle()
		if n := strings.Count(w.holders(w.a), "User"); n != 120 {
			t.Fatalf("%d hold it", n)
		}
		w.again(w.a)
		w.settle()
		w.wantHolders(w.a, "[Ada]")
		if got := w.kinds(w.a)["automation.ran"]; got != 3 {
			t.Errorf("%d passes are told of", got)
		}
		account, err := w.Grants.AccountFor(w.Ctx, w.a.AppID, keep)
		w.must(err)
		g, err := w.Grants.Get(w.Ctx, grant.Key{App: w.a.AppID, Entitlement: w.a.ID, Account: account})
		w.must(err)
		sources, err := grant.Sources(w.DB.Q(w.Ctx), []grant.ID{g.ID}, w.Clock.Now())
		w.must(err)
		if got := sources[g.ID]; len(got) != 1 || got[0] != w.a {
			t.Errorf("sources: %v", got)
		}
	})
}

func TestTheRuleOfADeletedEntitlementIsNotFound(t *testing.T) {
	onWorlds(t, func(w *world) {
		w.rule(w.a, engineers)
		w.must(w.Apps.DeleteEntitlement(w.Ctx, w.a.AppID, w.a.ID))
		if r, err := w.auto.Get(w.Ctx, w.a); !fault.Is(err, fault.NotFound) {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
