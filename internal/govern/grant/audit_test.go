package grant_test

import (
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// Invariant 7: every step of a grant's life has its event, and an end on time is another event than a revocation.
func TestEveryStepIsInTheAudit(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		c := h.Connected(2)
		k := c.Key(0)
		now := h.Clock.Now()
		via := app.EntitlementRef{AppID: k.App, ID: app.AccessEntitlement}
		expect := func(kinds ...string) {
			t.Helper()
			if got := h.Events(); !slices.Equal(got, kinds) {
				t.Errorf("events %v, want %v", got, kinds)
			}
			h.Forget()
		}
		granttest.Must(h.Grants.Create(h.Ctx, k, now.Add(time.Hour)))(t)
		expect("grant.created")
		h.Target.Down(fault.New(fault.Unavailable, "the target is down"))
		for range 3 {
			h.Settle()
			h.Clock.Advance(time.Minute)
		}
		expect("grant.grant_failed") // once, however often the same thing fails
		h.Target.Down(nil)
		h.Clock.Advance(time.Minute)
		h.Settle()
		expect("grant.activated")
		granttest.Must(h.Grants.Create(h.Ctx, k, now.Add(2*time.Hour)))(t)
		expect("grant.extended")
		granttest.Must(h.Grants.Create(h.Ctx, k, now.Add(time.Hour)))(t)
		expect() // it changed nothing
		granttest.Must(h.Grants.SetEnd(h.Ctx, k, now.Add(3*time.Hour)))(t)
		granttest.Must(h.Grants.SetEnd(h.Ctx, k, now.Add(3*time.Hour)))(t)
		expect("grant.end_moved")
		granttest.Must(h.Grants.ClearEnd(h.Ctx, k))(t)
		expect("grant.end_cleared")
		h.Write(func(tx *tx) error { return h.Grants.AddDerived(tx, h.Actor(), k, via) })
		h.Write(func(tx *tx) error { return h.Grants.RemoveDerived(tx, h.Actor(), k, via) })
		expect("grant.source_added", "grant.source_removed")
		granttest.Must(h.Grants.SetEnd(h.Ctx, k, now.Add(3*time.Hour)))(t)
		h.Forget()
		h.Clock.Set(now.Add(3 * time.Hour))
		h.Settle()
		expect("grant.ended_on_time", "grant.removed")
		granttest.Must(h.Grants.Create(h.Ctx, k, time.Time{}))(t)
		h.Settle()
		granttest.Must(h.Grants.Revoke(h.Ctx, k, "enough"))(t)
		h.Settle()
		expect("grant.created", "grant.activated", "grant.revoked", "grant.removed")
		h.Clock.Advance(time.Minute)
		reading(h, c, h.Clock.Now(), 0)
		h.Clock.Advance(time.Minute)
		reading(h, c, h.Clock.Now())
		expect("grant.discovered", "grant.removed_in_target")
		granttest.Must(h.Grants.Create(h.Ctx, k, time.Time{}))(t)
		h.Settle()
		h.Forget()
		granttest.Must(h.Directory.Disable(h.Ctx, c.Users[0], ""))(t)
		h.Settle()
		expect("grant.ended", "grant.removed")
	})
}

func TestAnEventSaysWhoMovedWhichEndFromWhereToWhere(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		c := h.Connected(1)
		k, end := c.Key(0), h.Clock.Now().Add(time.Hour)
		granttest.Must(h.Grants.Create(h.Ctx, k, end))(t)
		granttest.Must(h.Grants.SetEnd(h.Ctx, k, end.Add(time.Hour)))(t)
		p := granttest.Must(h.Audit.List(h.Ctx, audit.Filter{Newest: true}, page.Request{Size: 1}))(t)
		e := p.Items[0]
		if e.Kind != "grant.end_moved" || e.Actor.UserID != "ada" || e.UserID != string(c.Users[0]) || e.AppID != string(k.App) ||
			e.ObjectID != string(h.Last(k).ID) || e.Data["from"] != "2026-03-01T13:00:00Z" || e.Data["to"] != "2026-03-01T14:00:00Z" {
			t.Errorf("%+v", e)
		}
	})
}

// Invariant 7, the other way round: what cannot be audited does not happen.
func TestWhatCannotBeAuditedDoesNotHappen(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		c := h.Connected(3)
		for i := range 2 {
			granttest.Must(h.Grants.Create(h.Ctx, c.Key(i), h.Clock.Now().Add(time.Hour)))(t)
		}
		h.Settle()
		h.Clock.Advance(time.Minute)
		reading := grant.Reading{App: c.Connector.AppID, Connector: c.Connector.ID, Started: h.Clock.Now()}
		k := c.Key(0)
		before := h.Last(k)
		h.Write(func(tx *tx) error { return second(tx.Exec(`alter table event rename to lost`)) })
		for name, call := range map[string]func() error{
			"Create":  func() error { return second(h.Grants.Create(h.Ctx, c.Key(2), time.Time{})) },
			"SetEnd":  func() error { return second(h.Grants.SetEnd(h.Ctx, k, h.Clock.Now().Add(3*time.Hour))) },
			"Revoke":  func() error { return second(h.Grants.Revoke(h.Ctx, k, "")) },
			"Disable": func() error { return second(h.Directory.Disable(h.Ctx, c.Users[0], "")) },
			"Missing": func() error {
				return h.DB.Write(h.Ctx, func(tx *tx) error { _, _, err := h.Grants.Missing(tx, reading, ""); return err })
			},
			"Ender": func() error { return second(h.Grants.Ender().Run(h.Ctx, h.Clock.Now().Add(2*time.Hour))) },
		} {
			if err := call(); err == nil {
				t.Errorf("%s went through", name)
			}
			if h.Last(k) != before || len(h.Lives(c.Key(2))) != 0 {
				t.Errorf("%s left a trace: %+v", name, h.Last(k))
			}
		}
	})
}
