package c1

import (
	"context"

	policyv1 "github.com/interim-access/interim/gen/c1/api/policy/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/fault"
)

// policySearch serves c1.api.policy.v1.PolicySearch.
type policySearch struct {
	policyv1.UnimplementedPolicySearchServer
	*Deps
}

// Search lists the policies that match.
func (s policySearch) Search(ctx context.Context, req *policyv1.SearchPoliciesRequest) (*policyv1.SearchPoliciesResponse, error) {
	f, err := decodePolicyFilter(req)
	if err != nil {
		return nil, err
	}
	list, token, err := s.pageOfPolicies(ctx, req, f)
	return &policyv1.SearchPoliciesResponse{List: list, NextPageToken: token}, err
}

func decodePolicyFilter(req *policyv1.SearchPoliciesRequest) (policy.Filter, error) {
	f := policy.Filter{DisplayName: req.GetDisplayName(), Query: req.GetQuery(), IncludeDeleted: req.GetIncludeDeleted()}
	var errs [7]error
	var kind string
	f.Kinds, errs[0] = EnumNames[policy.Kind]("policyTypes", policyTypePrefix, req.GetPolicyTypes())
	f.Exclude, errs[1] = FilterIDs[policy.ID]("excludePolicyIds", req.GetExcludePolicyIds())
	f.Scope.App, errs[2] = FilterID[app.ID]("scopeAppId", req.GetScopeAppId())
	f.Scope.Entitlement, errs[3] = FilterID[app.EntitlementID]("scopeAppEntitlementId", req.GetScopeAppEntitlementId())
	f.Scope.Slot, errs[4] = EnumName[policy.ScopeSlot]("scopeSlot", policySlotPrefix, req.GetScopeSlot())
	kind, errs[5] = EnumName[string]("scopeObjectType", "POLICY_SCOPE_OBJECT_TYPE_", req.GetScopeObjectType())
	f.View, errs[6] = EnumName[policy.View]("scopeView", "POLICY_SCOPE_VIEW_", req.GetScopeView())
	if f.View == "GLOBAL" {
		f.View = policy.Global
	}
	f.OfApps, f.OfEntitlements = kind == "APP", kind == "ENTITLEMENT"
	ids := make([]string, len(req.GetRefs()))
	for i, r := range req.GetRefs() {
		ids[i] = r.GetId()
	}
	refs, bad := FilterIDs[policy.ID]("refs", ids)
	f.IDs = refs
	if f.View == policy.GlobalAndObject && f.Scope.App == "" {
		bad = firstError(bad, fault.InvalidField("scopeAppId", "is required where scopeView is GLOBAL_AND_OBJECT"))
	}
	return f, firstError(append(errs[:], bad, CheckText("displayName", f.DisplayName, MaxQuery), CheckText("query", f.Query, MaxQuery))...)
}
