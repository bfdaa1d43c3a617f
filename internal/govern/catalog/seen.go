package catalog

import (
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant"
)

// SeenSQL is a select of the identities of the catalogs that a user sees at a moment, each once: [Catalog.VisibleTo] for all of them.
// Its arguments are the placeholders of the user and of the moment in microseconds.
//
// Who is looked at first: the user, whose accounts and grants are few. SQLite takes the tables of a cross join in the order in which
// they are named; what is added to the app's identity keeps it from reading all grants of the app.
func SeenSQL(user, now string) string {
	return `select c.id from catalog c where c.visible_to_everyone and c.published and c.deleted_at is null
		union
		select c.id from account a cross join grants g cross join catalog_audience o cross join catalog c cross join users u
			cross join entitlement e cross join app p
		where a.user_id = ` + user + ` and g.account_id = a.id and g.app_id || '' = a.app_id
			and o.app_id = a.app_id and o.entitlement_id = g.entitlement_id
			and c.id = o.catalog_id and c.published and c.deleted_at is null
			and u.id = a.user_id and e.app_id = o.app_id and e.id = o.entitlement_id and p.id = o.app_id and ` + grant.AccessSQL(now)
}

// InSQL is the condition that an entitlement is in one of some catalogs, or is the membership of one that can be asked for as a whole;
// alias is its table's alias with its dot and must be none of n, d and b, seen the name of a table or common table expression with the
// catalogs' identities as id.
func InSQL(alias, seen string) string {
	return `(exists (select 1 from catalog_entry n join ` + seen + ` s on s.id = n.catalog_id
			where n.app_id = ` + alias + `app_id and n.entitlement_id = ` + alias + `id)
		or exists (select 1 from catalog b join ` + seen + ` s on s.id = b.id
			where b.enrollment = ` + alias + `id and b.enrollment <> '' and b.bundle)
		or exists (select 1 from request_defaults_catalog d join ` + seen + ` s on s.id = d.catalog_id
			where d.app_id = ` + alias + `app_id and d.resource_type_id in ('', ` + alias + `resource_type_id)
				and not ` + alias + `overrides_defaults))`
}

// EntriesSQL is a select of the entitlements for which [InSQL] holds, as app_id and id, some more than once.
func EntriesSQL(seen string) string {
	return `select n.app_id, n.entitlement_id as id from ` + seen + ` s join catalog_entry n on n.catalog_id = s.id
		union all
		select '` + string(app.Own) + `', b.enrollment from ` + seen + ` s join catalog b on b.id = s.id where b.enrollment <> '' and b.bundle
		union all
		select e.app_id, e.id from ` + seen + ` s join request_defaults_catalog d on d.catalog_id = s.id join entitlement e on e.app_id = d.app_id
		where d.resource_type_id in ('', e.resource_type_id)`
}
