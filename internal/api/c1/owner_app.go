package c1

import (
	"context"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
)

// appOwners serves c1.api.app.v1.AppOwners.
type appOwners struct {
	appv1.UnimplementedAppOwnersServer
	*Deps
}

// ListOwnerIDs lists the ids of who owns it now.
func (s appOwners) ListOwnerIDs(
	ctx context.Context, r *appv1.ListAppOwnerIDsRequest,
) (*appv1.ListAppOwnerIDsResponse, error) {
	ids, err := s.ownerIDs(ctx, ownedApp(ctx, r))
	return &appv1.ListAppOwnerIDsResponse{UserIds: ids}, err
}

// List lists who owns it now.
func (s appOwners) List(
	ctx context.Context, r *appv1.ListAppOwnersRequest,
) (*appv1.ListAppOwnersResponse, error) {
	list, next, err := s.listOwnersV1(ctx, ownedApp(ctx, r), r)
	return &appv1.ListAppOwnersResponse{List: list, NextPageToken: next}, err
}

// Set makes exactly these users the primary owners.
func (s appOwners) Set(
	ctx context.Context, r *appv1.SetAppOwnersRequest,
) (*appv1.SetAppOwnersResponse, error) {
	return &appv1.SetAppOwnersResponse{}, s.setOwnersV1(ctx, ownedApp(ctx, r), r)
}

// Add makes a user a primary owner.
func (s appOwners) Add(
	ctx context.Context, r *appv1.AddAppOwnerRequest,
) (*appv1.AddAppOwnerResponse, error) {
	return &appv1.AddAppOwnerResponse{}, s.addOwnerV1(ctx, ownedApp(ctx, r), r)
}

// Remove takes a user off the primary owners.
func (s appOwners) Remove(
	ctx context.Context, r *appv1.RemoveAppOwnerRequest,
) (*appv1.RemoveAppOwnerResponse, error) {
	return &appv1.RemoveAppOwnerResponse{}, s.removeOwnerV1(ctx, ownedApp(ctx, r), r)
}

// Delete takes users, or everybody, off the primary owners.
func (s appOwners) Delete(
	ctx context.Context, r *appv1.DeleteAppOwnersRequest,
) (*appv1.DeleteAppOwnersResponse, error) {
	return &appv1.DeleteAppOwnersResponse{}, s.deleteOwnersV1(ctx, ownedApp(ctx, r), r.GetUserIds())
}
