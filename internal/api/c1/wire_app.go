package c1

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
)

// Moment shows a time; null where it is zero.
func Moment(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

const matchPrefix = "APP_USER_IDENTITY_MATCHING_"

// EncodeApp shows an app of which users accounts hold a grant. Its custom mapping is shown as an empty one: the official TypeScript
// SDK has no null there and refuses every answer with an app that has.
func EncodeApp(a app.App, users int64) *appv1.App {
	return &appv1.App{
		Id:                KSUID(a.ID),
		DisplayName:       a.DisplayName,
		Description:       a.Description,
		Annotations:       a.Annotations,
		AppUserMapper:     &appv1.AppUserMapper{},
		IconUrl:           a.IconURL,
		Instructions:      a.Instructions,
		MonthlyCostUsd:    a.MonthlyCostUSD,
		IdentityMatching:  EnumValue[appv1.AppUserIdentityMatching](appv1.AppUserIdentityMatching_value, matchPrefix, a.IdentityMatching),
		IsDirectory:       a.Directory,
		IsManuallyManaged: a.ManuallyManaged,
		GrantPolicyId:     KSUID(a.GrantPolicyID),
		RevokePolicyId:    KSUID(a.RevokePolicyID),
		CertifyPolicyId:   KSUID(a.CertifyPolicyID),

		DefaultRequestCatalogId: KSUID(a.DefaultCatalogID),

		UserCount: users,
		CreatedAt: Moment(a.CreatedAt),
		UpdatedAt: Moment(a.UpdatedAt),
		DeletedAt: Moment(a.DeletedAt),
	}
}

// decodeNewApp reads the body of a creation.
func decodeNewApp(req *appv1.CreateAppRequest) (app.App, error) {
	a := app.App{DisplayName: req.GetDisplayName(), Description: req.GetDescription()}
	err := NotServed(req, nil, "match_baton_ref", "strict_access_entitlement_provisioning")
	if err != nil {
		return a, err
	}
	a.Instructions, a.MonthlyCostUSD = req.GetInstructions(), req.GetMonthlyCostUsd()
	if a.IdentityMatching, err = EnumName[app.IdentityMatching]("identityMatching", matchPrefix, req.GetIdentityMatching()); err != nil {
		return a, err
	}
	if err := decodeChosen(req, nil, &a.Chosen); err != nil {
		return a, err
	}
	a.Annotations, err = app.Annotate(nil, req.GetAnnotations())
	return a, err
}

// decodeAppChange reads an update: what the mask names of the object, onto the app as it is.
func decodeAppChange(object *appv1.App, m Mask) (func(a *app.App) error, error) {
	err := NotServed(object, m, "access_model", "app_user_mapper", "connector_version",
		"enable_connector_sourced_ownership", "match_baton_ref", "revoke_grant_sources",
		"strict_access_entitlement_provisioning")
	if err != nil {
		return nil, err
	}
	matching, err := EnumName[app.IdentityMatching]("identityMatching", matchPrefix, object.GetIdentityMatching())
	if err != nil {
		return nil, err
	}
	var chosen app.Chosen
	if err := decodeChosen(object, m, &chosen); err != nil {
		return nil, err
	}
	catalog, err := refID[app.CatalogID]("defaultRequestCatalogId", object.GetDefaultRequestCatalogId())
	if err != nil {
		return nil, err
	}
	return func(a *app.App) (err error) {
		if m["is_manually_managed"] && object.GetIsManuallyManaged() != a.ManuallyManaged {
			return fixed("isManuallyManaged", "it says whether the app has a connector")
		}
		Set(m, "display_name", &a.DisplayName, object.GetDisplayName())
		Set(m, "description", &a.Description, object.GetDescription())
		setChosen(m, &a.Chosen, chosen)
		Set(m, "default_request_catalog_id", &a.DefaultCatalogID, catalog)
		Set(m, "icon_url", &a.IconURL, object.GetIconUrl())
		Set(m, "instructions", &a.Instructions, object.GetInstructions())
		Set(m, "monthly_cost_usd", &a.MonthlyCostUSD, object.GetMonthlyCostUsd())
		Set(m, "identity_matching", &a.IdentityMatching, matching)
		if m["annotations"] {
			a.Annotations, err = app.Annotate(a.Annotations, object.GetAnnotations())
		}
		return err
	}, nil
}
