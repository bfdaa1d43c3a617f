package automation_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/db"
)

// in is the key of the same account and another entitlement of its app.
func in(k grant.Key, of app.EntitlementRef) grant.Key { k.Entitlement = of.ID; return k }

func (w *world) sources(k grant.Key) []app.EntitlementRef {
	w.t.Helper()
	g := w.Last(k)
	return granttest.Must(grant.Sources(w.DB.Q(w.Ctx), []grant.ID{g.ID}, w.Clock.Now()))(w.t)[g.ID]
}

// Nothing is due, no second passes: what is bound is there with the grant, and gone with it.
func TestWhatIsBoundFollowsInTheSameTransaction(t *testing.T) {
	onWorlds(t, func(w *world) {
		far := w.thing(w.app("Shop"), "Seller")
		ada := w.user("Ada", "")
		granttest.Must(w.Grants.AccountFor(w.Ctx, far.AppID, ada))(t) // an account in another app is not made in passing
		for _, l := range [][2]app.EntitlementRef{{w.a, w.b}, {w.b, w.c}, {w.b, far}} {
			w.must(w.bind(l[0], l[1]))
		}
		w.settle()
		k := w.give(w.a, ada)
		for _, of := range []app.EntitlementRef{w.b, w.c, far} {
			w.wantHolders(of, "[Ada]")
		}
		if got := w.sources(in(k, w.c)); !slices.Equal(got, []app.EntitlementRef{w.b}) {
			t.Errorf("sources: %v", got)
		}
		w.give(w.c, ada)
		granttest.Must(w.Grants.Revoke(w.Ctx, k, ""))(t)
		w.wantHolders(w.b, "[]")
		w.wantHolders(w.c, "[Ada]") // given by hand, too
		w.wantHolders(far, "[]")
		w.settle()
		w.wantHolders(w.c, "[Ada]")
	})
}

func TestWhatIsBoundEndsWithItsSourceOnTime(t *testing.T) {
	onWorlds(t, func(w *world) {
		w.must(w.bind(w.a, w.b))
		k := w.give(w.a, w.user("Ada", ""))
		granttest.Must(w.Grants.SetEnd(w.Ctx, k, w.Clock.Now().Add(time.Hour)))(t)
		w.wantHolders(w.b, "[Ada]")
		w.Clock.Advance(time.Hour)
		w.End()
		w.wantHolders(w.b, "[]")
	})
}

func TestWhoHoldsTheSourceTwiceKeepsTheDestinationAsLongAsEither(t *testing.T) {
	onWorlds(t, func(w *world) {
		far := w.thing(w.app("Shop"), "Seller")
		ada := w.user("Ada", "")
		w.must(w.bind(w.a, far))
		w.settle()
		one := w.give(w.a, ada)
		second := w.Account(w.wiki.ID, ada)
		two := granttest.Must(w.Grants.Create(w.Ctx, grant.Key{App: w.a.AppID, Entitlement: w.a.ID, Account: second.ID}, time.Time{}))(t)
		w.settle()
		w.wantHolders(far, "[Ada]")
		granttest.Must(w.Grants.Revoke(w.Ctx, one, ""))(t)
		w.wantHolders(far, "[Ada]")
		granttest.Must(w.Grants.Revoke(w.Ctx, two.Key, ""))(t)
		w.wantHolders(far, "[]")
	})
}

func TestWhatIsBoundIsKeptInTheTarget(t *testing.T) {
	onWorlds(t, func(w *world) {
		c := w.site(1)
		w.must(w.bind(w.a, c.of))
		w.settle()
		k := w.give(w.a, c.Users[0])
		if g := w.Last(c.Key(0)); g.State != grant.Pending || g.Kept != 1 {
			t.Errorf("%+v", g)
		}
		w.Settle()
		w.wantTarget(1)
		granttest.Must(w.Grants.Create(w.Ctx, c.Key(0), time.Time{}))(t)
		granttest.Must(w.Grants.Revoke(w.Ctx, k, ""))(t)
		w.done()
		w.wantTarget(1)
		granttest.Must(w.Grants.Revoke(w.Ctx, c.Key(0), ""))(t)
		w.done()
		w.wantTarget(0)
	})
}

// What hangs on a grant of a target is passed on when the target has let its holder in, and no longer from its end on.
func TestASourceInATargetIsPassedOnOnceItIsInForce(t *testing.T) {
	onWorlds(t, func(w *world) {
		c := w.site(1)
		w.must(w.bind(c.of, w.a))
		granttest.Must(w.Grants.AccountFor(w.Ctx, w.a.AppID, c.Users[0]))(t)
		w.settle()
		granttest.Must(w.Grants.Create(w.Ctx, c.Key(0), time.Time{}))(t)
		w.wantHolders(w.a, "[]")
		w.Settle()
		name := granttest.Must(w.Directory.Get(w.Ctx, c.Users[0]))(t).DisplayName
		w.wantHolders(w.a, "["+name+"]")
		granttest.Must(w.Grants.Revoke(w.Ctx, c.Key(0), ""))(t)
		w.wantHolders(w.a, "[]")
		w.wantTarget(1)
	})
}

func TestMoreThanATransactionTakesFollowsByItsPass(t *testing.T) {
	onWorlds(t, func(w *world) {
		ada := w.user("Ada", "")
		var all []app.EntitlementRef
		for i := range 51 {
			to := w.thing(w.wiki, fmt.Sprint("Many ", i))
			w.must(w.bind(w.a, to))
			all = append(all, to)
		}
		w.passAll()
		w.give(w.a, ada)
		w.wantHolders(all[0], "[]")
		w.passAll()
		for _, of := range all {
			w.wantHolders(of, "[Ada]")
		}
	})
}

// passAll makes passes until none is due, however many.
func (w *world) passAll() {
	w.t.Helper()
	w.Clock.Advance(settleTime)
	for granttest.Must(w.auto.Keeper().Run(w.Ctx, w.Clock.Now()))(w.t) > 0 {
	}
}

// A replica that has not heard that a binding is gone does not go by it.
func TestABindingThatIsGoneIsNotFollowedByWhoHasNotHeard(t *testing.T) {
	onWorlds(t, func(w *world) {
		w.must(w.bind(w.a, w.b))
		w.settle()
		w.give(w.a, w.user("Ada", "")) // now it is known
		w.Write(func(tx *db.Tx) error { _, err := tx.Exec(`delete from proxy`); return err })
		w.give(w.a, w.user("Grace", ""))
		w.wantHolders(w.b, "[Ada]")
	})
}

func TestADestinationIsTakenBackWhenItsBindingGoes(t *testing.T) {
	onWorlds(t, func(w *world) {
		c := w.site(1)
		w.must(w.bind(w.a, c.of))
		w.give(w.a, c.Users[0])
		w.done()
		w.wantTarget(1)
		w.must(w.auto.Unbind(w.Ctx, automation.Binding{Source: w.a, Destination: c.of}))
		w.done()
		w.wantTarget(0)
	})
}
