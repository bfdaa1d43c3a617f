package read

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// some draws up to three of the values, and now and then one that nothing has.
func some[T ~string](t *rapid.T, label string, from []T) []T {
	if rapid.IntRange(0, 2).Draw(t, label+"?") > 0 {
		return nil
	}
	return rapid.SliceOfN(rapid.SampledFrom(append(slices.Clone(from), "nobody")), 1, 3).Draw(t, label)
}

func maybe(t *rapid.T, label string, from ...string) string {
	if rapid.IntRange(0, 2).Draw(t, label+"?") > 0 {
		return ""
	}
	return rapid.SampledFrom(from).Draw(t, label)
}

func flag(t *rapid.T, label string) bool { return rapid.IntRange(0, 3).Draw(t, label) == 0 }

func ids[S any, T any](list []S, f func(S) T) []T {
	out := make([]T, 0, len(list))
	for _, v := range list {
		out = append(out, f(v))
	}
	return out
}

// within reports whether v passes a list filter: an empty one passes everything.
func within[T comparable](list []T, v T) bool { return len(list) == 0 || has(list, v) }

func contains(text, part string) bool { return strings.Contains(db.Fold(text), db.Fold(part)) }

// agree compares what a list returned with what a plain loop over the world chose: the same objects, each once, in order.
func agree[T any, K comparable](t *rapid.T, got, want []T, name func(T) K, less func(a, b T) int) {
	gotNames, wantNames := ids(got, name), ids(want, name)
	for _, n := range wantNames {
		if !has(gotNames, n) {
			t.Errorf("%v is missing", n)
		}
	}
	for i, n := range gotNames {
		if !has(wantNames, n) {
			t.Errorf("%v does not match", n)
		}
		if has(gotNames[:i], n) {
			t.Errorf("%v is listed twice", n)
		}
	}
	if !slices.IsSortedFunc(got, less) {
		t.Errorf("out of order: %v", gotNames)
	}
}

func choose[T any](list []T, ok func(T) bool) (out []T) {
	for _, v := range list {
		if ok(v) {
			out = append(out, v)
		}
	}
	return out
}

func compare(pairs ...string) int {
	for i := 0; i < len(pairs); i += 2 {
		if c := strings.Compare(pairs[i], pairs[i+1]); c != 0 {
			return c
		}
	}
	return 0
}

func size(t *rapid.T) int { return rapid.SampledFrom([]int{1, 2, 3, 7, 100}).Draw(t, "page size") }

func TestListsOfAppsAgreeWithAPlainLoop(t *testing.T) {
	onWorlds(t, func(w *world) {
		rapid.Check(w, func(t *rapid.T) {
			all := ids(w.apps, func(a app.App) app.ID { return a.ID })
			f := AppFilter{
				DisplayName: maybe(t, "name", "wiki", "ÜNÏ", "wik", "number"), Query: maybe(t, "query", "NUMBER 1", "ik", "%", " "),
				IDs: some(t, "ids", all), ExcludeIDs: some(t, "without", all), OnlyDirectories: flag(t, "directories"),
			}
			want := choose(w.apps, func(a app.App) bool {
				return a.DeletedAt.IsZero() && (f.DisplayName == "" || db.Fold(a.DisplayName) == db.Fold(f.DisplayName)) &&
					(contains(a.DisplayName, f.Query) || contains(a.Description, f.Query)) && within(f.IDs, a.ID) &&
					!has(f.ExcludeIDs, a.ID) && (a.Directory || !f.OnlyDirectories)
			})
			got := pages(w, size(t), func(r page.Request) (page.Page[app.App], error) { return w.read.Apps(w.ctx, f, r) })
			agree(t, got, want, func(a app.App) app.ID { return a.ID }, func(a, b app.App) int {
				return compare(app.SortName(a.DisplayName), app.SortName(b.DisplayName), string(a.ID), string(b.ID))
			})
		})
	})
}

func TestListsOfResourceTypesAgreeWithAPlainLoop(t *testing.T) {
	onWorlds(t, func(w *world) {
		rapid.Check(w, func(t *rapid.T) {
			all := ids(w.types, func(v app.ResourceType) app.ResourceTypeID { return v.ID })
			f := ResourceTypeFilter{
				DisplayName: maybe(t, "name", "wiki", "a_B", "credential"), Query: maybe(t, "query", "I", "_", "cred"),
				AppIDs: some(t, "apps", ids(w.apps, func(a app.App) app.ID { return a.ID })),
				IDs:    some(t, "ids", all), ExcludeIDs: some(t, "without", all),
				Kinds:        some(t, "kinds", []app.ResourceKind{app.KindRole, app.KindCustom, app.KindGroup}),
				ExcludeKinds: some(t, "no kinds", []app.ResourceKind{app.KindRole, app.KindCustom}),
				GrantedTo:    some(t, "granted", ids(w.accounts, func(a app.Account) app.AccountID { return a.ID })),
			}
			want := choose(w.types, func(v app.ResourceType) bool {
				granted := len(f.GrantedTo) == 0
				for _, e := range w.entitlements {
					granted = granted || e.AppID == v.AppID && e.TypeID == v.ID && w.holds(e.Ref(), f.GrantedTo, false)
				}
				return v.DeletedAt.IsZero() && (f.DisplayName == "" || db.Fold(v.DisplayName) == db.Fold(f.DisplayName)) &&
					contains(v.DisplayName, f.Query) && within(f.AppIDs, v.AppID) && within(f.IDs, v.ID) && !has(f.ExcludeIDs, v.ID) &&
					within(f.Kinds, v.Kind) && !has(f.ExcludeKinds, v.Kind) && granted
			})
			got := pages(w, size(t), func(r page.Request) (page.Page[app.ResourceType], error) { return w.read.ResourceTypes(w.ctx, f, r) })
			agree(t, got, want, func(v app.ResourceType) app.ResourceTypeRef { return app.ResourceTypeRef{AppID: v.AppID, ID: v.ID} },
				func(a, b app.ResourceType) int {
					return compare(string(a.AppID), string(b.AppID), app.SortName(a.DisplayName), app.SortName(b.DisplayName), string(a.ID), string(b.ID))
				})
		})
	})
}

func TestListsOfResourcesAgreeWithAPlainLoop(t *testing.T) {
	onWorlds(t, func(w *world) {
		var refs []TypedResourceRef
		for i, v := range w.resources {
			ref := TypedResourceRef{ResourceRef: app.ResourceRef{AppID: v.AppID, ID: v.ID}, TypeID: v.TypeID}
			if i%3 == 0 {
				ref.TypeID = ""
			}
			if i%5 == 0 {
				ref.TypeID = "nobody"
			}
			refs = append(refs, ref)
		}
		rapid.Check(w, func(t *rapid.T) {
			all := ids(w.resources, func(v app.Resource) app.ResourceID { return v.ID })
			f := ResourceFilter{
				Query:   maybe(t, "query", "wiki", "Z", "%"),
				AppIDs:  some(t, "apps", ids(w.apps, func(a app.App) app.ID { return a.ID })),
				TypeIDs: some(t, "types", ids(w.types, func(v app.ResourceType) app.ResourceTypeID { return v.ID })),
				IDs:     some(t, "ids", all), ExcludeIDs: some(t, "without", all),
				Kinds:        some(t, "kinds", []app.ResourceKind{app.KindRole, app.KindCustom}),
				ExcludeKinds: some(t, "no kinds", []app.ResourceKind{app.KindRole, app.KindCustom}),
				GrantedTo:    some(t, "granted", ids(w.accounts, func(a app.Account) app.AccountID { return a.ID })),
				Descending:   flag(t, "descending"),
			}
			if flag(t, "by name") {
				f.Refs = rapid.SliceOfN(rapid.SampledFrom(refs), 1, 3).Draw(t, "refs")
			}
			want := choose(w.resources, func(v app.Resource) bool {
				granted := len(f.GrantedTo) == 0
				for _, e := range w.entitlements {
					granted = granted || e.AppID == v.AppID && e.ResourceID == v.ID && w.holds(e.Ref(), f.GrantedTo, false)
				}
				kind := w.kindOf(v.AppID, v.TypeID)
				return v.DeletedAt.IsZero() && contains(v.DisplayName, f.Query) && within(f.AppIDs, v.AppID) && within(f.TypeIDs, v.TypeID) &&
					within(f.IDs, v.ID) && !has(f.ExcludeIDs, v.ID) && within(f.Kinds, kind) && !has(f.ExcludeKinds, kind) && granted &&
					(len(f.Refs) == 0 || slices.ContainsFunc(f.Refs, func(r TypedResourceRef) bool {
						return r.ResourceRef == app.ResourceRef{AppID: v.AppID, ID: v.ID} && (r.TypeID == "" || r.TypeID == v.TypeID)
					}))
			})
			got := pages(w, size(t), func(r page.Request) (page.Page[app.Resource], error) { return w.read.Resources(w.ctx, f, r) })
			agree(t, got, want, func(v app.Resource) app.ResourceRef { return app.ResourceRef{AppID: v.AppID, ID: v.ID} },
				func(a, b app.Resource) int {
					c := compare(string(a.AppID), string(b.AppID), app.SortName(a.DisplayName), app.SortName(b.DisplayName), string(a.ID), string(b.ID))
					if f.Descending {
						return -c
					}
					return c
				})
		})
	})
}

func TestListsOfEntitlementsAgreeWithAPlainLoop(t *testing.T) {
	onWorlds(t, func(w *world) {
		refs := ids(w.entitlements, app.Entitlement.Ref)
		rapid.Check(w, func(t *rapid.T) {
			accounts := ids(w.accounts, func(a app.Account) app.AccountID { return a.ID })
			apps := ids(w.apps, func(a app.App) app.ID { return a.ID })
			types := ids(w.types, func(v app.ResourceType) app.ResourceTypeID { return v.ID })
			f := EntitlementFilter{
				DisplayName: maybe(t, "name", "Wiki", "wiki", "Access", `back\slash`), Alias: maybe(t, "alias", w.entitlements[9].Alias, "none"),
				Query: maybe(t, "query", "wiki", "a_", "%", "ACCOUNT"), AppIDs: some(t, "apps", apps), ExcludeAppIDs: some(t, "no apps", apps),
				TypeIDs: some(t, "types", types), ExcludeTypeIDs: some(t, "no types", types),
				Kinds:          some(t, "kinds", []app.ResourceKind{app.KindRole, app.KindCustom}),
				ResourceIDs:    some(t, "resources", ids(w.resources, func(v app.Resource) app.ResourceID { return v.ID })),
				ConnectorID:    app.ConnectorID(maybe(t, "connector", "nobody")),
				GrantedTo:      some(t, "granted", accounts),
				NotGrantedTo:   some(t, "not granted", accounts),
				ExcludeBuiltin: flag(t, "no builtin"), OnlyExpiring: flag(t, "expiring"), IncludeDeleted: flag(t, "deleted"),
			}
			if flag(t, "by name") {
				f.Refs = rapid.SliceOfN(rapid.SampledFrom(refs), 1, 3).Draw(t, "refs")
			}
			if flag(t, "but") {
				f.ExcludeRefs = rapid.SliceOfN(rapid.SampledFrom(refs), 1, 3).Draw(t, "no refs")
			}
			want := choose(w.entitlements, func(e app.Entitlement) bool { return w.matches(f, e) })
			got := pages(w, size(t), func(r page.Request) (page.Page[app.Entitlement], error) { return w.read.Entitlements(w.ctx, f, r) })
			agree(t, got, want, app.Entitlement.Ref, func(a, b app.Entitlement) int {
				return compare(string(a.AppID), string(b.AppID), app.SortName(a.DisplayName), app.SortName(b.DisplayName), string(a.ID), string(b.ID))
			})
		})
	})
}

func (w *world) matches(f EntitlementFilter, e app.Entitlement) bool {
	return (f.IncludeDeleted || e.DeletedAt.IsZero()) && (f.DisplayName == "" || e.DisplayName == f.DisplayName) &&
		(f.Alias == "" || e.Alias == f.Alias) && contains(e.DisplayName+"\n"+e.Description+"\n"+e.Alias, f.Query) &&
		within(f.AppIDs, e.AppID) && !has(f.ExcludeAppIDs, e.AppID) && within(f.TypeIDs, e.TypeID) && !has(f.ExcludeTypeIDs, e.TypeID) &&
		within(f.Kinds, w.kindOf(e.AppID, e.TypeID)) && within(f.ResourceIDs, e.ResourceID) && within(f.Refs, e.Ref()) &&
		!has(f.ExcludeRefs, e.Ref()) && (f.ConnectorID == "" || e.ConnectorID == f.ConnectorID) &&
		(len(f.GrantedTo) == 0 || w.holds(e.Ref(), f.GrantedTo, false)) &&
		(len(f.NotGrantedTo) == 0 || !w.holds(e.Ref(), f.NotGrantedTo, false)) && (!e.Builtin || !f.ExcludeBuiltin) &&
		(!f.OnlyExpiring || w.holds(e.Ref(), nil, true))
}

func TestListsOfAccountsAgreeWithAPlainLoop(t *testing.T) {
	onWorlds(t, func(w *world) {
		refs := ids(w.accounts, app.Account.Ref)
		rapid.Check(w, func(t *rapid.T) {
			all := ids(w.accounts, func(a app.Account) app.AccountID { return a.ID })
			users := ids(w.users, func(u directory.User) directory.UserID { return u.ID })
			f := AccountFilter{
				Query: maybe(t, "query", "U1", "wiki", "@example", "_"), AppIDs: some(t, "apps", ids(w.apps, func(a app.App) app.ID { return a.ID })),
				IDs: some(t, "ids", all), ExcludeIDs: some(t, "without", all), UserIDs: some(t, "users", users),
				Statuses:      some(t, "statuses", []app.AccountStatus{app.Enabled, app.Disabled, app.Deleted}),
				StatusDetails: some(t, "details", []string{"", "locked"}),
				Kinds:         some(t, "kinds", []app.AccountKind{app.KindUser, app.KindService}),
				WithoutUser:   flag(t, "nobody's"), ExcludeDeletedApps: flag(t, "live apps"), ByApp: flag(t, "by app"),
				Own: directory.UserID(maybe(t, "own", string(users[0]))),
			}
			if flag(t, "by name") {
				f.Refs = rapid.SliceOfN(rapid.SampledFrom(refs), 1, 3).Draw(t, "refs")
			}
			want := choose(w.accounts, func(a app.Account) bool {
				return (a.DeletedAt.IsZero() || has(f.Statuses, app.Deleted)) && contains(a.DisplayName+"\n"+a.Email+"\n"+a.Username, f.Query) &&
					within(f.AppIDs, a.AppID) && within(f.IDs, a.ID) && !has(f.ExcludeIDs, a.ID) && within(f.Refs, a.Ref()) &&
					within(f.UserIDs, a.UserID) && within(f.Statuses, a.Status) && within(f.StatusDetails, a.StatusDetails) &&
					within(f.Kinds, a.Kind) && (a.UserID == "" || !f.WithoutUser) && (f.Own == "" || a.UserID == f.Own) &&
					(!f.ExcludeDeletedApps || a.AppID != w.deletedApp())
			})
			got := pages(w, size(t), func(r page.Request) (page.Page[app.Account], error) { return w.read.Accounts(w.ctx, f, r) })
			agree(t, got, want, app.Account.Ref, func(a, b app.Account) int {
				byApp := []string{string(a.AppID), string(b.AppID)}
				byName := []string{app.SortName(a.DisplayName), app.SortName(b.DisplayName)}
				if f.ByApp {
					return compare(append(append(byApp, byName...), string(a.ID), string(b.ID))...)
				}
				return compare(append(append(byName, byApp...), string(a.ID), string(b.ID))...)
			})
		})
	})
}

func (w *world) deletedApp() app.ID {
	for _, a := range w.apps {
		if !a.DeletedAt.IsZero() {
			return a.ID
		}
	}
	return ""
}
