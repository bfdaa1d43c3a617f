package c1

import (
	"context"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	requestschemav1 "github.com/interim-access/interim/gen/c1/api/request_schema/v1"
	"github.com/interim-access/interim/internal/govern/app"
)

// FindBindingForAppEntitlement says which form an entitlement was given. cone asks it of every entitlement and takes an error as
// trouble, so that none is an answer, not an error.
func (s requestSchemas) FindBindingForAppEntitlement(
	ctx context.Context, req *requestschemav1.RequestSchemaServiceFindBindingForAppEntitlementRequest,
) (*requestschemav1.RequestSchemaServiceFindBindingForAppEntitlementResponse, error) {
	if err := readable(ctx); err != nil {
		return nil, err
	}
	refs, err := EntitlementRefs("entitlementRef", []*appv1.AppEntitlementRef{req.GetEntitlementRef()})
	if err != nil {
		return nil, err
	}
	found, err := app.ManyEntitlements(s.DB.Q(ctx), refs)
	if err != nil {
		return nil, err
	}
	out := &requestschemav1.RequestSchemaServiceFindBindingForAppEntitlementResponse{EntitlementRef: req.GetEntitlementRef()}
	for _, e := range found {
		if e.DeletedAt.IsZero() {
			out.RequestSchemaId = KSUID(e.RequestSchemaID)
		}
	}
	return out, nil
}

// CreateEntitlementBinding has an entitlement ask with a form.
func (s requestSchemas) CreateEntitlementBinding(
	ctx context.Context, req *requestschemav1.RequestSchemaServiceCreateEntitlementBindingRequest,
) (*requestschemav1.RequestSchemaServiceCreateEntitlementBindingResponse, error) {
	ref, err := boundEntitlement(ctx, req.GetEntitlementRef())
	if err != nil {
		return nil, err
	}
	schemaID, err := refID[app.SchemaID]("requestSchemaId", req.GetRequestSchemaId())
	if err == nil && schemaID == "" {
		err = malformed("requestSchemaId")
	}
	if err != nil {
		return nil, err
	}
	if err := s.Catalogs.Bind(ctx, ref, schemaID); err != nil {
		return nil, err
	}
	return &requestschemav1.RequestSchemaServiceCreateEntitlementBindingResponse{
		EntitlementRef: req.GetEntitlementRef(), RequestSchemaId: req.GetRequestSchemaId(),
	}, nil
}

// RemoveEntitlementBinding takes the form from an entitlement.
func (s requestSchemas) RemoveEntitlementBinding(
	ctx context.Context, req *requestschemav1.RequestSchemaServiceRemoveEntitlementBindingRequest,
) (*requestschemav1.RequestSchemaServiceRemoveEntitlementBindingResponse, error) {
	ref, err := boundEntitlement(ctx, req.GetEntitlementRef())
	if err != nil {
		return nil, err
	}
	schemaID, err := OptionalID[app.SchemaID]("requestSchemaId", "request schema", req.GetRequestSchemaId())
	if err != nil {
		return nil, err
	}
	if err := s.Catalogs.Unbind(ctx, ref, schemaID); err != nil {
		return nil, err
	}
	return &requestschemav1.RequestSchemaServiceRemoveEntitlementBindingResponse{}, nil
}

// boundEntitlement reads which entitlement is meant; its owners may choose its form as they choose its other settings.
func boundEntitlement(ctx context.Context, r *appv1.AppEntitlementRef) (app.EntitlementRef, error) {
	ref, err := entitlementName("entitlementRef.", r.GetAppId(), r.GetId())
	if err != nil {
		return ref, err
	}
	return ref, requireEntitlement(ctx, ref)
}
