package app_test

import (
	"fmt"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestManyObjectsAreReadByNameWhateverTheirNumber(t *testing.T) {
	each(t, func(f *fixture) {
		a, gone := f.app("Wiki"), f.app("Payroll")
		e := f.role(a.ID, "writers")
		if err := f.apps.DeleteApp(f.ctx, gone.ID); err != nil {
			f.Fatal(err)
		}
		q := f.db.Q(f.ctx)
		ids, refs := []app.ID{a.ID, gone.ID}, []app.EntitlementRef{e.Ref(), {AppID: gone.ID, ID: app.AccessEntitlement}, {AppID: "nothing", ID: e.ID}}
		for i := range 1200 { // more than one statement takes
			ids = append(ids, app.ID(fmt.Sprint("nothing ", i)))
			refs = append(refs, app.EntitlementRef{AppID: a.ID, ID: app.EntitlementID(fmt.Sprint("nothing ", i))})
		}
		refs = append(refs, app.EntitlementRef{AppID: a.ID, ID: app.AccessEntitlement})
		f.same("apps", len(must[[]app.App](f)(app.ManyApps(q, ids))), 2)
		f.same("entitlements", len(must[[]app.Entitlement](f)(app.ManyEntitlements(q, refs))), 3)
		types := must[[]app.ResourceType](f)(app.ManyResourceTypes(q, []app.ResourceTypeRef{{AppID: a.ID, ID: e.TypeID}, {AppID: gone.ID, ID: app.CredentialType}}))
		f.same("types", len(types), 2)
		resources := must[[]app.Resource](f)(app.ManyResources(q, []app.ResourceRef{{AppID: a.ID, ID: e.ResourceID}, {AppID: gone.ID, ID: e.ResourceID}}))
		f.same("resources", len(resources), 1)
		f.same("none", len(must[[]app.Account](f)(app.ManyAccounts(q, nil))), 0)
	})
}

func TestAResourceShowsTheTypeOfWhatContainsIt(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		c := f.connector(a.ID)
		ids, _ := f.read(c, "schema")
		f.write(func(tx *db.Tx) error {
			_, _, err := f.apps.UpsertResources(tx, c.Ref(), []app.SeenResource{
				{ExternalID: "2", TypeID: app.CredentialType, ParentID: app.ResourceID(ids["resource"]), DisplayName: "table"},
			})
			return err
		})
		known := must[app.Known](f)(app.KnownOf(f.db.Q(f.ctx), c.Ref()))
		got := must[app.Resource](f)(app.GetResource(f.db.Q(f.ctx), a.ID, known.Resources["2"]))
		f.same("parent", string(got.ParentID), ids["resource"])
		f.same("its type", string(got.ParentTypeID), ids["type"])
	})
}

func TestNothingIsAddedToWhatIsGone(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Wiki")
		e := f.role(a.ID, "writers")
		if err := f.apps.DeleteApp(f.ctx, a.ID); err != nil {
			f.Fatal(err)
		}
		_, errApp := f.apps.UpdateApp(f.ctx, a.ID, func(*app.App) error { return nil })
		_, errType := f.apps.CreateResourceType(f.ctx, app.ResourceType{AppID: a.ID, Kind: app.KindRole, DisplayName: "x"})
		_, errRename := f.apps.UpdateResourceType(f.ctx, a.ID, e.TypeID, func(*app.ResourceType) error { return nil })
		_, errResource := f.apps.CreateResource(f.ctx, app.Resource{AppID: a.ID, TypeID: e.TypeID, DisplayName: "x"})
		_, errEntitlement := f.apps.UpdateEntitlement(f.ctx, a.ID, e.ID, func(*app.Entitlement) error { return nil })
		_, errAccount := f.apps.CreateAccount(f.ctx, app.Account{AppID: a.ID, Username: "x"})
		_, errConnector := f.apps.CreateConnector(f.ctx, app.Connector{AppID: a.ID, Kind: "postgres"})
		for _, err := range []error{errApp, errType, errRename, errResource, errEntitlement, errAccount, errConnector} {
			f.refused(err, fault.NotFound, "")
		}
	})
}

func TestARefusedObjectIsNotHalfWritten(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Wiki")
		for _, err := range []error{
			second(f.apps.CreateResourceType(f.ctx, app.ResourceType{AppID: a.ID, Kind: app.KindRole})),
			second(f.apps.CreateResource(f.ctx, app.Resource{AppID: a.ID, TypeID: app.CredentialType})),
			second(f.apps.CreateEntitlement(f.ctx, app.Entitlement{AppID: a.ID, TypeID: app.CredentialType, ResourceID: app.AccessResource})),
		} {
			f.refused(err, fault.Invalid, "displayName")
		}
		for _, table := range []string{"resource_type", "resource", "entitlement"} {
			var n int
			if err := f.db.Q(f.ctx).Row(`select count(*) from `+table+` where app_id = $1`, string(a.ID)).Scan(&n); err != nil {
				f.Fatal(err)
			}
			f.same(table, n, 1)
		}
	})
}
