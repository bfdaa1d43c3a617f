package c1

import (
	"context"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/read"
)

// resourcePaths are what an expandMask of resources may name.
var resourcePaths = []string{"app_id", "app_resource_type_id", "parent_app_resource_id", "parent_app_resource_type_id"}

// resourceViews shows resources, with what x asks for; x may be nil.
func (d *Deps) resourceViews(ctx context.Context, x *Expander, list ...app.Resource) ([]*appv1.AppResourceView, error) {
	refs, w := make([]app.ResourceRef, len(list)), read.Wanted{}
	for i, r := range list {
		refs[i] = app.ResourceRef{AppID: r.AppID, ID: r.ID}
		if x.Wants("app_id") {
			w.Apps = append(w.Apps, r.AppID)
		}
		if x.Wants("app_resource_type_id") {
			w.ResourceTypes = append(w.ResourceTypes, app.ResourceTypeRef{AppID: r.AppID, ID: r.TypeID})
		}
		if x.Wants("parent_app_resource_id") {
			w.Resources = append(w.Resources, app.ResourceRef{AppID: r.AppID, ID: r.ParentID})
		}
		if x.Wants("parent_app_resource_type_id") {
			w.ResourceTypes = append(w.ResourceTypes, app.ResourceTypeRef{AppID: r.AppID, ID: r.ParentTypeID})
		}
	}
	e, err := d.expand(ctx, x, w)
	if err != nil {
		return nil, err
	}
	grants, err := d.Read.ResourceGrantCounts(ctx, refs)
	if err != nil {
		return nil, err
	}
	views := make([]*appv1.AppResourceView, len(list))
	for i, r := range list {
		v := &appv1.AppResourceView{
			AppResource: EncodeResource(r, grants[refs[i]]),
			ObjectPermissions: objectPermissions(ctx, "c1.api.app.v1.AppResourceService.Update",
				"c1.api.app.v1.AppResourceService.DeleteManuallyManagedAppResource", !r.Builtin() && r.ConnectorID == ""),
			AppPath: e.app(r.AppID),
		}
		if x.Wants("app_resource_type_id") {
			v.ResourceTypePath = e.resourceType(r.AppID, r.TypeID)
		}
		if x.Wants("parent_app_resource_id") {
			v.ParentResourcePath = e.resource(r.AppID, r.ParentID)
		}
		if x.Wants("parent_app_resource_type_id") {
			v.ParentResourceTypePath = e.resourceType(r.AppID, r.ParentTypeID)
		}
		views[i] = v
	}
	return views, nil
}
