package interim

import (
	"context"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
)

// roles serves interim.v1.Roles.
type roles struct {
	interimv1.UnimplementedRolesServer
	*c1.Deps
}

// Create makes a custom role.
func (s roles) Create(ctx context.Context, req *interimv1.CreateRoleRequest) (*interimv1.RoleResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	r, err := s.IAM.CreateRole(ctx, req.GetDisplayName(), req.GetPermissions())
	if err != nil {
		return nil, err
	}
	return &interimv1.RoleResponse{Role: c1.EncodeRole(r)}, nil
}

// Delete deletes a custom role.
func (s roles) Delete(ctx context.Context, req *interimv1.DeleteRoleRequest) (*interimv1.RoleResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	roleID, err := c1.ID[iam.RoleID]("roleId", "role", req.GetRoleId())
	if err != nil {
		return nil, err
	}
	r, err := s.IAM.DeleteRole(ctx, roleID)
	if err != nil {
		return nil, err
	}
	return &interimv1.RoleResponse{Role: c1.EncodeRole(r)}, nil
}

// AddMember gives a user a role.
func (s roles) AddMember(ctx context.Context, req *interimv1.AddRoleMemberRequest) (*interimv1.UserResponse, error) {
	return s.change(ctx, req, s.IAM.AddMember)
}

// RemoveMember takes a role from a user.
func (s roles) RemoveMember(ctx context.Context, req *interimv1.RemoveRoleMemberRequest) (*interimv1.UserResponse, error) {
	return s.change(ctx, req, s.IAM.RemoveMember)
}

type membership interface {
	GetUserId() string
	GetRoleId() string
}

func (s roles) change(
	ctx context.Context, req membership, do func(context.Context, directory.UserID, iam.RoleID) error,
) (*interimv1.UserResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	userID, err := c1.ID[directory.UserID]("userId", "user", req.GetUserId())
	if err != nil {
		return nil, err
	}
	roleID, err := c1.ID[iam.RoleID]("roleId", "role", req.GetRoleId())
	if err != nil {
		return nil, err
	}
	if err := do(ctx, userID, roleID); err != nil {
		return nil, err
	}
	return users{Deps: s.Deps}.answer(ctx, req.GetUserId(), directory.User{ID: userID}, nil)
}
