package read_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// tale is a random history of grants, and what was true while it happened.
type tale struct {
	*granttest.House

	read   *read.Service
	random *rand.Rand
	keys   []grant.Key
	users  map[app.AccountRef]directory.UserID
	things map[app.EntitlementRef]app.Entitlement
	past   []moment
	all    []grant.Grant // every grant there is, at the end
}

// moment is what was answered at a time: who had access.
type moment struct {
	at      time.Time
	allowed []grant.Key
}

// One history is told on each engine, and every list is compared with what plain loops over all its grants find.
func TestListsOfGrants(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := tell(t, d, 1)
		for name, test := range map[string]func(t *testing.T, w *tale){
			"are what plain loops find":             listsAreWhatLoopsFind,
			"agree with what was answered then":     lookBackAgrees,
			"tell each beginning and each end once": feedTellsAll,
			"hold all lives of an entitlement":      historyHoldsAllLives,
		} {
			t.Run(name, func(t *testing.T) { test(t, w) })
		}
	})
}

func tell(t *testing.T, d *db.DB, seed uint64) *tale {
	t.Helper()
	h := granttest.New(t, d)
	w := &tale{
		House: h, read: read.New(d, h.Clock), random: rand.New(rand.NewPCG(seed, 0)),
		users: map[app.AccountRef]directory.UserID{}, things: map[app.EntitlementRef]app.Entitlement{},
	}
	w.settle()
	for range 150 {
		w.step()
		h.Clock.Advance(time.Duration(w.random.IntN(20)) * time.Minute)
		if w.random.IntN(4) > 0 {
			h.Settle()
		}
		if w.random.IntN(5) == 0 {
			w.remember()
			h.Clock.Advance(time.Microsecond) // what comes next comes after
		}
	}
	w.all = granttest.Must(db.Collect(d.Q(h.Ctx), func(r *db.Rows) (grant.Grant, error) { return grant.Scan(r) },
		`select `+grant.Columns("")+` from grants`))(t)
	return w
}

// settle furnishes the world: apps by hand and with connectors, several accounts for one person.
func (w *tale) settle() {
	w.Helper()
	for range 2 {
		c := w.Connected(3)
		for i := range c.Accounts {
			w.know(c.Key(i), c.Users[i])
		}
		a := w.App()
		for range 2 {
			e := w.Entitlement(a.ID)
			for _, u := range c.Users {
				w.know(grant.Key{App: a.ID, Entitlement: e.ID, Account: w.Account(a.ID, u).ID}, u)
			}
		}
	}
}

func (w *tale) know(k grant.Key, u directory.UserID) {
	w.keys = append(w.keys, k)
	w.users[app.AccountRef{AppID: k.App, ID: k.Account}] = u
	w.things[ref(k)] = granttest.Must(app.GetEntitlement(w.DB.Q(w.Ctx), k.App, k.Entitlement))(w)
}

func ref(k grant.Key) app.EntitlementRef { return app.EntitlementRef{AppID: k.App, ID: k.Entitlement} }

// step does something to a grant; whether it is refused is not the question here.
func (w *tale) step() {
	k, now := w.keys[w.random.IntN(len(w.keys))], w.Clock.Now()
	end := now.Add(time.Duration(1+w.random.IntN(90)) * time.Minute)
	switch w.random.IntN(8) {
	case 0, 1, 2:
		_, _ = w.Grants.Create(w.Ctx, k, end)
	case 3:
		_, _ = w.Grants.Create(w.Ctx, k, time.Time{})
	case 4:
		_, _ = w.Grants.SetEnd(w.Ctx, k, end)
	case 5:
		_, _ = w.Grants.Revoke(w.Ctx, k, "enough")
	case 6:
		_ = w.DB.Write(w.Ctx, func(tx *db.Tx) error { return w.Grants.AddDerived(tx, w.Actor(), k, ref(w.keys[0])) })
	default:
		_ = w.DB.Write(w.Ctx, func(tx *db.Tx) error { return w.Grants.RemoveDerived(tx, w.Actor(), k, ref(w.keys[0])) })
	}
	if w.random.IntN(10) == 0 {
		w.Target.Down(fault.New(fault.Unavailable, "the target is down"))
	} else {
		w.Target.Down(nil)
	}
}

// remember asks for each grant whether it gives access now.
func (w *tale) remember() {
	m := moment{at: w.Clock.Now()}
	for _, k := range w.keys {
		if w.Check(k).Allowed {
			m.allowed = append(m.allowed, k)
		}
	}
	w.past = append(w.past, m)
}

// pages reads a whole list, page by page of one size after the other.
func pages[T any](t *testing.T, list func(r page.Request) (page.Page[T], error)) []T {
	t.Helper()
	var whole []T
	for _, size := range []int{100, 1, 3, 7} {
		var all []T
		for r := (page.Request{Size: size}); ; {
			p, err := list(r)
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Items) > size {
				t.Fatalf("%d items on a page of %d", len(p.Items), size)
			}
			all = append(all, p.Items...)
			if r.After = p.Next; r.After == nil {
				break
			}
		}
		if whole == nil {
			whole = all
		}
		if fmt.Sprint(all) != fmt.Sprint(whole) {
			t.Errorf("in pages of %d the list is another", size)
		}
	}
	return whole
}

// filters are narrowings of every kind, and what each means in plain words.
func (w *tale) filters() map[string]struct {
	f    read.GrantFilter
	want func(k grant.Key) bool
} {
	k := w.keys[w.random.IntN(len(w.keys))]
	other := w.keys[w.random.IntN(len(w.keys))]
	owner := func(k grant.Key) directory.UserID { return w.users[app.AccountRef{AppID: k.App, ID: k.Account}] }
	u, thing := owner(k), w.things[ref(k)]
	type filter = struct {
		f    read.GrantFilter
		want func(k grant.Key) bool
	}
	return map[string]filter{
		"all":  {read.GrantFilter{}, func(grant.Key) bool { return true }},
		"apps": {read.GrantFilter{AppIDs: []app.ID{k.App, other.App}}, func(v grant.Key) bool { return v.App == k.App || v.App == other.App }},
		"entitlements": {read.GrantFilter{Refs: []app.EntitlementRef{ref(k), ref(other)}}, func(v grant.Key) bool {
			return ref(v) == ref(k) || ref(v) == ref(other)
		}},
		"accounts by id": {read.GrantFilter{AccountIDs: []app.AccountID{k.Account}}, func(v grant.Key) bool { return v.Account == k.Account }},
		"accounts": {read.GrantFilter{Accounts: []app.AccountRef{{AppID: k.App, ID: k.Account}}}, func(v grant.Key) bool {
			return v.Account == k.Account
		}},
		"users":    {read.GrantFilter{UserIDs: []directory.UserID{u}}, func(v grant.Key) bool { return owner(v) == u }},
		"own":      {read.GrantFilter{Own: u}, func(v grant.Key) bool { return owner(v) == u }},
		"slug":     {read.GrantFilter{Slugs: []string{thing.Slug}}, func(v grant.Key) bool { return w.things[ref(v)].Slug == thing.Slug }},
		"purpose":  {read.GrantFilter{Purposes: []app.Purpose{thing.Purpose}}, func(v grant.Key) bool { return w.things[ref(v)].Purpose == thing.Purpose }},
		"resource": {read.GrantFilter{ResourceIDs: []app.ResourceID{thing.ResourceID}}, func(v grant.Key) bool { return w.things[ref(v)].ResourceID == thing.ResourceID }},
		"type":     {read.GrantFilter{TypeIDs: []app.ResourceTypeID{thing.TypeID}}, func(v grant.Key) bool { return w.things[ref(v)].TypeID == thing.TypeID }},
		"all at once": {read.GrantFilter{
			AppIDs: []app.ID{k.App}, Refs: []app.EntitlementRef{ref(k)}, UserIDs: []directory.UserID{u}, Own: u, Slugs: []string{thing.Slug},
			Purposes: []app.Purpose{thing.Purpose}, AccountIDs: []app.AccountID{k.Account},
		}, func(v grant.Key) bool { return v == k }},
		"others' of my own": {read.GrantFilter{UserIDs: []directory.UserID{"somebody"}, Own: u}, func(grant.Key) bool { return false }},
	}
}

// where keeps the grants for which it holds, in the order of less.
func where(all []grant.Grant, holds func(g grant.Grant) bool, order func(a, b grant.Grant) int) (list []string) {
	var kept []grant.Grant
	for _, g := range all {
		if holds(g) {
			kept = append(kept, g)
		}
	}
	slices.SortFunc(kept, order)
	for _, g := range kept {
		list = append(list, string(g.ID))
	}
	return list
}

func names(list []read.Binding) (ids []string) {
	for _, b := range list {
		ids = append(ids, string(b.ID))
	}
	return ids
}

func oldest(a, b grant.Grant) int {
	return cmp.Or(a.ActiveAt.Compare(b.ActiveAt), cmp.Compare(a.ID, b.ID))
}

func listsAreWhatLoopsFind(t *testing.T, w *tale) {
	t.Helper()
	now := w.Clock.Now()
	byKey := func(a, b grant.Grant) int {
		return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(a.Entitlement, b.Entitlement), cmp.Compare(a.Account, b.Account))
	}
	for name, c := range w.filters() {
		same := func(what string, got []read.Binding, want []string) {
			t.Helper()
			if !slices.Equal(names(got), want) {
				t.Errorf("%s of %s: %d grants, want %d", what, name, len(got), len(want))
			}
		}
		same("live", pages(t, func(r page.Request) (page.Page[read.Binding], error) { return w.read.Grants(w.Ctx, c.f, r) }),
			where(w.all, func(g grant.Grant) bool { return c.want(g.Key) && g.Live(now) }, byKey))
		same("past", pages(t, func(r page.Request) (page.Page[read.Binding], error) { return w.read.PastGrants(w.Ctx, c.f, r) }),
			where(w.all, func(g grant.Grant) bool { return c.want(g.Key) && !g.EndingAt.IsZero() && !g.ActiveAt.IsZero() },
				func(a, b grant.Grant) int { return cmp.Or(b.EndingAt.Compare(a.EndingAt), cmp.Compare(b.ID, a.ID)) }))
		for _, at := range []time.Time{granttest.Noon, granttest.Noon.Add(3 * time.Hour), now} {
			same("as of "+at.String(), pages(t, func(r page.Request) (page.Page[read.Binding], error) {
				return w.read.GrantsAsOf(w.Ctx, at, c.f, r)
			}), where(w.all, func(g grant.Grant) bool {
				return c.want(g.Key) && !g.ActiveAt.IsZero() && !g.ActiveAt.After(at) && (g.Until().IsZero() || at.Before(g.Until()))
			}, oldest))
		}
	}
}

// The look back answers what the check answered then.
func lookBackAgrees(t *testing.T, w *tale) {
	t.Helper()
	told := 0
	for _, m := range w.past {
		list := pages(t, func(r page.Request) (page.Page[read.Binding], error) {
			return w.read.GrantsAsOf(w.Ctx, m.at, read.GrantFilter{}, r)
		})
		var had []grant.Key
		for _, b := range list {
			had = append(had, b.Key)
		}
		told += len(had)
		sort := func(a, b grant.Key) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
		slices.SortFunc(had, sort)
		slices.SortFunc(m.allowed, sort)
		if !slices.Equal(had, m.allowed) {
			t.Errorf("at %v: %d grants looking back, %d then", m.at, len(had), len(m.allowed))
		}
	}
	if told == 0 {
		t.Error("nobody ever had access: the comparison says nothing")
	}
	if _, err := w.read.GrantsAsOf(w.Ctx, w.Clock.Now().Add(time.Microsecond), read.GrantFilter{}, page.Request{Size: 1}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a look ahead: %v", err)
	}
}

func feedTellsAll(t *testing.T, w *tale) {
	t.Helper()
	for name, c := range w.filters() {
		for _, edge := range []struct{ after, before time.Time }{
			{}, {after: granttest.Noon.Add(2 * time.Hour)}, {before: granttest.Noon.Add(5 * time.Hour)},
			{granttest.Noon.Add(2 * time.Hour), granttest.Noon.Add(5 * time.Hour)},
		} {
			var want []string
			tell := func(g grant.Grant, at time.Time, what read.Happening) {
				if !at.IsZero() && !at.Before(edge.after) && (edge.before.IsZero() || at.Before(edge.before)) && c.want(g.Key) {
					want = append(want, fmt.Sprintf("%020d %s %s", at.UnixMicro(), g.ID, what))
				}
			}
			for _, g := range w.all {
				if tell(g, g.ActiveAt, read.Added); !g.ActiveAt.IsZero() {
					tell(g, g.EndingAt, read.Removed)
				}
			}
			slices.Sort(want)
			slices.Reverse(want)
			var got []string
			for _, e := range pages(t, func(r page.Request) (page.Page[read.FeedEvent], error) {
				return w.read.Feed(w.Ctx, c.f, edge.after, edge.before, r)
			}) {
				got = append(got, fmt.Sprintf("%020d %s %s", e.At.UnixMicro(), e.Grant, e.What))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s in %v: %d events, want %d", name, edge, len(got), len(want))
			}
		}
	}
}

func TestWhatIsOverdueIsListedUntilItsTargetLetsGo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := granttest.New(t, d)
		lists := read.New(d, h.Clock)
		c := h.Connected(4)
		end := h.Clock.Now().Add(time.Hour)
		for i := range c.Accounts {
			granttest.Must(h.Grants.Create(h.Ctx, c.Key(i), end.Add(time.Duration(i)*time.Minute)))(t)
		}
		h.Settle()
		h.Target.Down(fault.New(fault.Unavailable, "the target is down"))
		h.Clock.Set(end.Add(time.Minute))
		h.Settle()
		h.Clock.Set(end.Add(2 * time.Minute)) // the third has ended, and nobody has noticed
		overdue := func() []read.OverdueGrant {
			return pages(t, func(r page.Request) (page.Page[read.OverdueGrant], error) { return lists.Overdue(h.Ctx, nil, r) })
		}
		list := overdue()
		if len(list) != 3 {
			t.Fatalf("%d are overdue", len(list))
		}
		for i, o := range list {
			attempts, why := 1, "the target is down"
			if i == 2 {
				attempts, why = 0, ""
			}
			if o.Key != c.Key(i) || !o.EndedAt.Equal(end.Add(time.Duration(i)*time.Minute)) || o.Age != time.Duration(2-i)*time.Minute ||
				o.Attempts != attempts || o.LastError != why {
				t.Errorf("number %d: %+v", i, o)
			}
		}
		other := h.App()
		if p, err := lists.Overdue(h.Ctx, []app.ID{other.ID}, page.Request{Size: 10}); err != nil || len(p.Items) != 0 {
			t.Errorf("of another app: %v, %v", p.Items, err)
		}
		h.Target.Down(nil)
		h.Clock.Advance(10 * time.Minute)
		h.Settle()
		if list := overdue(); len(list) != 0 {
			t.Errorf("removed and still listed: %v", list)
		}
	})
}

func historyHoldsAllLives(t *testing.T, w *tale) {
	t.Helper()
	for _, k := range w.keys {
		for _, own := range []directory.UserID{"", w.users[app.AccountRef{AppID: k.App, ID: k.Account}]} {
			want := where(w.all, func(g grant.Grant) bool {
				return ref(g.Key) == ref(k) && !g.ActiveAt.IsZero() && (own == "" || w.users[app.AccountRef{AppID: g.App, ID: g.Account}] == own)
			}, oldest)
			got := pages(t, func(r page.Request) (page.Page[read.Binding], error) { return w.read.History(w.Ctx, ref(k), own, r) })
			if !slices.Equal(names(got), want) {
				t.Errorf("%d lives, want %d", len(got), len(want))
			}
		}
	}
}

func TestAPersonsAccountsAreListedWithAndWithoutTheGrant(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := granttest.New(t, d)
		lists := read.New(d, h.Clock)
		a, u := h.App(), h.User()
		e := h.Entitlement(a.ID)
		holds, lacks := h.Account(a.ID, u.ID), h.Account(a.ID, u.ID)
		h.Account(a.ID, h.User().ID)
		end := h.Clock.Now().Add(time.Hour)
		granttest.Must(h.Grants.Create(h.Ctx, grant.Key{App: a.ID, Entitlement: e.ID, Account: holds.ID}, end))(t)
		ask := func() []read.HeldBy { return granttest.Must(lists.OfIdentity(h.Ctx, e.Ref(), u.ID))(t) }
		list := ask()
		if len(list) != 2 || list[0].Account != holds.Ref() || list[1].Account != lacks.Ref() || list[1].Binding != nil ||
			list[0].Binding == nil || !list[0].Binding.DeprovisionAt.Equal(end) {
			t.Errorf("%+v", list)
		}
		h.Clock.Set(end)
		if list := ask(); len(list) != 2 || list[0].Binding != nil {
			t.Errorf("at the end, before anybody noticed: %+v", list)
		}
		gone := directory.UserID("0199aaaa-0000-7000-8000-000000000001")
		if _, err := lists.OfIdentity(h.Ctx, e.Ref(), gone); !fault.Is(err, fault.NotFound) {
			t.Errorf("nobody: %v", err)
		}
		if list := granttest.Must(lists.OfIdentity(h.Ctx, e.Ref(), h.User().ID))(t); len(list) != 0 {
			t.Errorf("without an account: %v", list)
		}
		if err := h.Apps.DeleteEntitlement(context.WithoutCancel(h.Ctx), a.ID, e.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := lists.OfIdentity(h.Ctx, e.Ref(), u.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("deleted: %v", err)
		}
	})
}
