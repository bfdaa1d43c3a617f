package item_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

func TestWhatIsSeenAndOfferedOrListedCanBeAskedFor(t *testing.T) {
	all, limited := item.Settings{Offered: true}, item.Settings{Offered: true, Limited: true}
	quiet, hidden := item.Settings{}, item.Settings{Limited: true}
	for _, c := range []struct {
		name string
		item item.Settings
		item.Standing
		want bool
	}{
		{"offered", all, item.Standing{Live: true}, true},
		{"offered, and gone", all, item.Standing{}, false},
		{"listed, and gone", quiet, item.Standing{Listed: true}, false},
		{"neither offered nor listed", quiet, item.Standing{Live: true, Holds: true}, false},
		{"listed", quiet, item.Standing{Live: true, Listed: true}, true},
		{"limited", limited, item.Standing{Live: true}, false},
		{"limited, to the audience", limited, item.Standing{Live: true, Audience: true}, true},
		{"limited, to a holder of another level", limited, item.Standing{Live: true, Holds: true}, true},
		{"limited, though listed", hidden, item.Standing{Live: true, Listed: true}, false},
		{"limited and listed, to the audience", hidden, item.Standing{Live: true, Listed: true, Audience: true}, true},
		{"offered, and configured to be asked for by nobody", all, item.Standing{Live: true, Refused: true}, false},
		{"offered, and hidden", all, item.Standing{Live: true, Hidden: true}, false},
		{"listed, and hidden from who holds it", quiet, item.Standing{Live: true, Listed: true, Holds: true, Hidden: true}, false},
		{"limited, to the audience, and not offered", hidden, item.Standing{Live: true, Audience: true}, false},
	} {
		if got := c.item.Requestable(c.Standing); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// world is a small one, of which everything is also kept on paper.
type world struct {
	*house

	apps     []app.ID
	types    map[app.ID]app.ResourceTypeID
	all      []app.Entitlement
	items    []item.ID
	people   []directory.UserID
	accounts map[app.ID]map[directory.UserID]app.AccountID
	catalogs []catalog.ID

	gone     map[app.EntitlementRef]bool
	entries  map[catalog.ID]map[app.EntitlementRef]bool
	defaults map[app.ID]catalog.Defaults
	settings map[app.ResourceRef]item.Settings
}

func (h *house) world() *world {
	w := &world{
		house: h, types: map[app.ID]app.ResourceTypeID{}, accounts: map[app.ID]map[directory.UserID]app.AccountID{},
		gone: map[app.EntitlementRef]bool{}, entries: map[catalog.ID]map[app.EntitlementRef]bool{}, defaults: map[app.ID]catalog.Defaults{},
		settings: map[app.ResourceRef]item.Settings{},
	}
	for range 3 {
		w.people = append(w.people, h.User().ID)
	}
	for range 2 {
		a := h.App().ID
		typ := granttest.Must(h.Apps.CreateResourceType(h.Ctx, app.ResourceType{AppID: a, Kind: app.KindCustom, DisplayName: "Other"}))(h)
		res := granttest.Must(h.Apps.CreateResource(h.Ctx, app.Resource{AppID: a, TypeID: typ.ID, DisplayName: "Thing"}))(h)
		w.apps, w.types[a], w.accounts[a] = append(w.apps, a), typ.ID, map[directory.UserID]app.AccountID{}
		w.items = append(w.items, res.ID)
		w.all = append(w.all, h.Entitlement(a))
		for _, slug := range []string{"member", "admin"} {
			w.all = append(w.all, granttest.Must(h.Apps.CreateEntitlement(h.Ctx, app.Entitlement{
				AppID: a, TypeID: typ.ID, ResourceID: res.ID, DisplayName: "Of another type", Slug: slug,
			}))(h))
		}
		for _, p := range w.people {
			w.accounts[a][p] = h.Account(a, p).ID
		}
	}
	for range 3 {
		w.another(true)
	}
	return w
}

func (w *world) another(published bool) {
	c := granttest.Must(w.house.catalogs.Create(w.Ctx, catalog.Catalog{DisplayName: "Tools", Published: published}))(w)
	w.catalogs, w.entries[c.ID] = append(w.catalogs, c.ID), map[app.EntitlementRef]bool{}
}

// step does one thing; what is refused leaves paper and house as they were.
func (w *world) step(r *rapid.T) {
	e, p := rapid.SampledFrom(w.all).Draw(r, "entitlement"), rapid.SampledFrom(w.people).Draw(r, "person")
	c := rapid.SampledFrom(w.catalogs).Draw(r, "catalog")
	one, s := []app.EntitlementRef{e.Ref()}, w.house.catalogs
	switch rapid.IntRange(0, 15).Draw(r, "act") {
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
	case 4:
		_ = s.AddAudience(w.Ctx, c, one)
	case 5:
		_, _ = s.Show(w.Ctx, c, rapid.Bool().Draw(r, "everyone"), one)
	case 6:
		_ = s.RemoveAudience(w.Ctx, c, one)
	case 7:
		published, everyone := rapid.Bool().Draw(r, "published"), rapid.Bool().Draw(r, "everyone")
		_, _ = s.Update(w.Ctx, c, func(c *catalog.Catalog) error { c.Published, c.Everyone = published, everyone; return nil })
	case 8, 9:
		_ = w.hold(e.Ref(), w.accounts[e.AppID][p], w.Clock.Now().Add(time.Duration(rapid.IntRange(1, 5).Draw(r, "hours"))*time.Hour))
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
				w.another(true)
			}
		case 1:
			if w.Apps.DeleteEntitlement(w.Ctx, e.AppID, e.ID) == nil {
				w.gone[e.Ref()] = true
			}
		default:
		}
	default:
		said := item.Settings{Offered: rapid.Bool().Draw(r, "offered"), Limited: rapid.Bool().Draw(r, "limited"), Audience: one}
		if rapid.Bool().Draw(r, "nobody") {
			said.Audience = nil
		}
		if rapid.Bool().Draw(r, "configured") {
			said.Configurations = w.configurations(r)
		}
		list, err := w.house.items.Update(w.Ctx, []item.Change{{
			ID:     rapid.SampledFrom(w.items).Draw(r, "item"),
			Become: func(i *item.Item) error { i.Settings = said; return nil },
		}})
		w.ok(err)
		w.settings[list[0].Ref()] = said
	}
}

// configurations are some, of which others than the default go by groups, by levels or by both.
func (w *world) configurations(r *rapid.T) []item.Configuration {
	list := []item.Configuration{{Allow: rapid.Bool().Draw(r, "allow"), MFA: rapid.IntRange(0, 4).Draw(r, "proof") == 0}}
	for p := range rapid.IntRange(0, 3).Draw(r, "conditional") {
		c, by := item.Condition{}, rapid.IntRange(0, 2).Draw(r, "by")
		if by != 1 {
			c.Groups = []app.EntitlementRef{rapid.SampledFrom(w.all).Draw(r, "group").Ref()}
		}
		if by != 0 {
			c.Levels = rapid.SliceOfN(rapid.SampledFrom([]string{"", "admin", "other"}), 1, 2).Draw(r, "levels")
		}
		list = append(list, item.Configuration{
			Priority: p + 1, Condition: &c, Allow: rapid.Bool().Draw(r, "allow"), MFA: rapid.IntRange(0, 4).Draw(r, "proof") == 0,
		})
	}
	return list
}

// slug is the level that e is: the one that is left where only one is, else by its name.
func (w *world) slug(e app.Entitlement) string {
	var live []app.Entitlement
	for _, o := range w.all {
		if o.AppID == e.AppID && o.ResourceID == e.ResourceID && !w.gone[o.Ref()] {
			live = append(live, o)
		}
	}
	for _, l := range item.Levels(live) {
		if l.Entitlement == e.Ref() {
			return l.Slug
		}
	}
	return ""
}

// compare asks of everybody and everything in three ways.
func (w *world) compare(r *rapid.T) {
	q, now := w.DB.Q(w.Ctx), w.Clock.Now()
	all := map[catalog.ID]catalog.Catalog{}
	for _, c := range w.catalogs {
		all[c] = granttest.Must(w.house.catalogs.Get(w.Ctx, c))(w)
	}
	var refs []app.EntitlementRef
	for _, e := range w.all {
		refs = append(refs, e.Ref())
	}
	for _, p := range w.people {
		holds := func(ref app.EntitlementRef) bool {
			return w.Check(grant.Key{App: ref.AppID, Entitlement: ref.ID, Account: w.accounts[ref.AppID][p]}).Allowed
		}
		listed := granttest.Must(item.Offers{Service: w.house.catalogs}.RequestableOf(q, p, refs, now))(w)
		for _, e := range w.all {
			var in []catalog.Catalog
			for id, c := range all {
				d := w.defaults[e.AppID]
				if w.entries[id][e.Ref()] || d.For(e) && slices.Contains(d.Catalogs, id) {
					in = append(in, c)
				}
			}
			settings := w.settings[app.ResourceRef{AppID: e.AppID, ID: e.ResourceID}]
			want := settings.Requestable(item.Standing{
				Live: !w.gone[e.Ref()], Listed: catalog.Listed(in, holds), Audience: slices.ContainsFunc(settings.Audience, holds),
				Holds: slices.ContainsFunc(w.all, func(o app.Entitlement) bool {
					return o.AppID == e.AppID && o.ResourceID == e.ResourceID && holds(o.Ref())
				}),
				Refused: settings.Refuses(func(c item.Condition) bool {
					return (len(c.Groups) == 0 || slices.ContainsFunc(c.Groups, holds)) && (len(c.Levels) == 0 || slices.Contains(c.Levels, w.slug(e)))
				}),
			})
			if got := w.can(p, e.Ref()); got != want || listed[e.Ref()] != want {
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

func TestNoQuestionReadsAWholeTable(t *testing.T) {
	each(t, func(h *house) {
		for _, s := range item.Statements() {
			plan := h.Plan(s.SQL, s.Args...)
			read := plan + "\n"
			// What it has gathered, and what gives powers, of which there is little.
			for _, gathered := range []string{"SCAN s\n", "SCAN seen\n", "SCAN h\n", "SCAN held\n", "SCAN (subquery", "SCAN w\n"} {
				read = strings.ReplaceAll(read, gathered, "")
			}
			if granttest.ReadsWhole(read) {
				h.Errorf("%s reads a whole table:\n%s", s.Name, plan)
			}
			for _, index := range s.Indexes { // PostgreSQL chooses by statistics, of which empty tables have none
				if h.DB.Engine() == db.SQLite && !strings.Contains(plan, index) {
					h.Errorf("%s does not use %s:\n%s", s.Name, index, plan)
				}
			}
			if strings.HasPrefix(s.Name, "list") && granttest.Sorts(plan) {
				h.Errorf("%s sorts:\n%s", s.Name, plan)
			}
		}
	})
}
