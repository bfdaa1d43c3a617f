package catalog_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestWhatAnEntitlementSaysComesBeforeTheDefaultsOfItsApp(t *testing.T) {
	d := catalog.Defaults{
		Enabled: true, Max: time.Hour, Policy: "app's", Schema: "app's", Catalogs: []catalog.ID{"c"},
		Emergency: app.Emergency{EmergencyGrantEnabled: true, EmergencyGrantPolicyID: "app's"},
	}
	silent := app.Entitlement{TypeID: "t"}
	loud := app.Entitlement{
		TypeID: "t", MaxGrant: time.Minute, Chosen: app.Chosen{GrantPolicyID: "own"}, RequestSchemaID: "own",
		Emergency: app.Emergency{EmergencyGrantEnabled: true, EmergencyGrantPolicyID: "own"},
	}
	alone := silent
	alone.OverridesDefaults = true
	endless := app.Entitlement{TypeID: "t", EntitlementDoc: app.EntitlementDoc{Unlimited: true}}
	typed := func(t app.ResourceTypeID) catalog.Defaults { d := d; d.Types = []app.ResourceTypeID{t}; return d }
	all := "durationGrant requestPolicyId emergencyGrantEnabled emergencyGrantPolicyId requestSchemaId catalogIds"
	for name, c := range map[string]struct {
		defaults catalog.Defaults
		of       app.Entitlement
		max      time.Duration
		policy   app.PolicyID
		from     string
	}{
		"says nothing":       {d, silent, time.Hour, "app's", all},
		"of that type":       {typed("t"), silent, time.Hour, "app's", all},
		"of another type":    {typed("u"), silent, 0, "", ""},
		"not enabled":        {catalog.Defaults{Max: time.Hour}, silent, 0, "", ""},
		"nothing anywhere":   {catalog.Defaults{}, silent, 0, "", ""},
		"says everything":    {d, loud, time.Minute, "own", "catalogIds"},
		"overrides them":     {d, alone, 0, "", ""},
		"overrides its type": {typed("t"), alone, 0, "", ""},
		"asks for no limit":  {d, endless, 0, "app's", strings.TrimPrefix(all, "durationGrant ")},
		"only a policy else": {catalog.Defaults{Enabled: true, Policy: "app's"}, silent, 0, "app's", "requestPolicyId"},
	} {
		a := c.defaults.Apply(c.of)
		if a.Max != c.max || a.Duration != c.max || a.Policy != c.policy || strings.Join(a.FromApp, " ") != c.from {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestDefaultsAreKeptAndCount(t *testing.T) {
	each(t, func(h *house) {
		a := h.App().ID
		e, ada := h.Entitlement(a), h.User().ID
		c, v := h.catalog(true), h.schema(reason)
		p := granttest.Must(h.policies.Create(h.Ctx, policy.Policy{
			DisplayName: "Ask", Kind: policy.Grant, Steps: map[string][]policy.Step{"grant": {{Accept: &policy.Verdict{}}}},
		}))(h)
		if got := granttest.Must(h.catalogs.AppDefaults(h.Ctx, a))(h); !got.CreatedAt.IsZero() || got.Enabled {
			t.Fatalf("%+v", got)
		}
		d := catalog.Defaults{App: a, Enabled: true, Max: time.Hour, Policy: app.PolicyID(p.ID), Schema: v, Catalogs: []catalog.ID{c}}
		set := granttest.Must(h.catalogs.SetDefaults(h.Ctx, d))(h)
		granttest.Must(h.catalogs.SetDefaults(h.Ctx, d))(h) // nothing
		if got := granttest.Must(h.catalogs.AppDefaults(h.Ctx, a))(h); !reflect.DeepEqual(got, set) {
			t.Fatalf("%+v, was %+v", got, set)
		}
		got := granttest.Must(h.catalogs.Defaults(h.DB.Q(h.Ctx), e))(h)
		if got.Max != time.Hour || got.Policy != app.PolicyID(p.ID) || got.Schema != v || !h.sees(ada, e) || !h.sees(ada, h.Entitlement(a)) {
			t.Fatalf("%+v", got)
		}
		h.refused(fault.Invalid, "requestData.reason", h.check(e.Ref(), ""))
		h.refused(fault.Precondition, "request defaults of app", h.policies.Delete(h.Ctx, p.ID))
		h.refused(fault.Precondition, "app ", h.catalogs.DeleteSchema(h.Ctx, v))
		granttest.Must(h.catalogs.SetDefaults(h.Ctx, catalog.Defaults{App: a}))(h)
		if h.sees(ada, e) {
			t.Fatal("defaults that are gone do not count")
		}
		h.ok(h.policies.Delete(h.Ctx, p.ID))
		h.ok(h.catalogs.DeleteSchema(h.Ctx, v))
		if got := h.events("request_defaults."); len(got) != 2 {
			t.Fatal(got)
		}
	})
}

func TestAnEntitlementThatOverridesTheDefaultsIsLeftAlone(t *testing.T) {
	each(t, func(h *house) {
		a := h.App().ID
		e, other, elsewhere, ada := h.Entitlement(a), h.Entitlement(a), h.Entitlement(h.App().ID), h.User().ID
		override := func(yes bool) {
			e = granttest.Must(h.Apps.UpdateEntitlement(h.Ctx, a, e.ID, func(e *app.Entitlement) error {
				e.OverridesDefaults = yes
				return nil
			}))(h)
		}
		override(true) // before there are any
		granttest.Must(h.catalogs.SetDefaults(h.Ctx, catalog.Defaults{
			App: a, Enabled: true, Max: time.Hour, Catalogs: []catalog.ID{h.catalog(true)},
		}))(h)
		look := func() (time.Duration, bool, map[app.EntitlementRef]bool) {
			return granttest.Must(h.catalogs.Defaults(h.DB.Q(h.Ctx), e))(h).Max, h.sees(ada, e),
				granttest.Must(h.catalogs.Applied(h.Ctx, []app.Entitlement{e, other, elsewhere}))(h)
		}
		if most, seen, applied := look(); most != 0 || seen || applied[e.Ref()] || !applied[other.Ref()] || len(applied) != 1 {
			t.Fatalf("overriding: at most %s, seen %t, applied %v", most, seen, applied)
		}
		override(false)
		if most, seen, applied := look(); most != time.Hour || !seen || len(applied) != 2 {
			t.Fatalf("no longer: at most %s, seen %t, applied %v", most, seen, applied)
		}
		override(true)
		if most, seen, applied := look(); most != 0 || seen || len(applied) != 1 {
			t.Fatalf("again: at most %s, seen %t, applied %v", most, seen, applied)
		}
		if read := granttest.Must(app.GetEntitlement(h.DB.Q(h.Ctx), a, e.ID))(h); !read.OverridesDefaults {
			t.Fatal("it is not kept")
		}
		if got := h.events("entitlement.updated"); len(got) != 3 {
			t.Fatal(got)
		}
	})
}

func TestDefaultsNameOnlyWhatIsThere(t *testing.T) {
	each(t, func(h *house) {
		a := h.App().ID
		gone := h.catalog(true)
		h.ok(h.catalogs.Delete(h.Ctx, gone))
		revoke := granttest.Must(h.policies.Create(h.Ctx, policy.Policy{
			DisplayName: "Take", Kind: policy.Revoke, Steps: map[string][]policy.Step{"revoke": {{Accept: &policy.Verdict{}}}},
		}))(h).ID
		for field, d := range map[string]catalog.Defaults{
			"durationGrant":          {Max: -1},
			"durationGrant:":         {Max: app.MaxGrantLimit + time.Microsecond},
			"durationGrant::":        {Max: time.Nanosecond},
			"catalogIds":             {Catalogs: []catalog.ID{gone}},
			"catalogIds:":            {Catalogs: make([]catalog.ID, catalog.MaxCatalogs+1)},
			"resourceTypeIds":        {Types: []app.ResourceTypeID{"nothing"}},
			"resourceTypeIds:":       {Types: make([]app.ResourceTypeID, catalog.MaxTypes+1)},
			"requestPolicyId":        {Policy: "nothing"},
			"requestPolicyId:":       {Policy: app.PolicyID(revoke)},
			"emergencyGrantPolicyId": {Emergency: app.Emergency{EmergencyGrantPolicyID: "nothing"}},
			"requestSchemaId":        {Schema: "nothing"},
		} {
			d.App = a
			_, err := h.catalogs.SetDefaults(h.Ctx, d)
			h.refused(fault.Invalid, strings.Trim(field, ": "), err)
		}
		_, err := h.catalogs.SetDefaults(h.Ctx, catalog.Defaults{App: "nothing"})
		h.refused(fault.NotFound, "app", err)
		_, err = h.catalogs.AppDefaults(h.Ctx, "nothing")
		h.refused(fault.NotFound, "app", err)
	})
}

func TestAnAppSuggestsALiveCatalog(t *testing.T) {
	each(t, func(h *house) {
		a, c := h.App().ID, h.catalog(true)
		set := func(id catalog.ID) error {
			_, err := h.Apps.UpdateApp(h.Ctx, a, func(a *app.App) error { a.DefaultCatalogID = id; return nil })
			return err
		}
		h.refused(fault.Invalid, "defaultRequestCatalogId", set("nothing"))
		h.ok(set(c))
		if got := granttest.Must(app.GetApp(h.DB.Q(h.Ctx), a))(h); got.DefaultCatalogID != c {
			t.Fatalf("%+v", got)
		}
		h.ok(h.catalogs.Delete(h.Ctx, c))
		h.ok(set(c)) // as it was
		h.ok(set(""))
		h.refused(fault.Invalid, "defaultRequestCatalogId", set(c))
	})
}
