package c1

import (
	"context"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
)

// ownersOfEntitlement serves c1.api.app.v1.AppEntitlementOwners.
type ownersOfEntitlement struct {
	appv1.UnimplementedAppEntitlementOwnersServer
	*Deps
}

// ListOwnerIDs lists the ids of who owns it now.
func (s ownersOfEntitlement) ListOwnerIDs(
	ctx context.Context, r *appv1.ListAppEntitlementOwnerIDsRequest,
) (*appv1.ListAppEntitlementOwnerIDsResponse, error) {
	ids, err := s.ownerIDs(ctx, ownedEntitlement(ctx, r))
	return &appv1.ListAppEntitlementOwnerIDsResponse{UserIds: ids}, err
}

// List lists who owns it now.
func (s ownersOfEntitlement) List(
	ctx context.Context, r *appv1.ListAppEntitlementOwnersRequest,
) (*appv1.ListAppEntitlementOwnersResponse, error) {
	list, next, err := s.listOwnersV1(ctx, ownedEntitlement(ctx, r), r)
	return &appv1.ListAppEntitlementOwnersResponse{List: list, NextPageToken: next}, err
}

// Set makes exactly these users the primary owners.
func (s ownersOfEntitlement) Set(
	ctx context.Context, r *appv1.SetAppEntitlementOwnersRequest,
) (*appv1.SetAppEntitlementOwnersResponse, error) {
	return &appv1.SetAppEntitlementOwnersResponse{}, s.setOwnersV1(ctx, ownedEntitlement(ctx, r), r)
}

// Add makes a user a primary owner.
func (s ownersOfEntitlement) Add(
	ctx context.Context, r *appv1.AddAppEntitlementOwnerRequest,
) (*appv1.AddAppEntitlementOwnerResponse, error) {
	return &appv1.AddAppEntitlementOwnerResponse{}, s.addOwnerV1(ctx, ownedEntitlement(ctx, r), r)
}

// Remove takes a user off the primary owners.
func (s ownersOfEntitlement) Remove(
	ctx context.Context, r *appv1.RemoveAppEntitlementOwnerRequest,
) (*appv1.RemoveAppEntitlementOwnerResponse, error) {
	return &appv1.RemoveAppEntitlementOwnerResponse{}, s.removeOwnerV1(ctx, ownedEntitlement(ctx, r), r)
}

// Delete takes everybody off the primary owners.
func (s ownersOfEntitlement) Delete(
	ctx context.Context, r *appv1.DeleteAppEntitlementOwnersRequest,
) (*appv1.DeleteAppEntitlementOwnersResponse, error) {
	return &appv1.DeleteAppEntitlementOwnersResponse{}, s.deleteOwnersV1(ctx, ownedEntitlement(ctx, r), nil)
}
