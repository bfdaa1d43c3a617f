package app

import (
	"errors"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// ResourceTypeColumns are the columns [ScanResourceType] reads; alias is the table's alias with its dot, or empty.
func ResourceTypeColumns(alias string) string {
	return columns(alias, []string{
		"app_id", "id", "kind", "display_name", "builtin", "connector_id", "external_id",
		"created_at", "updated_at", "deleted_at", "version",
	})
}

// ScanResourceType reads one row of [ResourceTypeColumns].
func ScanResourceType(r *db.Rows) (ResourceType, error) {
	var (
		t         ResourceType
		connector *string
		at        stamp
	)
	err := r.Scan(&t.AppID, &t.ID, &t.Kind, &t.DisplayName, &t.Builtin, &connector, &t.ExternalID, &at.created, &at.updated,
		&at.deleted, &t.Version)
	t.ConnectorID = value[ConnectorID](connector)
	t.CreatedAt, t.UpdatedAt, t.DeletedAt = at.times()
	return t, err
}

// GetResourceType reads a live resource type. NotFound if there is none.
func GetResourceType(q db.Q, app ID, id ResourceTypeID) (ResourceType, error) {
	t, err := db.One(q, ScanResourceType, `select `+ResourceTypeColumns("")+` from resource_type where app_id = $1 and id = $2`,
		string(app), string(id))
	return t, found(err, t.DeletedAt, "resource type", id)
}

// ManyResourceTypes reads the resource types that refs name, deleted ones too; unknown ones are left out.
func ManyResourceTypes(q db.Q, refs []ResourceTypeRef) ([]ResourceType, error) {
	return many(q, "resource_type", ResourceTypeColumns(""), ScanResourceType, refs,
		func(r ResourceTypeRef) (string, string) { return string(r.AppID), string(r.ID) })
}

// kindTaken answers the live resource type by which the app has this kind already, if it may occur once; "" if there is none.
func kindTaken(q db.Q, app ID, kind ResourceKind) (by ResourceTypeID, err error) {
	if kind == KindCustom {
		return "", nil
	}
	err = q.Row(`select id from resource_type where app_id = $1 and kind = $2 and kind <> 'CUSTOM' and deleted_at is null limit 1`,
		string(app), string(kind)).Scan(&by)
	if errors.Is(err, db.ErrNoRows) {
		err = nil
	}
	return by, err
}

func insertResourceType(tx *db.Tx, t ResourceType) error {
	_, err := tx.Exec(`insert into resource_type (app_id, id, kind, display_name, search, sort_name, builtin, connector_id, external_id,
			created_at, updated_at, deleted_at, version)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$10,null,1)`,
		string(t.AppID), string(t.ID), string(t.Kind), t.DisplayName, searchText(t.DisplayName), SortName(t.DisplayName), t.Builtin,
		orNull(t.ConnectorID), t.ExternalID, clock.Micros(t.CreatedAt))
	return err
}

func updateResourceType(tx *db.Tx, t ResourceType) error {
	n, err := tx.Exec(`update resource_type set display_name = $4, search = $5, sort_name = $6, updated_at = $7, deleted_at = $8,
			version = version + 1
		where app_id = $1 and id = $2 and version = $3`,
		string(t.AppID), string(t.ID), t.Version, t.DisplayName, searchText(t.DisplayName), SortName(t.DisplayName),
		clock.Micros(t.UpdatedAt), clock.Null(t.DeletedAt))
	return won(n, err, "resource type")
}
