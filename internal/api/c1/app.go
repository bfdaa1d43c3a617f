package c1

import (
	"context"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/db"
)

// apps serves c1.api.app.v1.Apps.
type apps struct {
	appv1.UnimplementedAppsServer
	*Deps
}

// appSearch serves c1.api.app.v1.AppSearch.
type appSearch struct {
	appv1.UnimplementedAppSearchServer
	*Deps
}

// Create makes an app.
func (s apps) Create(ctx context.Context, req *appv1.CreateAppRequest) (*appv1.CreateAppResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	a, err := decodeNewApp(req)
	if err != nil {
		return nil, err
	}
	users, err := userOwners("owners", req.GetOwners())
	if err != nil {
		return nil, err
	}
	entitlements, err := entitlementOwners("appEntitlementOwnerRefs", req.GetAppEntitlementOwnerRefs())
	if err != nil {
		return nil, err
	}
	also := s.Owners.Also(audit.From(ctx), users, entitlements)
	if a, err = s.Apps.CreateApp(ctx, a, func(tx *db.Tx, a app.App) error { return also(tx, owner.OfApp(a.ID)) }); err != nil {
		return nil, err
	}
	return &appv1.CreateAppResponse{App: EncodeApp(a, 0)}, nil
}

// Get reads a live app.
func (s apps) Get(ctx context.Context, req *appv1.GetAppRequest) (*appv1.GetAppResponse, error) {
	if err := readable(ctx); err != nil {
		return nil, err
	}
	appID, err := ID[app.ID]("id", "app", req.GetId())
	if err != nil {
		return nil, err
	}
	a, err := app.GetApp(s.DB.Q(ctx), appID)
	if err != nil {
		return nil, err
	}
	list, err := s.encodeApps(ctx, a)
	if err != nil {
		return nil, err
	}
	return &appv1.GetAppResponse{App: list[0]}, nil
}

// Update writes what the mask names.
func (s apps) Update(ctx context.Context, req *appv1.UpdateAppRequest) (*appv1.UpdateAppResponse, error) {
	m, err := UpdateMask("app", req.GetApp(), req.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	appID, err := s.ownApp(ctx, "app.id", req.GetApp().GetId())
	if err != nil {
		return nil, err
	}
	change, err := decodeAppChange(req.GetApp(), m)
	if err != nil {
		return nil, err
	}
	if change, err = byRules(ctx, change, appRuled); err != nil {
		return nil, err
	}
	a, err := s.Apps.UpdateApp(ctx, appID, change)
	if err != nil {
		return nil, err
	}
	list, err := s.encodeApps(ctx, a)
	if err != nil {
		return nil, err
	}
	return &appv1.UpdateAppResponse{App: list[0]}, nil
}

// Delete deletes an app with all that is in it.
func (s apps) Delete(ctx context.Context, req *appv1.DeleteAppRequest) (*appv1.DeleteAppResponse, error) {
	appID, err := s.ownApp(ctx, "id", req.GetId())
	if err != nil {
		return nil, err
	}
	if err := s.Apps.DeleteApp(ctx, appID); err != nil {
		return nil, err
	}
	return &appv1.DeleteAppResponse{}, nil
}

// List lists the live apps.
func (s apps) List(ctx context.Context, req *appv1.ListAppsRequest) (*appv1.ListAppsResponse, error) {
	list, token, err := s.listApps(ctx, req, read.AppFilter{})
	if err != nil {
		return nil, err
	}
	return &appv1.ListAppsResponse{List: list, NextPageToken: token}, nil
}

// Search lists the live apps that match.
func (s appSearch) Search(ctx context.Context, req *appv1.SearchAppsRequest) (*appv1.SearchAppsResponse, error) {
	f := read.AppFilter{DisplayName: req.GetDisplayName(), Query: req.GetQuery(), OnlyDirectories: req.GetOnlyDirectories()}
	err := firstError(CheckText("displayName", f.DisplayName, MaxQuery), CheckText("query", f.Query, MaxQuery))
	if err != nil {
		return nil, err
	}
	if f.IDs, err = FilterIDs[app.ID]("appIds", req.GetAppIds()); err != nil {
		return nil, err
	}
	if f.ExcludeIDs, err = FilterIDs[app.ID]("excludeAppIds", req.GetExcludeAppIds()); err != nil {
		return nil, err
	}
	policies := make([]string, len(req.GetPolicyRefs()))
	for i, r := range req.GetPolicyRefs() {
		policies[i] = r.GetId()
	}
	if f.PolicyIDs, err = FilterIDs[app.PolicyID]("policyRefs", policies); err != nil {
		return nil, err
	}
	list, token, err := s.listApps(ctx, req, f)
	if err != nil {
		return nil, err
	}
	return &appv1.SearchAppsResponse{List: list, NextPageToken: token}, nil
}

func (d *Deps) listApps(ctx context.Context, req Paged, f read.AppFilter) ([]*appv1.App, string, error) {
	if err := readable(ctx); err != nil {
		return nil, "", err
	}
	p, err := d.Page(req)
	if err != nil {
		return nil, "", err
	}
	found, err := d.Read.Apps(ctx, f, p.Request)
	if err != nil {
		return nil, "", err
	}
	list, err := d.encodeApps(ctx, found.Items...)
	return list, p.Token(found.Next), err
}

// encodeApps shows apps with how many accounts hold a grant in each.
func (d *Deps) encodeApps(ctx context.Context, list ...app.App) ([]*appv1.App, error) {
	ids := make([]app.ID, len(list))
	for i, a := range list {
		ids[i] = a.ID
	}
	users, err := d.Read.UserCounts(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]*appv1.App, len(list))
	for i, a := range list {
		out[i] = EncodeApp(a, users[a.ID])
	}
	return out, nil
}

// ownApp decodes the id of an app that the caller is about to change and checks that the request reaches it.
func (d *Deps) ownApp(ctx context.Context, field, ksuid string) (app.ID, error) {
	appID, err := ID[app.ID](field, "app", ksuid)
	if err != nil {
		return "", err
	}
	return appID, iam.Require(ctx, iam.Object{Type: "app", AppID: string(appID), ID: string(appID)})
}
