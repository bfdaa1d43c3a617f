package automation_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

func (w *world) bind(from, to app.EntitlementRef) error {
	_, err := w.auto.Bind(w.Ctx, automation.Binding{Source: from, Destination: to}, grantNoEnd)
	return err
}

func TestHoldersOfTheSourceHoldTheDestinationAsLongAsTheyDo(t *testing.T) {
	onWorlds(t, func(w *world) {
		ada := w.user("Ada", "")
		key := w.give(w.a, ada)
		w.must(w.bind(w.a, w.b))
		w.settle()
		w.wantHolders(w.b, "[Ada]")
		other := w.give(w.a, w.user("Grace", ""))
		w.settle()
		w.wantHolders(w.b, "[Ada Grace]")
		_, err := w.Grants.Revoke(w.Ctx, key, "")
		w.must(err)
		w.settle()
		w.wantHolders(w.b, "[Grace]")
		_, err = w.Grants.SetEnd(w.Ctx, other, w.Clock.Now().Add(3*settleTime))
		w.must(err)
		w.Clock.Advance(5 * settleTime)
		w.settle()
		w.wantHolders(w.b, "[]")
	})
}

func TestAChainPassesOnAndAnUnboundLinkTakesItBack(t *testing.T) {
	onWorlds(t, func(w *world) {
		far := w.thing(w.app("Shop"), "Seller")
		w.give(w.a, w.user("Ada", ""))
		for _, l := range [][2]app.EntitlementRef{{w.a, w.b}, {w.b, w.c}, {w.c, far}} {
			w.must(w.bind(l[0], l[1]))
		}
		w.settle()
		w.wantHolders(far, "[Ada]")
		w.must(w.auto.Unbind(w.Ctx, automation.Binding{Source: w.a, Destination: w.b}))
		w.settle()
		w.wantHolders(w.b, "[]")
		w.wantHolders(far, "[]")
		if _, err := w.auto.GetProxy(w.Ctx, automation.Binding{Source: w.a, Destination: w.b}); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		w.must(w.bind(w.a, w.b))
		w.settle()
		w.wantHolders(far, "[Ada]")
	})
}

func TestNoEntitlementIsItsOwnSource(t *testing.T) {
	onWorlds(t, func(w *world) {
		w.must(w.bind(w.a, w.b))
		_, err := w.auto.Create(w.Ctx, automation.Rule{Of: w.c, Kind: automation.Holders, Sources: []app.EntitlementRef{w.b}})
		w.must(err)
		for name, l := range map[string][2]app.EntitlementRef{"itself": {w.a, w.a}, "back": {w.b, w.a}, "by a rule": {w.c, w.a}} {
			if err := w.bind(l[0], l[1]); !fault.Is(err, fault.Precondition) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := w.auto.Create(w.Ctx, automation.Rule{Of: w.a, Kind: automation.Holders, Sources: []app.EntitlementRef{w.c}}); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
		if err := w.bind(w.a, w.b); !fault.Is(err, fault.Exists) {
			t.Error(err)
		}
	})
}

// The threat: a binding that is refused, in a transaction that goes on and holds what else was done, is there all the same.
func TestABindingThatIsRefusedLeavesNothingBehind(t *testing.T) {
	onWorlds(t, func(w *world) {
		b := automation.Binding{Source: w.a, Destination: w.b}
		w.must(w.DB.Write(w.Ctx, func(tx *db.Tx) error {
			for n := range automation.MaxProxies {
				tx.Queue(`insert into proxy (src_app_id, src_entitlement_id, dst_app_id, dst_entitlement_id, due_at, created_at, updated_at)
					values ($1, $2, $1, $3, 9000000000000000, 1, 1)`, string(w.a.AppID), string(w.a.ID), fmt.Sprintf("other %d", n))
			}
			return nil
		}))
		if err := w.auto.Holdable(w.DB.Q(w.Ctx), b); !fault.Is(err, fault.Precondition) {
			t.Errorf("what cannot be held is said to be: %v", err)
		}
		w.must(w.DB.Write(w.Ctx, func(tx *db.Tx) error {
			if _, err := w.auto.Hold(tx, audit.System(), automation.Proxy{Binding: b}); !fault.Is(err, fault.Precondition) {
				t.Errorf("one too many: %v", err)
			}
			return nil
		}))
		if _, err := w.auto.GetProxy(w.Ctx, b); !fault.Is(err, fault.NotFound) {
			t.Errorf("it is there: %v", err)
		}
		last := automation.Binding{Source: w.a, Destination: app.EntitlementRef{AppID: w.a.AppID, ID: "other 7"}}
		w.must(w.auto.Unbind(w.Ctx, last))
		w.must(w.bind(w.a, w.b))
		w.must(w.DB.Write(w.Ctx, func(tx *db.Tx) error { // what is bound already is not one more
			_, err := w.auto.Hold(tx, audit.System(), automation.Proxy{Binding: b})
			return err
		}))
	})
}

// The threat: a request for a group passes by the configuration for those who are in another, since that was one too many to look at.
func TestWhatReachesTooMuchIsRefusedAndNotCutOff(t *testing.T) {
	onWorlds(t, func(w *world) {
		shop, from := w.app("Shop"), w.a
		for n := range automation.MaxReach {
			next := w.thing(shop, fmt.Sprint("Thing ", n))
			w.must(w.bind(from, next))
			if n%20 == 0 {
				from = next
			}
		}
		got, err := w.auto.Reach(w.DB.Q(w.Ctx), w.a)
		if w.must(err); len(got) != automation.MaxReach {
			t.Errorf("%d are reached", len(got))
		}
		w.must(w.bind(from, w.b))
		if got, err := w.auto.Reach(w.DB.Q(w.Ctx), w.a); !fault.Is(err, fault.Precondition) || got != nil {
			t.Errorf("with one too many %d are reached, %v", len(got), err)
		}
	})
}

// The threat: a request for a group is judged as one for those who are in another, which is no more, or not for this group any more.
func TestNobodyIsReachedByWhatIsGone(t *testing.T) {
	onWorlds(t, func(w *world) {
		far := w.thing(w.app("Shop"), "Seller")
		for _, l := range [][2]app.EntitlementRef{{w.a, w.b}, {w.b, w.c}, {w.c, far}} {
			w.must(w.bind(l[0], l[1]))
		}
		reached := func(want ...app.EntitlementRef) {
			t.Helper()
			if got, err := w.auto.Reach(w.DB.Q(w.Ctx), w.a); err != nil || !slices.Equal(got, want) {
				t.Errorf("reached %v, %v; want %v", got, err, want)
			}
		}
		reached(w.b, w.c, far)
		w.must(w.Apps.DeleteApp(w.Ctx, far.AppID))
		reached(w.b, w.c)
		_, err := w.auto.SetEnd(w.Ctx, automation.Binding{Source: w.b, Destination: w.c}, w.Clock.Now().Add(time.Minute))
		w.must(err)
		reached(w.b, w.c)
		w.Clock.Advance(time.Minute)
		reached(w.b)
		w.must(w.Apps.DeleteEntitlement(w.Ctx, w.b.AppID, w.b.ID))
		reached()
	})
}

func TestADeletedSourcePassesNothingOn(t *testing.T) {
	onWorlds(t, func(w *world) {
		w.give(w.a, w.user("Ada", ""))
		w.must(w.bind(w.a, w.b))
		w.settle()
		w.must(w.Apps.DeleteEntitlement(w.Ctx, w.a.AppID, w.a.ID))
		w.settle()
		w.wantHolders(w.b, "[]")
	})
}
