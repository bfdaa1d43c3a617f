//nolint:dupl // Two services of one shape, over types of their own.
package c1

import (
	"context"

	appv2 "github.com/interim-access/interim/gen/c1/api/app/v2"
)

// entitlementOwnersV2 serves c1.api.app.v2.AppEntitlementOwners.
type entitlementOwnersV2 struct {
	appv2.UnimplementedAppEntitlementOwnersServer
	*Deps
}

// Set makes exactly these the owners of an entitlement under a role.
func (s entitlementOwnersV2) Set(
	ctx context.Context, r *appv2.SetAppEntitlementOwnersRequest,
) (*appv2.SetAppEntitlementOwnersResponse, error) {
	return &appv2.SetAppEntitlementOwnersResponse{}, s.setOwners(ctx, ownedEntitlement(ctx, r), r)
}

// CreateUserOwner makes a user an owner.
func (s entitlementOwnersV2) CreateUserOwner(
	ctx context.Context, r *appv2.CreateAppEntitlementUserOwnerRequest,
) (*appv2.CreateAppEntitlementUserOwnerResponse, error) {
	v, err := s.createUserOwner(ctx, ownedEntitlement(ctx, r), r)
	return &appv2.CreateAppEntitlementUserOwnerResponse{AppEntitlementOwnerUser: appEntitlementOwnerUser(v)}, err
}

// GetUserOwner reads a user named as owner.
func (s entitlementOwnersV2) GetUserOwner(
	ctx context.Context, r *appv2.GetAppEntitlementUserOwnerRequest,
) (*appv2.GetAppEntitlementUserOwnerResponse, error) {
	v, err := s.getUserOwner(ctx, ownedEntitlement(ctx, r), r)
	return &appv2.GetAppEntitlementUserOwnerResponse{AppEntitlementOwnerUser: appEntitlementOwnerUser(v)}, err
}

// DeleteUserOwner takes a user off the owners.
func (s entitlementOwnersV2) DeleteUserOwner(
	ctx context.Context, r *appv2.DeleteAppEntitlementUserOwnerRequest,
) (*appv2.DeleteAppEntitlementUserOwnerResponse, error) {
	return &appv2.DeleteAppEntitlementUserOwnerResponse{}, s.deleteUserOwner(ctx, ownedEntitlement(ctx, r), r)
}

// SearchUserOwners lists the users named as owners.
func (s entitlementOwnersV2) SearchUserOwners(
	ctx context.Context, r *appv2.SearchAppEntitlementUserOwnersRequest,
) (*appv2.SearchAppEntitlementUserOwnersResponse, error) {
	list, next, err := s.listUserOwners(ctx, ownedEntitlement(ctx, r), r)
	return &appv2.SearchAppEntitlementUserOwnersResponse{List: all(list, appEntitlementOwnerUser), NextPageToken: next}, err
}

// CreateEntitlementOwner makes an entitlement's holders owners.
func (s entitlementOwnersV2) CreateEntitlementOwner(
	ctx context.Context, r *appv2.CreateAppEntitlementEntitlementOwnerRequest,
) (*appv2.CreateAppEntitlementEntitlementOwnerResponse, error) {
	v, err := s.createEntitlementOwner(ctx, ownedEntitlement(ctx, r), r)
	return &appv2.CreateAppEntitlementEntitlementOwnerResponse{AppEntitlementOwnerEntitlement: appEntitlementOwnerEntitlement(v)}, err
}

// GetEntitlementOwner reads an entitlement whose holders are owners.
func (s entitlementOwnersV2) GetEntitlementOwner(
	ctx context.Context, r *appv2.GetAppEntitlementEntitlementOwnerRequest,
) (*appv2.GetAppEntitlementEntitlementOwnerResponse, error) {
	v, err := s.getEntitlementOwner(ctx, ownedEntitlement(ctx, r), r)
	return &appv2.GetAppEntitlementEntitlementOwnerResponse{AppEntitlementOwnerEntitlement: appEntitlementOwnerEntitlement(v)}, err
}

// DeleteEntitlementOwner takes an entitlement off the owners.
func (s entitlementOwnersV2) DeleteEntitlementOwner(
	ctx context.Context, r *appv2.DeleteAppEntitlementEntitlementOwnerRequest,
) (*appv2.DeleteAppEntitlementEntitlementOwnerResponse, error) {
	return &appv2.DeleteAppEntitlementEntitlementOwnerResponse{}, s.deleteEntitlementOwner(ctx, ownedEntitlement(ctx, r), r)
}

// SearchEntitlementOwners lists the entitlements whose holders are owners.
func (s entitlementOwnersV2) SearchEntitlementOwners(
	ctx context.Context, r *appv2.SearchAppEntitlementEntitlementOwnersRequest,
) (*appv2.SearchAppEntitlementEntitlementOwnersResponse, error) {
	list, next, err := s.listEntitlementOwners(ctx, ownedEntitlement(ctx, r), r)
	return &appv2.SearchAppEntitlementEntitlementOwnersResponse{List: all(list, appEntitlementOwnerEntitlement), NextPageToken: next}, err
}

func appEntitlementOwnerUser(v userOwner) *appv2.AppEntitlementOwnerUser {
	return &appv2.AppEntitlementOwnerUser{
		AppId: KSUID(v.App), EntitlementId: KSUID(v.ID),
		RoleSlug: v.Role, CreatedAt: Moment(v.CreatedAt), User: v.user,
	}
}

func appEntitlementOwnerEntitlement(v entitlementOwner) *appv2.AppEntitlementOwnerEntitlement {
	return &appv2.AppEntitlementOwnerEntitlement{
		AppId: KSUID(v.App), EntitlementId: KSUID(v.ID),
		RoleSlug: v.Role, CreatedAt: Moment(v.CreatedAt), AppEntitlement: v.entitlement,
	}
}
