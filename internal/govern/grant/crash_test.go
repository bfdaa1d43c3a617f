package grant_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/clock"
)

// Invariant 11, first crash point: the operation was claimed, and the process died before the call.
func TestAnOperationWhoseWorkerDiedBeforeTheCallIsCarriedOut(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		k := h.Connected(1).Key(0)
		granttest.Must(h.Grants.Create(h.Ctx, k, time.Time{}))(t)
		h.Target.Crash(granttest.BeforeTheChange)
		h.Provide()
		h = reopen(t, h)
		h.Settle()
		if g := h.Last(k); g.State != grant.Active || h.Target.Size() != 1 || h.Target.Twice() != 0 {
			t.Errorf("target holds %d, was asked %d times for what it had, grant %+v", h.Target.Size(), h.Target.Twice(), g)
		}
	})
}

// Invariant 11, second crash point: the target did it, and the process died before that was on record.
func TestAnOperationWhoseSuccessWasNotRecordedIsCalledAgainAndHeldOnce(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		k := h.Connected(1).Key(0)
		granttest.Must(h.Grants.Create(h.Ctx, k, h.Clock.Now().Add(time.Hour)))(t)
		h.Target.Crash(granttest.AfterTheChange)
		h.Provide()
		h = reopen(t, h)
		h.Settle()
		if g := h.Last(k); g.State != grant.Active || h.Target.Size() != 1 {
			t.Fatalf("granted: target holds %d, grant %+v", h.Target.Size(), g)
		}
		h.Clock.Advance(time.Hour)
		h.End()
		h.Target.Crash(granttest.AfterTheChange)
		h.Provide()
		h = reopen(t, h)
		if h.Check(k).Allowed || h.Last(k).State != grant.Ending {
			t.Error("ended before the target was heard")
		}
		h.Settle()
		if g := h.Last(k); g.State != grant.Ended || h.Target.Size() != 0 {
			t.Errorf("removed: target holds %d, grant %+v", h.Target.Size(), g)
		}
	})
}

// Invariant 11, third crash point: the success is on record.
func TestAnOperationWhoseSuccessWasRecordedIsNeverCalledAgain(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		c := h.Connected(5)
		for i := range c.Accounts {
			granttest.Must(h.Grants.Create(h.Ctx, c.Key(i), time.Time{}))(t)
		}
		h.Settle()
		for range 3 {
			h = reopen(t, h)
			h.Settle()
			h.Clock.Advance(time.Hour)
			h.Settle()
		}
		if h.Target.Calls() != 5 || h.Target.Size() != 5 {
			t.Errorf("%d calls for %d memberships", h.Target.Calls(), h.Target.Size())
		}
	})
}

// A worker that was thought dead and comes back late must not close what is another's by now.
func TestALateWorkersWordDoesNotCount(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		k := h.Connected(1).Key(0)
		granttest.Must(h.Grants.Create(h.Ctx, k, time.Time{}))(t)
		other := h.Replica()
		first := true
		h.Target.During(func(provision.Kind) {
			if !first {
				return
			}
			first = false
			h.Clock.Advance(provision.Lease)
			if n := other.Provide(); n != 1 {
				t.Errorf("the operation was not free after its lease: %d", n)
			}
			granttest.Must(h.Grants.Revoke(h.Ctx, k, ""))(t)
			other.Settle()
		})
		h.Provide() // its membership is made last, after the other has removed it
		h.Clock.Advance(time.Minute)
		h.Settle()
		if g := h.Last(k); g.State != grant.Ended {
			t.Errorf("the late word revived %+v", g)
		}
	})
}

func TestAStopInTheMiddleOfACallLosesNothing(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		c := h.Connected(3)
		for i := range c.Accounts {
			granttest.Must(h.Grants.Create(h.Ctx, c.Key(i), time.Time{}))(t)
		}
		ctx, stop := context.WithCancel(h.Ctx)
		h.Target.During(func(provision.Kind) { stop() })
		if _, err := h.Provision.Sources()[0].Run(ctx, h.Clock.Now()); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		h.Target.During(nil)
		h.Settle() // at once: nobody's fault is nobody's delay
		for i := range c.Accounts {
			if g := h.Last(c.Key(i)); g.State != grant.Active {
				t.Errorf("%+v", g)
			}
		}
	})
}

// reopen starts the server again, once the leases of the dead one are over where they have to run out.
func reopen(t *testing.T, h *granttest.House) *granttest.House {
	t.Helper()
	at := h.Clock.Now()
	if h.DB.Engine().Skip() != "" {
		at = at.Add(provision.Lease)
	}
	return granttest.Reopen(t, h.DB, clock.NewFake(at), h.Target)
}
