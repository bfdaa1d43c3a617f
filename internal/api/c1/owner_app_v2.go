package c1

import (
	"context"

	appv2 "github.com/interim-access/interim/gen/c1/api/app/v2"
)

// appOwnersV2 serves c1.api.app.v2.AppOwners.
type appOwnersV2 struct {
	appv2.UnimplementedAppOwnersServer
	*Deps
}

// Set makes exactly these the owners of an app under a role.
func (s appOwnersV2) Set(
	ctx context.Context, r *appv2.SetAppOwnersRequest,
) (*appv2.SetAppOwnersResponse, error) {
	return &appv2.SetAppOwnersResponse{}, s.setOwners(ctx, ownedApp(ctx, r), r)
}

// CreateUserOwner makes a user an owner.
func (s appOwnersV2) CreateUserOwner(
	ctx context.Context, r *appv2.CreateAppUserOwnerRequest,
) (*appv2.CreateAppUserOwnerResponse, error) {
	v, err := s.createUserOwner(ctx, ownedApp(ctx, r), r)
	return &appv2.CreateAppUserOwnerResponse{AppOwnerUser: appOwnerUser(v)}, err
}

// GetUserOwner reads a user named as owner.
func (s appOwnersV2) GetUserOwner(
	ctx context.Context, r *appv2.GetAppUserOwnerRequest,
) (*appv2.GetAppUserOwnerResponse, error) {
	v, err := s.getUserOwner(ctx, ownedApp(ctx, r), r)
	return &appv2.GetAppUserOwnerResponse{AppOwnerUser: appOwnerUser(v)}, err
}

// DeleteUserOwner takes a user off the owners.
func (s appOwnersV2) DeleteUserOwner(
	ctx context.Context, r *appv2.DeleteAppUserOwnerRequest,
) (*appv2.DeleteAppUserOwnerResponse, error) {
	return &appv2.DeleteAppUserOwnerResponse{}, s.deleteUserOwner(ctx, ownedApp(ctx, r), r)
}

// SearchUserOwners lists the users named as owners.
func (s appOwnersV2) SearchUserOwners(
	ctx context.Context, r *appv2.SearchAppUserOwnersRequest,
) (*appv2.SearchAppUserOwnersResponse, error) {
	list, next, err := s.listUserOwners(ctx, ownedApp(ctx, r), r)
	return &appv2.SearchAppUserOwnersResponse{List: all(list, appOwnerUser), NextPageToken: next}, err
}

// CreateEntitlementOwner makes an entitlement's holders owners.
func (s appOwnersV2) CreateEntitlementOwner(
	ctx context.Context, r *appv2.CreateAppEntitlementOwnerRequest,
) (*appv2.CreateAppEntitlementOwnerResponse, error) {
	v, err := s.createEntitlementOwner(ctx, ownedApp(ctx, r), r)
	return &appv2.CreateAppEntitlementOwnerResponse{AppOwnerEntitlement: appOwnerEntitlement(v)}, err
}

// GetEntitlementOwner reads an entitlement whose holders are owners.
func (s appOwnersV2) GetEntitlementOwner(
	ctx context.Context, r *appv2.GetAppEntitlementOwnerRequest,
) (*appv2.GetAppEntitlementOwnerResponse, error) {
	v, err := s.getEntitlementOwner(ctx, ownedApp(ctx, r), r)
	return &appv2.GetAppEntitlementOwnerResponse{AppOwnerEntitlement: appOwnerEntitlement(v)}, err
}

// DeleteEntitlementOwner takes an entitlement off the owners.
func (s appOwnersV2) DeleteEntitlementOwner(
	ctx context.Context, r *appv2.DeleteAppEntitlementOwnerRequest,
) (*appv2.DeleteAppEntitlementOwnerResponse, error) {
	return &appv2.DeleteAppEntitlementOwnerResponse{}, s.deleteEntitlementOwner(ctx, ownedApp(ctx, r), r)
}

// SearchEntitlementOwners lists the entitlements whose holders are owners.
func (s appOwnersV2) SearchEntitlementOwners(
	ctx context.Context, r *appv2.SearchAppEntitlementOwnersRequest,
) (*appv2.SearchAppEntitlementOwnersResponse, error) {
	list, next, err := s.listEntitlementOwners(ctx, ownedApp(ctx, r), r)
	return &appv2.SearchAppEntitlementOwnersResponse{List: all(list, appOwnerEntitlement), NextPageToken: next}, err
}

func appOwnerUser(v userOwner) *appv2.AppOwnerUser {
	return &appv2.AppOwnerUser{
		AppId:    KSUID(v.App),
		RoleSlug: v.Role, CreatedAt: Moment(v.CreatedAt), User: v.user,
	}
}

func appOwnerEntitlement(v entitlementOwner) *appv2.AppOwnerEntitlement {
	return &appv2.AppOwnerEntitlement{
		AppId:    KSUID(v.App),
		RoleSlug: v.Role, CreatedAt: Moment(v.CreatedAt), AppEntitlement: v.entitlement,
	}
}
