package c1

import (
	"context"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	requestcatalogv1 "github.com/interim-access/interim/gen/c1/api/requestcatalog/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/read"
)

const (
	enrollPrefix       = "REQUEST_CATALOG_ENROLLMENT_BEHAVIOR_"
	unenrollPrefix     = "REQUEST_CATALOG_UNENROLLMENT_BEHAVIOR_"
	unenrollItemPrefix = "REQUEST_CATALOG_UNENROLLMENT_ENTITLEMENT_BEHAVIOR_"
)

// catalogPaths are what an expandMask of catalogs may name. The audience stands in the catalog itself.
var catalogPaths = []string{"created_by_user_id", "access_entitlements"}

// catalogViews shows catalogs, with what x asks for; x may be nil.
func (d *Deps) catalogViews(ctx context.Context, x *Expander, list ...catalog.Catalog) ([]*requestcatalogv1.RequestCatalogView, error) {
	w, audience := read.Wanted{}, read.Wanted{}
	for _, c := range list {
		audience.Entitlements = append(audience.Entitlements, c.Audience...)
		if x.Wants("created_by_user_id") {
			w.Users = append(w.Users, c.CreatedBy)
		}
	}
	e, err := d.expand(ctx, x, w)
	if err != nil {
		return nil, err
	}
	sees, err := d.expand(ctx, nil, audience)
	if err != nil {
		return nil, err
	}
	views := make([]*requestcatalogv1.RequestCatalogView, len(list))
	for i, c := range list {
		views[i] = &requestcatalogv1.RequestCatalogView{RequestCatalog: encodeCatalog(c), CreatedByUserPath: e.user(c.CreatedBy)}
		for _, ref := range c.Audience {
			if v, ok := sees.related.Entitlements[ref]; ok && v.DeletedAt.IsZero() {
				shown := views[i].GetRequestCatalog()
				shown.AccessEntitlements = append(shown.AccessEntitlements, sees.show(v))
			}
		}
	}
	return views, nil
}

// encodeCatalog shows a catalog but for its audience.
func encodeCatalog(c catalog.Catalog) *requestcatalogv1.RequestCatalog {
	return &requestcatalogv1.RequestCatalog{
		Id:                KSUID(c.ID),
		DisplayName:       c.DisplayName,
		Description:       c.Description,
		Annotations:       c.Annotations,
		CreatedByUserId:   KSUID(c.CreatedBy),
		Published:         c.Published,
		VisibleToEveryone: c.Everyone,
		RequestBundle:     c.Bundle,
		EnrollmentBehavior: EnumValue[requestcatalogv1.RequestCatalogEnrollmentBehavior](
			requestcatalogv1.RequestCatalogEnrollmentBehavior_value, enrollPrefix, c.Enrollment),
		UnenrollmentBehavior: EnumValue[requestcatalogv1.RequestCatalogUnenrollmentBehavior](
			requestcatalogv1.RequestCatalogUnenrollmentBehavior_value, unenrollPrefix, c.Unenrollment),
		UnenrollmentEntitlementBehavior: EnumValue[requestcatalogv1.RequestCatalogUnenrollmentEntitlementBehavior](
			requestcatalogv1.RequestCatalogUnenrollmentEntitlementBehavior_value, unenrollItemPrefix, c.UnenrollmentEntitlement),
		CreatedAt: Moment(c.CreatedAt),
		UpdatedAt: Moment(c.UpdatedAt),
		DeletedAt: Moment(c.DeletedAt),
	}
}

// enrolling is what says how people are enrolled in a catalog: one made, or one changed.
type enrolling interface {
	GetEnrollmentBehavior() requestcatalogv1.RequestCatalogEnrollmentBehavior
	GetUnenrollmentBehavior() requestcatalogv1.RequestCatalogUnenrollmentBehavior
	GetUnenrollmentEntitlementBehavior() requestcatalogv1.RequestCatalogUnenrollmentEntitlementBehavior
}

func decodeEnrollment(req enrolling) (s catalog.Settings, err error) {
	var errs [3]error
	s.Enrollment, errs[0] = EnumName[string]("enrollmentBehavior", enrollPrefix, req.GetEnrollmentBehavior())
	s.Unenrollment, errs[1] = EnumName[string]("unenrollmentBehavior", unenrollPrefix, req.GetUnenrollmentBehavior())
	s.UnenrollmentEntitlement, errs[2] = EnumName[string]("unenrollmentEntitlementBehavior", unenrollItemPrefix,
		req.GetUnenrollmentEntitlementBehavior())
	return s, firstError(errs[:]...)
}

func decodeNewCatalog(req *requestcatalogv1.RequestCatalogManagementServiceCreateRequest) (c catalog.Catalog, err error) {
	c = catalog.Catalog{
		DisplayName: req.GetDisplayName(), Description: req.GetDescription(), Published: req.GetPublished(), Everyone: req.GetVisibleToEveryone(),
		Bundle: req.GetRequestBundle(),
	}
	if c.Settings, err = decodeEnrollment(req); err != nil {
		return c, err
	}
	c.Annotations, err = app.Annotate(nil, req.GetAnnotations())
	return c, err
}

// decodeCatalogChange reads an update: what the mask names of the object, onto the catalog as it is. The audience may be sent back as
// it was read, but not otherwise.
func decodeCatalogChange(object *requestcatalogv1.RequestCatalog, m Mask) (func(c *catalog.Catalog) error, error) {
	enrollment, err := decodeEnrollment(object)
	if err != nil {
		return nil, err
	}
	return func(c *catalog.Catalog) (err error) {
		if m["access_entitlements"] && !sameAudience(*c, object.GetAccessEntitlements()) {
			return fixed("accessEntitlements", "the audience is changed by its visibility bindings")
		}
		if by := object.GetCreatedByUserId(); m["created_by_user_id"] && by != "" && by != KSUID(c.CreatedBy) {
			return fixed("createdByUserId", "it says who made the catalog")
		}
		Set(m, "display_name", &c.DisplayName, object.GetDisplayName())
		Set(m, "description", &c.Description, object.GetDescription())
		Set(m, "published", &c.Published, object.GetPublished())
		Set(m, "request_bundle", &c.Bundle, object.GetRequestBundle())
		Set(m, "visible_to_everyone", &c.Everyone, object.GetVisibleToEveryone())
		Set(m, "enrollment_behavior", &c.Enrollment, enrollment.Enrollment)
		Set(m, "unenrollment_behavior", &c.Unenrollment, enrollment.Unenrollment)
		Set(m, "unenrollment_entitlement_behavior", &c.UnenrollmentEntitlement, enrollment.UnenrollmentEntitlement)
		if m["annotations"] {
			c.Annotations, err = app.Annotate(c.Annotations, object.GetAnnotations())
		}
		return err
	}, nil
}

// sameAudience reports whether list, which may leave deleted entitlements out, is the audience; an empty list asks for nothing.
func sameAudience(c catalog.Catalog, list []*appv1.AppEntitlement) bool {
	in := make(map[string]bool, len(c.Audience))
	for _, r := range c.Audience {
		in[KSUID(r.AppID)+"/"+KSUID(r.ID)] = true
	}
	for _, v := range list {
		if !in[v.GetAppId()+"/"+v.GetId()] {
			return false
		}
	}
	return true
}
