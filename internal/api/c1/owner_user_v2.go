package c1

import (
	"context"

	userv2 "github.com/interim-access/interim/gen/c1/api/user/v2"
)

// userOwnersV2 serves c1.api.user.v2.UserOwnersV2.
type userOwnersV2 struct {
	userv2.UnimplementedUserOwnersV2Server
	*Deps
}

// Set makes exactly these the owners of a user under a role.
func (s userOwnersV2) Set(
	ctx context.Context, r *userv2.SetUserOwnersV2Request,
) (*userv2.SetUserOwnersV2Response, error) {
	return &userv2.SetUserOwnersV2Response{}, s.setOwners(ctx, ownedUser(ctx, r), r)
}

// CreateUserOwner makes a user an owner.
func (s userOwnersV2) CreateUserOwner(
	ctx context.Context, r *userv2.CreateUserUserOwnerRequest,
) (*userv2.CreateUserUserOwnerResponse, error) {
	v, err := s.createUserOwner(ctx, ownedUser(ctx, r), r)
	return &userv2.CreateUserUserOwnerResponse{UserOwnerUser: userOwnerUser(v)}, err
}

// DeleteUserOwner takes a user off the owners.
func (s userOwnersV2) DeleteUserOwner(
	ctx context.Context, r *userv2.DeleteUserUserOwnerRequest,
) (*userv2.DeleteUserUserOwnerResponse, error) {
	return &userv2.DeleteUserUserOwnerResponse{}, s.deleteUserOwner(ctx, ownedUser(ctx, r), r)
}

// SearchUserOwners lists the users named as owners.
func (s userOwnersV2) SearchUserOwners(
	ctx context.Context, r *userv2.SearchUserOwnersRequest,
) (*userv2.SearchUserOwnersResponse, error) {
	list, next, err := s.listUserOwners(ctx, ownedUser(ctx, r), r)
	return &userv2.SearchUserOwnersResponse{List: all(list, userOwnerUser), NextPageToken: next}, err
}

// CreateEntitlementOwner makes an entitlement's holders owners.
func (s userOwnersV2) CreateEntitlementOwner(
	ctx context.Context, r *userv2.CreateUserEntitlementOwnerRequest,
) (*userv2.CreateUserEntitlementOwnerResponse, error) {
	v, err := s.createEntitlementOwner(ctx, ownedUser(ctx, r), r)
	return &userv2.CreateUserEntitlementOwnerResponse{UserOwnerEntitlement: userOwnerEntitlement(v)}, err
}

// DeleteEntitlementOwner takes an entitlement off the owners.
func (s userOwnersV2) DeleteEntitlementOwner(
	ctx context.Context, r *userv2.DeleteUserEntitlementOwnerRequest,
) (*userv2.DeleteUserEntitlementOwnerResponse, error) {
	return &userv2.DeleteUserEntitlementOwnerResponse{}, s.deleteEntitlementOwner(ctx, ownedUser(ctx, r), r)
}

// SearchEntitlementOwners lists the entitlements whose holders are owners.
func (s userOwnersV2) SearchEntitlementOwners(
	ctx context.Context, r *userv2.SearchUserEntitlementOwnersRequest,
) (*userv2.SearchUserEntitlementOwnersResponse, error) {
	list, next, err := s.listEntitlementOwners(ctx, ownedUser(ctx, r), r)
	return &userv2.SearchUserEntitlementOwnersResponse{List: all(list, userOwnerEntitlement), NextPageToken: next}, err
}

func userOwnerUser(v userOwner) *userv2.UserOwnerUser {
	return &userv2.UserOwnerUser{
		UserId:   KSUID(v.ID),
		RoleSlug: v.Role, CreatedAt: Moment(v.CreatedAt), User: v.user,
	}
}

func userOwnerEntitlement(v entitlementOwner) *userv2.UserOwnerEntitlement {
	return &userv2.UserOwnerEntitlement{
		UserId:   KSUID(v.ID),
		RoleSlug: v.Role, CreatedAt: Moment(v.CreatedAt), AppEntitlement: v.entitlement,
	}
}
