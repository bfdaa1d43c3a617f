package c1

import (
	"context"

	iamv1 "github.com/interim-access/interim/gen/c1/api/iam/v1"
	"github.com/interim-access/interim/internal/govern/iam"
)

// roles serves c1.api.iam.v1.Roles.
type roles struct {
	iamv1.UnimplementedRolesServer
	*Deps
}

// List lists the live roles.
func (s roles) List(ctx context.Context, req *iamv1.ListRolesRequest) (*iamv1.ListRolesResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	p, err := s.Page(req)
	if err != nil {
		return nil, err
	}
	found, err := s.IAM.Roles(ctx, p.Request)
	if err != nil {
		return nil, err
	}
	list := make([]*iamv1.Role, len(found.Items))
	for i, r := range found.Items {
		list[i] = EncodeRole(r)
	}
	return &iamv1.ListRolesResponse{List: list, NextPageToken: p.Token(found.Next)}, nil
}

// Get reads a live role.
func (s roles) Get(ctx context.Context, req *iamv1.GetRolesRequest) (*iamv1.GetRolesResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	roleID, err := ID[iam.RoleID]("roleId", "role", req.GetRoleId())
	if err != nil {
		return nil, err
	}
	r, err := s.IAM.Role(ctx, roleID)
	if err != nil {
		return nil, err
	}
	return &iamv1.GetRolesResponse{Role: EncodeRole(r)}, nil
}

// Update writes what the mask names of a custom role.
func (s roles) Update(ctx context.Context, req *iamv1.UpdateRoleRequest) (*iamv1.UpdateRolesResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	m, err := UpdateMask("role", req.GetRole(), req.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	roleID, err := ID[iam.RoleID]("role.id", "role", req.GetRole().GetId())
	if err != nil {
		return nil, err
	}
	r, err := s.IAM.UpdateRole(ctx, roleID, func(r *iam.Role) error {
		Set(m, "display_name", &r.DisplayName, req.GetRole().GetDisplayName())
		Set(m, "permissions", &r.Permissions, req.GetRole().GetPermissions())
		Set(m, "service_roles", &r.ServiceRoles, req.GetRole().GetServiceRoles())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &iamv1.UpdateRolesResponse{Role: EncodeRole(r)}, nil
}

// EncodeRole shows a role.
func EncodeRole(r iam.Role) *iamv1.Role {
	return &iamv1.Role{
		Id:            KSUID(r.ID),
		Name:          r.Name,
		DisplayName:   r.DisplayName,
		Permissions:   r.Permissions,
		ServiceRoles:  r.ServiceRoles,
		SystemBuiltin: r.Builtin,
		SystemApiOnly: r.APIOnly,
		CreatedAt:     Moment(r.CreatedAt),
		UpdatedAt:     Moment(r.UpdatedAt),
		DeletedAt:     Moment(r.DeletedAt),
	}
}
