package item

import (
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/page"
)

// Statement is one that the package asks, and the indexes it must use.
type Statement struct {
	Name    string
	SQL     string
	Args    []any
	Indexes []string
}

// Statements are those whose cost must not grow with how many items, catalogs, entries, grants and people there are.
func Statements() []Statement {
	next := page.Request{Size: 25, After: page.Key{"a", "b"}}
	ask := func(name string, fn func() (string, []any), indexes ...string) Statement {
		sql, args := fn()
		return Statement{name, sql, args, indexes}
	}
	list := []Statement{
		ask("requestable", func() (string, []any) {
			return requestableSQL("u", []app.EntitlementRef{{AppID: "a", ID: "b"}, {AppID: "a", ID: "c"}}, granttest.Noon)
		}, "catalog_everyone", "account_user", "catalog_audience_of", "grants", "sqlite_autoindex_item_"),
		ask("items that follow a template", func() (string, []any) { return followersSQL, []any{"t", 2, 20} }, "item_template_item"),
		ask("which are groups", func() (string, []any) { return groupsSQL([]ID{"a", "b"}) }, "resource_id"),
		ask("mappings", func() (string, []any) { return mappingsSQL, []any{"r"} }, "item_mapping"),
		ask("whether a group is hidden", func() (string, []any) { return "select 1 where " + unhidden("$1"), []any{"g"} }, "item_mapping_hidden"),
		ask("mappings of resources that are deleted", func() (string, []any) { return forgetMappingsSQL[0], []any{"a"} }, "item_mapping_app"),
		ask("mappings of groups that are deleted", func() (string, []any) { return forgetMappingsSQL[1], []any{"a"} }, "item_mapping_group"),
		ask("list of what is in a catalog", func() (string, []any) { return inCatalogSQL(Shelf{Catalog: "c"}, granttest.Noon, next) },
			"catalog_entry"),
		ask("list of what somebody sees in a catalog", func() (string, []any) {
			return inCatalogSQL(Shelf{Catalog: "c", Groups: true, Seer: "u"}, granttest.Noon, next)
		}, "catalog_entry", "account_user"),
		ask("list of what somebody sees or may see all the same", func() (string, []any) {
			return listSQL(Filter{Seer: "u", Named: []ID{"a", "b"}}, granttest.Noon, page.Request{Size: 25, After: page.Key{"a"}})
		}, "resource_id", "account_user", "item_audience"),
		ask("the items of some identities", func() (string, []any) {
			return listSQL(Filter{IDs: []ID{"a", "b"}}, granttest.Noon, page.Request{Size: 25})
		}, "resource_id"),
		ask("what somebody's access lets do", func() (string, []any) { return powersHeldSQL("u", granttest.Noon) }, "account_", "grants"),
		ask("what gives powers", func() (string, []any) { return empoweredSQL, nil }, "sqlite_autoindex_resource_", "entitlement_"),
		ask("how much gives powers", func() (string, []any) { return empoweredCountSQL, nil }, "sqlite_autoindex_resource_"),
		ask("what an account holds", func() (string, []any) { return heldThroughSQL, []any{"a", "b"} }, "grants_account"),
		ask("what rules give that go by a tag", func() (string, []any) { return ruledBySQL, []any{"t"} }, "sqlite_autoindex_tag_", "automation_tag"),
	}
	for sort, sql := range existingSQL {
		list = append(list, Statement{Name: "which are there, of sort " + string(sort), SQL: sql + "($1, $2)", Args: []any{"a", "b"}})
	}
	return list
}

// Steps are the steps of a task under c.
func (c Configuration) Steps(owned map[string]owner.Object) []policy.Step { return c.steps(owned) }
