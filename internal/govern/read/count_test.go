package read

import (
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
)

func TestCountsAgreeWithAPlainLoop(t *testing.T) {
	onWorlds(t, func(w *world) {
		refs := ids(w.entitlements, app.Entitlement.Ref)
		counts, err := w.read.GrantCounts(w.ctx, refs)
		need(w, counts, err)
		byResource := map[app.ResourceRef]int64{}
		for _, e := range w.entitlements {
			var n int64
			for _, g := range w.grants {
				if g.app == e.AppID && g.entitlement == e.ID && g.open() {
					n++
				}
			}
			if counts[e.Ref()] != n {
				w.Errorf("entitlement %s: %d grants, want %d", e.DisplayName, counts[e.Ref()], n)
			}
			byResource[app.ResourceRef{AppID: e.AppID, ID: e.ResourceID}] += n
		}
		resources, err := w.read.ResourceGrantCounts(w.ctx, ids(w.resources, func(r app.Resource) app.ResourceRef {
			return app.ResourceRef{AppID: r.AppID, ID: r.ID}
		}))
		need(w, resources, err)
		for ref, n := range byResource {
			if resources[ref] != n {
				w.Errorf("resource %v: %d grants, want %d", ref, resources[ref], n)
			}
		}
		w.countsOfUsers()
	})
}

func (w *world) countsOfUsers() {
	w.Helper()
	users, err := w.read.UserCounts(w.ctx, ids(w.apps, func(a app.App) app.ID { return a.ID }))
	need(w, users, err)
	for _, a := range w.apps {
		holders := map[app.AccountID]bool{}
		for _, g := range w.grants {
			if g.app == a.ID && g.open() && a.DeletedAt.IsZero() {
				holders[g.account] = true
			}
		}
		if users[a.ID] != int64(len(holders)) {
			w.Errorf("app %s: %d users, want %d", a.DisplayName, users[a.ID], len(holders))
		}
	}
}

func TestCountingNothingAsksNothing(t *testing.T) {
	var none *Service // a statement would panic
	for _, err := range []error{
		second(none.GrantCounts(t.Context(), nil)),
		second(none.ResourceGrantCounts(t.Context(), nil)),
		second(none.UserCounts(t.Context(), nil)),
		second(none.OwnAccounts(t.Context(), "u", nil)),
	} {
		if err != nil {
			t.Error(err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestRelatedObjectsAreReadOnceAndEvenWhenDeleted(t *testing.T) {
	onWorlds(t, func(w *world) {
		e, u, a := w.entitlements[0], w.users[0], w.accounts[0]
		got, err := w.read.Related(w.ctx, Wanted{
			Apps:          []app.ID{w.deletedApp(), e.AppID, e.AppID, "", "unknown"},
			ResourceTypes: []app.ResourceTypeRef{{AppID: e.AppID, ID: e.TypeID}, {}},
			Resources:     []app.ResourceRef{{AppID: e.AppID, ID: e.ResourceID}},
			Entitlements:  []app.EntitlementRef{e.Ref(), {AppID: "unknown", ID: e.ID}},
			Accounts:      []app.AccountRef{a.Ref()},
			Users:         []directory.UserID{u.ID},
		})
		need(w, got, err)
		if len(got.Apps) != 2 || len(got.Entitlements) != 1 || len(got.ResourceTypes) != 1 || len(got.Resources) != 1 {
			w.Errorf("%d apps, %d entitlements, %d types, %d resources", len(got.Apps), len(got.Entitlements), len(got.ResourceTypes), len(got.Resources))
		}
		if got.Users[u.ID].DisplayName != u.DisplayName || got.Accounts[a.Ref()].ID != a.ID {
			w.Error("user or account is missing")
		}
	})
}

func TestOnlyOnesOwnAccountsAreKept(t *testing.T) {
	onWorlds(t, func(w *world) {
		me := w.users[0].ID
		own, err := w.read.OwnAccounts(w.ctx, me, append(ids(w.accounts, func(a app.Account) app.AccountID { return a.ID }), "nobody"))
		need(w, own, err)
		want := choose(w.accounts, func(a app.Account) bool { return a.UserID == me })
		if len(own) != len(want) || len(own) == 0 {
			w.Errorf("%d accounts, want %d", len(own), len(want))
		}
	})
}
