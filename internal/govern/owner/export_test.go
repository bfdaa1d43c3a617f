package owner

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/page"
)

// Statement is one that the package asks, and the indexes it must use.
type Statement struct {
	Name    string
	SQL     string
	Args    []any
	Indexes []string
}

// Statements are those whose cost must not grow with how many owners and grants there are.
func Statements() []Statement {
	at := time.UnixMicro(1)
	o := OfEntitlement(app.EntitlementRef{AppID: "a", ID: "e"})
	r := page.Request{Size: 25}
	ask := func(name string, fn func() (string, []any), indexes ...string) Statement {
		sql, args := fn()
		return Statement{name, sql, args, indexes}
	}
	const users, entitlements, members, sets = "owner_user", "owner_entitlement", "owner_set_member", "owner_from_set"
	return []Statement{
		ask("who is named for objects", func() (string, []any) { return namedSQL([]Object{o, OfApp("a")}, Primary) },
			users, entitlements, members, sets),
		ask("who owns objects by what they hold", func() (string, []any) { return holdersSQL([]Object{o, OfApp("a")}, Primary, at) },
			entitlements, sets, "grants_live"),
		ask("what a user owns", func() (string, []any) { return ownedPage("u", nil, at, r) },
			"owner_user_owns", "account_user", "grants", "owner_entitlement_owns", "owner_set_member_of", "owner_set_via", "owner_from_set_of"),
		ask("apps that a user owns", func() (string, []any) {
			return ownedPage("u", []Kind{App}, at, page.Request{Size: 25, After: page.Key{"app", "a", "a"}})
		}, "owner_user_owns", "account_user", "owner_entitlement_owns", "owner_set_member_of", "owner_set_via", "owner_from_set_of"),
		ask("who owns an object", func() (string, []any) { return peoplePage(o, at, page.Request{Size: 25, After: page.Key{"u"}}) },
			users, entitlements, members, sets, "grants_live"),
		ask("whether a user owns an object", func() (string, []any) { return ownsAnySQL("u", []Object{o, OfApp("a")}, at) },
			users, entitlements, members, sets, "account_user", "grants_live"),
		ask("rows of users", func() (string, []any) {
			return listSQL(userRows, o, "", page.Request{Size: 25, After: page.Key{"primary", "u"}})
		}, users, members, sets),
		ask("rows of entitlements", func() (string, []any) {
			return listSQL(entitlementRows, o, Primary, r)
		}, entitlements, sets),
		ask("sets of a member", func() (string, []any) {
			return setsPage(SetFilter{Member: "u"}, at, page.Request{Size: 25, After: page.Key{"s"}})
		}, "owner_set_member_of", "owner_from_set_of"),
		ask("who decides as an owner", func() (string, []any) { return adminsSQL([]Object{o, OfApp("a")}) },
			"owner_user", "owner_entitlement", "owner_from_set"),
		ask("what sets own", func() (string, []any) { return objectsSQL([]SetID{"a", "b"}) }, "resource_id"),
		ask("sets by name", func() (string, []any) { return setsPage(SetFilter{Name: "n"}, at, r) }, "owner_set_name"),
	}
}
