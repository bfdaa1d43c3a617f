package app_test

import (
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestWhatIsGoneFromTheTargetIsDeletedAndTold(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		c := f.connector(a.ID)
		ids, _ := f.read(c, "writers", app.SeenAccount{ExternalID: "10", Username: "grace"})
		own := must[app.Entitlement](f)(f.apps.CreateEntitlement(f.ctx, app.Entitlement{
			AppID: a.ID, TypeID: app.ResourceTypeID(ids["type"]), ResourceID: app.ResourceID(ids["resource"]), DisplayName: "made by people",
		}))
		gone := app.Gone{
			Accounts: []app.AccountID{app.AccountID(ids["account 10"]), "nothing"}, Resources: []app.ResourceID{app.ResourceID(ids["resource"])},
			ResourceTypes: []app.ResourceTypeID{app.ResourceTypeID(ids["type"])},
		}
		for range 2 { // the second time nothing is live any more
			f.write(func(tx *db.Tx) error { return f.apps.MarkGone(tx, c.Ref(), gone) })
		}
		f.same("entitlements told", len(f.ended.entitlements), 2)
		f.same("accounts told", len(f.ended.accounts), 1)
		q := f.db.Q(f.ctx)
		f.refused(second(app.GetEntitlement(q, a.ID, own.ID)), fault.NotFound, "")
		f.refused(second(app.GetAccount(q, a.ID, f.ended.accounts[0])), fault.NotFound, "")
		left := must[[]app.Account](f)(app.ManyAccounts(q, []app.AccountRef{{AppID: a.ID, ID: f.ended.accounts[0]}}))
		f.same("status", left[0].Status, app.Deleted)
		kinds := f.events("connector", string(c.ID))
		f.same("told once", kinds[len(kinds)-1] == "connector.gone" && kinds[len(kinds)-2] != "connector.gone", true)
	})
}

func TestWhatIsSeenAgainIsNew(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		c := f.connector(a.ID)
		grace := app.SeenAccount{ExternalID: "10", Username: "grace"}
		before, _ := f.read(c, "writers", grace)
		f.write(func(tx *db.Tx) error {
			return f.apps.MarkGone(tx, c.Ref(), app.Gone{
				Accounts: []app.AccountID{app.AccountID(before["account 10"])}, Entitlements: []app.EntitlementID{app.EntitlementID(before["entitlement"])},
			})
		})
		after, did := f.read(c, "writers", grace)
		f.same("did", did, app.Upserted{Added: 2})
		f.same("account is another", before["account 10"] == after["account 10"], false)
		f.same("entitlement is another", before["entitlement"] == after["entitlement"], false)
		f.same("resource is the same", before["resource"] == after["resource"], true)
	})
}

func TestAConnectorMarksItsOwnObjectsOnly(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		c := f.connector(a.ID)
		other := must[app.Connector](f)(f.apps.CreateConnector(f.ctx, app.Connector{AppID: a.ID, Kind: "postgres", DisplayName: "other"}))
		ids, _ := f.read(c, "writers", app.SeenAccount{ExternalID: "10", Username: "grace"})
		f.write(func(tx *db.Tx) error {
			return f.apps.MarkGone(tx, other.Ref(), app.Gone{
				Accounts: []app.AccountID{app.AccountID(ids["account 10"])}, Entitlements: []app.EntitlementID{app.AccessEntitlement},
			})
		})
		f.same("told", len(f.ended.accounts)+len(f.ended.entitlements), 0)
		f.account(a.ID, ids["account 10"])
		must[app.Entitlement](f)(app.GetEntitlement(f.db.Q(f.ctx), a.ID, app.AccessEntitlement))
		err := f.db.Write(f.ctx, func(tx *db.Tx) error {
			return f.apps.MarkGone(tx, c.Ref(), app.Gone{Accounts: make([]app.AccountID, app.MaxBatch+1)})
		})
		if err == nil {
			f.Error("over the limit")
		}
	})
}
