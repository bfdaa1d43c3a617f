package owner_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// model is who owns one object as a person would keep it on paper: the first time of each, by role; and the users in the order in
// which they were named.
type model struct {
	users map[string]map[directory.UserID]time.Time
	via   map[string]map[app.EntitlementRef]time.Time
	order map[string][]directory.UserID
}

func blank[K comparable](m map[string]map[K]time.Time, role string) map[K]time.Time {
	if m[role] == nil {
		m[role] = map[K]time.Time{}
	}
	return m[role]
}

// keep makes m hold exactly these, the times of those that were there unchanged.
func keep[K comparable](m map[K]time.Time, list []K, now time.Time) {
	for k := range m {
		if !slices.Contains(list, k) {
			delete(m, k)
		}
	}
	for _, k := range list {
		if _, ok := m[k]; !ok {
			m[k] = now
		}
	}
}

func TestAnyHistoryOfOwnersLeavesWhatOneWouldKeepOnPaper(t *testing.T) {
	each(t, func(h *house) {
		var people []directory.UserID
		var teams []app.EntitlementRef
		for range 4 {
			people, teams = append(people, h.User().ID), append(teams, h.team().Ref())
		}
		rapid.Check(h.TB.(*testing.T), func(r *rapid.T) {
			o := owner.OfApp(h.App().ID)
			m := model{map[string]map[directory.UserID]time.Time{}, map[string]map[app.EntitlementRef]time.Time{}, map[string][]directory.UserID{}}
			for range rapid.IntRange(1, 12).Draw(r, "steps") {
				h.Clock.Advance(time.Second)
				h.step(r, o, &m, people, teams)
			}
			h.compare(r, o, m)
		})
	})
}

func (h *house) step(r *rapid.T, o owner.Object, m *model, people []directory.UserID, teams []app.EntitlementRef) {
	role := rapid.SampledFrom([]string{owner.Primary, "backup"}).Draw(r, "role")
	users, via := blank(m.users, role), blank(m.via, role)
	person, team := rapid.SampledFrom(people).Draw(r, "person"), rapid.SampledFrom(teams).Draw(r, "team")
	now := h.Clock.Now()
	removed := func(err error, there bool) {
		if there == fault.Is(err, fault.NotFound) || err != nil && !fault.Is(err, fault.NotFound) {
			r.Fatalf("removing, there: %t: %v", there, err)
		}
	}
	switch rapid.IntRange(0, 4).Draw(r, "act") {
	case 0:
		set := rapid.SliceOfN(rapid.SampledFrom(people), 0, 5).Draw(r, "people")
		sets := rapid.SliceOfN(rapid.SampledFrom(teams), 0, 5).Draw(r, "teams")
		if err := h.owners.Set(h.Ctx, o, role, set, sets); err != nil {
			r.Fatal(err)
		}
		keep(users, set, now)
		keep(via, sets, now)
		m.order[role] = nil
		for _, u := range set {
			m.name(role, u)
		}
	case 1:
		row, err := h.owners.AddUser(h.Ctx, o, role, person)
		keep(users, append(keys(users), person), now)
		if err != nil || !row.CreatedAt.Equal(users[person]) {
			r.Fatalf("added %v, %v; want %v", row, err, users[person])
		}
		m.name(role, person)
	case 2:
		row, err := h.owners.AddEntitlement(h.Ctx, o, role, team)
		keep(via, append(keys(via), team), now)
		if err != nil || !row.CreatedAt.Equal(via[team]) {
			r.Fatalf("added %v, %v; want %v", row, err, via[team])
		}
	case 3:
		_, there := users[person]
		removed(h.owners.RemoveUsers(h.Ctx, o, role, person), there)
		delete(users, person)
		m.order[role] = slices.DeleteFunc(m.order[role], func(u directory.UserID) bool { return u == person })
	case 4:
		_, there := via[team]
		removed(h.owners.RemoveEntitlement(h.Ctx, o, role, team), there)
		delete(via, team)
	}
}

// name puts a user behind those who are named.
func (m model) name(role string, u directory.UserID) {
	if !slices.Contains(m.order[role], u) {
		m.order[role] = append(m.order[role], u)
	}
}

func keys[K comparable](m map[K]time.Time) []K {
	var out []K
	for k := range m {
		out = append(out, k)
	}
	return out
}

// compare reads the lists two rows at a time and compares them with the paper.
func (h *house) compare(r *rapid.T, o owner.Object, m model) {
	var want []string
	for role, users := range m.users {
		for u, at := range users {
			want = append(want, fmt.Sprint(role, " ", u, " ", at))
		}
	}
	for role, via := range m.via {
		for e, at := range via {
			want = append(want, fmt.Sprint(role, " ", e, " ", at))
		}
	}
	var got []string
	var after page.Key
	for {
		p, err := h.owners.ListUsers(h.Ctx, o, "", page.Request{Size: 2, After: after})
		if err != nil {
			r.Fatal(err)
		}
		for _, v := range p.Items {
			got = append(got, fmt.Sprint(v.Role, " ", v.User, " ", v.CreatedAt))
		}
		if after = p.Next; after == nil {
			break
		}
	}
	for {
		p, err := h.owners.ListEntitlements(h.Ctx, o, "", page.Request{Size: 2, After: after})
		if err != nil {
			r.Fatal(err)
		}
		for _, v := range p.Items {
			got = append(got, fmt.Sprint(v.Role, " ", v.Via, " ", v.CreatedAt))
		}
		if after = p.Next; after == nil {
			break
		}
	}
	slices.SortFunc(want, cmp.Compare[string])
	slices.SortFunc(got, cmp.Compare[string])
	if !slices.Equal(got, want) {
		r.Fatalf("got  %q\nwant %q", got, want)
	}
	everybody, err := h.owners.Everybody(h.Ctx, o, 100)
	if err != nil || !slices.Equal(everybody, m.order[owner.Primary]) {
		r.Fatalf("in order: %q, %v; want %q", everybody, err, m.order[owner.Primary])
	}
}

// kinds of the audit events about owners, oldest first.
func (h *house) kinds() []string {
	h.Helper()
	var out []string
	for _, e := range h.events() {
		out = append(out, e.Kind)
	}
	return out
}

func TestEveryChangeOfOwnersIsAuditedAndNothingElseIs(t *testing.T) {
	each(t, func(h *house) {
		o, person, team := owner.OfApp(h.App().ID), h.User().ID, h.team()
		for range 2 { // the second time changes nothing
			granttest.Must(h.owners.AddUser(h.Ctx, o, owner.Primary, person))(h)
			granttest.Must(h.owners.AddEntitlement(h.Ctx, o, owner.Primary, team.Ref()))(h)
			h.set(o, []directory.UserID{person}, team)
		}
		h.set(o, nil, team)
		if err := h.owners.RemoveEntitlement(h.Ctx, o, owner.Primary, team.Ref()); err != nil {
			h.Fatal(err)
		}
		h.refused(h.owners.RemoveEntitlement(h.Ctx, o, owner.Primary, team.Ref()), fault.NotFound)
		if got := h.kinds(); !slices.Equal(got, []string{"owner.added", "owner.added", "owner.set", "owner.removed"}) {
			h.Errorf("events %v", got)
		}
		for _, e := range h.events() {
			if e.ObjectType != "app" || e.ObjectID != o.ID || e.AppID != o.ID || e.Actor.UserID != "ada" || e.Data["role"] != owner.Primary {
				h.Errorf("event %+v", e)
			}
		}
	})
}

func TestAtMostThirtyTwoUsersAndAsManyEntitlementsOwnUnderOneRole(t *testing.T) {
	each(t, func(h *house) {
		o := owner.OfApp(h.App().ID)
		var users []directory.UserID
		var via []app.EntitlementRef
		in := h.App().ID
		for range owner.MaxOwners + 1 {
			users, via = append(users, h.User().ID), append(via, h.Entitlement(in).Ref())
		}
		h.refused(h.owners.Set(h.Ctx, o, owner.Primary, users, nil), fault.Invalid)
		h.refused(h.owners.Set(h.Ctx, o, owner.Primary, nil, via), fault.Invalid)
		if err := h.owners.Set(h.Ctx, o, owner.Primary, users[1:], via[1:]); err != nil {
			h.Fatal(err)
		}
		_, err := h.owners.AddUser(h.Ctx, o, owner.Primary, users[0])
		h.refused(err, fault.Precondition)
		_, err = h.owners.AddEntitlement(h.Ctx, o, owner.Primary, via[0])
		h.refused(err, fault.Precondition)
		granttest.Must(h.owners.AddUser(h.Ctx, o, owner.Primary, users[1]))(h) // is one already
		granttest.Must(h.owners.AddUser(h.Ctx, o, "backup", users[0]))(h)      // another role
		granttest.Must(h.Directory.Delete(h.Ctx, users[1], ""))(h)             // makes room
		granttest.Must(h.owners.AddUser(h.Ctx, o, owner.Primary, users[0]))(h)
	})
}

func TestOnlyRolesOfTheAlphabetAreTaken(t *testing.T) {
	for role, ok := range map[string]bool{
		"primary": true, "a": true, "a-b_9": true, "": false, "Primary": false, "a b": false, "ä": false, "a\n": false, "a\x00": false,
	} {
		if err := owner.ValidRole(role); (err == nil) != ok {
			t.Errorf("%q: %v", role, err)
		}
	}
}
