package c1

import (
	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/automation"
)

const runPrefix = "APP_ENTITLEMENT_AUTOMATION_RUN_STATUS_"

func encodeAutomation(r automation.Rule) *appv1.AppEntitlementAutomation {
	v := &appv1.AppEntitlementAutomation{
		AppId:            KSUID(r.Of.AppID),
		AppEntitlementId: KSUID(r.Of.ID),
		DisplayName:      r.DisplayName,
		Description:      r.Description,
		CreatedAt:        Moment(r.CreatedAt),
		UpdatedAt:        Moment(r.UpdatedAt),
		DeletedAt:        Moment(r.DeletedAt),
	}
	if r.Status != "" {
		v.LastRunStatus = &appv1.AppEntitlementAutomationLastRunStatus{
			Status:          EnumValue[appv1.AppEntitlementAutomationRunStatus](appv1.AppEntitlementAutomationRunStatus_value, runPrefix, r.Status),
			ErrorMessage:    r.Error,
			LastCompletedAt: Moment(r.CompletedAt),
		}
	}
	switch r.Kind {
	case automation.Basic:
		v.Conditions = &appv1.AppEntitlementAutomation_Basic{Basic: &appv1.AppEntitlementAutomationRuleBasic{Expression: r.Expression}}
	case automation.CEL:
		v.Conditions = &appv1.AppEntitlementAutomation_Cel{Cel: &appv1.AppEntitlementAutomationRuleCEL{Expression: r.Expression}}
	case automation.Holders:
		refs := make([]*appv1.AppEntitlementRef, len(r.Sources))
		for i, e := range r.Sources {
			refs[i] = &appv1.AppEntitlementRef{AppId: KSUID(e.AppID), Id: KSUID(e.ID)}
		}
		v.Conditions = &appv1.AppEntitlementAutomation_Entitlements{
			Entitlements: &appv1.AppEntitlementAutomationRuleEntitlement{EntitlementRefs: refs},
		}
	case automation.ByTraits: // the contract has no words for tags: no condition is shown
	default:
		v.Conditions = &appv1.AppEntitlementAutomation_None{None: &appv1.AppEntitlementAutomationRuleNone{}}
	}
	return v
}

// conditioned is an automation, made or changed.
type conditioned interface {
	GetBasic() *appv1.AppEntitlementAutomationRuleBasic
	GetCel() *appv1.AppEntitlementAutomationRuleCEL
	GetEntitlements() *appv1.AppEntitlementAutomationRuleEntitlement
	GetNone() *appv1.AppEntitlementAutomationRuleNone
}

// decodeConditions reads whom an automation matches; none of the conditions is refused when it is kept.
func decodeConditions(v conditioned, r *automation.Rule) error {
	switch {
	case v.GetBasic() != nil:
		r.Kind, r.Expression = automation.Basic, v.GetBasic().GetExpression()
	case v.GetCel() != nil:
		r.Kind, r.Expression = automation.CEL, v.GetCel().GetExpression()
	case v.GetNone() != nil:
		r.Kind = automation.Nobody
	case v.GetEntitlements() != nil:
		r.Kind = automation.Holders
		const field = "entitlementRefs"
		refs := v.GetEntitlements().GetEntitlementRefs()
		if err := CheckList(field, len(refs), automation.MaxSources); err != nil {
			return err
		}
		for _, ref := range refs {
			of, err := refPart[app.ID](field+".appId", ref.GetAppId())
			if err != nil {
				return err
			}
			e, err := refPart[app.EntitlementID](field+".id", ref.GetId())
			if err != nil {
				return err
			}
			r.Sources = append(r.Sources, app.EntitlementRef{AppID: of, ID: e})
		}
	}
	return nil
}
