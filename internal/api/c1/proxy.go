package c1

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/anypb"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/read"
)

// proxies serves c1.api.app.v1.AppEntitlementsProxy.
type proxies struct {
	appv1.UnimplementedAppEntitlementsProxyServer
	*Deps
}

// Create binds two entitlements; see [automation.Service.Bind].
func (s proxies) Create(
	ctx context.Context, r *appv1.CreateAppEntitlementProxyRequest,
) (*appv1.CreateAppEntitlementProxyResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	x, err := NewExpander(r.GetExpandMask().GetPaths(), "src_app_id", "src_app_entitlement_id", "dst_app_id", "dst_app_entitlement_id")
	if err != nil {
		return nil, err
	}
	b, err := bound(ctx, r)
	if err != nil {
		return nil, err
	}
	p, err := s.Automations.Bind(ctx, b, time.Time{})
	if err != nil {
		return nil, err
	}
	view, expanded, err := s.viewProxy(ctx, x, p)
	return &appv1.CreateAppEntitlementProxyResponse{AppProxyEntitlementView: view, Expanded: expanded}, err
}

// Get reads a binding.
func (s proxies) Get(ctx context.Context, r *appv1.GetAppEntitlementProxyRequest) (*appv1.GetAppEntitlementProxyResponse, error) {
	b, err := bound(ctx, r)
	if err != nil {
		return nil, err
	}
	p, err := s.Automations.GetProxy(ctx, b)
	if err != nil {
		return nil, err
	}
	view, expanded, err := s.viewProxy(ctx, nil, p)
	return &appv1.GetAppEntitlementProxyResponse{AppProxyEntitlementView: view, Expanded: expanded}, err
}

// Delete unbinds two entitlements; see [automation.Service.Unbind].
func (s proxies) Delete(
	ctx context.Context, r *appv1.DeleteAppEntitlementProxyRequest,
) (*appv1.DeleteAppEntitlementProxyResponse, error) {
	b, err := bound(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := s.Automations.Unbind(ctx, b); err != nil {
		return nil, err
	}
	return &appv1.DeleteAppEntitlementProxyResponse{}, nil
}

// binds is a request about two entitlements.
type binds interface {
	GetSrcAppId() string
	GetSrcAppEntitlementId() string
	GetDstAppId() string
	GetDstAppEntitlementId() string
}

// bound reads which binding is meant. It reaches two apps: it takes a permission for all.
func bound(ctx context.Context, r binds) (automation.Binding, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return automation.Binding{}, err
	}
	var b automation.Binding
	var errs [4]error
	b.Source.AppID, errs[0] = ID[app.ID]("srcAppId", "app", r.GetSrcAppId())
	b.Source.ID, errs[1] = ID[app.EntitlementID]("srcAppEntitlementId", "entitlement", r.GetSrcAppEntitlementId())
	b.Destination.AppID, errs[2] = ID[app.ID]("dstAppId", "app", r.GetDstAppId())
	b.Destination.ID, errs[3] = ID[app.EntitlementID]("dstAppEntitlementId", "entitlement", r.GetDstAppEntitlementId())
	return b, firstError(errs[:]...)
}

func (d *Deps) viewProxy(ctx context.Context, x *Expander, p automation.Proxy) (*appv1.AppEntitlementProxyView, []*anypb.Any, error) {
	no := false
	v := &appv1.AppEntitlementProxyView{AppProxyEntitlement: &appv1.AppEntitlementProxy{
		SrcAppId:            KSUID(p.Source.AppID),
		SrcAppEntitlementId: KSUID(p.Source.ID),
		DstAppId:            KSUID(p.Destination.AppID),
		DstAppEntitlementId: KSUID(p.Destination.ID),
		Implicit:            &no,
		CreatedAt:           Moment(p.CreatedAt),
		UpdatedAt:           Moment(p.UpdatedAt),
		DeletedAt:           Moment(p.DeletedAt),
	}}
	var w read.Wanted
	for _, side := range []struct {
		name string
		of   app.EntitlementRef
	}{{"src", p.Source}, {"dst", p.Destination}} {
		if x.Wants(side.name + "_app_id") {
			w.Apps = append(w.Apps, side.of.AppID)
		}
		if x.Wants(side.name + "_app_entitlement_id") {
			w.Entitlements = append(w.Entitlements, side.of)
		}
	}
	e, err := d.expand(ctx, x, w)
	if err != nil {
		return nil, nil, err
	}
	if x.Wants("src_app_id") {
		v.SrcAppPath = e.app(p.Source.AppID)
	}
	if x.Wants("src_app_entitlement_id") {
		v.SrcAppEntitlementPath = e.entitlement(p.Source)
	}
	if x.Wants("dst_app_id") {
		v.DstAppPath = e.app(p.Destination.AppID)
	}
	if x.Wants("dst_app_entitlement_id") {
		v.DstAppEntitlementPath = e.entitlement(p.Destination)
	}
	return v, x.List(), nil
}
