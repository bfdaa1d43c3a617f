package c1

import (
	"context"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/read"
)

// appUsers serves c1.api.app.v1.AppUserService: accounts. Under Own scope its lists hold the caller's own.
type appUsers struct {
	appv1.UnimplementedAppUserServiceServer
	*Deps
}

// accountPaths are what an expandMask of accounts may name. Nothing is known of the last usage, so its path stays empty.
var accountPaths = []string{"app_id", "identity_user_id", "last_usage"}

// List lists the live accounts of an app.
func (s appUsers) List(ctx context.Context, req *appv1.AppUserServiceListRequest) (*appv1.AppUserServiceListResponse, error) {
	appID, err := FilterID[app.ID]("appId", req.GetAppId())
	if err != nil {
		return nil, err
	}
	views, token, err := s.listAccounts(ctx, nil, req, read.AccountFilter{AppIDs: []app.ID{appID}, ByApp: true})
	if err != nil {
		return nil, err
	}
	return &appv1.AppUserServiceListResponse{List: views, NextPageToken: token}, nil
}

// ListAppUsersForUser lists the live accounts of a user in an app.
func (s appUsers) ListAppUsersForUser(
	ctx context.Context, req *appv1.AppUsersForUserServiceListRequest,
) (*appv1.AppUsersForUserServiceListResponse, error) {
	appID, err := FilterID[app.ID]("appId", req.GetAppId())
	if err != nil {
		return nil, err
	}
	user, err := FilterID[directory.UserID]("userId", req.GetUserId())
	if err != nil {
		return nil, err
	}
	f := read.AccountFilter{AppIDs: []app.ID{appID}, UserIDs: []directory.UserID{user}, ByApp: true}
	views, token, err := s.listAccounts(ctx, nil, req, f)
	if err != nil {
		return nil, err
	}
	return &appv1.AppUsersForUserServiceListResponse{List: views, NextPageToken: token}, nil
}

// ListAppUserCredentials lists the secrets kept for an account. None are kept.
func (s appUsers) ListAppUserCredentials(
	ctx context.Context, req *appv1.AppUserServiceListCredentialsRequest,
) (*appv1.AppUserServiceListCredentialsResponse, error) {
	if _, err := iam.OwnFilter(ctx); err != nil {
		return nil, err
	}
	if _, err := FilterID[app.ID]("appId", req.GetAppId()); err != nil {
		return nil, err
	}
	if _, err := FilterID[app.AccountID]("appUserId", req.GetAppUserId()); err != nil {
		return nil, err
	}
	if _, err := s.Page(req); err != nil {
		return nil, err
	}
	return &appv1.AppUserServiceListCredentialsResponse{}, nil
}

// Search lists the accounts that match.
func (s appUsers) Search(ctx context.Context, req *appv1.AppUserServiceSearchRequest) (*appv1.AppUserServiceSearchResponse, error) {
	f, err := decodeAccountFilter(req)
	if err != nil {
		return nil, err
	}
	x, err := NewExpander(req.GetExpandMask().GetPaths(), accountPaths...)
	if err != nil {
		return nil, err
	}
	views, token, err := s.listAccounts(ctx, x, req, f)
	if err != nil {
		return nil, err
	}
	return &appv1.AppUserServiceSearchResponse{List: views, Expanded: x.List(), NextPageToken: token}, nil
}

// Update writes whose an account is and of what kind.
func (s appUsers) Update(ctx context.Context, req *appv1.AppUserServiceUpdateRequest) (*appv1.AppUserServiceUpdateResponse, error) {
	object := req.GetAppUser()
	m, err := UpdateMask("appUser", object, req.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	if _, err := s.ownApp(ctx, "appUser.appId", object.GetAppId()); err != nil {
		return nil, err
	}
	ref, err := AccountName("appUser.appId", object.GetAppId(), "appUser.id", object.GetId())
	if err != nil {
		return nil, err
	}
	x, err := NewExpander(req.GetExpandMask().GetPaths(), accountPaths...)
	if err != nil {
		return nil, err
	}
	change, err := decodeAccountChange(object, m)
	if err != nil {
		return nil, err
	}
	a, err := s.Apps.UpdateAccount(ctx, ref.AppID, ref.ID, change)
	if err != nil {
		return nil, err
	}
	views, err := s.accountViews(ctx, x, a)
	if err != nil {
		return nil, err
	}
	return &appv1.AppUserServiceUpdateResponse{AppUserView: views[0], Expanded: x.List()}, nil
}

func (d *Deps) listAccounts(ctx context.Context, x *Expander, req Paged, f read.AccountFilter) ([]*appv1.AppUserView, string, error) {
	var err error
	if f.Own, err = ownAccounts(ctx, f.AppIDs); err != nil {
		return nil, "", err
	}
	p, err := d.Page(req)
	if err != nil {
		return nil, "", err
	}
	found, err := d.Read.Accounts(ctx, f, p.Request)
	if err != nil {
		return nil, "", err
	}
	views, err := d.accountViews(ctx, x, found.Items...)
	return views, p.Token(found.Next), err
}

// ownAccounts is the user that a list of accounts is narrowed to: none for whoever owns the one app that it is about.
func ownAccounts(ctx context.Context, apps []app.ID) (directory.UserID, error) {
	if len(apps) != 1 {
		return iam.OwnFilter(ctx)
	}
	return narrowed(ctx, iam.Object{Type: string(owner.App), AppID: string(apps[0]), ID: string(apps[0])})
}

// accountViews shows accounts, with what x asks for; x may be nil.
func (d *Deps) accountViews(ctx context.Context, x *Expander, list ...app.Account) ([]*appv1.AppUserView, error) {
	w := read.Wanted{}
	for _, a := range list {
		if x.Wants("app_id") {
			w.Apps = append(w.Apps, a.AppID)
		}
		if x.Wants("identity_user_id") {
			w.Users = append(w.Users, a.UserID)
		}
	}
	e, err := d.expand(ctx, x, w)
	if err != nil {
		return nil, err
	}
	views := make([]*appv1.AppUserView, len(list))
	for i, a := range list {
		views[i] = &appv1.AppUserView{AppUser: EncodeAccount(a), AppPath: e.app(a.AppID), IdentityUserPath: e.user(a.UserID)}
	}
	return views, nil
}

func decodeAccountFilter(req *appv1.AppUserServiceSearchRequest) (read.AccountFilter, error) {
	f := read.AccountFilter{
		Query: req.GetQuery(), StatusDetails: req.GetAppUserStatusDetails(), WithoutUser: req.GetWithoutResponsibleParty(),
		ExcludeDeletedApps: req.GetExcludeDeletedApps(), ByApp: req.GetSortBy() == appv1.AppUserSearchSortBy_APP_USER_SEARCH_SORT_BY_APP,
	}
	if err := NotServed(req, nil, "agent_statuses", "app_user_domains", "nhi_types", "with_open_findings"); err != nil {
		return f, err
	}
	if _, err := EnumName[string]("sortBy", "APP_USER_SEARCH_SORT_BY_", req.GetSortBy()); err != nil {
		return f, err
	}
	var errs [7]error
	f.AppIDs, errs[0] = appFilter(req.GetAppId(), req.GetAppIds())
	f.IDs, errs[1] = FilterIDs[app.AccountID]("appUserIds", req.GetAppUserIds())
	f.ExcludeIDs, errs[2] = FilterIDs[app.AccountID]("excludeAppUserIds", req.GetExcludeAppUserIds())
	f.UserIDs, errs[3] = FilterIDs[directory.UserID]("userIds", req.GetUserIds())
	f.Statuses, errs[4] = EnumNames[app.AccountStatus]("appUserStatuses", accountStatusPrefix, req.GetAppUserStatuses())
	f.Kinds, errs[5] = EnumNames[app.AccountKind]("appUserTypes", accountTypePrefix, req.GetAppUserTypes())
	f.Refs, errs[6] = AccountRefs("refs", req.GetRefs())
	return f, firstError(append(errs[:], CheckText("query", f.Query, MaxQuery), CheckTexts("appUserStatusDetails", f.StatusDetails))...)
}

// AccountRefs decodes a filter of at most MaxFilter references to accounts; both halves of each must be there.
func AccountRefs(field string, list []*appv1.AppUserRef) ([]app.AccountRef, error) {
	if err := CheckList(field, len(list), MaxFilter); err != nil {
		return nil, err
	}
	var out []app.AccountRef
	for _, r := range list {
		a, err := refPart[app.ID](field+".appId", r.GetAppId())
		if err != nil {
			return nil, err
		}
		v, err := refPart[app.AccountID](field+".id", r.GetId())
		if err != nil {
			return nil, err
		}
		out = append(out, app.AccountRef{AppID: a, ID: v})
	}
	return out, nil
}

// AccountName decodes the name of one account.
func AccountName(appField, appKSUID, field, ksuid string) (app.AccountRef, error) {
	appID, err := ID[app.ID](appField, "app", appKSUID)
	if err != nil {
		return app.AccountRef{}, err
	}
	accountID, err := ID[app.AccountID](field, "account", ksuid)
	return app.AccountRef{AppID: appID, ID: accountID}, err
}
