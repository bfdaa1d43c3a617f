package c1

import (
	"google.golang.org/protobuf/types/known/structpb"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
)

// EncodeResource shows a resource with how many grants its entitlements have. A resource without a profile shows an empty one: the
// official TypeScript SDK has null there for users and accounts, but not for resources.
func EncodeResource(r app.Resource, grants int64) *appv1.AppResource {
	profile := encodeProfile(r.Profile)
	if profile == nil {
		profile = &structpb.Struct{}
	}
	return &appv1.AppResource{
		Id:                      KSUID(r.ID),
		AppId:                   KSUID(r.AppID),
		AppResourceTypeId:       KSUID(r.TypeID),
		ParentAppResourceId:     KSUID(r.ParentID),
		ParentAppResourceTypeId: KSUID(r.ParentTypeID),
		DisplayName:             r.DisplayName,
		Description:             r.Description,
		CustomDescription:       r.CustomDescription,
		Annotations:             r.Annotations,
		ExternalId:              r.ExternalID,
		GrantCount:              grants,
		Profile:                 profile,
		CreatedAt:               Moment(r.CreatedAt),
		UpdatedAt:               Moment(r.UpdatedAt),
		DeletedAt:               Moment(r.DeletedAt),
	}
}

// encodeProfile shows what a connector says of an object; null where it says nothing. What a Struct cannot hold cannot have come
// out of a JSON column.
func encodeProfile(profile map[string]any) *structpb.Struct {
	if len(profile) == 0 {
		return nil
	}
	s, err := structpb.NewStruct(profile)
	if err != nil {
		return nil
	}
	return s
}

func decodeNewResource(req *appv1.CreateManuallyManagedAppResourceRequest) (app.Resource, error) {
	r := app.Resource{DisplayName: req.GetDisplayName(), Description: req.GetDescription()}
	if err := NotServed(req, nil, "match_baton_id"); err != nil {
		return r, err
	}
	var err error
	r.Annotations, err = app.Annotate(nil, req.GetAnnotations())
	return r, err
}

// decodeResourceChange reads an update: what the mask names of the object, onto the resource as it is. What follows from something
// else may be sent back as it was read; grantCount in any number, since grants come and go in between.
func decodeResourceChange(object *appv1.AppResource, m Mask) (func(r *app.Resource) error, error) {
	if err := NotServed(object, m, "access_config_id", "agent_trait", "match_baton_id", "secret_trait"); err != nil {
		return nil, err
	}
	return func(r *app.Resource) (err error) {
		if m["parent_app_resource_id"] && object.GetParentAppResourceId() != KSUID(r.ParentID) {
			return fixed("parentAppResourceId", "a resource stays where it is")
		}
		if m["parent_app_resource_type_id"] && object.GetParentAppResourceTypeId() != KSUID(r.ParentTypeID) {
			return fixed("parentAppResourceTypeId", "it is the type of the parent")
		}
		Set(m, "display_name", &r.DisplayName, object.GetDisplayName())
		Set(m, "description", &r.Description, object.GetDescription())
		Set(m, "custom_description", &r.CustomDescription, object.GetCustomDescription())
		if m["annotations"] {
			r.Annotations, err = app.Annotate(r.Annotations, object.GetAnnotations())
		}
		return err
	}, nil
}
