package grant_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestWhatAGrantHangsOnTakesItAlong(t *testing.T) {
	for _, c := range []struct {
		name   string
		end    func(h *granttest.House, c granttest.Connected) error
		reason grant.Reason
		denied string // what the check says from that moment on
	}{
		{"user disabled", func(h *granttest.House, c granttest.Connected) error {
			return second(h.Directory.Disable(h.Ctx, c.Users[0], ""))
		}, "USER_DISABLED", "user disabled"},
		{"user deleted", func(h *granttest.House, c granttest.Connected) error {
			return second(h.Directory.Delete(h.Ctx, c.Users[0], ""))
		}, "USER_DELETED", "user deleted"},
		{"app deleted", func(h *granttest.House, c granttest.Connected) error {
			return h.Apps.DeleteApp(h.Ctx, c.Connector.AppID)
		}, "APP_DELETED", "app deleted"},
		{"entitlement gone", func(h *granttest.House, c granttest.Connected) error {
			return h.DB.Write(h.Ctx, func(tx *tx) error {
				return h.Apps.MarkGone(tx, c.Connector.Ref(), app.Gone{Entitlements: []app.EntitlementID{c.Entitlement}})
			})
		}, "ENTITLEMENT_DELETED", "entitlement deleted"},
		{"account gone", func(h *granttest.House, c granttest.Connected) error {
			return h.DB.Write(h.Ctx, func(tx *tx) error {
				return h.Apps.MarkGone(tx, c.Connector.Ref(), app.Gone{Accounts: c.Accounts[:1]})
			})
		}, "ACCOUNT_DELETED", "account deleted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, h *granttest.House) {
				place := h.Connected(1)
				k := place.Key(0)
				via := app.EntitlementRef{AppID: k.App, ID: app.AccessEntitlement}
				granttest.Must(h.Grants.Create(h.Ctx, k, h.Clock.Now().Add(time.Hour)))(t)
				h.Settle()
				h.Write(func(tx *tx) error { return h.Grants.AddDerived(tx, h.Actor(), k, via) })
				other := h.Key()
				granttest.Must(h.Grants.Create(h.Ctx, other, time.Time{}))(t)

				h.Clock.Advance(time.Minute)
				at := h.Clock.Now()
				if err := c.end(h, place); err != nil {
					t.Fatal(err)
				}
				if a := h.Check(k); a.Allowed || a.Reason != c.denied {
					t.Errorf("at once: %+v", a)
				}
				h.Clock.Advance(time.Second)
				h.End()
				if g := h.Last(k); g.State != grant.Ending || g.EndReason != c.reason || !g.EndingAt.Equal(at) || g.Derived != 0 {
					t.Errorf("after the sweep: %+v", g)
				}
				h.Settle()
				if g := h.Last(k); g.State != grant.Ended || h.Target.Size() != 0 {
					t.Errorf("after all: target holds %d, %+v", h.Target.Size(), g)
				}
				if !h.Check(other).Allowed {
					t.Error("somebody else's grant ended too")
				}
			})
		})
	}
}

func TestWhoIsDisabledIsGivenNothing(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		a := h.App()
		u := h.User()
		k := grant.Key{App: a.ID, Entitlement: h.Entitlement(a.ID).ID, Account: h.Account(a.ID, u.ID).ID}
		granttest.Must(h.Directory.Disable(h.Ctx, u.ID, ""))(t)
		_, err := h.Grants.Create(h.Ctx, k, time.Time{})
		refused(t, "disabled user", err, fault.Precondition, "disabled")

		gone := k
		gone.Entitlement = h.Entitlement(a.ID).ID
		if err := h.Apps.DeleteEntitlement(h.Ctx, a.ID, gone.Entitlement); err != nil {
			t.Fatal(err)
		}
		_, err = h.Grants.Create(h.Ctx, gone, time.Time{})
		refused(t, "deleted entitlement", err, fault.NotFound, "entitlement not found")
		none := k
		none.Account = "0199aaaa-0000-7000-8000-000000000001"
		_, err = h.Grants.Create(h.Ctx, none, time.Time{})
		refused(t, "no account", err, fault.NotFound, "account not found")
		if err := h.Apps.DeleteApp(h.Ctx, a.ID); err != nil {
			t.Fatal(err)
		}
		_, err = h.Grants.Create(h.Ctx, k, time.Time{})
		refused(t, "deleted app", err, fault.NotFound, "not found")
	})
}

func TestADisabledAccountHasNoAccessAndIsGivenNone(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		c := h.Connected(1)
		k := c.Key(0)
		granttest.Must(h.Grants.Create(h.Ctx, k, time.Time{}))(t)
		h.Settle()
		setStatus := func(s app.AccountStatus) {
			h.Write(func(tx *tx) error {
				account, err := app.GetAccount(tx, k.App, k.Account)
				if err != nil {
					return err
				}
				_, _, err = h.Apps.UpsertAccounts(tx, c.Connector.Ref(), []app.SeenAccount{{
					ExternalID: account.ExternalID, Username: account.Username, Email: account.Email, Status: s,
				}})
				return err
			})
		}
		setStatus(app.Disabled)
		if a := h.Check(k); a.Allowed || a.Reason != "account disabled" || a.State != grant.Active {
			t.Errorf("%+v", a)
		}
		_, err := h.Grants.Create(h.Ctx, k, h.Clock.Now().Add(time.Hour))
		refused(t, "given to a disabled account", err, fault.Precondition, "account is disabled")
		setStatus(app.Enabled)
		if !h.Check(k).Allowed {
			t.Error("enabling the account did not give its access back")
		}
	})
}

func TestEnablingAUserAgainGivesNothingBack(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		a := h.App()
		u := h.User()
		k := grant.Key{App: a.ID, Entitlement: h.Entitlement(a.ID).ID, Account: h.Account(a.ID, u.ID).ID}
		granttest.Must(h.Grants.Create(h.Ctx, k, time.Time{}))(t)
		for _, move := range []func() (directory.User, error){
			func() (directory.User, error) { return h.Directory.Disable(h.Ctx, u.ID, "") },
			func() (directory.User, error) { return h.Directory.Enable(h.Ctx, u.ID, "") },
		} {
			granttest.Must(move())(t)
			if h.Check(k).Allowed { // also in the moment before the sweep
				t.Error("access")
			}
		}
		h.Settle()
		if h.Check(k).Allowed || h.Last(k).State != grant.Ended {
			t.Errorf("%+v", h.Last(k))
		}
	})
}

// Whoever creates a grant while what it hangs on goes leaves no grant behind.
func TestCreatingWhileTheUserGoesLeavesNothingLive(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		for range 10 {
			a := h.App()
			u := h.User()
			k := grant.Key{App: a.ID, Entitlement: h.Entitlement(a.ID).ID, Account: h.Account(a.ID, u.ID).ID}
			together(t, 5, func(i int) error {
				if i == 4 {
					return second(h.Directory.Disable(h.Ctx, u.ID, ""))
				}
				if _, err := h.Grants.Create(h.Ctx, k, time.Time{}); !fault.Is(err, fault.Precondition) {
					return err
				}
				return nil
			})
			h.Settle()
			for _, g := range h.Lives(k) {
				if g.State != grant.Ended {
					t.Errorf("left behind: %+v", g)
				}
			}
		}
	})
}

func TestAGrantOfADeletedConnectorEndsWithoutItsTarget(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		c := h.Connected(3)
		for i := range c.Accounts {
			granttest.Must(h.Grants.Create(h.Ctx, c.Key(i), time.Time{}))(t)
			if i == 1 {
				h.Settle() // the third stays pending
			}
		}
		granttest.Must(h.Grants.Revoke(h.Ctx, c.Key(0), ""))(t)
		calls := h.Target.Calls()
		granttest.Must(h.Apps.DeleteConnector(h.Ctx, c.Connector.AppID, c.Connector.ID))(t)
		h.Settle()
		if h.Target.Calls() != calls {
			t.Error("the target of a deleted connector was called")
		}
		if g := h.Last(c.Key(0)); g.State != grant.Ended || !g.RemovedAt.IsZero() || g.EndReason != grant.Revoked || g.TargetNote == "" {
			t.Errorf("ending: %+v", g)
		}
		if g := h.Last(c.Key(1)); g.State != grant.Active {
			t.Errorf("active: %+v", g)
		}
		if g := h.Last(c.Key(2)); g.State != grant.Ended || g.EndReason != grant.NoConnector || !g.ActiveAt.IsZero() {
			t.Errorf("pending: %+v", g)
		}
		_, err := h.Grants.Create(h.Ctx, c.Key(0), time.Time{})
		refused(t, "given again", err, fault.Precondition, "connector was deleted")
		granttest.Must(h.Grants.Revoke(h.Ctx, c.Key(1), ""))(t)
		h.Settle()
		if g := h.Last(c.Key(1)); g.State != grant.Ended || !g.RemovedAt.IsZero() {
			t.Errorf("revoked after its connector was deleted: %+v", g)
		}
	})
}

func TestADisabledConnectorMakesItsOperationsWaitVisibly(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		c := h.Connected(1)
		k := c.Key(0)
		status := func(s app.ConnectorStatus) {
			granttest.Must(h.Apps.UpdateConnector(h.Ctx, k.App, c.Connector.ID, func(c *app.Connector) error { c.Status = s; return nil }))(t)
		}
		status(app.ConnectorDisabled)
		granttest.Must(h.Grants.Create(h.Ctx, k, time.Time{}))(t)
		h.Settle()
		var why string
		if err := h.DB.Q(h.Ctx).Row(`select last_error from operation where grant_id = $1`, h.Last(k).ID).Scan(&why); err != nil {
			t.Fatal(err)
		}
		if why != "the connector is disabled" || h.Target.Calls() != 0 || h.Last(k).State != grant.Pending {
			t.Errorf("%q, %d calls, %+v", why, h.Target.Calls(), h.Last(k))
		}
		status(app.ConnectorOK)
		h.Clock.Advance(time.Minute)
		h.Settle()
		if h.Last(k).State != grant.Active {
			t.Errorf("enabled again: %+v", h.Last(k))
		}
	})
}

// What is condemned may be taken before the due loop comes to it; that ends the sources as the loop would.
func TestWhoTakesACondemnedGrantEndsItsSources(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		k, u := h.Key(), directory.UserID("")
		for _, a := range granttest.Must(app.ManyAccounts(h.DB.Q(h.Ctx), []app.AccountRef{{AppID: k.App, ID: k.Account}}))(t) {
			u = a.UserID
		}
		via := app.EntitlementRef{AppID: k.App, ID: h.Entitlement(k.App).ID}
		granttest.Must(h.Grants.Create(h.Ctx, k, time.Time{}))(t)
		h.Write(func(tx *tx) error { return h.Grants.AddDerived(tx, h.Actor(), k, via) })
		h.Clock.Advance(time.Hour)
		granttest.Must(h.Directory.Disable(h.Ctx, u, "away"))(t)
		h.Clock.Advance(time.Second)
		h.Write(func(tx *tx) error {
			_, err := h.Grants.Take(tx, h.Actor(), grant.Taking{Key: k}, h.Clock.Now())
			return err
		})
		g := h.Last(k)
		left := granttest.Must(grant.Sources(h.DB.Q(h.Ctx), []grant.ID{g.ID}, h.Clock.Now()))(t)
		if g.State != grant.Ended || len(left) != 0 {
			t.Errorf("%s with %d sources", g.State, len(left[g.ID]))
		}
	})
}
