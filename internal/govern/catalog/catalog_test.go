package catalog_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/page"
)

func TestACatalogIsMadeChangedAndDeletedWithAnEventEachTime(t *testing.T) {
	each(t, func(h *house) {
		c := granttest.Must(h.catalogs.Create(h.Ctx, catalog.Catalog{DisplayName: "Tools", Settings: catalog.Settings{Unenrollment: "REVOKE_ALL"}}))(h)
		if c.CreatedBy != "ada" || c.Version != 1 {
			t.Fatalf("%+v", c)
		}
		h.change(c.ID, func(c *catalog.Catalog) { c.Description, c.Published = "for all", true })
		h.change(c.ID, func(*catalog.Catalog) {}) // nothing
		got := granttest.Must(h.catalogs.Get(h.Ctx, c.ID))(h)
		if got.Description != "for all" || !got.Published || got.Unenrollment != "REVOKE_ALL" || got.Version != 2 {
			t.Fatalf("%+v", got)
		}
		h.ok(h.catalogs.Delete(h.Ctx, c.ID))
		if got = granttest.Must(h.catalogs.Get(h.Ctx, c.ID))(h); got.DeletedAt.IsZero() {
			t.Fatal("not deleted")
		}
		h.refused(fault.NotFound, "catalog", h.catalogs.Delete(h.Ctx, c.ID))
		_, err := h.catalogs.Update(h.Ctx, c.ID, func(c *catalog.Catalog) error { c.DisplayName = "x"; return nil })
		h.refused(fault.NotFound, "catalog", err)
		h.refused(fault.NotFound, "catalog", h.catalogs.Add(h.Ctx, c.ID, nil))
		if got := h.events("catalog."); !slices.Equal(got, []string{"catalog.created", "catalog.updated", "catalog.deleted"}) {
			t.Fatal(got)
		}
	})
}

func TestACatalogKeepsItsLimits(t *testing.T) {
	for field, c := range map[string]catalog.Catalog{
		"displayName":   {DisplayName: " "},
		"displayName:":  {DisplayName: strings.Repeat("é", catalog.MaxName+1)},
		"displayName::": {DisplayName: "a\nb"},
		"description":   {DisplayName: "x", Description: strings.Repeat("é", catalog.MaxDescription+1)},
	} {
		if err := c.Validate(); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), strings.Trim(field, ": ")) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := (catalog.Catalog{DisplayName: strings.Repeat("é", catalog.MaxName)}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestWhatIsInACatalogIsAddedReplacedAndRemoved(t *testing.T) {
	each(t, func(h *house) {
		a := h.App().ID
		e, f, g := h.Entitlement(a), h.Entitlement(a), h.Entitlement(a)
		c := h.catalog(true)
		list := func() (ids []app.EntitlementID) {
			for _, v := range granttest.Must(h.catalogs.Entitlements(h.Ctx, c, page.Request{Size: 10}))(h).Items {
				ids = append(ids, v.ID)
			}
			all := granttest.Must(h.catalogs.All(h.Ctx, c))(h)
			if len(all) != len(ids) {
				t.Fatalf("%v, all %v", ids, all)
			}
			return ids
		}
		want := func(ids ...app.EntitlementID) {
			t.Helper()
			if got := list(); !slices.Equal(got, ids) {
				t.Fatalf("%v, want %v", got, ids)
			}
		}
		h.add(c, e, f)
		h.add(c, f)
		want(e.ID, f.ID)
		h.ok(h.catalogs.Replace(h.Ctx, c, refs([]app.Entitlement{f, g})))
		want(f.ID, g.ID)
		if n := granttest.Must(h.catalogs.Remove(h.Ctx, c, refs([]app.Entitlement{e, f})))(h); n != 1 {
			t.Fatal(n)
		}
		want(g.ID)
		h.refused(fault.NotFound, "entitlement", h.catalogs.Add(h.Ctx, c, []app.EntitlementRef{{AppID: a, ID: "nothing"}}))
		h.refused(fault.NotFound, "entitlement", h.catalogs.Replace(h.Ctx, c, []app.EntitlementRef{{AppID: a, ID: "nothing"}}))
		want(g.ID)
		h.ok(h.catalogs.Replace(h.Ctx, c, nil))
		want()
		h.refused(fault.Invalid, "appEntitlements", h.catalogs.Add(h.Ctx, c, make([]app.EntitlementRef, catalog.MaxBatch+1)))
		if got := h.events("catalog.entitlements"); len(got) != 4 {
			t.Fatal(got)
		}
	})
}

func TestACatalogNamesWhatItHasInTheOrderInWhichItWasGiven(t *testing.T) {
	each(t, func(h *house) {
		a := h.App().ID
		e, f, g := h.Entitlement(a), h.Entitlement(a), h.Entitlement(a)
		c := h.catalog(true)
		want := func(list ...app.Entitlement) {
			t.Helper()
			if got := granttest.Must(h.catalogs.All(h.Ctx, c))(h); !slices.Equal(got, refs(list)) {
				t.Fatalf("%v, want %v", got, refs(list))
			}
		}
		h.add(c, g, e)
		h.add(c, e, f)
		want(g, e, f)
		h.ok(h.catalogs.Replace(h.Ctx, c, refs([]app.Entitlement{f, e, g})))
		want(f, e, g)
		h.ok(h.catalogs.Replace(h.Ctx, c, refs([]app.Entitlement{f, e, g})))
		if got := h.events("catalog.entitlements"); len(got) != 3 {
			t.Fatal(got)
		}
	})
}

func TestDeletedEntitlementsAreInNoList(t *testing.T) {
	each(t, func(h *house) {
		a := h.App().ID
		e, team := h.Entitlement(a), h.Entitlement(a)
		c := h.catalog(false)
		h.add(c, e)
		h.audience(c, team)
		h.ok(h.Apps.DeleteEntitlement(h.Ctx, a, e.ID))
		h.ok(h.Apps.DeleteApp(h.Ctx, a))
		if got := granttest.Must(h.catalogs.All(h.Ctx, c))(h); len(got) != 0 {
			t.Fatal(got)
		}
		if got := granttest.Must(h.catalogs.Audience(h.Ctx, c, page.Request{Size: 5}))(h); len(got.Items) != 0 {
			t.Fatal(got)
		}
	})
}

func TestOnlyAPublishedCatalogThatNotEverybodySeesGetsAnAudience(t *testing.T) {
	each(t, func(h *house) {
		team := h.Entitlement(h.App().ID)
		one := []app.EntitlementRef{team.Ref()}
		c := h.catalog(true)
		h.refused(fault.Precondition, "everyone", h.catalogs.AddAudience(h.Ctx, c, one))
		h.change(c, func(c *catalog.Catalog) { c.Published, c.Everyone = false, false })
		h.refused(fault.Precondition, "not published", h.catalogs.AddAudience(h.Ctx, c, one))
		h.change(c, func(c *catalog.Catalog) { c.Published = true })
		h.audience(c, team)
		if got := granttest.Must(h.catalogs.Get(h.Ctx, c))(h).Audience; !slices.Equal(got, one) {
			t.Fatal(got)
		}
		h.ok(h.catalogs.RemoveAudience(h.Ctx, c, one))
		h.ok(h.catalogs.RemoveAudience(h.Ctx, c, one))
		if got := h.events("catalog.audience"); len(got) != 2 {
			t.Fatal(got)
		}
	})
}

// The limit holds however many add at once.
func TestAnAudienceHasAtMostAHundred(t *testing.T) {
	each(t, func(h *house) {
		a := h.App().ID
		c := h.catalog(false)
		var list []app.Entitlement
		for range catalog.MaxAudience + 6 {
			list = append(list, h.Entitlement(a))
		}
		h.audience(c, list[:catalog.MaxAudience-2]...)
		var wg sync.WaitGroup
		for _, e := range list[catalog.MaxAudience-2:] {
			wg.Go(func() { _ = h.catalogs.AddAudience(h.Ctx, c, []app.EntitlementRef{e.Ref()}) })
		}
		wg.Wait()
		if got := granttest.Must(h.catalogs.Get(h.Ctx, c))(h).Audience; len(got) != catalog.MaxAudience {
			t.Fatal(len(got))
		}
		h.refused(fault.Invalid, "accessEntitlements", h.catalogs.AddAudience(h.Ctx, c, refs(list)))
	})
}

func TestListsOfCatalogsArePagedByName(t *testing.T) {
	each(t, func(h *house) {
		var want []string
		for _, name := range []string{"b", "Ä", "a", "c", "a"} {
			granttest.Must(h.catalogs.Create(h.Ctx, catalog.Catalog{DisplayName: name}))(h)
		}
		h.ok(h.catalogs.Delete(h.Ctx, granttest.Must(h.catalogs.Create(h.Ctx, catalog.Catalog{DisplayName: "gone"}))(h).ID))
		var after page.Key
		for {
			p := granttest.Must(h.catalogs.List(h.Ctx, catalog.Filter{}, page.Request{Size: 2, After: after}))(h)
			for _, c := range p.Items {
				want = append(want, c.DisplayName)
			}
			if after = p.Next; len(after) == 0 {
				break
			}
		}
		if got := strings.Join(want, ""); got != "aabcÄ" {
			t.Fatal(got)
		}
	})
}

func TestAnAutomationThatIsSwitchedOffIsKeptAsItWasWritten(t *testing.T) {
	each(t, func(h *house) {
		c, text, team := h.catalog(true), `subject.department == "Sales"`, h.Entitlement(h.App().ID)
		_, err := h.catalogs.Automation(h.Ctx, c)
		h.refused(fault.NotFound, "automation", err)
		a := granttest.Must(h.catalogs.SetAutomation(h.Ctx, catalog.Automation{Catalog: c, Expression: &text, Threshold: 20}, true))(h)
		if got := granttest.Must(h.catalogs.Automation(h.Ctx, c))(h); *got.Expression != text || got.Threshold != 20 || !got.CreatedAt.Equal(a.CreatedAt) {
			t.Fatalf("%+v", got)
		}
		set := func(a catalog.Automation, fresh bool) error {
			a.Catalog = c
			_, err := h.catalogs.SetAutomation(h.Ctx, a, fresh)
			return err
		}
		h.refused(fault.Exists, "already", set(catalog.Automation{}, true))
		h.refused(fault.Invalid, "conditions", set(catalog.Automation{Enabled: true}, false))
		h.refused(fault.Invalid, "conditions", set(catalog.Automation{Enabled: true, CreateTasks: true}, false))
		bad := "subject.department =="
		h.refused(fault.Invalid, "expression", set(catalog.Automation{Enabled: true, Expression: &bad}, false))
		h.refused(fault.Invalid, "removedMembers", set(catalog.Automation{Threshold: 101}, false))
		long := strings.Repeat("x", catalog.MaxExpression+1)
		h.refused(fault.Invalid, "cel.expression", set(catalog.Automation{Expression: &long}, false))
		h.refused(fault.NotFound, "entitlement", set(catalog.Automation{Entitlements: []app.EntitlementRef{{AppID: "x", ID: "y"}}}, false))
		h.ok(set(catalog.Automation{Entitlements: []app.EntitlementRef{team.Ref()}}, false))
		h.ok(h.catalogs.DeleteAutomation(h.Ctx, c))
		h.refused(fault.NotFound, "automation", h.catalogs.DeleteAutomation(h.Ctx, c))
		_, err = h.catalogs.SetAutomation(h.Ctx, catalog.Automation{Catalog: catalog.ID(id.New(h.Clock.Now()))}, false)
		h.refused(fault.NotFound, "catalog", err)
		if got := h.events("catalog.automation"); len(got) != 3 {
			t.Fatal(got)
		}
	})
}
