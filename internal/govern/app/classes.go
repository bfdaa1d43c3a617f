package app

import (
	"slices"

	"github.com/interim-access/interim/internal/govern/attribute"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// MaxFrameworks is how many compliance frameworks an entitlement may have.
const MaxFrameworks = 32

// Classes are the attributes of an entitlement.
type Classes struct {
	RiskLevelID  attribute.ID   `json:"riskLevelId,omitempty"`            // empty: none
	FrameworkIDs []attribute.ID `json:"complianceFrameworkIds,omitempty"` // in the order they were given, each once
}

func frameworks(field string, values []attribute.ID) error {
	if n := len(values); n > MaxFrameworks {
		return fault.InvalidField(field, "has %d values; at most %d are allowed", n, MaxFrameworks)
	}
	return nil
}

// classify writes by which attributes the entitlement is found, after its row was written. Invalid for a value that was not there
// before and is no live one of its type.
func classify(tx *db.Tx, of EntitlementRef, before, after Classes) error {
	if after.RiskLevelID != before.RiskLevelID {
		if after.RiskLevelID != "" {
			if err := attribute.Choose(tx, "riskLevelValueId", attribute.RiskLevel, after.RiskLevelID); err != nil {
				return err
			}
		}
		tx.Queue(`update entitlement set risk_level_id = $3 where app_id = $1 and id = $2`,
			string(of.AppID), string(of.ID), string(after.RiskLevelID))
	}
	if slices.Equal(before.FrameworkIDs, after.FrameworkIDs) {
		return nil
	}
	fresh := slices.DeleteFunc(slices.Clone(after.FrameworkIDs), func(v attribute.ID) bool { return slices.Contains(before.FrameworkIDs, v) })
	if err := attribute.Choose(tx, "complianceFrameworkValueIds", attribute.Compliance, fresh...); err != nil {
		return err
	}
	tx.Queue(`delete from entitlement_framework where app_id = $1 and entitlement_id = $2`, string(of.AppID), string(of.ID))
	for _, v := range after.FrameworkIDs {
		tx.Queue(`insert into entitlement_framework (app_id, entitlement_id, value_id) values ($1, $2, $3)`,
			string(of.AppID), string(of.ID), string(v))
	}
	return nil
}

// classedSQL goes from the value to the entitlements; a value is a risk level or a framework.
const classedSQL = ` from (select r.app_id, r.id from entitlement r where r.risk_level_id = $1 and r.risk_level_id <> ''
	union select f.app_id, f.entitlement_id from entitlement_framework f where f.value_id = $1) k
	join entitlement e on e.app_id = k.app_id and e.id = k.id where e.deleted_at is null`

// AttributeUses implements attribute.Uses: the live entitlements that have the value.
func (s *Service) AttributeUses(q db.Q, value string) (names []string, count int, err error) {
	if err := q.Row(`select count(*)`+classedSQL, value).Scan(&count); err != nil || count == 0 {
		return nil, count, err
	}
	names, err = db.Collect(q, func(r *db.Rows) (name string, err error) { return name, r.Scan(&name) },
		`select e.display_name`+classedSQL+` order by e.app_id, e.id limit 3`, value)
	return names, count, err
}
