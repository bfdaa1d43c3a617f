package c1

import (
	"context"

	appv2 "github.com/interim-access/interim/gen/c1/api/app/v2"
)

// accountOwnersV2 serves c1.api.app.v2.AppUserOwnersV2.
type accountOwnersV2 struct {
	appv2.UnimplementedAppUserOwnersV2Server
	*Deps
}

// Set makes exactly these the owners of an account under a role.
func (s accountOwnersV2) Set(
	ctx context.Context, r *appv2.SetAppUserOwnersV2Request,
) (*appv2.SetAppUserOwnersV2Response, error) {
	return &appv2.SetAppUserOwnersV2Response{}, s.setOwners(ctx, ownedAccount(ctx, r), r)
}

// CreateUserOwner makes a user an owner.
func (s accountOwnersV2) CreateUserOwner(
	ctx context.Context, r *appv2.CreateAppUserUserOwnerRequest,
) (*appv2.CreateAppUserUserOwnerResponse, error) {
	v, err := s.createUserOwner(ctx, ownedAccount(ctx, r), r)
	return &appv2.CreateAppUserUserOwnerResponse{AppUserOwnerUser: appUserOwnerUser(v)}, err
}

// DeleteUserOwner takes a user off the owners.
func (s accountOwnersV2) DeleteUserOwner(
	ctx context.Context, r *appv2.DeleteAppUserUserOwnerRequest,
) (*appv2.DeleteAppUserUserOwnerResponse, error) {
	return &appv2.DeleteAppUserUserOwnerResponse{}, s.deleteUserOwner(ctx, ownedAccount(ctx, r), r)
}

// SearchUserOwners lists the users named as owners.
func (s accountOwnersV2) SearchUserOwners(
	ctx context.Context, r *appv2.SearchAppUserUserOwnersRequest,
) (*appv2.SearchAppUserUserOwnersResponse, error) {
	list, next, err := s.listUserOwners(ctx, ownedAccount(ctx, r), r)
	return &appv2.SearchAppUserUserOwnersResponse{List: all(list, appUserOwnerUser), NextPageToken: next}, err
}

// CreateEntitlementOwner makes an entitlement's holders owners.
func (s accountOwnersV2) CreateEntitlementOwner(
	ctx context.Context, r *appv2.CreateAppUserEntitlementOwnerRequest,
) (*appv2.CreateAppUserEntitlementOwnerResponse, error) {
	v, err := s.createEntitlementOwner(ctx, ownedAccount(ctx, r), r)
	return &appv2.CreateAppUserEntitlementOwnerResponse{AppUserOwnerEntitlement: appUserOwnerEntitlement(v)}, err
}

// DeleteEntitlementOwner takes an entitlement off the owners.
func (s accountOwnersV2) DeleteEntitlementOwner(
	ctx context.Context, r *appv2.DeleteAppUserEntitlementOwnerRequest,
) (*appv2.DeleteAppUserEntitlementOwnerResponse, error) {
	return &appv2.DeleteAppUserEntitlementOwnerResponse{}, s.deleteEntitlementOwner(ctx, ownedAccount(ctx, r), r)
}

// SearchEntitlementOwners lists the entitlements whose holders are owners.
func (s accountOwnersV2) SearchEntitlementOwners(
	ctx context.Context, r *appv2.SearchAppUserEntitlementOwnersRequest,
) (*appv2.SearchAppUserEntitlementOwnersResponse, error) {
	list, next, err := s.listEntitlementOwners(ctx, ownedAccount(ctx, r), r)
	return &appv2.SearchAppUserEntitlementOwnersResponse{List: all(list, appUserOwnerEntitlement), NextPageToken: next}, err
}

func appUserOwnerUser(v userOwner) *appv2.AppUserOwnerUser {
	return &appv2.AppUserOwnerUser{
		AppId: KSUID(v.App), UserId: KSUID(v.ID),
		RoleSlug: v.Role, CreatedAt: Moment(v.CreatedAt), User: v.user,
	}
}

func appUserOwnerEntitlement(v entitlementOwner) *appv2.AppUserOwnerEntitlement {
	return &appv2.AppUserOwnerEntitlement{
		AppId: KSUID(v.App), UserId: KSUID(v.ID),
		RoleSlug: v.Role, CreatedAt: Moment(v.CreatedAt), AppEntitlement: v.entitlement,
	}
}
