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

// entitlements serves c1.api.app.v1.AppEntitlements: here what an app has to give; who holds it is served beside grants.
type entitlements struct {
	appv1.UnimplementedAppEntitlementsServer
	*Deps
}

// Create adds an entitlement to a resource.
func (s entitlements) Create(ctx context.Context, req *appv1.CreateAppEntitlementRequest) (*appv1.CreateAppEntitlementResponse, error) {
	if _, err := s.ownApp(ctx, "appId", req.GetAppId()); err != nil {
		return nil, err
	}
	n, err := resourceOf(req.GetAppId(), req.GetAppResourceTypeId(), req.GetAppResourceId())
	if err != nil {
		return nil, err
	}
	x, err := NewExpander(req.GetExpandMask().GetPaths(), entitlementPaths...)
	if err != nil {
		return nil, err
	}
	e, err := decodeNewEntitlement(req)
	if err != nil {
		return nil, err
	}
	e.AppID, e.TypeID, e.ResourceID = n.app, n.typ, n.id
	users, err := userOwners("appEntitlementOwnerIds", req.GetAppEntitlementOwnerIds())
	if err != nil {
		return nil, err
	}
	also := s.Owners.Also(audit.From(ctx), users, nil)
	e, err = s.Apps.CreateEntitlement(ctx, e, func(tx *db.Tx, e app.Entitlement) error { return also(tx, owner.OfEntitlement(e.Ref())) })
	if err != nil {
		return nil, err
	}
	views, err := s.entitlementViews(ctx, x, e)
	if err != nil {
		return nil, err
	}
	return &appv1.CreateAppEntitlementResponse{AppEntitlementView: views[0], Expanded: x.List()}, nil
}

// Get reads a live entitlement.
func (s entitlements) Get(ctx context.Context, req *appv1.GetAppEntitlementRequest) (*appv1.GetAppEntitlementResponse, error) {
	if err := readable(ctx); err != nil {
		return nil, err
	}
	ref, err := entitlementName("", req.GetAppId(), req.GetId())
	if err != nil {
		return nil, err
	}
	e, err := app.GetEntitlement(s.DB.Q(ctx), ref.AppID, ref.ID)
	if err != nil {
		return nil, err
	}
	if err := s.sees(ctx, app.ResourceRef{AppID: e.AppID, ID: e.ResourceID}); err != nil {
		return nil, err
	}
	views, err := s.entitlementViews(ctx, nil, e)
	if err != nil {
		return nil, err
	}
	return &appv1.GetAppEntitlementResponse{AppEntitlementView: views[0]}, nil
}

// Update writes what the mask names.
func (s entitlements) Update(ctx context.Context, req *appv1.UpdateAppEntitlementRequest) (*appv1.UpdateAppEntitlementResponse, error) {
	object := req.GetEntitlement()
	m, err := UpdateMask("entitlement", object, req.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	ref, err := entitlementName("entitlement.", object.GetAppId(), object.GetId())
	if err != nil {
		return nil, err
	}
	if err := requireEntitlement(ctx, ref); err != nil {
		return nil, err
	}
	x, err := NewExpander(req.GetExpandMask().GetPaths(), entitlementPaths...)
	if err != nil {
		return nil, err
	}
	change, err := decodeEntitlementChange(object, m, req.GetOverrideAccessRequestsDefaults())
	if err != nil {
		return nil, err
	}
	if change, err = byRules(ctx, change, entitlementRuled); err != nil {
		return nil, err
	}
	e, err := s.Apps.UpdateEntitlement(ctx, ref.AppID, ref.ID, change)
	if err != nil {
		return nil, err
	}
	views, err := s.entitlementViews(ctx, x, e)
	if err != nil {
		return nil, err
	}
	return &appv1.UpdateAppEntitlementResponse{AppEntitlementView: views[0], Expanded: x.List()}, nil
}

// Delete deletes an entitlement made by people.
func (s entitlements) Delete(ctx context.Context, req *appv1.DeleteAppEntitlementRequest) (*appv1.DeleteAppEntitlementResponse, error) {
	ref, err := entitlementName("", req.GetAppId(), req.GetId())
	if err != nil {
		return nil, err
	}
	if err := requireEntitlement(ctx, ref); err != nil {
		return nil, err
	}
	if err := s.Apps.DeleteEntitlement(ctx, ref.AppID, ref.ID); err != nil {
		return nil, err
	}
	return &appv1.DeleteAppEntitlementResponse{}, nil
}

// List lists the live entitlements of an app.
func (s entitlements) List(ctx context.Context, req *appv1.AppEntitlementsListRequest) (*appv1.ListAppEntitlementsResponse, error) {
	appID, err := FilterID[app.ID]("appId", req.GetAppId())
	if err != nil {
		return nil, err
	}
	return s.listEntitlements(ctx, req, read.EntitlementFilter{AppIDs: []app.ID{appID}})
}

// ListForAppResource lists the live entitlements of a resource.
func (s entitlements) ListForAppResource(
	ctx context.Context, req *appv1.AppEntitlementsListForAppResourceRequest,
) (*appv1.ListAppEntitlementsResponse, error) {
	var errs [3]error
	f := read.EntitlementFilter{AppIDs: make([]app.ID, 1), TypeIDs: make([]app.ResourceTypeID, 1), ResourceIDs: make([]app.ResourceID, 1)}
	f.AppIDs[0], errs[0] = FilterID[app.ID]("appId", req.GetAppId())
	f.TypeIDs[0], errs[1] = FilterID[app.ResourceTypeID]("appResourceTypeId", req.GetAppResourceTypeId())
	f.ResourceIDs[0], errs[2] = FilterID[app.ResourceID]("appResourceId", req.GetAppResourceId())
	if err := firstError(errs[:]...); err != nil {
		return nil, err
	}
	return s.listEntitlements(ctx, req, f)
}

// ListForAppUser lists the live entitlements that an account holds.
func (s entitlements) ListForAppUser(
	ctx context.Context, req *appv1.AppEntitlementsListForAppUserRequest,
) (*appv1.ListAppEntitlementsResponse, error) {
	return s.heldBy(ctx, req, req.GetAppId(), req.GetAppUserId())
}

// heldBy lists what an account holds; under Own scope only the caller's own account holds anything.
func (d *Deps) heldBy(ctx context.Context, req Paged, appKSUID, accountKSUID string) (*appv1.ListAppEntitlementsResponse, error) {
	own, err := iam.OwnFilter(ctx)
	if err != nil {
		return nil, err
	}
	appID, err := FilterID[app.ID]("appId", appKSUID)
	if err != nil {
		return nil, err
	}
	account, err := FilterID[app.AccountID]("appUserId", accountKSUID)
	if err != nil {
		return nil, err
	}
	f := read.EntitlementFilter{AppIDs: []app.ID{appID}, GrantedTo: []app.AccountID{account}}
	if own != "" {
		if f.GrantedTo, err = d.Read.OwnAccounts(ctx, own, f.GrantedTo); err != nil {
			return nil, err
		}
		if len(f.GrantedTo) == 0 {
			f.GrantedTo = []app.AccountID{nobody}
		}
	}
	return d.listEntitlements(ctx, req, f)
}

func (d *Deps) listEntitlements(ctx context.Context, req Paged, f read.EntitlementFilter) (*appv1.ListAppEntitlementsResponse, error) {
	views, token, err := d.pageOfEntitlements(ctx, nil, req, f)
	if err != nil {
		return nil, err
	}
	return &appv1.ListAppEntitlementsResponse{List: views, NextPageToken: token}, nil
}

func (d *Deps) pageOfEntitlements(
	ctx context.Context, x *Expander, req Paged, f read.EntitlementFilter,
) ([]*appv1.AppEntitlementView, string, error) {
	if err := readable(ctx); err != nil {
		return nil, "", err
	}
	p, err := d.Page(req)
	if err != nil {
		return nil, "", err
	}
	if len(f.GrantedTo) == 0 { // whose accounts somebody may ask about, they see what those hold
		if f.Seer, err = seer(ctx); err != nil {
			return nil, "", err
		}
	}
	found, err := d.Read.Entitlements(ctx, f, p.Request)
	if err != nil {
		return nil, "", err
	}
	views, err := d.entitlementViews(ctx, x, found.Items...)
	return views, p.Token(found.Next), err
}

// requireEntitlement checks that the request reaches an entitlement that it is about to change.
func requireEntitlement(ctx context.Context, ref app.EntitlementRef) error {
	return iam.Require(ctx, iam.Object{Type: "entitlement", AppID: string(ref.AppID), ID: string(ref.ID)})
}

func entitlementName(prefix, appKSUID, ksuid string) (app.EntitlementRef, error) {
	appID, err := ID[app.ID](prefix+"appId", "app", appKSUID)
	if err != nil {
		return app.EntitlementRef{}, err
	}
	entitlementID, err := ID[app.EntitlementID](prefix+"id", "entitlement", ksuid)
	return app.EntitlementRef{AppID: appID, ID: entitlementID}, err
}

// resourceOf names the resource of a new entitlement. Upstream needs both type and resource, whatever its schema says.
func resourceOf(appKSUID, typeKSUID, ksuid string) (fullResourceName, error) {
	appID, typeID, err := resourceTypeName("appId", appKSUID, "appResourceTypeId", typeKSUID)
	if err != nil {
		return fullResourceName{}, err
	}
	resourceID, err := ID[app.ResourceID]("appResourceId", "resource", ksuid)
	return fullResourceName{appID, typeID, resourceID}, err
}
