package c1

import (
	"context"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/read"
)

// resourceTypes serves c1.api.app.v1.AppResourceTypeService.
type resourceTypes struct {
	appv1.UnimplementedAppResourceTypeServiceServer
	*Deps
}

// CreateManuallyManagedResourceType adds a resource type to an app.
func (s resourceTypes) CreateManuallyManagedResourceType(
	ctx context.Context, req *appv1.CreateManuallyManagedResourceTypeRequest,
) (*appv1.CreateManuallyManagedResourceTypeResponse, error) {
	appID, err := s.ownApp(ctx, "appId", req.GetAppId())
	if err != nil {
		return nil, err
	}
	t, err := decodeNewResourceType(req)
	if err != nil {
		return nil, err
	}
	t.AppID = appID
	if t, err = s.Apps.CreateResourceType(ctx, t); err != nil {
		return nil, err
	}
	return &appv1.CreateManuallyManagedResourceTypeResponse{AppResourceType: EncodeResourceType(t)}, nil
}

// Get reads a live resource type.
func (s resourceTypes) Get(
	ctx context.Context, req *appv1.AppResourceTypeServiceGetRequest,
) (*appv1.AppResourceTypeServiceGetResponse, error) {
	if err := readable(ctx); err != nil {
		return nil, err
	}
	appID, typeID, err := resourceTypeName("appId", req.GetAppId(), "id", req.GetId())
	if err != nil {
		return nil, err
	}
	t, err := app.GetResourceType(s.DB.Q(ctx), appID, typeID)
	if err != nil {
		return nil, err
	}
	view := &appv1.AppResourceTypeView{AppResourceType: EncodeResourceType(t)}
	return &appv1.AppResourceTypeServiceGetResponse{AppResourceTypeView: view}, nil
}

// UpdateManuallyManagedResourceType renames a resource type made by people.
func (s resourceTypes) UpdateManuallyManagedResourceType(
	ctx context.Context, req *appv1.UpdateManuallyManagedResourceTypeRequest,
) (*appv1.UpdateManuallyManagedResourceTypeResponse, error) {
	object := req.GetAppResourceType()
	m, err := UpdateMask("appResourceType", object, req.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	if _, err = s.ownApp(ctx, "appResourceType.appId", object.GetAppId()); err != nil {
		return nil, err
	}
	appID, typeID, err := resourceTypeName("appResourceType.appId", object.GetAppId(), "appResourceType.id", object.GetId())
	if err != nil {
		return nil, err
	}
	t, err := s.Apps.UpdateResourceType(ctx, appID, typeID, decodeResourceTypeChange(object, m))
	if err != nil {
		return nil, err
	}
	return &appv1.UpdateManuallyManagedResourceTypeResponse{AppResourceType: EncodeResourceType(t)}, nil
}

// DeleteManuallyManagedResourceType deletes a resource type made by people, with its resources.
func (s resourceTypes) DeleteManuallyManagedResourceType(
	ctx context.Context, req *appv1.DeleteManuallyManagedResourceTypeRequest,
) (*appv1.DeleteManuallyManagedResourceTypeResponse, error) {
	if _, err := s.ownApp(ctx, "appId", req.GetAppId()); err != nil {
		return nil, err
	}
	appID, typeID, err := resourceTypeName("appId", req.GetAppId(), "id", req.GetId())
	if err != nil {
		return nil, err
	}
	if err := s.Apps.DeleteResourceType(ctx, appID, typeID); err != nil {
		return nil, err
	}
	return &appv1.DeleteManuallyManagedResourceTypeResponse{}, nil
}

// List lists the live resource types of an app.
func (s resourceTypes) List(
	ctx context.Context, req *appv1.AppResourceTypeServiceListRequest,
) (*appv1.AppResourceTypeServiceListResponse, error) {
	appID, err := FilterID[app.ID]("appId", req.GetAppId())
	if err != nil {
		return nil, err
	}
	list, token, err := s.listResourceTypes(ctx, req, read.ResourceTypeFilter{AppIDs: []app.ID{appID}})
	if err != nil {
		return nil, err
	}
	views := make([]*appv1.AppResourceTypeView, len(list))
	for i, t := range list {
		views[i] = &appv1.AppResourceTypeView{AppResourceType: t}
	}
	return &appv1.AppResourceTypeServiceListResponse{List: views, NextPageToken: token}, nil
}

func (d *Deps) listResourceTypes(ctx context.Context, req Paged, f read.ResourceTypeFilter) ([]*appv1.AppResourceType, string, error) {
	if err := readable(ctx); err != nil {
		return nil, "", err
	}
	p, err := d.Page(req)
	if err != nil {
		return nil, "", err
	}
	found, err := d.Read.ResourceTypes(ctx, f, p.Request)
	if err != nil {
		return nil, "", err
	}
	list := make([]*appv1.AppResourceType, len(found.Items))
	for i, t := range found.Items {
		list[i] = EncodeResourceType(t)
	}
	return list, p.Token(found.Next), nil
}

func resourceTypeName(appField, appKSUID, typeField, typeKSUID string) (app.ID, app.ResourceTypeID, error) {
	appID, err := ID[app.ID](appField, "app", appKSUID)
	if err != nil {
		return "", "", err
	}
	typeID, err := ID[app.ResourceTypeID](typeField, "resource type", typeKSUID)
	return appID, typeID, err
}
