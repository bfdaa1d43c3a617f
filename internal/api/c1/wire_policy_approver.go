package c1

import (
	"time"

	policyv1 "github.com/interim-access/interim/gen/c1/api/policy/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
)

// EncodeApproval shows an approval step, every flag of it: Terraform tells false from nothing. No escalation is shown as an empty one,
// since the official TypeScript SDK has no null there.
//
// Upstream knows no slots and no quorum [choice]: an approval by one slot is shown as the kind that the slot is; one by several as the
// users whom they name one by one, which may be none. Who may decide is in stepApproverIds either way.
func EncodeApproval(a policy.Approval) *policyv1.Approval {
	a = closest(a)
	v := &policyv1.Approval{
		AllowDelegation: a.AllowDelegation, AllowReassignment: a.AllowReassignment, AllowedReassignees: KSUIDs(a.AllowedReassignees),
		RequireApprovalReason: a.RequireApprovalReason, RequireDenialReason: a.RequireDenialReason,
		RequireReassignmentReason: a.RequireReassignmentReason, Escalation: &policyv1.Escalation{},
	}
	if a.Escalation != nil {
		v.Escalation, v.EscalationEnabled = encodeEscalation(*a.Escalation), !a.Disabled
	}
	f := policy.Fallback{}
	if a.Fallback != nil {
		f = *a.Fallback
	}
	users, groups := KSUIDs(f.UserIDs), EncodeReferences(f.Groups)
	switch a.Kind {
	case policy.Users:
		v.Typ = &policyv1.Approval_Users{Users: &policyv1.UserApproval{
			UserIds: KSUIDs(a.UserIDs), AllowSelfApproval: a.AllowSelfApproval, RequireDistinctApprovers: a.RequireDistinctApprovers,
		}}
	case policy.Manager:
		v.Typ = &policyv1.Approval_Manager{Manager: &policyv1.ManagerApproval{
			AllowSelfApproval: a.AllowSelfApproval, RequireDistinctApprovers: a.RequireDistinctApprovers, Fallback: f.Enabled,
			FallbackUserIds: users, FallbackGroupIds: groups, IsGroupFallbackEnabled: f.ByGroups,
		}}
	case policy.AppOwners:
		v.Typ = &policyv1.Approval_AppOwners{AppOwners: &policyv1.AppOwnerApproval{
			AllowSelfApproval: a.AllowSelfApproval, RequireDistinctApprovers: a.RequireDistinctApprovers,
		}}
	case policy.EntitlementOwners:
		v.Typ = &policyv1.Approval_EntitlementOwners{EntitlementOwners: &policyv1.EntitlementOwnerApproval{
			AllowSelfApproval: a.AllowSelfApproval, RequireDistinctApprovers: a.RequireDistinctApprovers, Fallback: f.Enabled,
			FallbackUserIds: users, FallbackGroupIds: groups, IsGroupFallbackEnabled: f.ByGroups,
		}}
	case policy.ResourceOwners:
		v.Typ = &policyv1.Approval_ResourceOwners{ResourceOwners: &policyv1.ResourceOwnerApproval{
			AllowSelfApproval: a.AllowSelfApproval, RequireDistinctApprovers: a.RequireDistinctApprovers, Fallback: f.Enabled,
			FallbackUserIds: users, FallbackGroupIds: groups, IsGroupFallbackEnabled: f.ByGroups,
		}}
	case policy.Group:
		v.Typ = &policyv1.Approval_Group{Group: &policyv1.AppGroupApproval{
			AppId: KSUID(a.Group.AppID), AppGroupId: KSUID(a.Group.ID),
			AllowSelfApproval: a.AllowSelfApproval, RequireDistinctApprovers: a.RequireDistinctApprovers, Fallback: f.Enabled,
			FallbackUserIds: users, FallbackGroupIds: groups, IsGroupFallbackEnabled: f.ByGroups,
		}}
	case policy.Self:
		v.Typ = &policyv1.Approval_Self{Self: &policyv1.SelfApproval{
			Fallback: f.Enabled, FallbackUserIds: users, FallbackGroupIds: groups, IsGroupFallbackEnabled: f.ByGroups,
		}}
	case policy.Expression:
		v.Typ = &policyv1.Approval_Expression{Expression: &policyv1.ExpressionApproval{
			Expressions: a.Expressions, AllowSelfApproval: a.AllowSelfApproval, RequireDistinctApprovers: a.RequireDistinctApprovers,
			Fallback: f.Enabled, FallbackUserIds: users, FallbackGroupIds: groups, IsGroupFallbackEnabled: f.ByGroups,
		}}
	case policy.Slots: // shown as what comes nearest, see closest
	case policy.Webhook:
		v.Typ = &policyv1.Approval_Webhook{Webhook: &policyv1.WebhookApproval{WebhookId: KSUID(a.WebhookID)}}
	}
	return v
}

// closest is an approval by slots as the kind that upstream knows and that comes nearest; others are as they are.
func closest(a policy.Approval) policy.Approval {
	if a.Kind != policy.Slots {
		return a
	}
	a.Kind = policy.Users
	for _, s := range a.Slots {
		if s.Kind == policy.ToUser {
			a.UserIDs = append(a.UserIDs, s.User)
		}
	}
	if len(a.Slots) != 1 {
		return a
	}
	switch s := a.Slots[0]; {
	case s.Kind == policy.ToManager:
		a.Kind = policy.Manager
	case s.Kind == policy.ToHolders:
		a.Kind, a.Group = policy.Group, s.Group
	case s.Kind == policy.ToItem, s.Owned.Kind == owner.Resource:
		a.Kind = policy.ResourceOwners
	case s.Owned.Kind == owner.App:
		a.Kind = policy.AppOwners
	case s.Owned.Kind == owner.Entitlement:
		a.Kind = policy.EntitlementOwners
	}
	return a
}

func encodeEscalation(e policy.Escalation) *policyv1.Escalation {
	v := &policyv1.Escalation{Expiration: int64(e.After / time.Second), EscalationComment: e.Comment}
	switch e.Kind {
	case policy.ReplacePolicy:
		v.EscalationPolicy = &policyv1.Escalation_ReplacePolicy_{ReplacePolicy: &policyv1.Escalation_ReplacePolicy{PolicyId: KSUID(e.PolicyID)}}
	case policy.ReassignTo:
		v.EscalationPolicy = &policyv1.Escalation_ReassignToApprovers_{
			ReassignToApprovers: &policyv1.Escalation_ReassignToApprovers{ApproverIds: KSUIDs(e.UserIDs)},
		}
	case policy.CancelTask:
		v.EscalationPolicy = &policyv1.Escalation_CancelTicket_{CancelTicket: &policyv1.Escalation_CancelTicket{}}
	case policy.SkipStep:
		v.EscalationPolicy = &policyv1.Escalation_SkipStep_{SkipStep: &policyv1.Escalation_SkipStep{}}
	}
	return v
}

// EncodeReferences shows references to entitlements as policies hold them.
func EncodeReferences(list []app.EntitlementRef) []*policyv1.AppEntitlementReference {
	out := make([]*policyv1.AppEntitlementReference, len(list))
	for i, r := range list {
		out[i] = &policyv1.AppEntitlementReference{AppId: KSUID(r.AppID), AppEntitlementId: KSUID(r.ID)}
	}
	return out
}
