package read

import (
	"context"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/db"
)

// automated says that the entitlement e is given by a live automation.
const automated = `exists (select 1 from automation r where r.app_id = e.app_id and r.entitlement_id = e.id and r.deleted_at is null)`

// Automated says which of the entitlements an automation gives.
func (s *Service) Automated(ctx context.Context, refs []app.EntitlementRef) (map[app.EntitlementRef]bool, error) {
	found := map[app.EntitlementRef]bool{}
	for _, chunk := range db.Chunks(refs) {
		args := make([]any, 0, 2*len(chunk))
		for _, r := range chunk {
			args = append(args, string(r.AppID), string(r.ID))
		}
		err := each(s.db.Q(ctx), `select r.app_id, r.entitlement_id from automation r
			where (r.app_id, r.entitlement_id) in (values `+db.Values(len(chunk), 2, 1)+`) and r.deleted_at is null`,
			args, func(rows *db.Rows) error {
				var ref app.EntitlementRef
				err := rows.Scan(&ref.AppID, &ref.ID)
				found[ref] = true
				return err
			})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}
