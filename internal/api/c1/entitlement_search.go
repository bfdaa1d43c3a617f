package c1

import (
	"context"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/attribute"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/fault"
)

// entitlementSearch serves c1.api.app.v1.AppEntitlementSearchService: here the searches for entitlements; those for grants are
// served beside grants.
type entitlementSearch struct {
	appv1.UnimplementedAppEntitlementSearchServiceServer
	*Deps
}

// Search lists the entitlements that match.
func (s entitlementSearch) Search(
	ctx context.Context, req *appv1.AppEntitlementSearchServiceSearchRequest,
) (*appv1.AppEntitlementSearchServiceSearchResponse, error) {
	f, err := decodeEntitlementFilter(req)
	if err != nil {
		return nil, err
	}
	x, err := NewExpander(req.GetExpandMask().GetPaths(), entitlementPaths...)
	if err != nil {
		return nil, err
	}
	if f.GrantedTo, err = s.seenAccounts(ctx, f.GrantedTo); err != nil {
		return nil, err
	}
	if f.NotGrantedTo, err = s.seenAccounts(ctx, f.NotGrantedTo); err != nil {
		return nil, err
	}
	views, token, err := s.pageOfEntitlements(ctx, x, req, f)
	if err != nil {
		return nil, err
	}
	return &appv1.AppEntitlementSearchServiceSearchResponse{List: views, Expanded: x.List(), NextPageToken: token}, nil
}

// SearchAppEntitlementsForAppUser lists the live entitlements that an account holds.
func (s entitlementSearch) SearchAppEntitlementsForAppUser(
	ctx context.Context, req *appv1.AppEntitlementSearchServiceSearchAppEntitlementsForAppUserRequest,
) (*appv1.ListAppEntitlementsResponse, error) {
	return s.heldBy(ctx, req, req.GetAppId(), req.GetAppUserId())
}

func decodeEntitlementFilter(req *appv1.AppEntitlementSearchServiceSearchRequest) (read.EntitlementFilter, error) {
	f := read.EntitlementFilter{
		DisplayName: req.GetDisplayName(), Alias: req.GetAlias(), Query: req.GetQuery(), ExcludeBuiltin: req.GetExcludeImmutable(),
		OnlyExpiring: req.GetOnlyGetExpiring(), OnlyAutomated: req.GetIsAutomated(), IncludeDeleted: req.GetIncludeDeleted(),
	}
	err := NotServed(req, nil, "access_review_id")
	if err != nil {
		return f, err
	}
	var errs [15]error
	f.AppIDs, errs[0] = FilterIDs[app.ID]("appIds", req.GetAppIds())
	f.ExcludeAppIDs, errs[1] = FilterIDs[app.ID]("excludeAppIds", req.GetExcludeAppIds())
	f.TypeIDs, errs[2] = FilterIDs[app.ResourceTypeID]("resourceTypeIds", req.GetResourceTypeIds())
	f.ExcludeTypeIDs, errs[3] = FilterIDs[app.ResourceTypeID]("excludeResourceTypeIds", req.GetExcludeResourceTypeIds())
	f.Kinds, errs[4] = decodeTraits("resourceTraitIds", req.GetResourceTraitIds())
	f.ResourceIDs, errs[5] = FilterIDs[app.ResourceID]("resourceIds", req.GetResourceIds())
	f.GrantedTo, errs[6] = FilterIDs[app.AccountID]("appUserIds", req.GetAppUserIds())
	f.NotGrantedTo, errs[7] = FilterIDs[app.AccountID]("excludeAppUserIds", req.GetExcludeAppUserIds())
	f.Refs, errs[8] = EntitlementRefs("refs", req.GetRefs())
	f.ExcludeRefs, errs[9] = EntitlementRefs("excludedEntitlementRefs", req.GetExcludedEntitlementRefs())
	f.ConnectorID, errs[10] = FilterID[app.ConnectorID]("sourceConnectorId", req.GetSourceConnectorId())
	policies := make([]string, len(req.GetPolicyRefs()))
	for i, r := range req.GetPolicyRefs() {
		policies[i] = r.GetId()
	}
	f.PolicyIDs, errs[11] = FilterIDs[app.PolicyID]("policyRefs", policies)
	f.RiskIDs, errs[13] = FilterIDs[attribute.ID]("riskLevelIds", req.GetRiskLevelIds())
	f.FrameworkIDs, errs[14] = FilterIDs[attribute.ID]("complianceFrameworkIds", req.GetComplianceFrameworkIds())
	f.SchemaIDs, errs[12] = FilterIDs[app.SchemaID]("requestSchemaIds", req.GetRequestSchemaIds())
	return f, firstError(append(errs[:],
		checkMembership(req.GetMembershipType()),
		CheckText("displayName", f.DisplayName, MaxQuery), CheckText("alias", f.Alias, MaxQuery), CheckText("query", f.Query, MaxQuery))...)
}

// checkMembership refuses every way of belonging to an entitlement but the one there is: being a member, by a grant. Asking for
// that one narrows nothing.
func checkMembership(list []appv1.AppEntitlementMembershipType) error {
	names, err := EnumNames[string]("membershipType", "APP_ENTITLEMENT_MEMBERSHIP_TYPE_", list)
	if err != nil {
		return err
	}
	for _, n := range names {
		if n != "MEMBER" {
			return fault.NotServed("AppEntitlementSearchServiceSearchRequest.membershipType " + n)
		}
	}
	return nil
}

// EntitlementRefs decodes a filter of at most MaxFilter references to entitlements; both halves of each must be there.
func EntitlementRefs(field string, list []*appv1.AppEntitlementRef) ([]app.EntitlementRef, error) {
	if err := CheckList(field, len(list), MaxFilter); err != nil {
		return nil, err
	}
	var out []app.EntitlementRef
	for _, r := range list {
		a, err := refPart[app.ID](field+".appId", r.GetAppId())
		if err != nil {
			return nil, err
		}
		v, err := refPart[app.EntitlementID](field+".id", r.GetId())
		if err != nil {
			return nil, err
		}
		out = append(out, app.EntitlementRef{AppID: a, ID: v})
	}
	return out, nil
}
