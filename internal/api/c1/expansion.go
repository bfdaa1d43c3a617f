package c1

import (
	"context"
	"maps"
	"slices"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/read"
)

// expansion puts the related objects of one answer into its expanded list, as they would be read themselves: with what is counted
// of them. Its methods return the path of an object, "" where it was not loaded or does not exist.
type expansion struct {
	x            *Expander
	know         knowledge
	related      read.Related
	users        map[app.ID]int64
	resources    map[app.ResourceRef]int64
	entitlements map[app.EntitlementRef]int64
	automated    map[app.EntitlementRef]bool
	applied      map[app.EntitlementRef]bool
}

// expand loads what w names. Handlers put into w only what x.Wants, and ask for the path of nothing else.
func (d *Deps) expand(ctx context.Context, x *Expander, w read.Wanted) (e expansion, err error) {
	e.x, e.know = x, knowing(ctx)
	if e.related, err = d.Read.Related(ctx, w); err != nil {
		return e, err
	}
	if e.users, err = d.Read.UserCounts(ctx, w.Apps); err != nil {
		return e, err
	}
	if e.resources, err = d.Read.ResourceGrantCounts(ctx, w.Resources); err != nil {
		return e, err
	}
	if e.automated, err = d.Read.Automated(ctx, w.Entitlements); err != nil {
		return e, err
	}
	if e.applied, err = d.Catalogs.Applied(ctx, slices.Collect(maps.Values(e.related.Entitlements))); err != nil {
		return e, err
	}
	e.entitlements, err = d.Read.GrantCounts(ctx, w.Entitlements)
	return e, err
}

func (e expansion) app(id app.ID) string {
	v, ok := e.related.Apps[id]
	if !ok {
		return ""
	}
	return e.x.Path("app/"+string(id), EncodeApp(v, e.users[id]))
}

func (e expansion) resourceType(appID app.ID, id app.ResourceTypeID) string {
	v, ok := e.related.ResourceTypes[app.ResourceTypeRef{AppID: appID, ID: id}]
	if !ok {
		return ""
	}
	return e.x.Path("resource type/"+string(appID)+"/"+string(id), EncodeResourceType(v))
}

func (e expansion) resource(appID app.ID, id app.ResourceID) string {
	ref := app.ResourceRef{AppID: appID, ID: id}
	v, ok := e.related.Resources[ref]
	if !ok {
		return ""
	}
	return e.x.Path("resource/"+string(appID)+"/"+string(id), EncodeResource(v, e.resources[ref]))
}

func (e expansion) entitlement(ref app.EntitlementRef) string {
	v, ok := e.related.Entitlements[ref]
	if !ok {
		return ""
	}
	return e.x.Path("entitlement/"+string(ref.AppID)+"/"+string(ref.ID), e.show(v))
}

// show shows an entitlement that was loaded, with what is counted of it.
func (e expansion) show(v app.Entitlement) *appv1.AppEntitlement {
	shown := EncodeEntitlement(v, e.entitlements[v.Ref()])
	shown.IsAutomationEnabled, shown.DefaultValuesApplied = e.automated[v.Ref()], e.applied[v.Ref()]
	return shown
}

func (e expansion) account(ref app.AccountRef) string {
	v, ok := e.related.Accounts[ref]
	if !ok || !e.know.account(v) {
		return ""
	}
	return e.x.Path("account/"+string(ref.AppID)+"/"+string(ref.ID), EncodeAccount(v))
}

func (e expansion) user(id directory.UserID) string {
	v, ok := e.related.User(id)
	if !ok {
		return ""
	}
	return e.x.Path("user/"+string(id), e.know.user(v))
}
