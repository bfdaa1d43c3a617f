package catalog

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
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
		ask("list of catalogs", func() (string, []any) { return listSQL(Filter{}, granttest.Noon, first) }, "catalog_name"),
		ask("list of catalogs, next", func() (string, []any) { return listSQL(Filter{}, granttest.Noon, next) }, "catalog_name"),
		ask("list of entries", func() (string, []any) { return entries.sql("e.id", "c", first) }, "catalog_entry"),
		ask("list of entries, next", func() (string, []any) { return entries.sql("e.id", "c", next) }, "catalog_entry"),
		ask("list of an audience, next", func() (string, []any) { return audience.sql("e.id", "c", next) }, "catalog_audience"),
		ask("users that are picked", picking(&picker{User: &userPicker{}}), "users"),
		ask("users that are picked, disabled ones too", picking(&picker{User: &userPicker{Disabled: true}}), "users"),
		ask("accounts that are picked", picking(&picker{Account: &accountPicker{}}), "account"),
		ask("resources that are picked", picking(&picker{Resource: &resourcePicker{}}), "resource"),
		ask("resources of a type that are picked", picking(&picker{Resource: &resourcePicker{Type: id.Static("t")}}), "resource"),
		ask("catalogs that somebody sees, which are few", func() (string, []any) {
			return listSQL(Filter{Seer: "u", Contains: "x"}, granttest.Noon, next)
		}, "catalog_everyone", "account_user", "catalog_audience_of", "grants"),
	}
}

func picking(p *picker) func() (string, []any) {
	return func() (string, []any) {
		_, sql, args := p.question()
		return sql + db.In(2, len(args)+1), append(args, "a", "b")
	}
}

// IsListed asks of one entitlement whether it is in a catalog that a user sees.
func IsListed(q db.Q, user directory.UserID, of app.EntitlementRef, at time.Time) (listed bool, err error) {
	var n int
	err = q.Row(`with seen as materialized (`+SeenSQL("$1", "$2")+`)
		select count(*) from entitlement e where e.app_id = $3 and e.id = $4 and `+InSQL("e.", "seen"),
		string(user), clock.Micros(at), string(of.AppID), string(of.ID)).Scan(&n)
	return n > 0, err
}
