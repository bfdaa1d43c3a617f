package iam

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

// model is what the rights of one person's client must be, worked out the slow way: from what was done to them, without database
// and cache.
type model struct {
	roles  map[RoleID]Scopes // live custom roles and Basic User
	held   map[RoleID]bool
	scope  []RoleID
	scoped bool
}

func (m *model) union(ids func(yield func(RoleID) bool)) Scopes {
	out := Scopes{}
	for r := range ids {
		out = Join(out, m.roles[r])
	}
	return out
}

func (m *model) owner() Scopes {
	return m.union(func(yield func(RoleID) bool) {
		for r := range m.held {
			if !yield(r) {
				return
			}
		}
	})
}

func (m *model) effective() Scopes {
	if !m.scoped {
		return m.owner()
	}
	return Meet(m.owner(), m.union(slices.Values(m.scope)))
}

func TestALiveTokensRightsFollowEveryChange(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t), clock.NewFake(monday))
	all, n := table().permissions, 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		basic := BuiltinID(BasicUser)
		m := model{roles: map[RoleID]Scopes{basic: table().scopes[BasicUser]}, held: map[RoleID]bool{basic: true}}
		draw := func(label string) []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 30, rapid.ID).Draw(t, label)
		}
		ids := []RoleID{basic}
		for i := range 2 {
			r, err := w.CreateRole(w.system(), fmt.Sprintf("Role %d of %d", i, n), draw("permissions"))
			w.ok(err)
			m.roles[r.ID] = r.Scopes()
			ids = append(ids, r.ID)
		}
		ada := w.person(fmt.Sprintf("Ada-%d", n))
		c, secret := w.mint(ada, NewClient{})
		token := w.token(c, secret)
		pick := func() RoleID { return rapid.SampledFrom(ids).Draw(t, "role") }
		t.Repeat(map[string]func(*rapid.T){
			"give": func(*rapid.T) {
				if r := pick(); m.roles[r] != nil {
					w.ok(w.AddMember(w.system(), ada.ID, r))
					m.held[r] = true
				}
			},
			"take": func(*rapid.T) {
				if r := pick(); m.roles[r] != nil {
					w.ok(w.RemoveMember(w.system(), ada.ID, r))
					delete(m.held, r)
				}
			},
			"edit": func(*rapid.T) {
				r := pick()
				if m.roles[r] == nil || r == basic {
					return
				}
				permissions := draw("permissions")
				after, err := w.UpdateRole(w.system(), r, func(r *Role) error { r.Permissions = permissions; return nil })
				w.ok(err)
				m.roles[r] = after.Scopes()
			},
			"delete": func(*rapid.T) {
				r := pick()
				if m.roles[r] == nil || r == basic {
					return
				}
				_, err := w.DeleteRole(w.system(), r)
				w.ok(err)
				delete(m.roles, r)
				delete(m.held, r)
			},
			"scope": func(t *rapid.T) {
				var scope []RoleID
				for _, r := range ids {
					if m.roles[r] != nil && rapid.Bool().Draw(t, "in scope") {
						scope = append(scope, r)
					}
				}
				_, err := w.UpdateClient(w.system(), c.Key, func(c *Client) error { c.Limits.Roles = scope; return nil })
				w.ok(err)
				m.scope, m.scoped = scope, len(scope) > 0
			},
			"": func(t *rapid.T) {
				p, err := w.Authenticate(w.t.Context(), token, inside)
				w.ok(err)
				want := m.effective()
				if !want.Covers(p.Scopes) || !p.Scopes.Covers(want) {
					t.Fatalf("reaches %v, want %v", p.Scopes, want)
				}
				if !m.owner().Covers(p.Scopes) {
					t.Fatal("exceeds its owner")
				}
			},
		})
	})
}
