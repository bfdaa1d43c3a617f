package c1

import (
	"context"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
)

// bindings serves c1.api.app.v1.AppEntitlementUserBindingService.
type bindings struct {
	appv1.UnimplementedAppEntitlementUserBindingServiceServer
	*Deps
}

// UpdateGrantDuration moves the end of a live grant; see [grant.Service.SetEnd].
func (s bindings) UpdateGrantDuration(
	ctx context.Context, r *appv1.UpdateGrantDurationRequest,
) (*appv1.UpdateGrantDurationResponse, error) {
	k, err := s.managed(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := s.MayGive(ctx, k.App, k.Account); err != nil {
		return nil, err
	}
	end, err := Time("newDeprovisionAt", r.GetNewDeprovisionAt())
	if err != nil {
		return nil, err
	}
	g, err := s.Grants.SetEnd(ctx, k, end)
	if err != nil {
		return nil, err
	}
	shown, err := s.Binding(ctx, g)
	return &appv1.UpdateGrantDurationResponse{Binding: shown}, err
}

// RemoveGrantDuration clears the end of a live grant; see [grant.Service.ClearEnd].
func (s bindings) RemoveGrantDuration(
	ctx context.Context, r *appv1.RemoveGrantDurationRequest,
) (*appv1.RemoveGrantDurationResponse, error) {
	k, err := s.managed(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := s.MayGive(ctx, k.App, k.Account); err != nil {
		return nil, err
	}
	g, err := s.Grants.ClearEnd(ctx, k)
	if err != nil {
		return nil, err
	}
	shown, err := s.Binding(ctx, g)
	return &appv1.RemoveGrantDurationResponse{Binding: shown}, err
}

// ofGrant are the ids in the path of an operation on one grant.
type ofGrant interface {
	GetAppId() string
	GetAppEntitlementId() string
	GetAppUserId() string
}

// managed reads which grant is meant, for callers who manage the app that it is in.
func (s bindings) managed(ctx context.Context, r ofGrant) (grant.Key, error) {
	k, err := GrantKey(r.GetAppId(), r.GetAppEntitlementId(), r.GetAppUserId())
	if err != nil {
		return k, err
	}
	return k, iam.Require(ctx, iam.Object{Type: "entitlement", AppID: string(k.App), ID: string(k.Entitlement)})
}

// Binding shows one grant, with the entitlements through which it is held.
func (d *Deps) Binding(ctx context.Context, g grant.Grant) (*appv1.AppEntitlementUserBinding, error) {
	if g.Derived == 0 {
		return EncodeBinding(g, nil), nil
	}
	sources, err := grant.Sources(d.DB.Q(ctx), []grant.ID{g.ID}, d.Clock.Now())
	if err != nil {
		return nil, err
	}
	return EncodeBinding(g, sources[g.ID]), nil
}

// ListAppUsersForIdentityWithGrant lists the accounts of a user in an app; those that hold the entitlement name it, the others do
// not, which is how cone tells who has it already.
func (s bindings) ListAppUsersForIdentityWithGrant(
	ctx context.Context, req *appv1.ListAppUsersForIdentityWithGrantRequest,
) (*appv1.ListAppUsersForIdentityWithGrantResponse, error) {
	of, err := EntitlementName(req.GetAppId(), req.GetAppEntitlementId())
	if err != nil {
		return nil, err
	}
	user, err := ID[directory.UserID]("identityUserId", "user", req.GetIdentityUserId())
	if err != nil {
		return nil, err
	}
	if err := iam.Require(ctx, iam.Object{Type: "user", ID: string(user), UserID: string(user)}); err != nil {
		return nil, err
	}
	list, err := s.Read.OfIdentity(ctx, of, user)
	if err != nil {
		return nil, err
	}
	out := &appv1.ListAppUsersForIdentityWithGrantResponse{}
	for _, h := range list {
		b := &appv1.AppEntitlementUserBinding{AppId: KSUID(h.Account.AppID), AppUserId: KSUID(h.Account.ID)}
		if h.Binding != nil {
			b = EncodeBinding(h.Binding.Grant, h.Binding.Sources)
		}
		out.Bindings = append(out.Bindings, b)
	}
	return out, nil
}
