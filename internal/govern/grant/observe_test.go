package grant_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/db"
)

// tx keeps the closures short.
type tx = db.Tx

// reading does what a sync does with what the target said when it started.
func reading(h *granttest.House, c granttest.Connected, started time.Time, holders ...int) (found, gone int) {
	h.Helper()
	r := grant.Reading{App: c.Connector.AppID, Connector: c.Connector.ID, Started: started}
	var all []grant.Membership
	for _, i := range holders {
		all = append(all, grant.Membership{Account: c.Accounts[i], Entitlement: c.Entitlement})
	}
	h.Write(func(tx *tx) error {
		unknown, err := h.Grants.Seen(tx, r, all)
		if err != nil {
			return err
		}
		found, err = h.Grants.Discover(tx, r, unknown)
		return err
	})
	for next := grant.ID(""); ; {
		h.Write(func(tx *tx) error {
			n, after, err := h.Grants.Missing(tx, r, next)
			gone, next = gone+n, after
			return err
		})
		if next == "" {
			return found, gone
		}
	}
}

func TestASyncFindsWhatNobodyGave(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		c := h.Connected(2)
		if found, gone := reading(h, c, h.Clock.Now(), 0); found != 1 || gone != 0 {
			t.Fatalf("found %d, gone %d", found, gone)
		}
		g := h.Last(c.Key(0))
		if g.State != grant.Active || g.Direct != grant.Synced || !g.Discovered || g.Given.By.ID != "" || !h.Check(c.Key(0)).Allowed {
			t.Errorf("found as %+v", g)
		}
		h.Clock.Advance(time.Hour)
		if found, gone := reading(h, c, h.Clock.Now(), 0); found != 0 || gone != 0 {
			t.Errorf("the second time: found %d, gone %d", found, gone)
		}
		if again := h.Last(c.Key(0)); again.Version != g.Version || !again.SeenAt.Equal(h.Clock.Now()) {
			t.Errorf("seen again: %+v", again)
		}
		if h.Target.Calls() != 0 {
			t.Error("the target was called for what it holds")
		}
	})
}

func TestASyncOfWhatInterimProvisionedAddsNothing(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		c := h.Connected(1)
		k, end := c.Key(0), h.Clock.Now().Add(2*time.Hour)
		granttest.Must(h.Grants.Create(h.Ctx, k, end))(t)
		h.Settle()
		h.Clock.Advance(time.Hour)
		if found, gone := reading(h, c, h.Clock.Now(), 0); found+gone != 0 {
			t.Errorf("found %d, gone %d", found, gone)
		}
		if g := h.Last(k); g.Direct != grant.Manual || !g.DeprovisionAt.Equal(end) {
			t.Errorf("the source changed: %+v", g)
		}
		h.Clock.Set(end)
		h.Settle()
		if h.Target.Size() != 0 || h.Last(k).State != grant.Ended {
			t.Error("a sync kept the grant alive")
		}
	})
}

func TestAGrantMissingInTheTargetIsEnded(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		c := h.Connected(2)
		for i := range c.Accounts {
			granttest.Must(h.Grants.Create(h.Ctx, c.Key(i), time.Time{}))(t)
		}
		h.Settle()
		calls := h.Target.Calls()
		h.Clock.Advance(time.Hour)
		r := grant.Reading{App: c.Connector.AppID, Connector: c.Connector.ID, Started: h.Clock.Now()}
		if known, lost, err := h.Grants.Lost(h.DB.Q(h.Ctx), r); err != nil || known != 2 || lost != 2 {
			t.Errorf("before anything was seen: %d of %d, %v", lost, known, err)
		}
		if found, gone := reading(h, c, h.Clock.Now(), 1); found != 0 || gone != 1 {
			t.Fatalf("found %d, gone %d", found, gone)
		}
		if known, lost, err := h.Grants.Lost(h.DB.Q(h.Ctx), r); err != nil || known != 1 || lost != 0 {
			t.Errorf("afterwards: %d of %d, %v", lost, known, err)
		}
		g := h.Last(c.Key(0))
		if g.State != grant.Ended || g.EndReason != grant.RemovedInTarget || g.RemovedAt.IsZero() || h.Check(c.Key(0)).Allowed {
			t.Errorf("ended as %+v", g)
		}
		h.Settle()
		if h.Target.Calls() != calls {
			t.Error("the target was called for what it does not hold")
		}
		if !h.Check(c.Key(1)).Allowed {
			t.Error("the other one ended too")
		}
		// Found again later: a new life, not the old one.
		h.Clock.Advance(time.Hour)
		if found, _ := reading(h, c, h.Clock.Now(), 0, 1); found != 1 {
			t.Errorf("found %d again", found)
		}
		if lives := h.Lives(c.Key(0)); len(lives) != 2 || lives[0] != g || !lives[1].Discovered {
			t.Errorf("lives: %+v", lives)
		}
	})
}

func TestAReadingIsNotBelievedAboutWhatIsNewer(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		c := h.Connected(5)
		old := h.Clock.Now()
		h.Clock.Advance(time.Minute)
		const created, provisioned, pending, removed, waiting = 0, 1, 2, 3, 4
		give := func(i int) { granttest.Must(h.Grants.Create(h.Ctx, c.Key(i), time.Time{}))(t) }
		give(created)
		give(provisioned)
		give(removed)
		give(waiting)
		h.Settle()
		for _, i := range []int{removed, waiting} {
			granttest.Must(h.Grants.Revoke(h.Ctx, c.Key(i), ""))(t)
			if i == removed {
				h.Settle()
			}
		}
		give(pending)

		// Read before all of that: it misses three, and still sees two that are gone or going.
		if found, gone := reading(h, c, old, removed, waiting); found != 0 || gone != 0 {
			t.Errorf("found %d, gone %d", found, gone)
		}
		for i, want := range []grant.State{grant.Active, grant.Active, grant.Pending, grant.Ended, grant.Ending} {
			if g := h.Last(c.Key(i)); g.State != want || len(h.Lives(c.Key(i))) != 1 {
				t.Errorf("grant %d is %v, want %v", i, g.State, want)
			}
		}
		// A new reading that misses the one a worker is about to make is not believed either.
		h.Clock.Advance(time.Minute)
		if _, gone := reading(h, c, h.Clock.Now(), created, provisioned); gone != 0 {
			t.Errorf("%d gone", gone)
		}
	})
}

func TestASyncTouchesNothingThatHasNoConnectorOrAnother(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		c, other := h.Connected(1), h.Connected(1)
		manual := h.Key()
		for _, k := range []grant.Key{manual, other.Key(0)} {
			granttest.Must(h.Grants.Create(h.Ctx, k, time.Time{}))(t)
		}
		h.Settle()
		h.Clock.Advance(time.Hour)
		if _, gone := reading(h, c, h.Clock.Now()); gone != 0 {
			t.Errorf("%d gone", gone)
		}
		for _, k := range []grant.Key{manual, other.Key(0)} {
			if !h.Check(k).Allowed {
				t.Errorf("%+v ended", h.Last(k))
			}
		}
	})
}

func TestASyncKnowsADirectSourceFromADerivedOne(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		c := h.Connected(1)
		k := c.Key(0)
		via := app.EntitlementRef{AppID: k.App, ID: app.AccessEntitlement}
		h.Write(func(tx *tx) error { return h.Grants.AddDerived(tx, h.Actor(), k, via) })
		h.Clock.Advance(time.Minute)
		if found, gone := reading(h, c, h.Clock.Now()); found+gone != 0 {
			t.Errorf("what is passed on was missed as a membership: found %d, gone %d", found, gone)
		}
		if found, _ := reading(h, c, h.Clock.Now(), 0); found != 1 || h.Last(k).Direct != grant.Synced {
			t.Errorf("found %d: %+v", found, h.Last(k))
		}
		h.Clock.Advance(time.Minute)
		if _, gone := reading(h, c, h.Clock.Now()); gone != 1 || h.Last(k).Direct != grant.None || !h.Check(k).Allowed {
			t.Errorf("gone %d: %+v", gone, h.Last(k))
		}
	})
}
