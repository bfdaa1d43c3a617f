package c1

import (
	"context"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/read"
)

// resourceSearch serves c1.api.app.v1.AppResourceSearch.
type resourceSearch struct {
	appv1.UnimplementedAppResourceSearchServer
	*Deps
}

// SearchAppResourceTypes lists the live resource types that match.
func (s resourceSearch) SearchAppResourceTypes(
	ctx context.Context, req *appv1.SearchAppResourceTypesRequest,
) (*appv1.SearchAppResourceTypesResponse, error) {
	f, err := decodeResourceTypeFilter(req)
	if err != nil {
		return nil, err
	}
	if f.GrantedTo, err = s.seenAccounts(ctx, f.GrantedTo); err != nil {
		return nil, err
	}
	list, token, err := s.listResourceTypes(ctx, req, f)
	if err != nil {
		return nil, err
	}
	return &appv1.SearchAppResourceTypesResponse{List: list, NextPageToken: token}, nil
}

func decodeResourceTypeFilter(req *appv1.SearchAppResourceTypesRequest) (read.ResourceTypeFilter, error) {
	f := read.ResourceTypeFilter{DisplayName: req.GetDisplayName(), Query: req.GetQuery()}
	var errs [6]error
	f.AppIDs, errs[0] = FilterIDs[app.ID]("appIds", req.GetAppIds())
	f.IDs, errs[1] = FilterIDs[app.ResourceTypeID]("resourceTypeIds", req.GetResourceTypeIds())
	f.ExcludeIDs, errs[2] = FilterIDs[app.ResourceTypeID]("excludeResourceTypeIds", req.GetExcludeResourceTypeIds())
	f.Kinds, errs[3] = decodeTraits("resourceTypeTraitIds", req.GetResourceTypeTraitIds())
	f.ExcludeKinds, errs[4] = decodeTraits("excludeResourceTypeTraitIds", req.GetExcludeResourceTypeTraitIds())
	f.GrantedTo, errs[5] = FilterIDs[app.AccountID]("appUserIds", req.GetAppUserIds())
	return f, firstError(append(errs[:], CheckText("displayName", f.DisplayName, MaxQuery), CheckText("query", f.Query, MaxQuery))...)
}

// SearchAppResources lists the live resources that match.
func (s resourceSearch) SearchAppResources(
	ctx context.Context, req *appv1.SearchAppResourcesRequest,
) (*appv1.SearchAppResourcesResponse, error) {
	f, err := decodeResourceFilter(req)
	if err != nil {
		return nil, err
	}
	if f.GrantedTo, err = s.seenAccounts(ctx, f.GrantedTo); err != nil {
		return nil, err
	}
	if f.OwnerIDs, err = s.seenOwners(ctx, f.OwnerIDs); err != nil {
		return nil, err
	}
	list, token, err := s.listResources(ctx, req, f)
	if err != nil {
		return nil, err
	}
	return &appv1.SearchAppResourcesResponse{List: list, NextPageToken: token}, nil
}

// decodeResourceFilter reads the filters. exclude_deleted_apps and exclude_deleted_resource_bindings always hold: what is deleted,
// itself or with its app, is never listed.
func decodeResourceFilter(req *appv1.SearchAppResourcesRequest) (read.ResourceFilter, error) {
	f := read.ResourceFilter{Query: req.GetQuery(), Descending: req.GetDirection() == appv1.SortDirection_SORT_DIRECTION_DESC}
	err := NotServed(req, nil, "agent_statuses", "credential_types", "nhi_types", "secret_aging", "sort_field", "with_open_findings")
	if err != nil {
		return f, err
	}
	if _, err := EnumName[string]("direction", "SORT_DIRECTION_", req.GetDirection()); err != nil {
		return f, err
	}
	var errs [9]error
	f.AppIDs, errs[0] = appFilter(req.GetAppId(), req.GetAppIds())
	f.TypeIDs, errs[1] = FilterIDs[app.ResourceTypeID]("resourceTypeIds", req.GetResourceTypeIds())
	f.IDs, errs[2] = FilterIDs[app.ResourceID]("resourceIds", req.GetResourceIds())
	f.ExcludeIDs, errs[3] = FilterIDs[app.ResourceID]("excludeResourceIds", req.GetExcludeResourceIds())
	f.Kinds, errs[4] = decodeTraits("resourceTypeTraitIds", req.GetResourceTypeTraitIds())
	f.ExcludeKinds, errs[5] = decodeTraits("excludeResourceTypeTraitIds", req.GetExcludeResourceTypeTraitIds())
	f.GrantedTo, errs[6] = FilterIDs[app.AccountID]("appUserIds", req.GetAppUserIds())
	f.Refs, errs[7] = decodeResourceRefs(req.GetRefs())
	f.OwnerIDs, errs[8] = FilterIDs[directory.UserID]("ownerUserIds", req.GetOwnerUserIds())
	f.Unowned = req.GetUnownedOnly()
	return f, firstError(append(errs[:], CheckText("query", f.Query, MaxQuery))...)
}

// appFilter reads the two fields in which some searches take apps: both fold into one filter, as upstream documents.
func appFilter(one string, list []string) ([]app.ID, error) {
	if one != "" {
		if _, err := FilterID[app.ID]("appId", one); err != nil {
			return nil, err
		}
		list = append([]string{one}, list...)
	}
	return FilterIDs[app.ID]("appIds", list)
}

func decodeResourceRefs(list []*appv1.AppResourceRef) ([]read.TypedResourceRef, error) {
	if err := CheckList("refs", len(list), MaxFilter); err != nil {
		return nil, err
	}
	var out []read.TypedResourceRef
	for _, r := range list {
		a, err := refPart[app.ID]("refs.appId", r.GetAppId())
		if err != nil {
			return nil, err
		}
		v, err := refPart[app.ResourceID]("refs.id", r.GetId())
		if err != nil {
			return nil, err
		}
		t, err := FilterID[app.ResourceTypeID]("refs.appResourceTypeId", r.GetAppResourceTypeId())
		if err != nil {
			return nil, err
		}
		out = append(out, read.TypedResourceRef{ResourceRef: app.ResourceRef{AppID: a, ID: v}, TypeID: t})
	}
	return out, nil
}

// refPart is FilterID for one half of a reference in a filter, which must be there.
func refPart[T ~string](field, ksuid string) (T, error) {
	if ksuid == "" {
		return "", malformed(field)
	}
	return FilterID[T](field, ksuid)
}
