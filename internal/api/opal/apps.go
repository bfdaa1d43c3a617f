package opal

import (
	"context"
	"slices"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/page"
)

// appBody is where resources and groups are.
type appBody struct {
	ID          UUID             `json:"app_id"`
	Name        string           `json:"name"`
	Description string           `json:"description"`
	AdminOwner  UUID             `json:"admin_owner_id"`
	Type        appKind          `json:"app_type"`
	Validations []validationBody `json:"validations,omitempty"`
}

// validationBody is one thing that was looked at to see whether an app can be governed.
type validationBody struct {
	Key         string `json:"key"`
	Name        string `json:"name"`
	UsageReason string `json:"usage_reason,omitempty"`
	Details     string `json:"details,omitempty"`
	Severity    string `json:"severity" enum:"CRITICAL,HIGH,MEDIUM,LOW"`
	Status      string `json:"status" enum:"SUCCESS,FAILED"`
	UpdatedAt   string `json:"updated_at" format:"date-time"`
}

type appsBody struct {
	Apps []appBody `json:"apps"`
}

type getApps struct {
	Types []appKind `query:"app_type_filter" maxItems:"50"`
	Owner UUID      `query:"owner_filter"`
}

type appPath struct {
	ID UUID `path:"app_id"`
}

// maxApps is how many apps an answer holds: this API does not page them (ours).
const maxApps = 1000

func (d *Door) apps() {
	serve(d, "Apps.GetApps", about{Summary: "List apps"}, d.getApps)
	serve(d, "Apps.GetAppID", about{Summary: "Read an app"}, d.getApp)
}

func (d *Door) getApps(ctx context.Context, in *getApps) (appsBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return appsBody{}, err
	}
	found, err := d.Read.Apps(ctx, read.AppFilter{}, page.Request{Size: maxApps})
	if err != nil {
		return appsBody{}, err
	}
	admins, err := adminsOfApps(d.DB.Q(ctx), found.Items)
	if err != nil {
		return appsBody{}, err
	}
	out := appsBody{Apps: []appBody{}}
	for _, a := range found.Items {
		shown := encodeApp(a, admins[a.ID])
		if (in.Owner == "" || in.Owner == shown.AdminOwner) && (len(in.Types) == 0 || slices.Contains(in.Types, shown.Type)) {
			out.Apps = append(out.Apps, shown)
		}
	}
	return out, nil
}

func (d *Door) getApp(ctx context.Context, in *appPath) (appBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return appBody{}, err
	}
	a, err := app.GetApp(d.DB.Q(ctx), app.ID(in.ID))
	if err != nil {
		return appBody{}, err
	}
	admins, err := adminsOfApps(d.DB.Q(ctx), []app.App{a})
	return encodeApp(a, admins[a.ID]), err
}

func encodeApp(a app.App, admin UUID) appBody {
	kind := appKind("CUSTOM")
	if a.ID == app.Own {
		kind = "OPAL"
	}
	return appBody{ID: UUID(a.ID), Name: a.DisplayName, Description: a.Description, AdminOwner: admin, Type: kind}
}
