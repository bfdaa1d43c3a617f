package c1

import (
	"context"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/read"
)

// entitlementPaths are what an expandMask of entitlements may name.
var entitlementPaths = []string{"app_id", "app_resource_type_id", "app_resource_id"}

// entitlementViews shows entitlements, with what x asks for; x may be nil.
func (d *Deps) entitlementViews(ctx context.Context, x *Expander, list ...app.Entitlement) ([]*appv1.AppEntitlementView, error) {
	refs, w := make([]app.EntitlementRef, len(list)), read.Wanted{}
	for i, v := range list {
		refs[i] = v.Ref()
		if x.Wants("app_id") {
			w.Apps = append(w.Apps, v.AppID)
		}
		if x.Wants("app_resource_type_id") {
			w.ResourceTypes = append(w.ResourceTypes, app.ResourceTypeRef{AppID: v.AppID, ID: v.TypeID})
		}
		if x.Wants("app_resource_id") {
			w.Resources = append(w.Resources, app.ResourceRef{AppID: v.AppID, ID: v.ResourceID})
		}
	}
	e, err := d.expand(ctx, x, w)
	if err != nil {
		return nil, err
	}
	grants, err := d.Read.GrantCounts(ctx, refs)
	if err != nil {
		return nil, err
	}
	automated, err := d.Read.Automated(ctx, refs)
	if err != nil {
		return nil, err
	}
	applied, err := d.Catalogs.Applied(ctx, list)
	if err != nil {
		return nil, err
	}
	views := make([]*appv1.AppEntitlementView, len(list))
	for i, v := range list {
		views[i] = &appv1.AppEntitlementView{
			AppEntitlement: EncodeEntitlement(v, grants[v.Ref()]),
			ObjectPermissions: objectPermissions(ctx, "c1.api.app.v1.AppEntitlements.Update", "c1.api.app.v1.AppEntitlements.Delete",
				!v.Builtin && v.ConnectorID == ""),
			AppPath:             e.app(v.AppID),
			AppResourceTypePath: e.resourceType(v.AppID, v.TypeID),
			AppResourcePath:     e.resource(v.AppID, v.ResourceID),
		}
		views[i].AppEntitlement.IsAutomationEnabled = automated[v.Ref()]
		views[i].AppEntitlement.DefaultValuesApplied = applied[v.Ref()]
	}
	return views, nil
}
