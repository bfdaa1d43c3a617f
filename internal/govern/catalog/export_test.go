package catalog

import (
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/page"
)

// Statement is one that the package asks, and the indexes it must use.
type Statement struct {
	Name    string
	SQL     string
	Args    []any
	Indexes []string
}

// Statements are those whose cost must not grow with how many catalogs, entries, grants and people there are.
func Statements() []Statement {
	first, next := page.Request{Size: 25}, page.Request{Size: 25, After: page.Key{"a", "b"}}
	ask := func(name string, fn func() (string, []any), indexes ...string) Statement {
		sql, args := fn()
		return Statement{name, sql, args, indexes}
	}
	return []Statement{
		ask("list of catalogs", func() (string, []any) { return listSQL(first) }, "catalog_name"),
		ask("list of catalogs, next", func() (string, []any) { return listSQL(next) }, "catalog_name"),
		ask("list of entries", func() (string, []any) { return entries.sql("e.id", "c", first) }, "catalog_entry"),
		ask("list of entries, next", func() (string, []any) { return entries.sql("e.id", "c", next) }, "catalog_entry"),
		ask("list of an audience, next", func() (string, []any) { return audience.sql("e.id", "c", next) }, "catalog_audience"),
		ask("requestable", func() (string, []any) {
			return requestableSQL("u", []app.EntitlementRef{{AppID: "a", ID: "b"}, {AppID: "a", ID: "c"}}, granttest.Noon)
		}, "catalog_everyone", "account_user", "catalog_audience_of", "grants"),
	}
}
