//nolint:dupl // Two services of one shape, over types of their own.
package c1

import (
	"context"

	appv2 "github.com/interim-access/interim/gen/c1/api/app/v2"
)

// connectorOwnersV2 serves c1.api.app.v2.ConnectorOwners.
type connectorOwnersV2 struct {
	appv2.UnimplementedConnectorOwnersServer
	*Deps
}

// Set makes exactly these the owners of a connector under a role.
func (s connectorOwnersV2) Set(
	ctx context.Context, r *appv2.SetConnectorOwnersV2Request,
) (*appv2.SetConnectorOwnersV2Response, error) {
	return &appv2.SetConnectorOwnersV2Response{}, s.setOwners(ctx, ownedConnector(ctx, r), r)
}

// CreateUserOwner makes a user an owner.
func (s connectorOwnersV2) CreateUserOwner(
	ctx context.Context, r *appv2.CreateConnectorUserOwnerRequest,
) (*appv2.CreateConnectorUserOwnerResponse, error) {
	v, err := s.createUserOwner(ctx, ownedConnector(ctx, r), r)
	return &appv2.CreateConnectorUserOwnerResponse{ConnectorOwnerUser: connectorOwnerUser(v)}, err
}

// GetUserOwner reads a user named as owner.
func (s connectorOwnersV2) GetUserOwner(
	ctx context.Context, r *appv2.GetConnectorUserOwnerRequest,
) (*appv2.GetConnectorUserOwnerResponse, error) {
	v, err := s.getUserOwner(ctx, ownedConnector(ctx, r), r)
	return &appv2.GetConnectorUserOwnerResponse{ConnectorOwnerUser: connectorOwnerUser(v)}, err
}

// DeleteUserOwner takes a user off the owners.
func (s connectorOwnersV2) DeleteUserOwner(
	ctx context.Context, r *appv2.DeleteConnectorUserOwnerRequest,
) (*appv2.DeleteConnectorUserOwnerResponse, error) {
	return &appv2.DeleteConnectorUserOwnerResponse{}, s.deleteUserOwner(ctx, ownedConnector(ctx, r), r)
}

// SearchUserOwners lists the users named as owners.
func (s connectorOwnersV2) SearchUserOwners(
	ctx context.Context, r *appv2.SearchConnectorUserOwnersRequest,
) (*appv2.SearchConnectorUserOwnersResponse, error) {
	list, next, err := s.listUserOwners(ctx, ownedConnector(ctx, r), r)
	return &appv2.SearchConnectorUserOwnersResponse{List: all(list, connectorOwnerUser), NextPageToken: next}, err
}

// CreateEntitlementOwner makes an entitlement's holders owners.
func (s connectorOwnersV2) CreateEntitlementOwner(
	ctx context.Context, r *appv2.CreateConnectorEntitlementOwnerRequest,
) (*appv2.CreateConnectorEntitlementOwnerResponse, error) {
	v, err := s.createEntitlementOwner(ctx, ownedConnector(ctx, r), r)
	return &appv2.CreateConnectorEntitlementOwnerResponse{ConnectorOwnerEntitlement: connectorOwnerEntitlement(v)}, err
}

// GetEntitlementOwner reads an entitlement whose holders are owners.
func (s connectorOwnersV2) GetEntitlementOwner(
	ctx context.Context, r *appv2.GetConnectorEntitlementOwnerRequest,
) (*appv2.GetConnectorEntitlementOwnerResponse, error) {
	v, err := s.getEntitlementOwner(ctx, ownedConnector(ctx, r), r)
	return &appv2.GetConnectorEntitlementOwnerResponse{ConnectorOwnerEntitlement: connectorOwnerEntitlement(v)}, err
}

// DeleteEntitlementOwner takes an entitlement off the owners.
func (s connectorOwnersV2) DeleteEntitlementOwner(
	ctx context.Context, r *appv2.DeleteConnectorEntitlementOwnerRequest,
) (*appv2.DeleteConnectorEntitlementOwnerResponse, error) {
	return &appv2.DeleteConnectorEntitlementOwnerResponse{}, s.deleteEntitlementOwner(ctx, ownedConnector(ctx, r), r)
}

// SearchEntitlementOwners lists the entitlements whose holders are owners.
func (s connectorOwnersV2) SearchEntitlementOwners(
	ctx context.Context, r *appv2.SearchConnectorEntitlementOwnersRequest,
) (*appv2.SearchConnectorEntitlementOwnersResponse, error) {
	list, next, err := s.listEntitlementOwners(ctx, ownedConnector(ctx, r), r)
	return &appv2.SearchConnectorEntitlementOwnersResponse{List: all(list, connectorOwnerEntitlement), NextPageToken: next}, err
}

func connectorOwnerUser(v userOwner) *appv2.ConnectorOwnerUser {
	return &appv2.ConnectorOwnerUser{
		AppId: KSUID(v.App), ConnectorId: KSUID(v.ID),
		RoleSlug: v.Role, CreatedAt: Moment(v.CreatedAt), User: v.user,
	}
}

func connectorOwnerEntitlement(v entitlementOwner) *appv2.ConnectorOwnerEntitlement {
	return &appv2.ConnectorOwnerEntitlement{
		AppId: KSUID(v.App), ConnectorId: KSUID(v.ID),
		RoleSlug: v.Role, CreatedAt: Moment(v.CreatedAt), AppEntitlement: v.entitlement,
	}
}
