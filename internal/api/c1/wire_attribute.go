package c1

import (
	"slices"

	attributev1 "github.com/interim-access/interim/gen/c1/api/attribute/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/attribute"
	"github.com/interim-access/interim/internal/platform/page"
)

func encodeAttribute(v attribute.Value) *attributev1.AttributeValue {
	return &attributev1.AttributeValue{
		Id:              KSUID(v.ID),
		AttributeTypeId: KSUID(v.Type),
		Value:           v.Value,
		CreatedAt:       Moment(v.CreatedAt),
		UpdatedAt:       Moment(v.UpdatedAt),
		DeletedAt:       Moment(v.DeletedAt),
	}
}

func encodeAttributes(found page.Page[attribute.Value]) []*attributev1.AttributeValue {
	out := make([]*attributev1.AttributeValue, len(found.Items))
	for i, v := range found.Items {
		out[i] = encodeAttribute(v)
	}
	return out
}

// classed is an entitlement, made or changed.
type classed interface {
	GetRiskLevelValueId() string
	GetComplianceFrameworkValueIds() []string
}

// decodeClasses reads the attributes of an entitlement, those that m names; all of them for nil. An empty id and an empty list take
// them away; an id that stands twice counts once.
func decodeClasses(req classed, m Mask, c *app.Classes) (err error) {
	if m == nil || m["risk_level_value_id"] {
		if c.RiskLevelID, err = refID[attribute.ID]("riskLevelValueId", req.GetRiskLevelValueId()); err != nil {
			return err
		}
	}
	if m != nil && !m["compliance_framework_value_ids"] {
		return nil
	}
	const field = "complianceFrameworkValueIds"
	list := req.GetComplianceFrameworkValueIds()
	if err := CheckList(field, len(list), app.MaxFrameworks); err != nil {
		return err
	}
	for _, ksuid := range list {
		v, err := refID[attribute.ID](field, ksuid)
		switch {
		case err != nil:
			return err
		case v == "":
			return malformed(field)
		case !slices.Contains(c.FrameworkIDs, v):
			c.FrameworkIDs = append(c.FrameworkIDs, v)
		}
	}
	return nil
}
