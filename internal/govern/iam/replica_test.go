package iam

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
)

// replicas are two installations on one PostgreSQL database, as on two machines.
func replicas(t *testing.T) (a, b *world) {
	t.Helper()
	url, c := dbtest.URL(t), clock.NewFake(monday)
	open := func() *world {
		d, err := db.Open(t.Context(), db.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		return newWorld(t, d, c)
	}
	return open(), open()
}

// heard waits until b has dropped what it kept of a client.
func (w *world) heard(ctx context.Context, clientID string) {
	w.t.Helper()
	for {
		w.rights.mu.RLock()
		_, kept := w.rights.entries[clientID]
		w.rights.mu.RUnlock()
		if !kept {
			return
		}
		select {
		case <-ctx.Done():
			w.t.Fatal("the notice never came")
		default:
		}
	}
}

// endings are changes after which a live token may do less, or nothing.
var endings = map[string]struct {
	change func(w *world, u directory.User, c Client, r Role)
	judge  func(p *Principal, err error) bool
}{
	"client deleted": {
		func(w *world, _ directory.User, c Client, _ Role) { w.ok(w.DeleteClient(w.system(), c.Key)) },
		func(_ *Principal, err error) bool { return fault.Is(err, fault.Unauthenticated) },
	},
	"user disabled": {
		func(w *world, u directory.User, _ Client, _ Role) {
			_, err := w.dir.Disable(w.system(), u.ID, "")
			w.ok(err)
		},
		func(_ *Principal, err error) bool { return fault.Is(err, fault.Unauthenticated) },
	},
	"role taken": {
		func(w *world, u directory.User, _ Client, r Role) { w.ok(w.RemoveMember(w.system(), u.ID, r.ID)) },
		func(p *Principal, err error) bool { return err == nil && p.Scopes[someRight] == None },
	},
	"role edited": {
		func(w *world, _ directory.User, _ Client, r Role) {
			_, err := w.UpdateRole(w.system(), r.ID, func(r *Role) error { r.Permissions = prefixed([]string{"c1.api.app.v1.Apps.List"}); return nil })
			w.ok(err)
		},
		func(p *Principal, err error) bool { return err == nil && p.Scopes[someRight] == None },
	},
	"role deleted": {
		func(w *world, _ directory.User, _ Client, r Role) {
			_, err := w.DeleteRole(w.system(), r.ID)
			w.ok(err)
		},
		func(p *Principal, err error) bool { return err == nil && p.Scopes[someRight] == None },
	},
	"networks narrowed": {
		func(w *world, _ directory.User, c Client, _ Role) {
			_, err := w.UpdateClient(w.system(), c.Key, func(c *Client) error {
				var err error
				c.Limits.Sources, err = ParseSources("allowSourceCidr", []string{"203.0.113.0/24"})
				return err
			})
			w.ok(err)
		},
		func(_ *Principal, err error) bool { return fault.Is(err, fault.Denied) },
	},
	"scoped to another role": {
		func(w *world, _ directory.User, c Client, _ Role) {
			_, err := w.UpdateClient(w.system(), c.Key, func(c *Client) error { c.Limits.Roles = []RoleID{BuiltinID(BasicUser)}; return nil })
			w.ok(err)
		},
		func(p *Principal, err error) bool { return err == nil && p.Scopes[someRight] == None && p.Scoped },
	},
	"expiry moved and reached": {
		func(w *world, _ directory.User, c Client, _ Role) {
			_, err := w.UpdateClient(w.system(), c.Key, func(c *Client) error { c.Limits.Until = w.clock.Now().Add(time.Second); return nil })
			w.ok(err)
			w.clock.Advance(time.Second)
		},
		func(_ *Principal, err error) bool { return fault.Is(err, fault.Unauthenticated) },
	},
}

const someRight = permissionPrefix + "c1.api.app.v1.Apps.Delete"

// live makes a person with a custom role and a token that is in use; both are named after it.
func (w *world) live(name string) (directory.User, Client, Role, string) {
	w.t.Helper()
	name = strings.ReplaceAll(name, " ", "-")
	u, r := w.person(name), w.custom(name, "c1.api.app.v1.Apps.Delete")
	w.ok(w.AddMember(w.system(), u.ID, r.ID))
	c, secret := w.mint(u, NewClient{})
	return u, c, r, w.token(c, secret)
}

func TestALiveTokenLosesWhatWasTakenAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, e := range endings {
			t.Run(name, func(t *testing.T) {
				u, c, r, token := w.live(name)
				if p, err := w.Authenticate(t.Context(), token, inside); err != nil || p.Scopes[someRight] != All {
					t.Fatalf("before: %+v, %v", p, err)
				}
				e.change(w, u, c, r)
				if p, err := w.Authenticate(t.Context(), token, inside); !e.judge(p, err) {
					t.Errorf("after: %+v, %v", p, err)
				}
			})
		}
	})
}

func TestAnotherReplicaHearsOfEveryChange(t *testing.T) {
	a, b := replicas(t)
	for name, e := range endings {
		t.Run(name, func(t *testing.T) {
			u, c, r, token := a.live(name)
			if p, err := b.Authenticate(t.Context(), token, inside); err != nil || p.Scopes[someRight] != All {
				t.Fatalf("before: %+v, %v", p, err)
			}
			e.change(a, u, c, r)
			b.heard(t.Context(), c.ClientID)
			if p, err := b.Authenticate(t.Context(), token, inside); !e.judge(p, err) {
				t.Errorf("after the notice: %+v, %v", p, err)
			}
		})
	}
}

func TestAReplicaThatHearsNothingIsRightAfterThreeSeconds(t *testing.T) {
	a, b := replicas(t)
	b.Close() // its ears
	for name, e := range endings {
		t.Run(name, func(t *testing.T) {
			u, c, r, token := a.live(name)
			if _, err := b.Authenticate(t.Context(), token, inside); err != nil {
				t.Fatal(err)
			}
			e.change(a, u, c, r)
			b.clock.Advance(3 * time.Second)
			if p, err := b.Authenticate(t.Context(), token, inside); !e.judge(p, err) {
				t.Errorf("three seconds later: %+v, %v", p, err)
			}
		})
	}
}

func TestAnAssertionIsGoodOnceOverAllReplicas(t *testing.T) {
	a, b := replicas(t)
	c, secret := a.mint(a.person("Ada"), NewClient{})
	said := sign(t, secret, claims(c.ClientID, monday))
	_, err := a.SignIn(t.Context(), Attempt{Assertion: said, IP: inside})
	a.ok(err)
	_, err = b.SignIn(t.Context(), Attempt{Assertion: said, IP: inside})
	b.refused(err, fault.Unauthenticated, "used before")
}

func TestReplicasShareSigningKeysThroughARotation(t *testing.T) {
	a, b := replicas(t)
	c, secret := a.mint(a.person("Ada"), NewClient{})
	before := a.token(c, secret)
	a.ok(a.RotateSigningKey(a.system()))
	after := a.token(c, secret)
	for _, w := range []*world{a, b} {
		for _, token := range []string{before, after} {
			w.clock.Advance(time.Second) // unknown key ids are looked up once a second
			_, err := w.Authenticate(t.Context(), token, inside)
			w.ok(err)
		}
		set, err := w.JWKS(t.Context())
		w.ok(err)
		if len(set.Keys) != 2 {
			t.Errorf("%d keys", len(set.Keys))
		}
	}
	b.clock.Advance(tokenLife + time.Second)
	b.ok(b.RotateSigningKey(b.system()))
	a.clock.Advance(time.Second)
	set, err := b.JWKS(t.Context())
	b.ok(err)
	if len(set.Keys) != 2 || len(set.Key(kidOf(t, before))) != 0 {
		t.Errorf("a key that signed nothing for an hour is kept: %v", set.Keys)
	}
}

func TestWhereNothingGivesPowersNobodyIsAskedForThemUntilSomethingDoes(t *testing.T) {
	a, b := replicas(t)
	h := &holding{list: []Power{{Act: ActRead, On: SortGroup, Objects: []string{"one"}}}, until: monday.Add(time.Hour), nothing: true}
	a.Empower(h)
	b.Empower(h)
	_, c, _, token := a.live("beginner")
	for _, w := range []*world{b, a} { // the one that has yet to hear, and the one that made it
		h.nothing, h.asked = true, 0
		w.rights.drop(func(*rights) bool { return true })
		named := func() []string {
			p, err := w.Authenticate(t.Context(), token, inside)
			w.ok(err)
			ctx, err := w.Enter(t.Context(), p, permissionPrefix+"opal.v1.Groups.GetGroups")
			w.ok(err)
			list, _, err := Named(ctx, SortGroup)
			w.ok(err)
			return list
		}
		if list := named(); len(list) > 0 || h.asked > 0 {
			t.Errorf("while nothing gives any: %v, asked %d times", list, h.asked)
		}
		h.nothing = false
		w.ok(a.db.Write(t.Context(), func(tx *db.Tx) error { Empowering(tx); return nil }))
		w.heard(t.Context(), c.ClientID)
		if list := named(); len(list) != 1 || h.asked != 1 {
			t.Errorf("once something does: %v, asked %d times", list, h.asked)
		}
	}
}
