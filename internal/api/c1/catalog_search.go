package c1

import (
	"context"

	requestcatalogv1 "github.com/interim-access/interim/gen/c1/api/requestcatalog/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/read"
)

// catalogSearch serves c1.api.requestcatalog.v1.RequestCatalogSearchService.
type catalogSearch struct {
	requestcatalogv1.UnimplementedRequestCatalogSearchServiceServer
	*Deps
}

// SearchEntitlements lists what the caller can ask for. Whatever the caller's roles reach, it is about themselves.
func (s catalogSearch) SearchEntitlements(
	ctx context.Context, req *requestcatalogv1.RequestCatalogSearchServiceSearchEntitlementsRequest,
) (*requestcatalogv1.RequestCatalogSearchServiceSearchEntitlementsResponse, error) {
	if _, err := iam.OwnFilter(ctx); err != nil {
		return nil, err
	}
	me, err := iam.PrincipalFrom(ctx)
	if err != nil {
		return nil, err
	}
	f, err := decodeOfferFilter(req)
	if err != nil {
		return nil, err
	}
	f.User = me.UserID
	x, err := NewExpander(req.GetExpandMask().GetPaths(), entitlementPaths...)
	if err != nil {
		return nil, err
	}
	p, err := s.Page(req)
	if err != nil {
		return nil, err
	}
	found, err := s.Read.Offers(ctx, f, p.Request)
	if err != nil {
		return nil, err
	}
	shown := make([]app.Entitlement, len(found.Items))
	for i, o := range found.Items {
		shown[i] = o.Entitlement
	}
	views, err := s.entitlementViews(ctx, x, shown...)
	if err != nil {
		return nil, err
	}
	list := make([]*requestcatalogv1.AppEntitlementWithUserBindings, len(views))
	for i, o := range found.Items {
		list[i] = &requestcatalogv1.AppEntitlementWithUserBindings{Entitlement: views[i]}
		for _, g := range o.Grants {
			list[i].AppEntitlementUserBindings = append(list[i].AppEntitlementUserBindings, EncodeBinding(g.Grant, g.Sources))
		}
	}
	return &requestcatalogv1.RequestCatalogSearchServiceSearchEntitlementsResponse{
		List: list, Expanded: x.List(), NextPageToken: p.Token(found.Next),
	}, nil
}

func decodeOfferFilter(req *requestcatalogv1.RequestCatalogSearchServiceSearchEntitlementsRequest) (read.OfferFilter, error) {
	f := read.OfferFilter{
		Alias: req.GetEntitlementAlias(), Query: req.GetQuery(), AppName: req.GetAppDisplayName(), IncludeDeleted: req.GetIncludeDeleted(),
	}
	granted, err := EnumName[string]("grantedStatus", "", req.GetGrantedStatus())
	if granted == "GRANTED" || granted == "NOT_GRANTED" {
		has := granted == "GRANTED"
		f.Granted = &has
	}
	return f, firstError(err, CheckText("entitlementAlias", f.Alias, MaxQuery), CheckText("query", f.Query, MaxQuery),
		CheckText("appDisplayName", f.AppName, MaxQuery))
}
