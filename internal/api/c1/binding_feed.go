package c1

import (
	"context"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/read"
)

// historyPaths are what an expandMask of the feed and of past grants may name. Tasks are not expanded yet.
var historyPaths = []string{"app_id", "app_user_id", "app_entitlement_id", "ticket_id"}

// SearchGrantFeed lists when grants began and ended, newest first.
func (s bindings) SearchGrantFeed(ctx context.Context, req *appv1.SearchGrantFeedRequest) (*appv1.SearchGrantFeedResponse, error) {
	f, err := decodeFeedFilter(req)
	if err != nil {
		return nil, err
	}
	after, err := Time("after", req.GetAfter())
	if err != nil {
		return nil, err
	}
	before, err := Time("before", req.GetBefore())
	if err != nil {
		return nil, err
	}
	x, err := NewExpander(req.GetExpandMask().GetPaths(), historyPaths...)
	if err != nil {
		return nil, err
	}
	if f.Own, err = OwnGrants(ctx, f); err != nil {
		return nil, err
	}
	p, err := s.Page(req)
	if err != nil {
		return nil, err
	}
	found, err := s.Read.Feed(ctx, f, after, before, p.Request)
	if err != nil {
		return nil, err
	}
	keys := make([]grant.Key, len(found.Items))
	for i, e := range found.Items {
		keys[i] = e.Key
	}
	e, err := s.expandGrants(ctx, x, keys)
	if err != nil {
		return nil, err
	}
	out := &appv1.SearchGrantFeedResponse{NextPageToken: p.Token(found.Next)}
	for _, v := range found.Items {
		out.List = append(out.List, &appv1.AppEntitlementUserBindingFeedView{
			Feed: &appv1.AppEntitlementUserBindingFeed{
				AppId: KSUID(v.App), AppEntitlementId: KSUID(v.Entitlement), AppUserId: KSUID(v.Account), Date: Moment(v.At),
				EventType: EnumValue[appv1.GrantEventType](appv1.GrantEventType_value, "GRANT_EVENT_TYPE_", v.What), TicketId: KSUID(v.Task),
			},
			AppPath: e.app(v.App), AppUserPath: e.holder(v.Key), EntitlementPath: e.held(v.Key),
		})
	}
	out.Expanded = x.List()
	return out, nil
}

func decodeFeedFilter(req *appv1.SearchGrantFeedRequest) (read.GrantFilter, error) {
	apps := make([]string, len(req.GetAppRefs()))
	for i, r := range req.GetAppRefs() {
		apps[i] = r.GetId()
	}
	users := make([]string, len(req.GetUserRefs()))
	for i, r := range req.GetUserRefs() {
		users[i] = r.GetId()
	}
	var f read.GrantFilter
	var errs [4]error
	f.AppIDs, errs[0] = FilterIDs[app.ID]("appRefs.id", apps)
	f.Refs, errs[1] = EntitlementRefs("appEntitlementRefs", req.GetAppEntitlementRefs())
	f.Accounts, errs[2] = AccountRefs("appUserRefs", req.GetAppUserRefs())
	f.UserIDs, errs[3] = userRefs("userRefs.id", users)
	return f, firstError(errs[:]...)
}

// SearchPastGrants lists the grants that ended, newest first.
func (s bindings) SearchPastGrants(ctx context.Context, req *appv1.SearchPastGrantsRequest) (*appv1.SearchPastGrantsResponse, error) {
	var f read.GrantFilter
	var errs [3]error
	f.AppIDs, errs[0] = FilterIDs[app.ID]("appIds", req.GetAppIds())
	f.Refs, errs[1] = EntitlementRefs("appEntitlementRefs", req.GetAppEntitlementRefs())
	f.Accounts, errs[2] = AccountRefs("appUserRefs", req.GetAppUserRefs())
	if err := firstError(errs[:]...); err != nil {
		return nil, err
	}
	x, err := NewExpander(req.GetExpandMask().GetPaths(), historyPaths...)
	if err != nil {
		return nil, err
	}
	if f.Own, err = OwnGrants(ctx, f); err != nil {
		return nil, err
	}
	p, err := s.Page(req)
	if err != nil {
		return nil, err
	}
	found, err := s.Read.PastGrants(ctx, f, p.Request)
	if err != nil {
		return nil, err
	}
	keys := make([]grant.Key, len(found.Items))
	for i, b := range found.Items {
		keys[i] = b.Key
	}
	e, err := s.expandGrants(ctx, x, keys)
	if err != nil {
		return nil, err
	}
	out := &appv1.SearchPastGrantsResponse{NextPageToken: p.Token(found.Next)}
	for _, b := range found.Items {
		out.List = append(out.List, &appv1.AppEntitlementUserBindingHistoryView{
			History: &appv1.AppEntitlementUserBindingHistory{
				Id: KSUID(b.ID), AppId: KSUID(b.App), AppEntitlementId: KSUID(b.Entitlement), AppUserId: KSUID(b.Account),
				GrantedAt: Moment(b.ActiveAt), RevokedAt: Moment(b.EndingAt),
			},
			AppPath: e.app(b.App), AppUserPath: e.holder(b.Key), EntitlementPath: e.held(b.Key),
		})
	}
	out.Expanded = x.List()
	return out, nil
}

// expandGrants loads what grants name, as far as x asks for it.
func (d *Deps) expandGrants(ctx context.Context, x *Expander, keys []grant.Key) (expansion, error) {
	var w read.Wanted
	for _, k := range keys {
		if x.Wants("app_id") {
			w.Apps = append(w.Apps, k.App)
		}
		if x.Wants("app_user_id") {
			w.Accounts = append(w.Accounts, app.AccountRef{AppID: k.App, ID: k.Account})
		}
		if x.Wants("app_entitlement_id") {
			w.Entitlements = append(w.Entitlements, app.EntitlementRef{AppID: k.App, ID: k.Entitlement})
		}
	}
	return d.expand(ctx, x, w)
}

func (e expansion) holder(k grant.Key) string {
	return e.account(app.AccountRef{AppID: k.App, ID: k.Account})
}

func (e expansion) held(k grant.Key) string {
	return e.entitlement(app.EntitlementRef{AppID: k.App, ID: k.Entitlement})
}
