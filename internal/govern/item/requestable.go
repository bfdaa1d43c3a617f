package item

import (
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// Standing is how somebody stands to a level of an item at a moment.
type Standing struct {
	Live     bool // the level and its app are not deleted
	Listed   bool // it is in a catalog that they see
	Audience bool // they have access by an entitlement of the item's audience
	Holds    bool // they have access to the item, at whichever level
	Hidden   bool // a [Mapping] hides the item
	Refused  bool // nobody can ask under the configuration that counts: [Settings.Refuses]
}

// VisibleTo reports whether somebody sees the item who may not see every item. [seenBy] says the same.
func (s Settings) VisibleTo(p Standing) bool {
	return !p.Hidden && (!s.Limited || p.Audience || p.Holds)
}

// Requestable is the rule of what can be asked for: a level that is live, of an item that the person sees, if a catalog lists it for
// them or the item itself is offered, and how the item is configured lets them ask. [RequestableSQL] says the same. Those who may give
// the access are not bound by it; that is the doors' to judge.
func (s Settings) Requestable(p Standing) bool {
	return p.Live && !p.Refused && s.VisibleTo(p) && (p.Listed || s.Offered)
}

// KnownSQL are the common table expressions that [RequestableSQL] stands on: seen, the catalogs that a user sees, and held, the
// entitlements that the user has access by. Its arguments are the placeholders of the user and of the moment in microseconds.
func KnownSQL(user, now string) string {
	return `seen as materialized (` + catalog.SeenSQL(user, now) + `), held as materialized (` + heldSQL(user, now) + `)`
}

// RequestableSQL is the condition that a user can ask for an entitlement, live or not; alias is its table's alias with its dot and must
// be none of n, d, b, s, i, x, h, m, c, k, o and z.
func RequestableSQL(alias string) string {
	settings := `select 1 from item i where i.app_id = ` + alias + `app_id and i.resource_id = ` + alias + `resource_id and `
	return `(` + catalog.InSQL(alias, "seen") + ` or exists (` + settings + `i.offered))
		and ` + visibleSQL(alias, "resource_id") + ` and not ` + refusedSQL(alias)
}

// OfferedSQL is a select of the entitlements for which [RequestableSQL] may hold, as app_id and id, some more than once. It begins with
// what offers them, and stands on the same expressions.
func OfferedSQL() string {
	return catalog.EntriesSQL("seen") + `
		union all
		select e.app_id, e.id from item i join entitlement e on e.app_id = i.app_id and e.resource_id = i.resource_id where i.offered`
}

// SeesSQL are the common table expression and the condition that a user who may not see every item sees that of a row: alias is its
// table's alias with its dot, none of those of [RequestableSQL], and id the column with the item's identity. user and now are the
// placeholders of the user and of the moment in microseconds.
func SeesSQL(alias, id, user, now string) (with, condition string) {
	return `with held as materialized (` + heldSQL(user, now) + `) `, visibleSQL(alias, id)
}

// visibleSQL is [Settings.VisibleTo], over held.
func visibleSQL(alias, id string) string {
	return `not exists (select 1 from item i where i.app_id = ` + alias + `app_id and i.resource_id = ` + alias + id + ` and i.limited
			and not exists (select 1 from item_audience x join held h on h.app_id = x.via_app_id and h.id = x.via_entitlement_id
				where x.app_id = i.app_id and x.resource_id = i.resource_id)
			and not exists (select 1 from held h where h.app_id = i.app_id and h.resource_id = i.resource_id))
		and ` + unhidden(alias+id)
}

// Offers is what can be asked for and what a request has to bring: the catalogs and the items together.
type Offers struct{ *catalog.Service }

// Requestable reports whether a user can ask for an entitlement at a moment.
func (o Offers) Requestable(q db.Q, user directory.UserID, ref app.EntitlementRef, at time.Time) (bool, error) {
	can, err := o.RequestableOf(q, user, []app.EntitlementRef{ref}, at)
	return can[ref], err
}

// RequestableOf answers which of the entitlements a user can ask for at a moment, one statement for every 250.
func (Offers) RequestableOf(
	q db.Q, user directory.UserID, refs []app.EntitlementRef, at time.Time,
) (map[app.EntitlementRef]bool, error) {
	const batch = 250
	can := make(map[app.EntitlementRef]bool, len(refs))
	for _, chunk := range db.Chunks(refs, batch) {
		sql, args := requestableSQL(user, chunk, at)
		found, err := db.Collect(q, func(r *db.Rows) (ref app.EntitlementRef, err error) {
			return ref, r.Scan(&ref.AppID, &ref.ID)
		}, sql, args...)
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			can[r] = true
		}
	}
	return can, nil
}

func requestableSQL(user directory.UserID, refs []app.EntitlementRef, at time.Time) (string, []any) {
	w := &db.Where{}
	known := KnownSQL(w.Bind(string(user)), w.Bind(clock.Micros(at)))
	list := each(refs, func(r app.EntitlementRef) string {
		return "(" + w.Bind(string(r.AppID)) + "," + w.Bind(string(r.ID)) + ")"
	})
	w.And("(e.app_id, e.id) in (values " + strings.Join(list, ",") + ") and e.deleted_at is null and p.deleted_at is null")
	w.And(RequestableSQL("e."))
	where, args := w.SQL()
	return `with ` + known + ` select e.app_id, e.id from entitlement e join app p on p.id = e.app_id` + where, args
}
