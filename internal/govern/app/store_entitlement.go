package app

import (
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// EntitlementColumns are the columns [ScanEntitlement] reads; alias is the table's alias with its dot, or empty.
func EntitlementColumns(alias string) string {
	return columns(alias, []string{
		"app_id", "id", "resource_type_id", "resource_id", "display_name", "description", "alias", "slug", "purpose",
		"max_grant_micros", "connector_id", "external_id", "builtin", "doc", "grant_policy_id",
		"revoke_policy_id", "certify_policy_id", "emergency_grant_policy_id", "emergency_grant_enabled",
		"request_schema_id", "overrides_defaults", "created_at", "updated_at", "deleted_at", "version",
	})
}

// ScanEntitlement reads one row of [EntitlementColumns].
func ScanEntitlement(r *db.Rows) (Entitlement, error) {
	var (
		e         Entitlement
		longest   *int64
		connector *string
		doc       string
		at        stamp
	)
	err := r.Scan(&e.AppID, &e.ID, &e.TypeID, &e.ResourceID, &e.DisplayName, &e.Description, &e.Alias, &e.Slug, &e.Purpose, &longest,
		&connector, &e.ExternalID, &e.Builtin, &doc, &e.GrantPolicyID, &e.RevokePolicyID, &e.CertifyPolicyID,
		&e.EmergencyGrantPolicyID, &e.EmergencyGrantEnabled, &e.RequestSchemaID, &e.OverridesDefaults, &at.created, &at.updated, &at.deleted,
		&e.Version)
	if err != nil {
		return e, err
	}
	if longest != nil {
		e.MaxGrant = time.Duration(*longest) * time.Microsecond
	}
	e.ConnectorID = value[ConnectorID](connector)
	e.CreatedAt, e.UpdatedAt, e.DeletedAt = at.times()
	return e, undocument(doc, &e.EntitlementDoc)
}

// GetEntitlement reads a live entitlement. NotFound if there is none.
func GetEntitlement(q db.Q, app ID, id EntitlementID) (Entitlement, error) {
	e, err := db.One(q, ScanEntitlement, `select `+EntitlementColumns("")+` from entitlement where app_id = $1 and id = $2`,
		string(app), string(id))
	return e, found(err, e.DeletedAt, "entitlement", id)
}

// ManyEntitlements reads the entitlements that refs name, deleted ones too; unknown ones are left out.
func ManyEntitlements(q db.Q, refs []EntitlementRef) ([]Entitlement, error) {
	return many(q, "entitlement", EntitlementColumns(""), ScanEntitlement, refs,
		func(r EntitlementRef) (string, string) { return string(r.AppID), string(r.ID) })
}

// aliasTaken reports whether a live entitlement other than except has this alias.
func aliasTaken(q db.Q, alias string, except EntitlementRef) (bool, error) {
	var n int
	err := q.Row(`select count(*) from entitlement where alias = $1 and alias <> '' and deleted_at is null
		and not (app_id = $2 and id = $3)`, alias, string(except.AppID), string(except.ID)).Scan(&n)
	return n > 0, err
}

func (e Entitlement) searchText() string { return searchText(e.DisplayName, e.Description, e.Alias) }

// longest is MaxGrant as its column holds it: null for no limit.
func (e Entitlement) longest() *int64 {
	if e.MaxGrant == 0 {
		return nil
	}
	micros := e.MaxGrant.Microseconds()
	return &micros
}

func insertEntitlement(tx *db.Tx, e Entitlement) error {
	doc, err := document(e.EntitlementDoc)
	if err != nil {
		return err
	}
	tx.Queue(`insert into entitlement (app_id, id, resource_type_id, resource_id, display_name, description, alias, slug, search,
			sort_name, purpose, max_grant_micros, connector_id, external_id, builtin, doc, created_at, updated_at, deleted_at, version,
			grant_policy_id, revoke_policy_id, certify_policy_id, emergency_grant_policy_id, emergency_grant_enabled, request_schema_id,
			overrides_defaults)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$17,null,1,$18,$19,$20,$21,$22,$23,$24)`,
		string(e.AppID), string(e.ID), string(e.TypeID), string(e.ResourceID), e.DisplayName, e.Description, e.Alias, e.Slug,
		e.searchText(), SortName(e.DisplayName), string(e.Purpose), e.longest(), orNull(e.ConnectorID), e.ExternalID, e.Builtin, doc,
		clock.Micros(e.CreatedAt), string(e.GrantPolicyID), string(e.RevokePolicyID), string(e.CertifyPolicyID),
		string(e.EmergencyGrantPolicyID), e.EmergencyGrantEnabled, string(e.RequestSchemaID), e.OverridesDefaults)
	return nil
}

func updateEntitlement(tx *db.Tx, e Entitlement) error {
	doc, err := document(e.EntitlementDoc)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`update entitlement set display_name = $4, description = $5, alias = $6, slug = $7, search = $8, sort_name = $9,
			purpose = $10, max_grant_micros = $11, doc = $12, updated_at = $13, deleted_at = $14, grant_policy_id = $15, revoke_policy_id = $16,
			certify_policy_id = $17, emergency_grant_policy_id = $18, emergency_grant_enabled = $19,
			request_schema_id = $20, overrides_defaults = $21, version = version + 1
		where app_id = $1 and id = $2 and version = $3`,
		string(e.AppID), string(e.ID), e.Version, e.DisplayName, e.Description, e.Alias, e.Slug, e.searchText(),
		SortName(e.DisplayName), string(e.Purpose), e.longest(), doc, clock.Micros(e.UpdatedAt), clock.Null(e.DeletedAt),
		string(e.GrantPolicyID), string(e.RevokePolicyID), string(e.CertifyPolicyID), string(e.EmergencyGrantPolicyID),
		e.EmergencyGrantEnabled, string(e.RequestSchemaID), e.OverridesDefaults)
	return won(n, err, "entitlement")
}
