package read

import (
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/attribute"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/page"
)

// Every list that many objects can be in must be answered from an index, with the sort included: else its first page costs as much
// as the whole. PostgreSQL reads
// small tables whole, so it is told not to where it has a choice.
func TestMainListsAreReadFromAnIndexInOrder(t *testing.T) {
	first, next := page.Request{Size: 25}, page.Request{Size: 25, After: page.Key{"a", "b", "c"}}
	one := []app.ID{"one"}
	lists := map[string]func(page.Request) (string, []any){
		"all apps": func(page.Request) (string, []any) {
			return appsSQL(AppFilter{}, page.Request{Size: 25, After: page.Key{"a", "b"}})
		},
		"resource types of an app": func(r page.Request) (string, []any) { return resourceTypesSQL(ResourceTypeFilter{AppIDs: one}, r) },
		"all resource types":       func(r page.Request) (string, []any) { return resourceTypesSQL(ResourceTypeFilter{}, r) },
		"resources of a type": func(r page.Request) (string, []any) {
			return resourcesSQL(ResourceFilter{AppIDs: one, TypeIDs: []app.ResourceTypeID{"t"}}, r, time.Time{})
		},
		"all resources": func(r page.Request) (string, []any) { return resourcesSQL(ResourceFilter{}, r, time.Time{}) },
		"resources, last first": func(r page.Request) (string, []any) {
			return resourcesSQL(ResourceFilter{Descending: true}, r, time.Time{})
		},
		"resources that somebody sees": func(r page.Request) (string, []any) {
			return resourcesSQL(ResourceFilter{Seer: "u"}, r, time.Time{})
		},
		"entitlements that somebody sees": func(r page.Request) (string, []any) {
			return entitlementsSQL(EntitlementFilter{AppIDs: one, Seer: "u"}, r, time.Time{})
		},
		"entitlements of an app": func(r page.Request) (string, []any) {
			return entitlementsSQL(EntitlementFilter{AppIDs: one}, r, time.Time{})
		},
		"all entitlements": func(r page.Request) (string, []any) { return entitlementsSQL(EntitlementFilter{}, r, time.Time{}) },
		"all ever": func(r page.Request) (string, []any) {
			return entitlementsSQL(EntitlementFilter{IncludeDeleted: true}, r, time.Time{})
		},
		"accounts of an app": func(r page.Request) (string, []any) {
			return accountsSQL(AccountFilter{AppIDs: one, ByApp: true}, r, time.Time{})
		},
		"all accounts":        func(r page.Request) (string, []any) { return accountsSQL(AccountFilter{}, r, time.Time{}) },
		"all accounts by app": func(r page.Request) (string, []any) { return accountsSQL(AccountFilter{ByApp: true}, r, time.Time{}) },
	}
	onWorlds(t, func(w *world) {
		for name, list := range lists {
			for _, r := range []page.Request{first, next} {
				sql, args := list(r)
				plan := w.plan(sql, args)
				if full(plan) || sorts(plan) {
					w.Errorf("%s:\n%s\n%s", name, sql, plan)
				}
			}
		}
	})
}

// What is looked up by something other than its place in a list needs an index too, but may be sorted: it is little.
func TestLookUpsReadNoWholeTable(t *testing.T) {
	r := page.Request{Size: 25}
	lookups := map[string]func() (string, []any){
		"an alias": func() (string, []any) { return entitlementsSQL(EntitlementFilter{Alias: "a"}, r, time.Time{}) },
		"what an account holds": func() (string, []any) {
			return entitlementsSQL(EntitlementFilter{GrantedTo: []app.AccountID{"a"}}, r, time.Time{})
		},
		"entitlements by name": func() (string, []any) {
			return entitlementsSQL(EntitlementFilter{Refs: []app.EntitlementRef{{AppID: "a", ID: "e"}}}, r, time.Time{})
		},
		"entitlements of a resource": func() (string, []any) {
			return entitlementsSQL(EntitlementFilter{AppIDs: []app.ID{"a"}, ResourceIDs: []app.ResourceID{"r"}}, r, time.Time{})
		},
		"entitlements of a risk level": func() (string, []any) {
			return entitlementsSQL(EntitlementFilter{RiskIDs: []attribute.ID{"r"}}, r, time.Time{})
		},
		"entitlements under a compliance framework": func() (string, []any) {
			return entitlementsSQL(EntitlementFilter{FrameworkIDs: []attribute.ID{"f"}}, r, time.Time{})
		},
		"entitlements of a connector": func() (string, []any) { return entitlementsSQL(EntitlementFilter{ConnectorID: "c"}, r, time.Time{}) },
		"my accounts":                 func() (string, []any) { return accountsSQL(AccountFilter{Own: "u"}, r, time.Time{}) },
		"somebody's accounts": func() (string, []any) {
			return accountsSQL(AccountFilter{UserIDs: []directory.UserID{"u"}, AppIDs: []app.ID{"a"}}, r, time.Time{})
		},
		"accounts by name": func() (string, []any) {
			return accountsSQL(AccountFilter{Refs: []app.AccountRef{{AppID: "a", ID: "b"}}}, r, time.Time{})
		},
		"what somebody owns": func() (string, []any) {
			return accountsSQL(AccountFilter{OwnedBy: "u", Kinds: []app.AccountKind{app.KindService}}, r, time.Time{})
		},
		"resources of owners": func() (string, []any) {
			return resourcesSQL(ResourceFilter{OwnerIDs: []directory.UserID{"u", "v"}}, r, time.Time{})
		},
		"resources of nobody": func() (string, []any) {
			return resourcesSQL(ResourceFilter{AppIDs: []app.ID{"a"}, Unowned: true}, r, time.Time{})
		},
		"an app by name": func() (string, []any) { return appsSQL(AppFilter{DisplayName: "wiki"}, r) },
	}
	onWorlds(t, func(w *world) {
		for name, lookup := range lookups {
			sql, args := lookup()
			if plan := w.plan(sql, args); full(plan) {
				w.Errorf("%s:\n%s\n%s", name, sql, plan)
			}
		}
	})
}

// plan returns how the engine would answer, one step on each line.
func (w *world) plan(sql string, args []any) string {
	w.Helper()
	return dbtest.Plan(w, w.db, sql, args...)
}

// full reports whether the plan reads a whole table.
func full(plan string) bool {
	for line := range strings.Lines(plan) {
		if strings.Contains(line, "Seq Scan") || strings.Contains(line, "SCAN") && !strings.Contains(line, "USING INDEX") &&
			!strings.Contains(line, "USING COVERING INDEX") && !strings.Contains(line, "CONSTANT ROW") && !strings.Contains(line, "SUBQUERY") &&
			(strings.TrimSpace(line) != "SCAN h" || !strings.Contains(plan, "MATERIALIZE held")) &&
			!strings.Contains(plan, strings.Replace(strings.TrimSpace(line), "SCAN ", "CO-ROUTINE ", 1)) { // what the statement gathered
			return true
		}
	}
	return false
}

// sorts reports whether the plan sorts what it has read.
func sorts(plan string) bool {
	return strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "Sort")
}
