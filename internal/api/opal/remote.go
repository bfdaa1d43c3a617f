package opal

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// remoteUserBody is what a person is called in another system.
type remoteUserBody struct {
	UserID   UUID     `json:"user_id"`
	RemoteID string   `json:"remote_id"`
	Provider provider `json:"third_party_provider"`
}

type getRemoteUsers struct {
	Paging
	Providers []provider `query:"third_party_provider" maxItems:"50"`
	Users     []UUID     `query:"user_id" maxItems:"100"`
	RemoteIDs []remoteID `query:"remote_id" maxItems:"100"`
}

// syncErrorBody is what kept a system from being read.
type syncErrorBody struct {
	First   time.Time `json:"first_seen"`
	Last    time.Time `json:"last_seen"`
	Message string    `json:"error_message"`
	App     UUID      `json:"app_id"`
}

type syncErrorsBody struct {
	Errors []syncErrorBody `json:"sync_errors"`
}

type getSyncErrors struct {
	App      UUID `query:"app_id"`
	Resource UUID `query:"resource_id" doc:"Of the connector that reads this resource: a reading fails as a whole."`
	Group    UUID `query:"group_id" doc:"Of the connector that reads this group."`
}

func (d *Door) remote() {
	serve(d, "Users.GetRemoteUsers", about{
		Summary: "List what people are called in systems of the known providers; people see their own",
	}, d.getRemoteUsers)
	serve(d, "Apps.GetSyncErrors", about{
		Summary: "List why systems could not be read since they last were; one list, in a list",
	}, d.getSyncErrors)
}

// providers are the words of this API for systems that hold accounts, in the order of the published specification. Its clients know no
// other, so that the accounts of other systems are not shown.
var providers = []string{
	"AUTH0", "SLACK", "GOOGLE_CHAT", "JIRA", "LINEAR", "SERVICE_NOW", "FRESH_SERVICE", "SHORTCUT", "PAGER_DUTY", "OPSGENIE", "GIT_HUB",
	"GIT_LAB", "GIT_LAB_CONNECTION", "TELEPORT",
}

type provider string

// Schema is part of huma.SchemaProvider.
func (provider) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: each(providers, func(p string) any { return p })}
}

// remoteID is what somebody is called in another system.
type remoteID string

// Schema is part of huma.SchemaProvider.
func (remoteID) Schema(huma.Registry) *huma.Schema {
	most := maxRemoteID
	return &huma.Schema{Type: huma.TypeString, MaxLength: &most}
}

const maxRemoteID = 2048

// providerAnnotation is the annotation of an app that says whose system it is (ours), where its name is not simply that.
const providerAnnotation = "opal/third_party_provider"

// providerOf is whose system an app is: what its annotation says, or its name, whatever is between the letters.
func providerOf(a app.App) provider {
	if said := a.Annotations[providerAnnotation]; slices.Contains(providers, said) {
		return provider(said)
	}
	name := letters(a.DisplayName)
	for _, p := range providers {
		if letters(p) == name {
			return provider(p)
		}
	}
	return ""
}

// letters is s in lower case, without anything but letters and digits.
func letters(s string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return -1
	}, strings.ToLower(s))
}

func (d *Door) getRemoteUsers(ctx context.Context, in *getRemoteUsers) (out Results[remoteUserBody], err error) {
	f := read.RemoteFilter{
		Users: ids[directory.UserID](in.Users), ExternalIDs: each(in.RemoteIDs, func(r remoteID) string { return string(r) }),
	}
	if f.Own, err = iam.OwnFilter(ctx); err != nil {
		return out, err
	}
	p, err := d.page("RemoteUsers", in.Paging, f, in.Providers)
	if err != nil {
		return out, err
	}
	apps, err := d.Read.Apps(ctx, read.AppFilter{}, page.Request{Size: maxApps})
	if err != nil {
		return out, err
	}
	of := map[app.ID]provider{}
	for _, a := range apps.Items {
		is := providerOf(a)
		if is == "" || len(in.Providers) > 0 && !slices.Contains(in.Providers, is) || len(f.Apps) == db.MaxIn {
			continue
		}
		of[a.ID], f.Apps = is, append(f.Apps, a.ID)
	}
	found, err := d.Read.RemoteAccounts(ctx, f, p.Request)
	return resultsOf(p, found, func(a app.Account) remoteUserBody {
		return remoteUserBody{UserID: UUID(a.UserID), RemoteID: a.ExternalID, Provider: of[a.AppID]}
	}), err
}

func (d *Door) getSyncErrors(ctx context.Context, in *getSyncErrors) ([]syncErrorsBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	if in.Resource != "" && in.Group != "" {
		return nil, fault.New(fault.Invalid, "resource_id and group_id cannot both be given")
	}
	f := read.SyncFailureFilter{App: app.ID(in.App)}
	for sort, id := range map[itemSort]UUID{aResource: in.Resource, aGroup: in.Group} {
		if id == "" {
			continue
		}
		i, err := d.itemOf(ctx, sort, id)
		if err != nil {
			return nil, err
		}
		if i.ConnectorID == "" { // nothing reads it
			return []syncErrorsBody{{Errors: []syncErrorBody{}}}, nil
		}
		f.Connector = app.ConnectorRef{AppID: i.AppID, ID: i.ConnectorID}
	}
	found, err := d.Read.SyncFailures(ctx, f)
	return []syncErrorsBody{{Errors: each(found, func(v read.SyncFailure) syncErrorBody {
		return syncErrorBody{First: v.First, Last: v.Last, Message: v.Message, App: UUID(v.App)}
	})}}, err
}
