package c1

import (
	"context"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
)

// resourceOwners serves c1.api.app.v1.AppResourceOwners.
type resourceOwners struct {
	appv1.UnimplementedAppResourceOwnersServer
	*Deps
}

// ListOwnerIDs lists the ids of who owns it now.
func (s resourceOwners) ListOwnerIDs(
	ctx context.Context, r *appv1.ListAppResourceOwnerIDsRequest,
) (*appv1.ListAppResourceOwnerIDsResponse, error) {
	ids, err := s.ownerIDs(ctx, s.ownedResource(ctx, r))
	return &appv1.ListAppResourceOwnerIDsResponse{UserIds: ids}, err
}

// List lists who owns it now.
func (s resourceOwners) List(
	ctx context.Context, r *appv1.ListAppResourceOwnersRequest,
) (*appv1.ListAppResourceOwnersResponse, error) {
	list, next, err := s.listOwnersV1(ctx, s.ownedResource(ctx, r), r)
	return &appv1.ListAppResourceOwnersResponse{List: list, NextPageToken: next}, err
}

// Set makes exactly these users the primary owners.
func (s resourceOwners) Set(
	ctx context.Context, r *appv1.SetAppResourceOwnersRequest,
) (*appv1.SetAppResourceOwnersResponse, error) {
	return &appv1.SetAppResourceOwnersResponse{}, s.setOwnersV1(ctx, s.ownedResource(ctx, r), r)
}

// Add makes a user a primary owner.
func (s resourceOwners) Add(
	ctx context.Context, r *appv1.AddAppResourceOwnerRequest,
) (*appv1.AddAppResourceOwnerResponse, error) {
	return &appv1.AddAppResourceOwnerResponse{}, s.addOwnerV1(ctx, s.ownedResource(ctx, r), r)
}

// Remove takes a user off the primary owners.
func (s resourceOwners) Remove(
	ctx context.Context, r *appv1.RemoveAppResourceOwnerRequest,
) (*appv1.RemoveAppResourceOwnerResponse, error) {
	return &appv1.RemoveAppResourceOwnerResponse{}, s.removeOwnerV1(ctx, s.ownedResource(ctx, r), r)
}

// Delete takes everybody off the primary owners.
func (s resourceOwners) Delete(
	ctx context.Context, r *appv1.DeleteAppResourceOwnersRequest,
) (*appv1.DeleteAppResourceOwnersResponse, error) {
	return &appv1.DeleteAppResourceOwnersResponse{}, s.deleteOwnersV1(ctx, s.ownedResource(ctx, r), nil)
}
