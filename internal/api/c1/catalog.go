package c1

import (
	"context"

	requestcatalogv1 "github.com/interim-access/interim/gen/c1/api/requestcatalog/v1"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/iam"
)

// catalogs serves c1.api.requestcatalog.v1.RequestCatalogManagementService: here the catalogs themselves; what is in them, and whom
// they enroll, is served beside it.
type catalogs struct {
	requestcatalogv1.UnimplementedRequestCatalogManagementServiceServer
	*Deps
}

type catalogReply = requestcatalogv1.RequestCatalogManagementServiceGetResponse

// List lists the live catalogs.
func (s catalogs) List(
	ctx context.Context, req *requestcatalogv1.RequestCatalogManagementServiceListRequest,
) (*requestcatalogv1.RequestCatalogManagementServiceListResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	p, err := s.Page(req)
	if err != nil {
		return nil, err
	}
	found, err := s.Catalogs.List(ctx, catalog.Filter{}, p.Request)
	if err != nil {
		return nil, err
	}
	views, err := s.catalogViews(ctx, nil, found.Items...)
	if err != nil {
		return nil, err
	}
	return &requestcatalogv1.RequestCatalogManagementServiceListResponse{List: views, NextPageToken: p.Token(found.Next)}, nil
}

// Create makes a catalog.
func (s catalogs) Create(
	ctx context.Context, req *requestcatalogv1.RequestCatalogManagementServiceCreateRequest,
) (*catalogReply, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	x, err := NewExpander(req.GetExpandMask().GetPaths(), catalogPaths...)
	if err != nil {
		return nil, err
	}
	c, err := decodeNewCatalog(req)
	if err != nil {
		return nil, err
	}
	if c, err = s.Catalogs.Create(ctx, c); err != nil {
		return nil, err
	}
	return s.showCatalog(ctx, x, c)
}

// Get reads a catalog, a deleted one too.
func (s catalogs) Get(ctx context.Context, req *requestcatalogv1.RequestCatalogManagementServiceGetRequest) (*catalogReply, error) {
	catalogID, err := reachedCatalog(ctx, "id", req.GetId())
	if err != nil {
		return nil, err
	}
	c, err := s.Catalogs.Get(ctx, catalogID)
	if err != nil {
		return nil, err
	}
	return s.showCatalog(ctx, nil, c)
}

// Update writes what the mask names.
func (s catalogs) Update(ctx context.Context, req *requestcatalogv1.RequestCatalogManagementServiceUpdateRequest) (*catalogReply, error) {
	catalogID, err := reachedCatalog(ctx, "catalog.id", req.GetCatalog().GetId())
	if err != nil {
		return nil, err
	}
	m, err := UpdateMask("catalog", req.GetCatalog(), req.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	x, err := NewExpander(req.GetExpandMask().GetPaths(), catalogPaths...)
	if err != nil {
		return nil, err
	}
	change, err := decodeCatalogChange(req.GetCatalog(), m)
	if err != nil {
		return nil, err
	}
	c, err := s.Catalogs.Update(ctx, catalogID, change)
	if err != nil {
		return nil, err
	}
	return s.showCatalog(ctx, x, c)
}

// Delete deletes a catalog.
func (s catalogs) Delete(
	ctx context.Context, req *requestcatalogv1.RequestCatalogManagementServiceDeleteRequest,
) (*requestcatalogv1.RequestCatalogManagementServiceDeleteResponse, error) {
	catalogID, err := reachedCatalog(ctx, "id", req.GetId())
	if err != nil {
		return nil, err
	}
	if err := s.Catalogs.Delete(ctx, catalogID); err != nil {
		return nil, err
	}
	return &requestcatalogv1.RequestCatalogManagementServiceDeleteResponse{}, nil
}

// reachedCatalog reads which catalog is meant. A catalog belongs to nobody: it takes a permission for all.
func reachedCatalog(ctx context.Context, field, ksuid string) (catalog.ID, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return "", err
	}
	return ID[catalog.ID](field, "catalog", ksuid)
}

func (d *Deps) showCatalog(ctx context.Context, x *Expander, c catalog.Catalog) (*catalogReply, error) {
	views, err := d.catalogViews(ctx, x, c)
	if err != nil {
		return nil, err
	}
	if views[0].MemberCount, err = d.Catalogs.Members(ctx, c); err != nil {
		return nil, err
	}
	return &catalogReply{RequestCatalogView: views[0], Expanded: x.List()}, nil
}
