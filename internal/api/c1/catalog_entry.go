package c1

import (
	"context"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	requestcatalogv1 "github.com/interim-access/interim/gen/c1/api/requestcatalog/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// ListAllEntitlementIdsPerApp names everything in a catalog.
//
//nolint:revive // as the contract spells it
func (s catalogs) ListAllEntitlementIdsPerApp(
	ctx context.Context, req *requestcatalogv1.RequestCatalogManagementServiceListAllEntitlementIdsPerCatalogRequest,
) (*requestcatalogv1.RequestCatalogManagementServiceListAllEntitlementIdsPerCatalogResponse, error) {
	catalogID, err := reachedCatalog(ctx, "catalogId", req.GetCatalogId())
	if err != nil {
		return nil, err
	}
	refs, err := s.Catalogs.All(ctx, catalogID)
	if err != nil {
		return nil, err
	}
	return &requestcatalogv1.RequestCatalogManagementServiceListAllEntitlementIdsPerCatalogResponse{Refs: EncodeSources(refs)}, nil
}

// ListEntitlementsPerCatalog lists what is in a catalog.
func (s catalogs) ListEntitlementsPerCatalog(
	ctx context.Context, req *requestcatalogv1.RequestCatalogManagementServiceListEntitlementsPerCatalogRequest,
) (*requestcatalogv1.RequestCatalogManagementServiceListEntitlementsPerCatalogResponse, error) {
	views, token, err := s.partOfCatalog(ctx, req, s.Catalogs.Entitlements)
	return &requestcatalogv1.RequestCatalogManagementServiceListEntitlementsPerCatalogResponse{List: views, NextPageToken: token}, err
}

// ListEntitlementsForAccess lists whose holders see a catalog.
func (s catalogs) ListEntitlementsForAccess(
	ctx context.Context, req *requestcatalogv1.RequestCatalogManagementServiceListEntitlementsForAccessRequest,
) (*requestcatalogv1.RequestCatalogManagementServiceListEntitlementsForAccessResponse, error) {
	views, token, err := s.partOfCatalog(ctx, req, s.Catalogs.Audience)
	return &requestcatalogv1.RequestCatalogManagementServiceListEntitlementsForAccessResponse{List: views, NextPageToken: token}, err
}

type pagedInCatalog interface {
	Paged
	GetCatalogId() string
}

func (s catalogs) partOfCatalog(
	ctx context.Context, req pagedInCatalog,
	list func(context.Context, catalog.ID, page.Request) (page.Page[app.Entitlement], error),
) ([]*appv1.AppEntitlementView, string, error) {
	catalogID, err := reachedCatalog(ctx, "catalogId", req.GetCatalogId())
	if err != nil {
		return nil, "", err
	}
	p, err := s.Page(req)
	if err != nil {
		return nil, "", err
	}
	found, err := list(ctx, catalogID, p.Request)
	if err != nil {
		return nil, "", err
	}
	views, err := s.entitlementViews(ctx, nil, found.Items...)
	return views, p.Token(found.Next), err
}

// UpdateAppEntitlements makes the entitlements the whole of a catalog.
func (s catalogs) UpdateAppEntitlements(
	ctx context.Context, req *requestcatalogv1.RequestCatalogManagementServiceUpdateAppEntitlementsRequest,
) (*requestcatalogv1.RequestCatalogManagementServiceUpdateAppEntitlementsResponse, error) {
	err := changeCatalog(ctx, req.GetCatalogId(), "appEntitlements", req.GetAppEntitlements(), s.Catalogs.Replace)
	return &requestcatalogv1.RequestCatalogManagementServiceUpdateAppEntitlementsResponse{}, err
}

// AddAppEntitlements puts entitlements into a catalog. Nobody is enrolled, so that there is nobody to make requests for.
func (s catalogs) AddAppEntitlements(
	ctx context.Context, req *requestcatalogv1.RequestCatalogManagementServiceAddAppEntitlementsRequest,
) (*requestcatalogv1.RequestCatalogManagementServiceAddAppEntitlementsResponse, error) {
	err := changeCatalog(ctx, req.GetCatalogId(), "appEntitlements", req.GetAppEntitlements(), s.Catalogs.Add)
	return &requestcatalogv1.RequestCatalogManagementServiceAddAppEntitlementsResponse{}, err
}

// RemoveAppEntitlements takes entitlements out of a catalog.
func (s catalogs) RemoveAppEntitlements(
	ctx context.Context, req *requestcatalogv1.RequestCatalogManagementServiceRemoveAppEntitlementsRequest,
) (*requestcatalogv1.RequestCatalogManagementServiceRemoveAppEntitlementsResponse, error) {
	err := changeCatalog(ctx, req.GetCatalogId(), "appEntitlements", req.GetAppEntitlements(),
		func(ctx context.Context, c catalog.ID, refs []app.EntitlementRef) error {
			_, err := s.Catalogs.Remove(ctx, c, refs)
			return err
		})
	return &requestcatalogv1.RequestCatalogManagementServiceRemoveAppEntitlementsResponse{}, err
}

// AddAccessEntitlements lets the holders of entitlements see a catalog.
func (s catalogs) AddAccessEntitlements(
	ctx context.Context, req *requestcatalogv1.RequestCatalogManagementServiceAddAccessEntitlementsRequest,
) (*requestcatalogv1.RequestCatalogManagementServiceAddAccessEntitlementsResponse, error) {
	err := changeCatalog(ctx, req.GetCatalogId(), "accessEntitlements", req.GetAccessEntitlements(), s.Catalogs.AddAudience)
	return &requestcatalogv1.RequestCatalogManagementServiceAddAccessEntitlementsResponse{}, err
}

// RemoveAccessEntitlements takes entitlements out of the audience of a catalog.
func (s catalogs) RemoveAccessEntitlements(
	ctx context.Context, req *requestcatalogv1.RequestCatalogManagementServiceRemoveAccessEntitlementsRequest,
) (*requestcatalogv1.RequestCatalogManagementServiceRemoveAccessEntitlementsResponse, error) {
	err := changeCatalog(ctx, req.GetCatalogId(), "accessEntitlements", req.GetAccessEntitlements(), s.Catalogs.RemoveAudience)
	return &requestcatalogv1.RequestCatalogManagementServiceRemoveAccessEntitlementsResponse{}, err
}

func changeCatalog(
	ctx context.Context, ksuid, field string, list []*appv1.AppEntitlementRef,
	change func(context.Context, catalog.ID, []app.EntitlementRef) error,
) error {
	catalogID, err := reachedCatalog(ctx, "catalogId", ksuid)
	if err != nil {
		return err
	}
	refs, err := EntitlementRefs(field, list)
	if err != nil {
		return err
	}
	return change(ctx, catalogID, refs)
}

// entryName are the ids in the path of an operation on one entitlement of a catalog.
type entryName interface {
	GetCatalogId() string
	GetAppId() string
	GetEntitlementId() string
}

func decodeEntry(ctx context.Context, req entryName) (catalogID catalog.ID, ref app.EntitlementRef, err error) {
	if catalogID, err = reachedCatalog(ctx, "catalogId", req.GetCatalogId()); err != nil {
		return "", ref, err
	}
	if ref.AppID, err = ID[app.ID]("appId", "app", req.GetAppId()); err != nil {
		return "", ref, err
	}
	ref.ID, err = ID[app.EntitlementID]("entitlementId", "entitlement", req.GetEntitlementId())
	return catalogID, ref, err
}

func encodeEntry(catalogID catalog.ID, ref app.EntitlementRef) *requestcatalogv1.RequestableEntry {
	return &requestcatalogv1.RequestableEntry{CatalogId: KSUID(catalogID), AppId: KSUID(ref.AppID), EntitlementId: KSUID(ref.ID)}
}

// GetRequestableEntry says whether an entitlement is in a catalog.
func (s catalogs) GetRequestableEntry(
	ctx context.Context, req *requestcatalogv1.RequestCatalogManagementServiceGetRequestableEntryRequest,
) (*requestcatalogv1.RequestCatalogManagementServiceGetRequestableEntryResponse, error) {
	catalogID, ref, err := decodeEntry(ctx, req)
	if err != nil {
		return nil, err
	}
	there, err := s.Catalogs.Has(ctx, catalogID, ref)
	if err == nil && !there {
		err = fault.Missing("entry", req.GetEntitlementId())
	}
	if err != nil {
		return nil, err
	}
	return &requestcatalogv1.RequestCatalogManagementServiceGetRequestableEntryResponse{RequestableEntry: encodeEntry(catalogID, ref)}, nil
}

// CreateRequestableEntry puts an entitlement into a catalog.
func (s catalogs) CreateRequestableEntry(
	ctx context.Context, req *requestcatalogv1.RequestCatalogManagementServiceCreateRequestableEntryRequest,
) (*requestcatalogv1.RequestCatalogManagementServiceCreateRequestableEntryResponse, error) {
	catalogID, ref, err := decodeEntry(ctx, req)
	if err != nil {
		return nil, err
	}
	if err := s.Catalogs.Add(ctx, catalogID, []app.EntitlementRef{ref}); err != nil {
		return nil, err
	}
	return &requestcatalogv1.RequestCatalogManagementServiceCreateRequestableEntryResponse{RequestableEntry: encodeEntry(catalogID, ref)}, nil
}

// DeleteRequestableEntry takes an entitlement out of a catalog.
func (s catalogs) DeleteRequestableEntry(
	ctx context.Context, req *requestcatalogv1.RequestCatalogManagementServiceDeleteRequestableEntryRequest,
) (*requestcatalogv1.RequestCatalogManagementServiceDeleteRequestableEntryResponse, error) {
	catalogID, ref, err := decodeEntry(ctx, req)
	if err != nil {
		return nil, err
	}
	n, err := s.Catalogs.Remove(ctx, catalogID, []app.EntitlementRef{ref})
	if err == nil && n == 0 {
		err = fault.Missing("entry", req.GetEntitlementId())
	}
	if err != nil {
		return nil, err
	}
	return &requestcatalogv1.RequestCatalogManagementServiceDeleteRequestableEntryResponse{}, nil
}
