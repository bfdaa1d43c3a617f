package item

import (
	"slices"
	"strconv"
	"strings"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/db"
)

// Refuses reports whether the configuration that counts, where holds tells whether a condition does, lets nobody ask. [refusedSQL] says
// the same.
func (s Settings) Refuses(holds func(Condition) bool) bool {
	c, ok := For(s.Configurations, holds)
	return ok && !c.Askable()
}

// Askable reports whether anybody can ask under c: a proof of who one is cannot be given with a request.
func (c Configuration) Askable() bool { return c.Allow && !c.MFA }

// refusedSQL is the condition that the configurations of an item let a user not ask for an entitlement of it, who has access by those
// in held: the one of the highest priority that holds.
func refusedSQL(alias string) string {
	holds := func(c string) string {
		by := `exists (select 1 from item_case_by x where x.app_id = ` + c + `.app_id and x.resource_id = ` + c + `.resource_id
			and x.priority = ` + c + `.priority and `
		return `(not ` + c + `.grouped or ` + by + `exists (select 1 from held h where h.app_id = x.via_app_id and h.id = x.via_entitlement_id)))
			and (not ` + c + `.leveled or ` + by + `x.via_app_id = '' and x.slug = ` + slugSQL(alias) + `))`
	}
	return `exists (select 1 from item_case c where c.app_id = ` + alias + `app_id and c.resource_id = ` + alias + `resource_id and not c.allow
		and ` + holds("c") + ` and not exists (select 1 from item_case k where k.app_id = c.app_id and k.resource_id = c.resource_id
			and k.priority > c.priority and ` + holds("k") + `))`
}

// slugSQL is the slug of the level that an entitlement is, as [Levels] finds it.
func slugSQL(alias string) string {
	v := alias[:len(alias)-1]
	rank := func(of string) string {
		cases := make([]string, len(defaultSlugs))
		for n, s := range defaultSlugs {
			cases[n] = "when '" + s + "' then " + strconv.Itoa(n)
		}
		return "case " + of + ".slug " + strings.Join(cases, " ") + " else 9 end" // belonging is not what it says
	}
	live := func(as string) string {
		return `select 1 from entitlement ` + as + ` where ` + as + `.app_id = ` + alias + `app_id and ` + as + `.resource_id = ` + alias +
			`resource_id and ` + as + `.deleted_at is null and `
	}
	likelier := func(than string) string {
		return `exists (` + live("z") + `(` + rank("z") + `, z.created_at, z.id) < (` + rank(than) + `, ` + than + `.created_at, ` +
			than + `.id))`
	}
	return `case when (` + rank(v) + ` < 9 or not exists (` + live("o") + `o.id <> ` + alias + `id)) and not ` + likelier(v) + ` then ''
		when ` + alias + `slug = '' or exists (` + live("o") + `o.slug = ` + alias + `slug and (o.created_at, o.id) < (` +
		alias + `created_at, ` + alias + `id) and (` + rank("o") + ` = 9 or ` + likelier("o") + `)) then ` + alias + `id
		else ` + alias + `slug end`
}

// saveCases writes what [refusedSQL] goes by. Configurations that refuse nobody leave nothing.
func saveCases(tx *db.Tx, i Item) error {
	for _, table := range caseTables {
		if _, err := tx.Exec(`delete from `+table+` where app_id = $1 and resource_id = $2`, string(i.AppID), string(i.ID)); err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(i.Configurations, func(c Configuration) bool { return !c.Askable() }) {
		return nil
	}
	for _, c := range i.Configurations {
		var by Condition
		if c.Condition != nil {
			by = *c.Condition
		}
		tx.Queue(`insert into item_case (app_id, resource_id, priority, allow, grouped, leveled) values ($1,$2,$3,$4,$5,$6)`,
			string(i.AppID), string(i.ID), c.Priority, c.Askable(), len(by.Groups) > 0, len(by.Levels) > 0)
		name := func(g app.EntitlementRef, slug string) {
			tx.Queue(`insert into item_case_by (app_id, resource_id, priority, via_app_id, via_entitlement_id, slug) values ($1,$2,$3,$4,$5,$6)
				on conflict do nothing`, string(i.AppID), string(i.ID), c.Priority, string(g.AppID), string(g.ID), slug)
		}
		for _, g := range by.Groups {
			name(g, "")
		}
		for _, slug := range by.Levels {
			name(app.EntitlementRef{}, slug)
		}
	}
	return nil
}

var caseTables = []string{"item_case_by", "item_case"}
