package app

import (
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// ResourceColumns are the columns [ScanResource] reads; alias is the table's alias with its dot, or empty.
func ResourceColumns(alias string) string {
	if alias == "" {
		alias = "resource."
	}
	return `(select p.resource_type_id from resource p where p.app_id = ` + alias + `app_id and p.id = ` + alias + `parent_resource_id), ` +
		columns(alias, []string{
			"app_id", "id", "resource_type_id", "parent_resource_id", "display_name", "description", "connector_id", "external_id",
			"doc", "created_at", "updated_at", "deleted_at", "version",
		})
}

// ScanResource reads one row of [ResourceColumns].
func ScanResource(r *db.Rows) (Resource, error) { return ScanResources()(r) }

// ScanResources answers what reads the rows of one statement, one after the other, of [ResourceColumns] and of what is selected after
// them into more. The rows share the place that they are read into.
func ScanResources(more ...any) func(*db.Rows) (Resource, error) {
	var (
		v                             Resource
		parentType, parent, connector *string
		doc                           string
		at                            stamp
	)
	into := append([]any{
		&parentType, &v.AppID, &v.ID, &v.TypeID, &parent, &v.DisplayName, &v.Description, &connector, &v.ExternalID, &doc,
		&at.created, &at.updated, &at.deleted, &v.Version,
	}, more...)
	return func(r *db.Rows) (Resource, error) {
		v = Resource{}
		if err := r.Scan(into...); err != nil {
			return v, err
		}
		v.ParentTypeID = value[ResourceTypeID](parentType)
		v.ParentID, v.ConnectorID = value[ResourceID](parent), value[ConnectorID](connector)
		v.CreatedAt, v.UpdatedAt, v.DeletedAt = at.times()
		return v, undocument(doc, &v.ResourceDoc)
	}
}

// GetResource reads a live resource. NotFound if there is none.
func GetResource(q db.Q, app ID, id ResourceID) (Resource, error) {
	r, err := db.One(q, ScanResource, `select `+ResourceColumns("")+` from resource where app_id = $1 and id = $2`,
		string(app), string(id))
	return r, found(err, r.DeletedAt, "resource", id)
}

// GetResourceOfType is [GetResource] for a caller who names the type as well. NotFound if the resource is of another type.
func GetResourceOfType(q db.Q, app ID, typeID ResourceTypeID, id ResourceID) (Resource, error) {
	r, err := GetResource(q, app, id)
	if err == nil && r.TypeID != typeID {
		err = fault.Missing("resource", string(id))
	}
	return r, err
}

// ManyResources reads the resources that refs name, deleted ones too; unknown ones are left out.
func ManyResources(q db.Q, refs []ResourceRef) ([]Resource, error) {
	return many(q, "resource", ResourceColumns(""), ScanResource, refs,
		func(r ResourceRef) (string, string) { return string(r.AppID), string(r.ID) })
}

func insertResource(tx *db.Tx, r Resource) error {
	doc, err := document(r.ResourceDoc)
	if err != nil {
		return err
	}
	tx.Queue(`insert into resource (app_id, id, resource_type_id, parent_resource_id, display_name, description, search, sort_name,
			connector_id, external_id, doc, created_at, updated_at, deleted_at, version, is_group)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$12,null,1,
			(select t.kind = 'GROUP' from resource_type t where t.app_id = $1 and t.id = $3))`,
		string(r.AppID), string(r.ID), string(r.TypeID), orNull(r.ParentID), r.DisplayName, r.Description,
		searchText(r.DisplayName, r.Description, r.CustomDescription), SortName(r.DisplayName), orNull(r.ConnectorID), r.ExternalID,
		doc, clock.Micros(r.CreatedAt))
	return nil
}

func updateResource(tx *db.Tx, r Resource) error {
	doc, err := document(r.ResourceDoc)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`update resource set resource_type_id = $4, parent_resource_id = $5, display_name = $6, description = $7,
			search = $8, sort_name = $9, doc = $10, updated_at = $11, deleted_at = $12, version = version + 1,
			is_group = (select t.kind = 'GROUP' from resource_type t where t.app_id = $1 and t.id = $4)
		where app_id = $1 and id = $2 and version = $3`,
		string(r.AppID), string(r.ID), r.Version, string(r.TypeID), orNull(r.ParentID), r.DisplayName, r.Description,
		searchText(r.DisplayName, r.Description, r.CustomDescription), SortName(r.DisplayName), doc, clock.Micros(r.UpdatedAt),
		clock.Null(r.DeletedAt))
	return won(n, err, "resource")
}

// orphanSQL lets what hangs below a resource hang below nothing.
const orphanSQL = `update resource set parent_resource_id = null, updated_at = $3, version = version + 1
	where app_id = $1 and parent_resource_id = $2 and deleted_at is null`
