package app

import (
	"fmt"
	"strconv"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// Gone names objects of a connector that its target no longer has, at most [MaxBatch] of each kind.
type Gone struct {
	Accounts      []AccountID
	ResourceTypes []ResourceTypeID
	Resources     []ResourceID
	Entitlements  []EntitlementID
}

// MarkGone deletes, in the transaction of whoever reads the connector's target, what the target no longer has, with what is below
// it, and tells every [Notice]. Objects that are not live or not of this connector are passed over.
func (s *Service) MarkGone(tx *db.Tx, c ConnectorRef, g Gone) error {
	now, actor := s.clock.Now(), audit.Sync(string(c.ID))
	if n := max(len(g.Accounts), len(g.ResourceTypes), len(g.Resources), len(g.Entitlements)); n > MaxBatch {
		return fmt.Errorf("%d objects gone at once; at most %d", n, MaxBatch)
	}
	at := clock.Micros(now)
	accounts, err := vanish[AccountID](tx, "account", "status = 'DELETED',", c, strs(g.Accounts), at)
	if err != nil {
		return err
	}
	types, err := vanish[ResourceTypeID](tx, "resource_type", "", c, strs(g.ResourceTypes), at)
	if err != nil {
		return err
	}
	resources, err := vanish[ResourceID](tx, "resource", "", c, strs(g.Resources), at)
	if err != nil {
		return err
	}
	entitlements, err := vanish[EntitlementID](tx, "entitlement", "", c, strs(g.Entitlements), at)
	if err != nil {
		return err
	}
	inTypes, err := below[ResourceID](tx, "resource", "resource_type_id", c, strs(types), at)
	if err != nil {
		return err
	}
	resources = append(resources, inTypes...)
	for _, chunk := range db.Chunks(resources, MaxBatch) {
		ofResources, err := below[EntitlementID](tx, "entitlement", "resource_id", c, strs(chunk), at)
		if err != nil {
			return err
		}
		entitlements = append(entitlements, ofResources...)
	}
	if len(resources) > 0 {
		if err := s.resourcesEnded(tx, c.AppID); err != nil {
			return err
		}
	}
	if err := s.entitlementsEnded(tx, actor, c.AppID, entitlements, now); err != nil {
		return err
	}
	if err := s.accountsEnded(tx, actor, c.AppID, accounts, now); err != nil {
		return err
	}
	n := len(accounts) + len(types) + len(resources) + len(entitlements)
	if n == 0 {
		return nil
	}
	e := event("connector.gone", audit.Delete, "connector", c.AppID, c.ID, strconv.Itoa(n)+" objects are gone from the target")
	e.At = now
	e.Data = map[string]any{"accounts": accounts, "resourceTypes": types, "resources": resources, "entitlements": entitlements}
	return s.log.Record(tx, actor, e)
}

// vanish deletes the live rows of the connector with these ids and returns those it found.
func vanish[T ~string](tx *db.Tx, table, also string, c ConnectorRef, ids []any, at int64) ([]T, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return db.Collect(tx, func(r *db.Rows) (v T, err error) { return v, r.Scan(&v) },
		`update `+table+` set `+also+` deleted_at = $1, updated_at = $1, version = version + 1
		where app_id = $2 and connector_id = $3 and deleted_at is null and id in `+db.In(len(ids), 4)+` returning id`,
		append([]any{at, string(c.AppID), string(c.ID)}, ids...)...)
}

// below deletes what is live below objects that are gone, whoever made it, and returns it.
func below[T ~string](tx *db.Tx, table, column string, c ConnectorRef, gone []any, at int64) ([]T, error) {
	if len(gone) == 0 {
		return nil, nil
	}
	return db.Collect(tx, func(r *db.Rows) (v T, err error) { return v, r.Scan(&v) },
		`update `+table+` set deleted_at = $1, updated_at = $1, version = version + 1
		where app_id = $2 and deleted_at is null and `+column+` in `+db.In(len(gone), 3)+` returning id`,
		append([]any{at, string(c.AppID)}, gone...)...)
}
