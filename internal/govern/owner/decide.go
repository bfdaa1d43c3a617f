package owner

import (
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/db"
)

// Deciders answers which sets own one of the objects, under whatever role, and the holders of which entitlements do, by themselves or as a
// set: a statement for each hundred objects.
func Deciders(q db.Q, objects []Object) (sets []SetID, holders []app.EntitlementRef, err error) {
	type decider struct {
		set    SetID
		holder app.EntitlementRef
	}
	for _, chunk := range db.Chunks(once(objects), batch) {
		sql, args := decidersSQL(chunk)
		found, err := db.Collect(q, func(r *db.Rows) (d decider, err error) {
			return d, r.Scan(&d.set, &d.holder.AppID, &d.holder.ID)
		}, sql, args...)
		if err != nil {
			return nil, nil, err
		}
		for _, d := range found {
			if d.set != "" {
				sets = append(sets, d.set)
			}
			if d.holder.ID != "" {
				holders = append(holders, d.holder)
			}
		}
	}
	return once(sets), once(holders), nil
}

func decidersSQL(objects []Object) (string, []any) {
	rows, args := rowsOf(objects, 1)
	const of = ` where o.kind = k.kind and o.app_id = k.app_id and o.object_id = k.object_id`
	return `with asked (kind, app_id, object_id) as materialized (` + rows + `)
		select o.set_id, coalesce(w.via_app_id, ''), coalesce(w.via_entitlement_id, '') from asked k cross join owner_from_set o
			join owner_set w on w.id = o.set_id` + of + `
		union all select '', o.via_app_id, o.via_entitlement_id from asked k cross join owner_entitlement o` + of, args
}
