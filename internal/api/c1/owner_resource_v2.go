package c1

import (
	"context"

	appv2 "github.com/interim-access/interim/gen/c1/api/app/v2"
)

// resourceOwnersV2 serves c1.api.app.v2.AppResourceOwnersV2.
type resourceOwnersV2 struct {
	appv2.UnimplementedAppResourceOwnersV2Server
	*Deps
}

// Set makes exactly these the owners of a resource under a role.
func (s resourceOwnersV2) Set(
	ctx context.Context, r *appv2.SetAppResourceOwnersV2Request,
) (*appv2.SetAppResourceOwnersV2Response, error) {
	return &appv2.SetAppResourceOwnersV2Response{}, s.setOwners(ctx, s.ownedResource(ctx, r), r)
}

// CreateUserOwner makes a user an owner.
func (s resourceOwnersV2) CreateUserOwner(
	ctx context.Context, r *appv2.CreateAppResourceUserOwnerRequest,
) (*appv2.CreateAppResourceUserOwnerResponse, error) {
	v, err := s.createUserOwner(ctx, s.ownedResource(ctx, r), r)
	return &appv2.CreateAppResourceUserOwnerResponse{AppResourceOwnerUser: appResourceOwnerUser(v, r)}, err
}

// GetUserOwner reads a user named as owner.
func (s resourceOwnersV2) GetUserOwner(
	ctx context.Context, r *appv2.GetAppResourceUserOwnerRequest,
) (*appv2.GetAppResourceUserOwnerResponse, error) {
	v, err := s.getUserOwner(ctx, s.ownedResource(ctx, r), r)
	return &appv2.GetAppResourceUserOwnerResponse{AppResourceOwnerUser: appResourceOwnerUser(v, r)}, err
}

// DeleteUserOwner takes a user off the owners.
func (s resourceOwnersV2) DeleteUserOwner(
	ctx context.Context, r *appv2.DeleteAppResourceUserOwnerRequest,
) (*appv2.DeleteAppResourceUserOwnerResponse, error) {
	return &appv2.DeleteAppResourceUserOwnerResponse{}, s.deleteUserOwner(ctx, s.ownedResource(ctx, r), r)
}

// SearchUserOwners lists the users named as owners.
func (s resourceOwnersV2) SearchUserOwners(
	ctx context.Context, r *appv2.SearchAppResourceUserOwnersRequest,
) (*appv2.SearchAppResourceUserOwnersResponse, error) {
	list, next, err := s.listUserOwners(ctx, s.ownedResource(ctx, r), r)
	return &appv2.SearchAppResourceUserOwnersResponse{
		List:          all(list, func(v userOwner) *appv2.AppResourceOwnerUser { return appResourceOwnerUser(v, r) }),
		NextPageToken: next,
	}, err
}

// CreateEntitlementOwner makes an entitlement's holders owners.
func (s resourceOwnersV2) CreateEntitlementOwner(
	ctx context.Context, r *appv2.CreateAppResourceEntitlementOwnerRequest,
) (*appv2.CreateAppResourceEntitlementOwnerResponse, error) {
	v, err := s.createEntitlementOwner(ctx, s.ownedResource(ctx, r), r)
	return &appv2.CreateAppResourceEntitlementOwnerResponse{AppResourceOwnerEntitlement: appResourceOwnerEntitlement(v, r)}, err
}

// GetEntitlementOwner reads an entitlement whose holders are owners.
func (s resourceOwnersV2) GetEntitlementOwner(
	ctx context.Context, r *appv2.GetAppResourceEntitlementOwnerRequest,
) (*appv2.GetAppResourceEntitlementOwnerResponse, error) {
	v, err := s.getEntitlementOwner(ctx, s.ownedResource(ctx, r), r)
	return &appv2.GetAppResourceEntitlementOwnerResponse{AppResourceOwnerEntitlement: appResourceOwnerEntitlement(v, r)}, err
}

// DeleteEntitlementOwner takes an entitlement off the owners.
func (s resourceOwnersV2) DeleteEntitlementOwner(
	ctx context.Context, r *appv2.DeleteAppResourceEntitlementOwnerRequest,
) (*appv2.DeleteAppResourceEntitlementOwnerResponse, error) {
	return &appv2.DeleteAppResourceEntitlementOwnerResponse{}, s.deleteEntitlementOwner(ctx, s.ownedResource(ctx, r), r)
}

// SearchEntitlementOwners lists the entitlements whose holders are owners.
func (s resourceOwnersV2) SearchEntitlementOwners(
	ctx context.Context, r *appv2.SearchAppResourceEntitlementOwnersRequest,
) (*appv2.SearchAppResourceEntitlementOwnersResponse, error) {
	list, next, err := s.listEntitlementOwners(ctx, s.ownedResource(ctx, r), r)
	return &appv2.SearchAppResourceEntitlementOwnersResponse{
		List:          all(list, func(v entitlementOwner) *appv2.AppResourceOwnerEntitlement { return appResourceOwnerEntitlement(v, r) }),
		NextPageToken: next,
	}, err
}

func appResourceOwnerUser(v userOwner, r namesResource) *appv2.AppResourceOwnerUser {
	return &appv2.AppResourceOwnerUser{
		AppId: KSUID(v.App), ResourceTypeId: r.GetResourceTypeId(), ResourceId: KSUID(v.ID),
		RoleSlug: v.Role, CreatedAt: Moment(v.CreatedAt), User: v.user,
	}
}

func appResourceOwnerEntitlement(v entitlementOwner, r namesResource) *appv2.AppResourceOwnerEntitlement {
	return &appv2.AppResourceOwnerEntitlement{
		AppId: KSUID(v.App), ResourceTypeId: r.GetResourceTypeId(), ResourceId: KSUID(v.ID),
		RoleSlug: v.Role, CreatedAt: Moment(v.CreatedAt), AppEntitlement: v.entitlement,
	}
}
