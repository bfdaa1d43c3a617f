package c1

import (
	"time"

	"google.golang.org/protobuf/proto"

	policyv1 "github.com/interim-access/interim/gen/c1/api/policy/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/fault"
)

// decodeApproval reads an approval step. What stands under its kind is read by decodeApprovers.
func decodeApproval(field string, v *policyv1.Approval) (*policy.Approval, error) {
	if v.GetRequiresStepUpProviderId() != "" {
		return nil, fault.NotServed(field + ".requiresStepUpProviderId")
	}
	a := &policy.Approval{
		AllowDelegation: v.GetAllowDelegation(), AllowReassignment: v.GetAllowReassignment(),
		RequireApprovalReason: v.GetRequireApprovalReason(), RequireDenialReason: v.GetRequireDenialReason(),
		RequireReassignmentReason: v.GetRequireReassignmentReason(),
	}
	var err error
	if a.AllowedReassignees, err = refIDs[directory.UserID](field+".allowedReassignees", v.GetAllowedReassignees()); err != nil {
		return nil, err
	}
	if proto.Size(v.GetEscalation()) > 0 { // an empty one is how none is shown
		if a.Escalation, err = decodeEscalation(field+".escalation", v.GetEscalation()); err != nil {
			return nil, err
		}
	}
	if v.GetEscalationEnabled() && a.Escalation == nil {
		return nil, fault.InvalidField(field+".escalation", "is required where escalationEnabled is set")
	}
	a.Disabled = a.Escalation != nil && !v.GetEscalationEnabled()
	return a, decodeApprovers(field, v, a)
}

// approvers is what most kinds of approval have in common.
type approvers interface {
	GetFallback() bool
	GetFallbackGroupIds() []*policyv1.AppEntitlementReference
	GetFallbackUserIds() []string
	GetIsGroupFallbackEnabled() bool
}

// selfish is what kinds of approval have that may exclude people.
type selfish interface {
	GetAllowSelfApproval() bool
	GetRequireDistinctApprovers() bool
}

func decodeApprovers(field string, v *policyv1.Approval, a *policy.Approval) error {
	var kind any
	var err error
	switch t := v.GetTyp().(type) {
	case *policyv1.Approval_Users:
		a.Kind, kind = policy.Users, t.Users
		a.UserIDs, err = refIDs[directory.UserID](field+".users.userIds", t.Users.GetUserIds())
	case *policyv1.Approval_Manager:
		a.Kind, kind = policy.Manager, t.Manager
	case *policyv1.Approval_AppOwners:
		a.Kind, kind = policy.AppOwners, t.AppOwners
	case *policyv1.Approval_EntitlementOwners:
		a.Kind, kind = policy.EntitlementOwners, t.EntitlementOwners
	case *policyv1.Approval_ResourceOwners:
		a.Kind, kind = policy.ResourceOwners, t.ResourceOwners
	case *policyv1.Approval_Self:
		a.Kind, kind = policy.Self, t.Self
	case *policyv1.Approval_Group:
		a.Kind, kind = policy.Group, t.Group
		a.Group, err = decodeRef(field+".group.appId", t.Group.GetAppId(), field+".group.appGroupId", t.Group.GetAppGroupId())
	case *policyv1.Approval_Expression:
		a.Kind, kind, a.Expressions = policy.Expression, t.Expression, t.Expression.GetExpressions()
	case *policyv1.Approval_Webhook:
		a.Kind = policy.Webhook
		a.WebhookID, err = refID[string](field+".webhook.webhookId", t.Webhook.GetWebhookId())
	case *policyv1.Approval_Agent:
		err = fault.New(fault.Unimplemented, "%s.agent: approval by agents is not served yet; users, manager, appOwners, entitlementOwners, "+
			"resourceOwners, group, self, expression and webhook are", field)
	}
	if err != nil {
		return err
	}
	if s, ok := kind.(selfish); ok {
		a.AllowSelfApproval, a.RequireDistinctApprovers = s.GetAllowSelfApproval(), s.GetRequireDistinctApprovers()
	}
	if f, ok := kind.(approvers); ok {
		a.Fallback, err = decodeFallback(field+"."+string(a.Kind), f)
	}
	return err
}

func decodeFallback(field string, v approvers) (*policy.Fallback, error) {
	if !v.GetFallback() && !v.GetIsGroupFallbackEnabled() && len(v.GetFallbackUserIds())+len(v.GetFallbackGroupIds()) == 0 {
		return nil, nil //nolint:nilnil // none is set, which is no error
	}
	f := &policy.Fallback{Enabled: v.GetFallback(), ByGroups: v.GetIsGroupFallbackEnabled()}
	var err error
	if f.UserIDs, err = refIDs[directory.UserID](field+".fallbackUserIds", v.GetFallbackUserIds()); err != nil {
		return nil, err
	}
	if err := CheckList(field+".fallbackGroupIds", len(v.GetFallbackGroupIds()), policy.MaxUsers); err != nil {
		return nil, err
	}
	for i, g := range v.GetFallbackGroupIds() {
		at := place("%s.fallbackGroupIds[%d]", field, i)
		ref, err := decodeRef(at+".appId", g.GetAppId(), at+".appEntitlementId", g.GetAppEntitlementId())
		if err != nil {
			return nil, err
		}
		f.Groups = append(f.Groups, ref)
	}
	return f, nil
}

func decodeRef(appField, appID, field, id string) (ref app.EntitlementRef, err error) {
	if ref.AppID, err = refID[app.ID](appField, appID); err != nil {
		return ref, err
	}
	ref.ID, err = refID[app.EntitlementID](field, id)
	return ref, err
}

func decodeEscalation(field string, v *policyv1.Escalation) (*policy.Escalation, error) {
	if v.GetExpiration() < 1 || v.GetExpiration() > int64(policy.MaxWait/time.Second) {
		return nil, fault.InvalidField(field+".expiration", "must be 1 to %d seconds", int64(policy.MaxWait/time.Second))
	}
	e := &policy.Escalation{After: time.Duration(v.GetExpiration()) * time.Second, Comment: v.GetEscalationComment()}
	var err error
	switch t := v.GetEscalationPolicy().(type) {
	case *policyv1.Escalation_ReplacePolicy_:
		e.Kind = policy.ReplacePolicy
		e.PolicyID, err = policyRef(field+".replacePolicy.policyId", t.ReplacePolicy.GetPolicyId())
	case *policyv1.Escalation_ReassignToApprovers_:
		e.Kind = policy.ReassignTo
		e.UserIDs, err = refIDs[directory.UserID](field+".reassignToApprovers.approverIds", t.ReassignToApprovers.GetApproverIds())
	case *policyv1.Escalation_CancelTicket_:
		e.Kind = policy.CancelTask
	case *policyv1.Escalation_SkipStep_:
		e.Kind = policy.SkipStep
	}
	return e, err
}

// refIDs is refID for a list of at most MaxUsers, none of them empty.
func refIDs[T ~string](field string, list []string) ([]T, error) {
	if err := CheckList(field, len(list), policy.MaxUsers); err != nil {
		return nil, err
	}
	var out []T
	for i, s := range list {
		at := place("%s[%d]", field, i)
		v, err := refID[T](at, s)
		if err == nil && v == "" {
			err = malformed(at)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}
