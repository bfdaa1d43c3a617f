package grant_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Whatever many people, two servers and a target that loses answers do at once: in the end the target holds exactly what is in force
// through a direct source, and nothing is left to do.
func TestAfterAStormTheTargetHoldsWhatIsInForce(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		c := h.Connected(4)
		other := h.Replica()
		via := app.EntitlementRef{AppID: c.Connector.AppID, ID: app.AccessEntitlement}
		var still sync.RWMutex // no call outlasts its lease
		var all sync.WaitGroup
		for worker := range 6 {
			all.Go(func() {
				dice := rand.New(rand.NewPCG(uint64(worker), 7)) // a storm that blows alike each time
				for range 60 {
					if err := gust(h, other, c, via, &still, dice); err != nil && !lost(err) {
						t.Errorf("%v (%v)", err, fault.Of(err).Cause())
					}
				}
			})
		}
		all.Wait()
		h.Target.Lose(0)
		for range 12 { // leases and waits run out, ends do not come
			h.Clock.Advance(6 * time.Minute)
			h.Settle()
		}
		held := h.Target.Holders()
		for i, a := range granttest.Must(app.ManyAccounts(h.DB.Q(h.Ctx), refs(c)))(t) {
			k := grant.Key{App: a.AppID, Entitlement: c.Entitlement, Account: a.ID}
			lives := h.Lives(k)
			g := h.Last(k)
			direct := g.State == grant.Active && g.Direct != grant.None
			if settled := g.State == grant.Active || g.State == grant.Ended; !settled || slices.Contains(held, a.ExternalID) != direct {
				t.Errorf("number %d after %d lives: %s, direct %q; the target holds %v", i, len(lives), g.State, g.Direct, held)
			}
			for _, earlier := range lives[:len(lives)-1] {
				if earlier.State != grant.Ended {
					t.Errorf("two lives at once: %+v", earlier)
				}
			}
		}
		var left int
		if err := h.DB.Q(h.Ctx).Row(`select count(*) from operation where state = 'open'`).Scan(&left); err != nil || left != 0 {
			t.Errorf("%d operations are left, %v", left, err)
		}
	})
}

// gust is one thing that somebody does.
func gust(h, other *granttest.House, c granttest.Connected, via app.EntitlementRef, still *sync.RWMutex, dice *rand.Rand) error {
	k := c.Key(dice.IntN(len(c.Accounts)))
	soon := func() time.Time { return h.Clock.Now().Add(time.Duration(1+dice.IntN(60)) * time.Second) }
	far := h.Clock.Now().Add(1000 * time.Hour)
	if dice.IntN(2) == 0 {
		h = other
	}
	switch dice.IntN(12) {
	case 0, 1:
		_, err := h.Grants.Create(h.Ctx, k, far)
		return err
	case 2:
		_, err := h.Grants.Create(h.Ctx, k, soon())
		return err
	case 3:
		_, err := h.Grants.SetEnd(h.Ctx, k, soon())
		return err
	case 4:
		_, err := h.Grants.Revoke(h.Ctx, k, "")
		return err
	case 5:
		return h.DB.Write(h.Ctx, func(tx *db.Tx) error { return h.Grants.AddDerived(tx, h.Actor(), k, via) })
	case 6:
		return h.DB.Write(h.Ctx, func(tx *db.Tx) error { return h.Grants.RemoveDerived(tx, h.Actor(), k, via) })
	case 7:
		u := c.Users[dice.IntN(len(c.Users))]
		_, err := h.Directory.Disable(h.Ctx, u, "")
		_, again := h.Directory.Enable(h.Ctx, u, "")
		return errors.Join(err, again)
	case 8:
		still.Lock()
		h.Clock.Advance(time.Duration(dice.IntN(20)) * time.Second)
		still.Unlock()
		_, err := h.Grants.Ender().Run(h.Ctx, h.Clock.Now())
		return err
	case 9:
		h.Target.Lose(dice.IntN(3))
		return nil
	default:
		still.RLock()
		defer still.RUnlock()
		_, err := h.Provision.Sources()[dice.IntN(3)].Run(h.Ctx, h.Clock.Now())
		return err
	}
}

func refs(c granttest.Connected) []app.AccountRef {
	list := make([]app.AccountRef, len(c.Accounts))
	for i, a := range c.Accounts {
		list[i] = app.AccountRef{AppID: c.Connector.AppID, ID: a}
	}
	return list
}

// lost reports whether err is an answer that one may get who is not alone.
func lost(err error) bool {
	for _, code := range []fault.Code{fault.Conflict, fault.NotFound, fault.Precondition, fault.Invalid} {
		if fault.Is(err, code) {
			return true
		}
	}
	return false
}
