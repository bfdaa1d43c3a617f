package c1

import (
	"context"

	authv1 "github.com/interim-access/interim/gen/c1/api/auth/v1"
	"github.com/interim-access/interim/internal/govern/iam"
)

// auth serves c1.api.auth.v1.Auth.
type auth struct {
	authv1.UnimplementedAuthServer
	*Deps
}

// Introspect tells callers who they are and what they may do right now.
func (s auth) Introspect(ctx context.Context, _ *authv1.IntrospectRequest) (*authv1.IntrospectResponse, error) {
	if _, err := iam.OwnFilter(ctx); err != nil { // it is about nobody but the caller
		return nil, err
	}
	p, err := iam.PrincipalFrom(ctx)
	if err != nil {
		return nil, err
	}
	principal := KSUID(p.ClientKey)
	if principal == "" {
		principal = KSUID(p.UserID)
	}
	return &authv1.IntrospectResponse{
		TenantId:       KSUID(s.TenantID),
		PrincipleId:    principal,
		UserId:         KSUID(p.UserID),
		Roles:          iam.ServiceRoles(p.Scopes),
		Permissions:    p.Scopes.Permissions(),
		DeviceClientId: p.Device,
	}, nil
}
