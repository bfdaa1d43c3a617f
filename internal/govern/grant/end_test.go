package grant_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Invariant 3.
func TestAnEndedGrantIsDeniedWhateverTheTargetDoes(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		c := h.Connected(1)
		k := c.Key(0)
		end := h.Clock.Now().Add(time.Hour)
		granttest.Must(h.Grants.Create(h.Ctx, k, end))(t)
		if a := h.Check(k); a.Allowed || a.Reason != "not provisioned yet" || a.State != grant.Pending {
			t.Errorf("pending: %+v", a)
		}
		h.Settle()
		if a := h.Check(k); !a.Allowed || !a.Until.Equal(end) || a.State != grant.Active {
			t.Errorf("active: %+v", a)
		}
		h.Clock.Set(end.Add(-time.Microsecond))
		if !h.Check(k).Allowed {
			t.Error("denied before the end")
		}

		h.Clock.Set(end)
		if a := h.Check(k); a.Allowed || a.Reason != "ended" {
			t.Errorf("at the end, before anybody noticed: %+v", a)
		}
		h.Target.Down(fault.New(fault.Unavailable, "the target is down"))
		h.Settle()
		if a := h.Check(k); a.Allowed || a.State != grant.Ending {
			t.Errorf("with the target down: %+v", a)
		}
		if h.Target.Size() != 1 {
			t.Fatal("the target should still hold it")
		}
		// A sync that sees it while it is ending changes nothing about that.
		h.Write(func(tx *db.Tx) error {
			unknown, err := h.Grants.Seen(tx, grant.Reading{App: k.App, Connector: c.Connector.ID, Started: h.Clock.Now()},
				[]grant.Membership{{Account: k.Account, Entitlement: k.Entitlement}})
			if len(unknown) != 0 {
				t.Errorf("unknown to the grants: %v", unknown)
			}
			return err
		})
		if g := h.Last(k); g.State != grant.Ending || h.Check(k).Allowed {
			t.Errorf("seen while ending: %+v", g)
		}

		h.Target.Down(nil)
		h.Clock.Advance(10 * time.Minute)
		h.Settle()
		g := h.Last(k)
		if g.State != grant.Ended || !g.EndingAt.Equal(end) || !g.RemovedAt.Equal(h.Clock.Now()) || h.Target.Size() != 0 {
			t.Errorf("after all: %+v, target holds %d", g, h.Target.Size())
		}
		if a := h.Check(k); a.Allowed || a.Reason != "ended" || a.State != grant.Ended {
			t.Errorf("ended: %+v", a)
		}
	})
}

// Invariant 4.
func TestAClockThatMovesBackNeitherRevivesNorGivesEarly(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		k := h.Key()
		end := h.Clock.Now().Add(time.Hour)
		granttest.Must(h.Grants.Create(h.Ctx, k, end))(t)
		h.Clock.Set(end)
		h.End()

		back := granttest.Reopen(t, h.DB, clock.NewFake(end.Add(-30*time.Minute)), h.Target)
		if back.Check(k).Allowed {
			t.Error("the grant lives again")
		}
		if _, err := back.Grants.SetEnd(back.Ctx, k, end.Add(time.Hour)); !fault.Is(err, fault.NotFound) {
			t.Errorf("its end could be moved: %v", err)
		}

		again := h.Key()
		granttest.Must(h.Grants.Create(h.Ctx, again, time.Time{}))(t)
		early := granttest.Reopen(t, h.DB, clock.NewFake(end.Add(-time.Minute)), h.Target)
		if early.Check(again).Allowed {
			t.Error("access before it began")
		}
		if !h.Check(again).Allowed {
			t.Error("no access after it began")
		}
	})
}

// Invariant 5.
func TestMovingTheEndCallsNoTarget(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		k := h.Connected(1).Key(0)
		end := h.Clock.Now().Add(time.Hour)
		granttest.Must(h.Grants.Create(h.Ctx, k, end))(t)
		h.Settle()
		calls := h.Target.Calls()
		for name, change := range map[string]func() (grant.Grant, error){
			"longer":  func() (grant.Grant, error) { return h.Grants.SetEnd(h.Ctx, k, end.Add(time.Hour)) },
			"shorter": func() (grant.Grant, error) { return h.Grants.SetEnd(h.Ctx, k, end.Add(-time.Minute)) },
			"endless": func() (grant.Grant, error) { return h.Grants.ClearEnd(h.Ctx, k) },
			"again":   func() (grant.Grant, error) { return h.Grants.Create(h.Ctx, k, end.Add(5*time.Hour)) },
		} {
			granttest.Must(change())(t)
			h.Settle()
			if h.Target.Calls() != calls {
				t.Errorf("%s: the target was called", name)
			}
			if !h.Check(k).Allowed {
				t.Errorf("%s: access was lost", name)
			}
		}
	})
}

// Invariant 2.
func TestAGrantLivesAsLongAsItHasASource(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		c := h.Connected(1)
		k, end := c.Key(0), h.Clock.Now().Add(time.Hour)
		one := app.EntitlementRef{AppID: k.App, ID: "0199aaaa-0000-7000-8000-000000000001"}
		two := app.EntitlementRef{AppID: k.App, ID: "0199aaaa-0000-7000-8000-000000000002"}
		derive := func(via app.EntitlementRef) {
			h.Write(func(tx *db.Tx) error { return h.Grants.AddDerived(tx, h.Actor(), k, via) })
		}
		drop := func(via app.EntitlementRef) {
			h.Write(func(tx *db.Tx) error { return h.Grants.RemoveDerived(tx, h.Actor(), k, via) })
		}
		granttest.Must(h.Grants.Create(h.Ctx, k, end))(t)
		h.Settle()
		derive(one)
		derive(two)
		derive(two) // naming one twice is naming it once
		if g := h.Last(k); g.Derived != 2 || h.Check(k).Until != (time.Time{}) {
			t.Fatalf("with two derived sources: %+v", g)
		}
		sources := granttest.Must(grant.Sources(h.DB.Q(h.Ctx), []grant.ID{h.Last(k).ID}, h.Clock.Now()))(t)
		if got := sources[h.Last(k).ID]; !slices.Equal(got, []app.EntitlementRef{one, two}) {
			t.Errorf("sources: %v", got)
		}

		h.Clock.Set(end)
		h.Settle()
		if g := h.Last(k); g.State != grant.Active || g.Direct != grant.None || !h.Check(k).Allowed || h.Target.Size() != 0 {
			t.Fatalf("after the direct end: %+v, target holds %d directly", g, h.Target.Size())
		}
		if _, err := h.Grants.SetEnd(h.Ctx, k, end.Add(time.Hour)); !fault.Is(err, fault.Precondition) {
			t.Errorf("the end of what has none was moved: %v", err)
		}
		if _, err := h.Grants.Revoke(h.Ctx, k, ""); !fault.Is(err, fault.Precondition) {
			t.Errorf("what nobody gave was taken: %v", err)
		}

		// Given again directly: the membership is made again, while access goes on.
		granttest.Must(h.Grants.Create(h.Ctx, k, time.Time{}))(t)
		if !h.Check(k).Allowed {
			t.Error("access was lost while the membership is made again")
		}
		h.Settle()
		if h.Target.Size() != 1 {
			t.Error("the membership was not made again")
		}
		drop(one)
		drop(two)
		drop(two)
		if g := h.Last(k); g.State != grant.Active || g.Direct != grant.Manual || g.Derived != 0 {
			t.Errorf("the direct source went with the derived ones: %+v", g)
		}

		derive(one)
		granttest.Must(h.Grants.Revoke(h.Ctx, k, "enough"))(t)
		h.Settle()
		if !h.Check(k).Allowed || h.Target.Size() != 0 {
			t.Error("a revocation took more than the direct source")
		}
		drop(one)
		h.Settle()
		if g := h.Last(k); g.State != grant.Ended || g.EndReason != grant.SourceGone || len(h.Lives(k)) != 1 {
			t.Errorf("without any source: %+v", g)
		}
	})
}

func TestAnotherEntitlementCanBeginAGrant(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		k := h.Connected(1).Key(0)
		via := app.EntitlementRef{AppID: k.App, ID: "0199aaaa-0000-7000-8000-000000000001"}
		h.Write(func(tx *db.Tx) error { return h.Grants.AddDerived(tx, h.Actor(), k, via) })
		if g := h.Last(k); g.State != grant.Active || g.Derived != 1 || !h.Check(k).Allowed {
			t.Errorf("begun as %+v", g)
		}
		h.Settle()
		if h.Target.Calls() != 0 {
			t.Error("the target was called for what it passes on by itself")
		}
	})
}

func TestAPendingGrantThatIsPassedOnIsActiveAtOnce(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		k := h.Connected(1).Key(0)
		via := app.EntitlementRef{AppID: k.App, ID: "0199aaaa-0000-7000-8000-000000000001"}
		granttest.Must(h.Grants.Create(h.Ctx, k, time.Time{}))(t)
		h.Write(func(tx *db.Tx) error { return h.Grants.AddDerived(tx, h.Actor(), k, via) })
		if !h.Check(k).Allowed {
			t.Error("no access through the other entitlement")
		}
		h.Settle()
		if h.Target.Size() != 1 {
			t.Error("the direct membership was forgotten")
		}
		h.Write(func(tx *db.Tx) error { return h.Grants.RemoveDerived(tx, h.Actor(), k, via) })
		if !h.Check(k).Allowed {
			t.Error("losing the derived source took the direct one")
		}
	})
}

func TestTheEndIsRefusedInWordsThatNameIt(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		k := h.Key()
		granttest.Must(h.Apps.UpdateEntitlement(h.Ctx, k.App, k.Entitlement, func(e *app.Entitlement) error {
			e.MaxGrant = 8 * time.Hour
			return nil
		}))(t)
		now := h.Clock.Now()
		_, err := h.Grants.SetEnd(h.Ctx, k, now.Add(time.Hour))
		refused(t, "no grant", err, fault.NotFound, "grant not found")
		_, err = h.Grants.Create(h.Ctx, k, now)
		refused(t, "created with a past end", err, fault.Invalid, "deprovisionAt: must be in the future")
		_, err = h.Grants.Create(h.Ctx, k, now.Add(9*time.Hour))
		refused(t, "created over the maximum", err, fault.Invalid, "grant duration must be less than or equal to max provision time)")
		_, err = h.Grants.Create(h.Ctx, k, time.Time{})
		refused(t, "created without an end", err, fault.Invalid, "max provision time)")
		granttest.Must(h.Grants.Create(h.Ctx, k, now.Add(8*time.Hour)))(t)
		_, err = h.Grants.SetEnd(h.Ctx, k, time.Time{})
		refused(t, "no new end", err, fault.Invalid, "newDeprovisionAt: is required")
		_, err = h.Grants.SetEnd(h.Ctx, k, now.Add(-time.Second))
		refused(t, "past end", err, fault.Invalid, "newDeprovisionAt: must be in the future")
		_, err = h.Grants.SetEnd(h.Ctx, k, now.Add(8*time.Hour+time.Microsecond))
		refused(t, "over the maximum", err, fault.Invalid, "newDeprovisionAt: lasts too long (the maximum is 8h0m0s; grant duration must be")
		_, err = h.Grants.ClearEnd(h.Ctx, k)
		refused(t, "cleared under a maximum", err, fault.Invalid, "max provision time)")
		granttest.Must(h.Grants.SetEnd(h.SuperAdmin(), k, now.Add(100*time.Hour)))(t)
		granttest.Must(h.Grants.ClearEnd(h.SuperAdmin(), k))(t)
		if g := h.Last(k); !g.DeprovisionAt.IsZero() {
			t.Errorf("still ends at %v", g.DeprovisionAt)
		}
		_, err = h.Grants.Revoke(h.Ctx, k, strings.Repeat("é", grant.MaxNote+1))
		refused(t, "long reason", err, fault.Invalid, "reason: has 1025 characters; at most 1024 are allowed")
		_, err = h.Grants.Revoke(h.Ctx, k, "no\x00")
		refused(t, "unstorable reason", err, fault.Invalid, "reason: is not valid text")
		granttest.Must(h.Grants.Revoke(h.Ctx, k, strings.Repeat("é", grant.MaxNote)))(t)
		_, err = h.Grants.Revoke(h.Ctx, k, "")
		refused(t, "revoked before", err, fault.NotFound, "grant not found")
	})
}

func refused(t *testing.T, what string, err error, code fault.Code, words string) {
	t.Helper()
	if !fault.Is(err, code) || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: got %v, want %v saying %q", what, err, code, words)
	}
}

func TestAnEndingGrantIsAConflictForEverybody(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		k := h.Connected(1).Key(0)
		end := h.Clock.Now().Add(time.Hour)
		granttest.Must(h.Grants.Create(h.Ctx, k, end))(t)
		h.Settle()
		h.Clock.Set(end)
		for _, when := range []string{"before anybody noticed", "after"} {
			for name, call := range map[string]func() (grant.Grant, error){
				"Create":   func() (grant.Grant, error) { return h.Grants.Create(h.Ctx, k, end.Add(time.Hour)) },
				"SetEnd":   func() (grant.Grant, error) { return h.Grants.SetEnd(h.Ctx, k, end.Add(time.Hour)) },
				"ClearEnd": func() (grant.Grant, error) { return h.Grants.ClearEnd(h.Ctx, k) },
				"Revoke":   func() (grant.Grant, error) { return h.Grants.Revoke(h.Ctx, k, "") },
			} {
				if _, err := call(); !fault.Is(err, fault.Conflict) {
					t.Errorf("%s %s: %v", name, when, err)
				}
			}
			h.End()
		}
		h.Settle()
		granttest.Must(h.Grants.Create(h.Ctx, k, end.Add(time.Hour)))(t)
		if lives := h.Lives(k); len(lives) != 2 || lives[0].ID == lives[1].ID {
			t.Errorf("a grant after the end must be a new one: %+v", lives)
		}
	})
}

// A request for what is held already extends it: the later end wins.
func TestGivingAgainExtends(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		k, now := h.Key(), h.Clock.Now()
		for _, c := range []struct{ end, want time.Time }{
			{now.Add(2 * time.Hour), now.Add(2 * time.Hour)},
			{now.Add(time.Hour), now.Add(2 * time.Hour)},
			{now.Add(3 * time.Hour), now.Add(3 * time.Hour)},
			{time.Time{}, time.Time{}},
			{now.Add(4 * time.Hour), time.Time{}},
		} {
			g := granttest.Must(h.Grants.Create(h.Ctx, k, c.end))(t)
			if stored := h.Last(k); !g.DeprovisionAt.Equal(c.want) || stored != g || len(h.Lives(k)) != 1 {
				t.Errorf("given until %v: answer %+v, stored %+v", c.end, g, stored)
			}
		}
	})
}

func TestEndsAreKeptToTheMicrosecond(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		k := h.Key()
		end := h.Clock.Now().Add(time.Hour + 1999*time.Nanosecond).In(time.FixedZone("", 7200))
		want := h.Clock.Now().Add(time.Hour + time.Microsecond)
		for _, call := range []func() (grant.Grant, error){
			func() (grant.Grant, error) { return h.Grants.Create(h.Ctx, k, end) },
			func() (grant.Grant, error) { return h.Grants.SetEnd(h.Ctx, k, end) },
		} {
			if g := granttest.Must(call())(t); g.DeprovisionAt != want || h.Last(k).DeprovisionAt != want {
				t.Errorf("answered %v, stored %v, want %v", g.DeprovisionAt, h.Last(k).DeprovisionAt, want)
			}
		}
	})
}

func TestARevokedPendingGrantIsStillRemovedFromTheTarget(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		k := h.Connected(1).Key(0)
		granttest.Must(h.Grants.Create(h.Ctx, k, time.Time{}))(t)
		h.Target.Lose(1) // the membership is made, but nobody here is told
		h.Provide()
		if h.Target.Size() != 1 || h.Last(k).State != grant.Pending {
			t.Fatal("the answer should have been lost")
		}
		granttest.Must(h.Grants.Revoke(h.Ctx, k, "a mistake"))(t)
		h.Settle()
		g := h.Last(k)
		if h.Target.Size() != 0 || g.State != grant.Ended || !g.ActiveAt.IsZero() || g.EndNote != "a mistake" || g.EndedBy != (grant.Person{ID: "ada", Name: "Ada"}) {
			t.Errorf("target holds %d, grant %+v", h.Target.Size(), g)
		}
	})
}

// The revocation of a grant that a worker is making right now waits for the worker.
func TestARevocationWaitsForTheCallUnderWay(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		k := h.Connected(1).Key(0)
		granttest.Must(h.Grants.Create(h.Ctx, k, time.Time{}))(t)
		var order []provision.Kind
		h.Target.During(func(kind provision.Kind) {
			order = append(order, kind)
			if kind == provision.Grant {
				granttest.Must(h.Grants.Revoke(h.Ctx, k, ""))(t)
				if n := h.Replica().Provide(); n != 0 {
					t.Error("the revocation overtook the call under way")
				}
			}
		})
		for h.Provide() > 0 {
		}
		if g := h.Last(k); g.State != grant.Ended || h.Target.Size() != 0 || !slices.Equal(order, []provision.Kind{provision.Grant, provision.Revoke}) {
			t.Errorf("calls %v, target holds %d, grant %+v", order, h.Target.Size(), g)
		}
	})
}
