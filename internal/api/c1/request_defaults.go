package c1

import (
	"context"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
)

// requestDefaults serves c1.api.app.v1.AppAccessRequestsDefaultsService.
type requestDefaults struct {
	appv1.UnimplementedAppAccessRequestsDefaultsServiceServer
	*Deps
}

// GetAppAccessRequestsDefaults reads the defaults of an app.
func (s requestDefaults) GetAppAccessRequestsDefaults(
	ctx context.Context, req *appv1.AppAccessRequestsDefaultsServiceGetAppAccessRequestsDefaultsRequest,
) (*appv1.AppAccessRequestDefaults, error) {
	return s.read(ctx, req.GetAppId())
}

// CancelAppAccessRequestsDefaults answers the defaults as they are: they are written to no entitlement, so that nothing is under way.
func (s requestDefaults) CancelAppAccessRequestsDefaults(
	ctx context.Context, req *appv1.CancelAccessRequestDefaultsRequest,
) (*appv1.AppAccessRequestDefaults, error) {
	return s.read(ctx, req.GetAppId())
}

func (s requestDefaults) read(ctx context.Context, ksuid string) (*appv1.AppAccessRequestDefaults, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	appID, err := ID[app.ID]("appId", "app", ksuid)
	if err != nil {
		return nil, err
	}
	d, err := s.Catalogs.AppDefaults(ctx, appID)
	if err != nil {
		return nil, err
	}
	return encodeDefaults(d), nil
}

// CreateAppAccessRequestsDefaults writes the defaults of an app.
func (s requestDefaults) CreateAppAccessRequestsDefaults(
	ctx context.Context, req *appv1.AppAccessRequestDefaults,
) (*appv1.AppAccessRequestDefaults, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	d, err := decodeDefaults(req)
	if err != nil {
		return nil, err
	}
	if d, err = s.Catalogs.SetDefaults(ctx, d); err != nil {
		return nil, err
	}
	return encodeDefaults(d), nil
}

func encodeDefaults(d catalog.Defaults) *appv1.AppAccessRequestDefaults {
	v := &appv1.AppAccessRequestDefaults{
		AppId:                  KSUID(d.App),
		CatalogIds:             KSUIDs(d.Catalogs),
		DefaultsEnabled:        d.Enabled,
		EmergencyGrantEnabled:  d.EmergencyGrantEnabled,
		EmergencyGrantPolicyId: KSUID(d.EmergencyGrantPolicyID),
		RequestPolicyId:        KSUID(d.Policy),
		RequestSchemaId:        KSUID(d.Schema),
		ResourceTypeIds:        KSUIDs(d.Types),
	}
	switch {
	case d.Max > 0:
		v.MaxGrantDuration = &appv1.AppAccessRequestDefaults_DurationGrant{DurationGrant: durationpb.New(d.Max)}
	case d.Unlimited:
		v.MaxGrantDuration = &appv1.AppAccessRequestDefaults_DurationUnset{DurationUnset: &emptypb.Empty{}}
	}
	if d.Enabled { // what is looked up when it is asked for has always been applied
		v.State = appv1.AppAccessRequestDefaultsLastApplyState_APP_ACCESS_REQUEST_DEFAULTS_LAST_APPLY_STATE_SUCCESS
	}
	return v
}

func decodeDefaults(req *appv1.AppAccessRequestDefaults) (d catalog.Defaults, err error) {
	if d.App, err = ID[app.ID]("appId", "app", req.GetAppId()); err != nil {
		return d, err
	}
	if err := firstError(
		CheckList("catalogIds", len(req.GetCatalogIds()), catalog.MaxCatalogs),
		CheckList("resourceTypeIds", len(req.GetResourceTypeIds()), catalog.MaxTypes),
	); err != nil {
		return d, err
	}
	d.Enabled, d.EmergencyGrantEnabled = req.GetDefaultsEnabled(), req.GetEmergencyGrantEnabled()
	d.Unlimited = req.GetDurationUnset() != nil
	if given := req.GetDurationGrant(); given != nil {
		if given.CheckValid() != nil || given.AsDuration() <= 0 {
			return d, fault.InvalidField("durationGrant", "must be more than zero and at most %d days", int(app.MaxGrantLimit.Hours()/24))
		}
		d.Max = given.AsDuration()
	}
	var errs [5]error
	d.EmergencyGrantPolicyID, errs[0] = refID[app.PolicyID]("emergencyGrantPolicyId", req.GetEmergencyGrantPolicyId())
	d.Policy, errs[1] = refID[app.PolicyID]("requestPolicyId", req.GetRequestPolicyId())
	d.Schema, errs[2] = refID[app.SchemaID]("requestSchemaId", req.GetRequestSchemaId())
	d.Catalogs, errs[3] = refIDs[catalog.ID]("catalogIds", req.GetCatalogIds())
	d.Types, errs[4] = refIDs[app.ResourceTypeID]("resourceTypeIds", req.GetResourceTypeIds())
	return d, firstError(errs[:]...)
}
