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

// resources serves c1.api.app.v1.AppResourceService.
type resources struct {
	appv1.UnimplementedAppResourceServiceServer
	*Deps
}

// CreateManuallyManagedAppResource adds a resource to a resource type.
func (s resources) CreateManuallyManagedAppResource(
	ctx context.Context, req *appv1.CreateManuallyManagedAppResourceRequest,
) (*appv1.CreateManuallyManagedAppResourceResponse, error) {
	if _, err := s.ownApp(ctx, "appId", req.GetAppId()); err != nil {
		return nil, err
	}
	appID, typeID, err := resourceTypeName("appId", req.GetAppId(), "appResourceTypeId", req.GetAppResourceTypeId())
	if err != nil {
		return nil, err
	}
	r, err := decodeNewResource(req)
	if err != nil {
		return nil, err
	}
	r.AppID, r.TypeID = appID, typeID
	users, err := userOwners("resourceOwnerUserIds", req.GetResourceOwnerUserIds())
	if err != nil {
		return nil, err
	}
	also := s.Owners.Also(audit.From(ctx), users, nil)
	r, err = s.Apps.CreateResource(ctx, r, func(tx *db.Tx, r app.Resource) error {
		return also(tx, owner.OfResource(app.ResourceRef{AppID: r.AppID, ID: r.ID}))
	})
	if err != nil {
		return nil, err
	}
	return &appv1.CreateManuallyManagedAppResourceResponse{AppResource: EncodeResource(r, 0)}, nil
}

// Get reads a live resource.
func (s resources) Get(ctx context.Context, req *appv1.AppResourceServiceGetRequest) (*appv1.AppResourceServiceGetResponse, error) {
	if err := readable(ctx); err != nil {
		return nil, err
	}
	n, err := resourceName("", req.GetAppId(), req.GetAppResourceTypeId(), req.GetId())
	if err != nil {
		return nil, err
	}
	r, err := app.GetResourceOfType(s.DB.Q(ctx), n.app, n.typ, n.id)
	if err != nil {
		return nil, err
	}
	if err := s.sees(ctx, app.ResourceRef{AppID: r.AppID, ID: r.ID}); err != nil {
		return nil, err
	}
	views, err := s.resourceViews(ctx, nil, r)
	if err != nil {
		return nil, err
	}
	return &appv1.AppResourceServiceGetResponse{AppResourceView: views[0]}, nil
}

// Update writes what the mask names.
func (s resources) Update(
	ctx context.Context, req *appv1.AppResourceServiceUpdateRequest,
) (*appv1.AppResourceServiceUpdateResponse, error) {
	object := req.GetAppResource()
	m, err := UpdateMask("appResource", object, req.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	n, err := resourceName("appResource.", object.GetAppId(), object.GetAppResourceTypeId(), object.GetId())
	if err != nil {
		return nil, err
	}
	if err := iam.Require(ctx, iam.Object{Type: string(owner.Resource), AppID: string(n.app), ID: string(n.id)}); err != nil {
		return nil, err
	}
	x, err := NewExpander(req.GetExpandMask().GetPaths(), resourcePaths...)
	if err != nil {
		return nil, err
	}
	change, err := decodeResourceChange(object, m)
	if err != nil {
		return nil, err
	}
	r, err := s.Apps.UpdateResource(ctx, n.app, n.typ, n.id, change)
	if err != nil {
		return nil, err
	}
	views, err := s.resourceViews(ctx, x, r)
	if err != nil {
		return nil, err
	}
	return &appv1.AppResourceServiceUpdateResponse{AppResourceView: views[0], Expanded: x.List()}, nil
}

// DeleteManuallyManagedAppResource deletes a resource made by people, with its entitlements.
func (s resources) DeleteManuallyManagedAppResource(
	ctx context.Context, req *appv1.DeleteManuallyManagedAppResourceRequest,
) (*appv1.DeleteManuallyManagedAppResourceResponse, error) {
	if _, err := s.ownApp(ctx, "appId", req.GetAppId()); err != nil {
		return nil, err
	}
	n, err := resourceName("", req.GetAppId(), req.GetAppResourceTypeId(), req.GetId())
	if err != nil {
		return nil, err
	}
	if err := s.Apps.DeleteResource(ctx, n.app, n.typ, n.id); err != nil {
		return nil, err
	}
	return &appv1.DeleteManuallyManagedAppResourceResponse{}, nil
}

// List lists the live resources of a type.
func (s resources) List(ctx context.Context, req *appv1.AppResourceServiceListRequest) (*appv1.AppResourceServiceListResponse, error) {
	appID, err := FilterID[app.ID]("appId", req.GetAppId())
	if err != nil {
		return nil, err
	}
	typeID, err := FilterID[app.ResourceTypeID]("appResourceTypeId", req.GetAppResourceTypeId())
	if err != nil {
		return nil, err
	}
	f := read.ResourceFilter{AppIDs: []app.ID{appID}, TypeIDs: []app.ResourceTypeID{typeID}}
	list, token, err := s.listResources(ctx, req, f)
	if err != nil {
		return nil, err
	}
	return &appv1.AppResourceServiceListResponse{List: list, NextPageToken: token}, nil
}

func (d *Deps) listResources(ctx context.Context, req Paged, f read.ResourceFilter) ([]*appv1.AppResourceView, string, error) {
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
	found, err := d.Read.Resources(ctx, f, p.Request)
	if err != nil {
		return nil, "", err
	}
	views, err := d.resourceViews(ctx, nil, found.Items...)
	return views, p.Token(found.Next), err
}

// fullResourceName names a resource as the paths of the API do.
type fullResourceName struct {
	app app.ID
	typ app.ResourceTypeID
	id  app.ResourceID
}

func resourceName(prefix, appKSUID, typeKSUID, ksuid string) (fullResourceName, error) {
	appID, typeID, err := resourceTypeName(prefix+"appId", appKSUID, prefix+"appResourceTypeId", typeKSUID)
	if err != nil {
		return fullResourceName{}, err
	}
	resourceID, err := ID[app.ResourceID](prefix+"id", "resource", ksuid)
	return fullResourceName{appID, typeID, resourceID}, err
}
