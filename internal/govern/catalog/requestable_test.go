package catalog_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/clock"
)

func TestACatalogIsSeenByWhomItIsFor(t *testing.T) {
	team := app.EntitlementRef{AppID: "a", ID: "team"}
	member := func(r app.EntitlementRef) bool { return r == team }
	nobody := func(app.EntitlementRef) bool { return false }
	for name, c := range map[string]struct {
		catalog.Catalog

		holds func(app.EntitlementRef) bool
		want  bool
	}{
		"everyone":                  {catalog.Catalog{Published: true, Everyone: true}, nobody, true},
		"not published":             {catalog.Catalog{Everyone: true, Audience: []app.EntitlementRef{team}}, member, false},
		"deleted":                   {catalog.Catalog{Published: true, Everyone: true, DeletedAt: granttest.Noon}, member, false},
		"its audience":              {catalog.Catalog{Published: true, Audience: []app.EntitlementRef{{}, team}}, member, true},
		"somebody else":             {catalog.Catalog{Published: true, Audience: []app.EntitlementRef{team}}, nobody, false},
		"published, for nobody yet": {catalog.Catalog{Published: true}, member, false},
	} {
		if got := c.VisibleTo(c.holds); got != c.want {
			t.Errorf("%s: seen %t", name, got)
		}
		if got := catalog.Requestable(true, []catalog.Catalog{{}, c.Catalog}, c.holds); got != c.want {
			t.Errorf("%s: requestable %t", name, got)
		}
		if catalog.Requestable(false, []catalog.Catalog{c.Catalog}, c.holds) {
			t.Errorf("%s: requestable though it is not live", name)
		}
	}
}

func TestAnAudienceSeesACatalogForAsLongAsItHoldsTheEntitlement(t *testing.T) {
	each(t, func(h *house) {
		a := h.App().ID
		team, tool, ada, grace := h.Entitlement(a), h.Entitlement(a), h.User().ID, h.User().ID
		c := h.catalog(false)
		h.add(c, tool)
		h.audience(c, team)
		end := h.Clock.Now().Add(time.Hour)
		h.hold(team, ada, end)
		if !h.can(ada, tool) || h.can(grace, tool) || h.can(ada, team) {
			t.Fatal("the member can ask for what is in it, nobody else, and nothing else")
		}
		h.Clock.Set(end.Add(-time.Microsecond))
		if !h.can(ada, tool) {
			t.Fatal("not until the last moment")
		}
		h.Clock.Set(end)
		if h.can(ada, tool) {
			t.Fatal("still at the end")
		}
	})
}

// world is a small one, of which everything is also kept on paper.
type world struct {
	*house

	apps     []app.ID
	types    map[app.ID]app.ResourceTypeID
	all      []app.Entitlement
	people   []directory.UserID
	accounts map[app.ID]map[directory.UserID]app.AccountID
	catalogs []catalog.ID

	gone     map[app.EntitlementRef]bool
	entries  map[catalog.ID]map[app.EntitlementRef]bool
	defaults map[app.ID]catalog.Defaults
}

func (h *house) world() *world {
	w := &world{
		house: h, types: map[app.ID]app.ResourceTypeID{}, accounts: map[app.ID]map[directory.UserID]app.AccountID{},
		gone: map[app.EntitlementRef]bool{}, entries: map[catalog.ID]map[app.EntitlementRef]bool{}, defaults: map[app.ID]catalog.Defaults{},
	}
	for range 3 {
		w.people = append(w.people, h.User().ID)
	}
	for range 2 {
		a := h.App().ID
		typ := granttest.Must(h.Apps.CreateResourceType(h.Ctx, app.ResourceType{AppID: a, Kind: app.KindCustom, DisplayName: "Other"}))(h)
		res := granttest.Must(h.Apps.CreateResource(h.Ctx, app.Resource{AppID: a, TypeID: typ.ID, DisplayName: "Thing"}))(h)
		w.apps, w.types[a], w.accounts[a] = append(w.apps, a), typ.ID, map[directory.UserID]app.AccountID{}
		w.all = append(w.all, h.Entitlement(a), h.Entitlement(a), granttest.Must(h.Apps.CreateEntitlement(h.Ctx, app.Entitlement{
			AppID: a, TypeID: typ.ID, ResourceID: res.ID, DisplayName: "Of another type",
		}))(h))
		for _, p := range w.people {
			w.accounts[a][p] = h.Account(a, p).ID
		}
	}
	for range 3 {
		w.another(h.catalog(false))
	}
	return w
}

func (w *world) another(c catalog.ID) {
	w.catalogs, w.entries[c] = append(w.catalogs, c), map[app.EntitlementRef]bool{}
}

// step does one thing; what is refused leaves paper and house as they were.
func (w *world) step(r *rapid.T) {
	e, p := rapid.SampledFrom(w.all).Draw(r, "entitlement"), rapid.SampledFrom(w.people).Draw(r, "person")
	c := rapid.SampledFrom(w.catalogs).Draw(r, "catalog")
	one, s := []app.EntitlementRef{e.Ref()}, w.house.catalogs
	switch rapid.IntRange(0, 12).Draw(r, "act") {
	case 0, 1:
		if s.Add(w.Ctx, c, one) == nil {
			w.entries[c][e.Ref()] = true
		}
	case 2:
		if _, err := s.Remove(w.Ctx, c, one); err == nil {
			delete(w.entries[c], e.Ref())
		}
	case 3:
		if s.Replace(w.Ctx, c, one) == nil {
			w.entries[c] = map[app.EntitlementRef]bool{e.Ref(): true}
		}
	case 4, 5:
		_ = s.AddAudience(w.Ctx, c, one)
	case 6:
		_ = s.RemoveAudience(w.Ctx, c, one)
	case 7:
		published, everyone := rapid.Bool().Draw(r, "published"), rapid.Bool().Draw(r, "everyone")
		_, _ = s.Update(w.Ctx, c, func(c *catalog.Catalog) error { c.Published, c.Everyone = published, everyone; return nil })
	case 8, 9:
		k := grant.Key{App: e.AppID, Entitlement: e.ID, Account: w.accounts[e.AppID][p]}
		_, _ = w.Grants.Create(w.Ctx, k, w.Clock.Now().Add(time.Duration(rapid.IntRange(1, 5).Draw(r, "hours"))*time.Hour))
	case 10:
		w.Clock.Advance(time.Hour)
	case 11:
		d := catalog.Defaults{App: e.AppID, Enabled: rapid.Bool().Draw(r, "enabled"), Catalogs: []catalog.ID{c}}
		if rapid.Bool().Draw(r, "one type") {
			d.Types = []app.ResourceTypeID{w.types[e.AppID]}
		}
		if _, err := s.SetDefaults(w.Ctx, d); err == nil {
			w.defaults[e.AppID] = d
		}
	case 12:
		switch rapid.IntRange(0, 5).Draw(r, "rarely") {
		case 0:
			if s.Delete(w.Ctx, c) == nil {
				w.another(w.catalog(true))
			}
		case 1:
			if w.Apps.DeleteEntitlement(w.Ctx, e.AppID, e.ID) == nil {
				w.gone[e.Ref()] = true
			}
		default:
		}
	}
}

// compare asks of everybody and everything in three ways.
func (w *world) compare(r *rapid.T) {
	q, now := w.DB.Q(w.Ctx), w.Clock.Now()
	all := map[catalog.ID]catalog.Catalog{}
	for _, c := range w.catalogs {
		all[c] = granttest.Must(w.house.catalogs.Get(w.Ctx, c))(w)
	}
	for _, p := range w.people {
		holds := func(ref app.EntitlementRef) bool {
			return w.Check(grant.Key{App: ref.AppID, Entitlement: ref.ID, Account: w.accounts[ref.AppID][p]}).Allowed
		}
		listed := granttest.Must(w.house.catalogs.RequestableOf(q, p, refs(w.all), now))(w)
		for _, e := range w.all {
			var in []catalog.Catalog
			for id, c := range all {
				d := w.defaults[e.AppID]
				if w.entries[id][e.Ref()] || d.For(e.TypeID) && slices.Contains(d.Catalogs, id) {
					in = append(in, c)
				}
			}
			want, got := catalog.Requestable(!w.gone[e.Ref()], in, holds), w.can(p, e)
			if got != want || listed[e.Ref()] != want {
				r.Fatalf("%s asks for %v at %s: one %t, listed %t, on paper %t", p, e.Ref(), clock.FromMicros(clock.Micros(now)), got,
					listed[e.Ref()], want)
			}
		}
	}
}

func TestWhatCanBeAskedForIsWhatOneWouldWorkOutOnPaper(t *testing.T) {
	each(t, func(h *house) {
		rapid.Check(h.TB.(*testing.T), func(r *rapid.T) {
			w := h.world()
			for range rapid.IntRange(1, 20).Draw(r, "steps") {
				w.step(r)
			}
			w.compare(r)
		})
	})
}
