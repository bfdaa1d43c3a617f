package interim

import (
	"context"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
)

// grants serves interim.v1.Grants.
type grants struct {
	interimv1.UnimplementedGrantsServer
	*c1.Deps
}

// Create gives an account an entitlement; see [grant.Service.Create].
func (s grants) Create(ctx context.Context, r *interimv1.CreateGrantRequest) (*interimv1.BindingResponse, error) {
	k, err := managed(ctx, r)
	if err != nil {
		return nil, err
	}
	end, err := c1.Time("deprovisionAt", r.GetDeprovisionAt())
	if err != nil {
		return nil, err
	}
	if err := s.MayGive(ctx, k.App, k.Account); err != nil {
		return nil, err
	}
	g, err := s.Grants.Create(ctx, k, end)
	return s.answer(ctx, g, err)
}

// Revoke takes an entitlement from an account now; see [grant.Service.Revoke].
func (s grants) Revoke(ctx context.Context, r *interimv1.RevokeGrantRequest) (*interimv1.BindingResponse, error) {
	k, err := managed(ctx, r)
	if err != nil {
		return nil, err
	}
	g, err := s.Grants.Revoke(ctx, k, r.GetReason())
	return s.answer(ctx, g, err)
}

func (s grants) answer(ctx context.Context, g grant.Grant, err error) (*interimv1.BindingResponse, error) {
	if err != nil {
		return nil, err
	}
	shown, err := s.Binding(ctx, g)
	return &interimv1.BindingResponse{Binding: shown}, err
}

// ofGrant are the ids in the path of an operation on one grant.
type ofGrant interface {
	GetAppId() string
	GetAppEntitlementId() string
	GetAppUserId() string
}

// managed reads which grant is meant, for callers who manage the app that it is in.
func managed(ctx context.Context, r ofGrant) (grant.Key, error) {
	k, err := c1.GrantKey(r.GetAppId(), r.GetAppEntitlementId(), r.GetAppUserId())
	if err != nil {
		return k, err
	}
	return k, iam.Require(ctx, iam.Object{Type: "entitlement", AppID: string(k.App), ID: string(k.Entitlement)})
}
