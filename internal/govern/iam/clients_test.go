package iam

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
)

func networks(cidrs ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range cidrs {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// bounded is a Super Administrator's client with every kind of bound.
func (w *world) bounded() (directory.User, context.Context) {
	u := w.person("Ada", SuperAdministrator, "system:viewer")
	return u, w.as(u, NewClient{
		Roles: []RoleID{BuiltinID("system:viewer"), BuiltinID(BasicUser)}, Sources: networks("192.0.2.0/24"), Expires: time.Hour,
	})
}

func TestAClientMadeByAnotherIsBoundLikeIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada, ctx := w.bounded()
		made, _, err := w.CreateClient(ctx, ada.ID, NewClient{DisplayName: "asks for nothing"})
		w.ok(err)
		if len(made.Limits.Roles) != 2 || made.Limits.Sources[0] != networks("192.0.2.0/24")[0] || !made.Limits.Until.Equal(monday.Add(time.Hour)) {
			t.Errorf("made %+v", made.Limits)
		}
		_, _, err = w.CreateClient(ctx, ada.ID, NewClient{
			Roles: []RoleID{BuiltinID(BasicUser)}, Sources: networks("192.0.2.8/30", "192.0.2.1/32"), Expires: time.Minute,
		})
		w.ok(err)
		for field, n := range map[string]NewClient{
			"scopedRoles":     {Roles: []RoleID{BuiltinID(SuperAdministrator)}},
			"allowSourceCidr": {Sources: networks("192.0.0.0/16")},
			"expires":         {Expires: time.Hour + time.Second},
		} {
			_, _, err := w.CreateClient(ctx, ada.ID, n)
			w.refused(err, fault.Denied, field)
		}
		_, _, err = w.CreateClient(ctx, w.person("Grace").ID, NewClient{})
		w.refused(err, fault.Denied, "Super Administrator")
	})
}

func TestAClientIsNeverWidenedBeyondWhoAsks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada, ctx := w.bounded()
		wide, _ := w.mint(ada, NewClient{DisplayName: "wide"})
		narrow, _ := w.mint(ada, NewClient{DisplayName: "narrow", Sources: networks("203.0.113.0/24"), Expires: 24 * time.Hour})
		change := func(c Client, f func(*Client)) error {
			_, err := w.UpdateClient(ctx, c.Key, func(c *Client) error { f(c); return nil })
			return err
		}
		for name, err := range map[string]error{
			"opened to other networks":       change(narrow, func(c *Client) { c.Limits.Sources = nil }),
			"kept alive for longer":          change(narrow, func(c *Client) { c.Limits.Until = monday.Add(48 * time.Hour) }),
			"kept alive for ever":            change(narrow, func(c *Client) { c.Limits.Until = time.Time{} }),
			"moved into the asker's network": change(narrow, func(c *Client) { c.Limits.Sources = networks("192.0.2.0/24") }),
		} {
			t.Run(name, func(t *testing.T) { refused(t, err, fault.Denied, "beyond") })
		}
		w.ok(change(wide, func(c *Client) { c.DisplayName = "renamed" }))
		w.ok(change(wide, func(c *Client) { c.Limits.Sources = networks("198.51.100.0/24") })) // narrower than it was
		w.ok(change(narrow, func(c *Client) {
			c.Limits = Limits{Roles: []RoleID{BuiltinID(BasicUser)}, Sources: networks("192.0.2.0/25"), Until: monday.Add(time.Minute)}
		}))
		_, own := w.person("Grace"), w.as(w.person("Linus"), NewClient{})
		_, err := w.UpdateClient(own, wide.Key, func(*Client) error { return nil })
		w.refused(err, fault.Denied, "Super Administrator")
		_, err = w.UpdateClient(w.system(), wide.Key, func(c *Client) error { c.UserID, c.PublicKey, c.ClientID = "", nil, "stolen"; return nil })
		w.ok(err)
		if got, err := w.Client(t.Context(), wide.Key); err != nil || got.UserID != ada.ID || got.ClientID != wide.ClientID || len(got.PublicKey) != 32 {
			t.Errorf("changed what may not change: %+v, %v", got, err)
		}
	})
}

func TestTheScopeOfADeletedRoleReachesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.person("Ada", SuperAdministrator)
		role := w.custom("Reader", "c1.api.app.v1.Apps.List")
		c, secret := w.mint(ada, NewClient{Roles: []RoleID{role.ID}})
		_, err := w.DeleteRole(w.system(), role.ID)
		w.ok(err)
		p, err := w.Authenticate(t.Context(), w.token(c, secret), inside)
		w.ok(err)
		if len(p.Scopes) != 0 || !p.Scoped || p.Unscoped() {
			t.Errorf("reaches %v", p.Scopes)
		}
		_, err = w.UpdateClient(w.system(), c.Key, func(c *Client) error { c.DisplayName = "still there"; return nil })
		w.ok(err) // a scope that was there before needs no role
		_, err = w.UpdateClient(w.system(), c.Key, func(c *Client) error { c.Limits.Roles = append(c.Limits.Roles, "nobody"); return nil })
		w.refused(err, fault.Invalid, "scopedRoles")
	})
}

func TestAScopeWithoutOverlapLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		role := w.custom("Eraser", "c1.api.app.v1.Apps.Delete")
		p, err := PrincipalFrom(w.as(w.person("Ada"), NewClient{Roles: []RoleID{role.ID}}))
		w.ok(err)
		if len(p.Scopes) != 0 {
			t.Errorf("reaches %v", p.Scopes)
		}
		_, err = w.Enter(t.Context(), p, permissionPrefix+"c1.api.auth.v1.Auth.Introspect")
		w.refused(err, fault.Denied, "Permission denied, missing permission/c1.api.auth.v1.Auth.Introspect")
	})
}

func TestAnyPositiveLifeIsTaken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.person("Ada")
		for _, life := range []time.Duration{1, time.Microsecond, time.Second, 1<<63 - 1} {
			c, _ := w.mint(ada, NewClient{Expires: life})
			if !c.Limits.Until.After(monday) {
				t.Errorf("%v: until %v", life, c.Limits.Until)
			}
			kept, err := w.Client(t.Context(), c.Key)
			w.ok(err)
			if !kept.Limits.Until.Equal(c.Limits.Until.Truncate(time.Microsecond)) {
				t.Errorf("%v: kept as %v", life, kept.Limits.Until)
			}
		}
		_, _, err := w.CreateClient(w.system(), ada.ID, NewClient{Expires: -1})
		w.refused(err, fault.Invalid, "expires")
	})
}

func TestAClientForSomebodyElseIsAuditedWithBothNames(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		grace := w.person("Grace")
		c, secret, err := w.CreateClient(w.as(w.person("Ada", SuperAdministrator), NewClient{}), grace.ID, NewClient{DisplayName: "CI"})
		w.ok(err)
		e := w.lastEvent()
		if e.Kind != "client.created" || e.Actor.Name != "Ada" || e.UserID != string(grace.ID) || !strings.Contains(e.Message, "Grace") || e.ObjectID != string(c.Key) {
			t.Errorf("event %+v", e)
		}
		for _, e := range w.events() {
			if text := fmt.Sprintf("%+v", e); strings.Contains(text, secret) || strings.Contains(text, secret[len(secretPrefix):]) {
				t.Errorf("event %s holds a secret", e.Kind)
			}
		}
	})
}

func TestAPersonHasABoundedNumberOfClients(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.person("Ada")
		first, _ := w.mint(ada, NewClient{})
		for range MaxClients - 1 {
			w.mint(ada, NewClient{})
		}
		_, _, err := w.CreateClient(w.system(), ada.ID, NewClient{})
		w.refused(err, fault.Precondition, "256")
		w.ok(w.DeleteClient(w.system(), first.Key))
		w.mint(ada, NewClient{})
		list, err := w.Clients(t.Context(), ada.ID)
		w.ok(err)
		if len(list) != MaxClients {
			t.Errorf("%d clients", len(list))
		}
	})
}

func TestTwoChangesOfOneClientAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.mint(w.person("Ada"), NewClient{})
		w.ok(w.DeleteClient(w.system(), c.Key))
		err := w.Service.db.Write(t.Context(), func(tx *db.Tx) error { return updateClient(tx, c) })
		w.refused(err, fault.Conflict, "someone else")
		w.refused(w.DeleteClient(w.system(), c.Key), fault.NotFound, "personal client")
	})
}

// pause is a notice that stops a user's end just before its COMMIT.
type pause struct{ reached, goOn chan struct{} }

func (p pause) UserEnded(*db.Tx, audit.Actor, directory.UserID, time.Time, string) error {
	close(p.reached)
	<-p.goOn
	return nil
}

// On SQLite one writer makes them take turns anyway.
func TestACredentialMadeWhileItsUserIsDisabledDoesNotOutliveThat(t *testing.T) {
	w := newWorld(t, dbtest.Postgres(t), clock.NewFake(monday))
	ada := w.person("Ada")
	p := pause{make(chan struct{}), make(chan struct{})}
	w.dir.Tell(p)
	var both sync.WaitGroup
	both.Go(func() { _, err := w.dir.Disable(w.system(), ada.ID, ""); w.ok(err) })
	<-p.reached
	made := make(chan error, 1)
	both.Go(func() { _, _, err := w.CreateClient(w.system(), ada.ID, NewClient{}); made <- err })
	for waiting := 0; waiting == 0 && len(made) == 0; {
		w.ok(w.db.Q(t.Context()).Row(`select count(*) from pg_locks where locktype = 'advisory' and not granted`).Scan(&waiting))
	}
	close(p.goOn)
	both.Wait()
	w.refused(<-made, fault.Precondition, "disabled")
}
