package read

import (
	"context"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/db"
)

// GrantCounts counts the grants of each entitlement; one without any is left out.
func (s *Service) GrantCounts(ctx context.Context, refs []app.EntitlementRef) (map[app.EntitlementRef]int64, error) {
	counts := make(map[app.EntitlementRef]int64, len(refs))
	for _, chunk := range db.Chunks(refs) {
		args := make([]any, 0, 2*len(chunk))
		for _, r := range chunk {
			args = append(args, string(r.AppID), string(r.ID))
		}
		err := each(s.db.Q(ctx), `select g.app_id, g.entitlement_id, count(*) from grants g
			where (g.app_id, g.entitlement_id) in (values `+db.Values(len(chunk), 2, 1)+`) and `+held+` group by g.app_id, g.entitlement_id`,
			args, func(rows *db.Rows) error {
				var (
					ref app.EntitlementRef
					n   int64
				)
				err := rows.Scan(&ref.AppID, &ref.ID, &n)
				counts[ref] = n
				return err
			})
		if err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// ResourceGrantCounts counts the grants of all entitlements of each resource; one without any is left out.
func (s *Service) ResourceGrantCounts(ctx context.Context, refs []app.ResourceRef) (map[app.ResourceRef]int64, error) {
	counts := make(map[app.ResourceRef]int64, len(refs))
	for _, chunk := range db.Chunks(refs) {
		args := make([]any, 0, 2*len(chunk))
		for _, r := range chunk {
			args = append(args, string(r.AppID), string(r.ID))
		}
		err := each(s.db.Q(ctx), `select e.app_id, e.resource_id, count(*) from entitlement e
			join grants g on g.app_id = e.app_id and g.entitlement_id = e.id
			where (e.app_id, e.resource_id) in (values `+db.Values(len(chunk), 2, 1)+`) and `+held+` group by e.app_id, e.resource_id`,
			args, func(rows *db.Rows) error {
				var (
					ref app.ResourceRef
					n   int64
				)
				err := rows.Scan(&ref.AppID, &ref.ID, &n)
				counts[ref] = n
				return err
			})
		if err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// each runs a query and gives every row to add.
func each(q db.Q, sql string, args []any, add func(*db.Rows) error) error {
	rows, err := q.Query(sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := add(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// numbered returns "$1,…,$n".
func numbered(n int) string {
	in := db.In(n, 1)
	return in[1 : len(in)-1]
}
