package c1

import (
	"context"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/fault"
)

// ListUsers lists the accounts that hold an entitlement now.
func (s entitlements) ListUsers(
	ctx context.Context, req *appv1.ListAppEntitlementUsersRequest,
) (*appv1.ListAppEntitlementUsersResponse, error) {
	of, own, err := s.holders(ctx, req.GetAppId(), req.GetAppEntitlementId())
	if err != nil {
		return nil, err
	}
	p, err := s.Page(req)
	if err != nil {
		return nil, err
	}
	found, err := s.Read.Grants(ctx, read.GrantFilter{Refs: []app.EntitlementRef{of}, Own: own}, p.Request)
	if err != nil {
		return nil, err
	}
	accounts, err := s.accountsOf(ctx, nil, found.Items)
	if err != nil {
		return nil, err
	}
	out := &appv1.ListAppEntitlementUsersResponse{NextPageToken: p.Token(found.Next)}
	for i, b := range found.Items {
		out.List = append(out.List, encodeHolder(b, accounts[i]))
	}
	return out, nil
}

// SearchAppEntitlementsWithExpired lists the grants of an entitlement, those that ended included, oldest first.
func (s entitlementSearch) SearchAppEntitlementsWithExpired(
	ctx context.Context, req *appv1.SearchAppEntitlementsWithExpiredRequest,
) (*appv1.SearchAppEntitlementsWithExpiredResponse, error) {
	of, own, err := s.holders(ctx, req.GetAppId(), req.GetAppEntitlementId())
	if err != nil {
		return nil, err
	}
	p, err := s.Page(req)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	found, err := s.Read.History(ctx, of, own, p.Request)
	if err != nil {
		return nil, err
	}
	accounts, err := s.accountsOf(ctx, nil, found.Items)
	if err != nil {
		return nil, err
	}
	var users read.Wanted
	for _, b := range found.Items { // whose account it was, which may be another's by now
		users.Users = append(users.Users, b.Held.User)
	}
	related, err := s.Read.Related(ctx, users)
	if err != nil {
		return nil, err
	}
	out := &appv1.SearchAppEntitlementsWithExpiredResponse{NextPageToken: p.Token(found.Next)}
	for i, b := range found.Items {
		account := accounts[i].GetAppUser()
		if own != "" && account.GetIdentityUserId() != KSUID(own) {
			account = nil // another has it by now, who is no business of whoever had it then
		}
		v := encodeLife(b, now, account)
		if u, ok := related.User(users.Users[i]); ok {
			v.User = knowing(ctx).user(u)
		}
		out.List = append(out.List, v)
	}
	return out, nil
}

// holders reads the name of a live entitlement whose holders are asked for, and the user that the answer is cut down to.
func (d *Deps) holders(ctx context.Context, appKSUID, entitlementKSUID string) (app.EntitlementRef, directory.UserID, error) {
	of, err := EntitlementName(appKSUID, entitlementKSUID)
	if err != nil {
		return of, "", err
	}
	own, err := narrowed(ctx, iam.Object{Type: string(owner.Entitlement), AppID: string(of.AppID), ID: string(of.ID)})
	if err != nil {
		return of, "", err
	}
	_, err = app.GetEntitlement(d.DB.Q(ctx), of.AppID, of.ID)
	return of, own, err
}

// accountsOf shows the accounts of grants, one for each; deleted ones too.
func (d *Deps) accountsOf(ctx context.Context, x *Expander, list []read.Binding) ([]*appv1.AppUserView, error) {
	var w read.Wanted
	for _, b := range list {
		w.Accounts = append(w.Accounts, app.AccountRef{AppID: b.App, ID: b.Account})
	}
	related, err := d.Read.Related(ctx, w)
	if err != nil {
		return nil, err
	}
	accounts := make([]app.Account, len(list))
	for i := range list {
		accounts[i] = related.Accounts[w.Accounts[i]]
	}
	return d.accountViews(ctx, x, accounts...)
}

// SearchGrants lists the grants in force that match, each with its entitlement and account.
func (s entitlementSearch) SearchGrants(
	ctx context.Context, req *appv1.AppEntitlementSearchServiceSearchGrantsRequest,
) (*appv1.AppEntitlementSearchServiceSearchGrantsResponse, error) {
	f, err := decodeGrantFilter(req)
	if err != nil {
		return nil, err
	}
	x, err := NewExpander(req.GetExpandMask().GetPaths(), entitlementPaths...)
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
	found, err := s.Read.Grants(ctx, f, p.Request)
	if err != nil {
		return nil, err
	}
	var w read.Wanted
	for _, b := range found.Items {
		w.Entitlements = append(w.Entitlements, app.EntitlementRef{AppID: b.App, ID: b.Entitlement})
	}
	related, err := s.Read.Related(ctx, w)
	if err != nil {
		return nil, err
	}
	held := make([]app.Entitlement, len(found.Items))
	for i := range held {
		held[i] = related.Entitlements[w.Entitlements[i]]
	}
	views, err := s.entitlementViews(ctx, x, held...)
	if err != nil {
		return nil, err
	}
	accounts, err := s.accountsOf(ctx, x, found.Items)
	if err != nil {
		return nil, err
	}
	out := &appv1.AppEntitlementSearchServiceSearchGrantsResponse{NextPageToken: p.Token(found.Next), Expanded: x.List()}
	for i, b := range found.Items {
		out.List = append(out.List, &appv1.AppEntitlementWithUserBinding{
			Entitlement: views[i], AppEntitlementUserBinding: encodeHolder(b, accounts[i]),
		})
	}
	return out, nil
}

func decodeGrantFilter(req *appv1.AppEntitlementSearchServiceSearchGrantsRequest) (read.GrantFilter, error) {
	f := read.GrantFilter{Slugs: req.GetEntitlementSlugs()}
	var errs [7]error
	f.AppIDs, errs[0] = FilterIDs[app.ID]("appIds", req.GetAppIds())
	f.AccountIDs, errs[1] = FilterIDs[app.AccountID]("appUserIds", req.GetAppUserIds())
	f.Refs, errs[2] = EntitlementRefs("entitlementRefs", req.GetEntitlementRefs())
	f.ResourceIDs, errs[3] = FilterIDs[app.ResourceID]("resourceIds", req.GetResourceIds())
	f.TypeIDs, errs[4] = FilterIDs[app.ResourceTypeID]("resourceTypeIds", req.GetResourceTypeIds())
	f.Purposes, errs[5] = EnumNames[app.Purpose]("purpose", purposePrefix, req.GetPurpose())
	user, err := FilterID[directory.UserID]("userId", req.GetUserId())
	if errs[6] = err; user != "" {
		f.UserIDs = []directory.UserID{user}
	}
	return f, firstError(append(errs[:], CheckTexts("entitlementSlugs", f.Slugs))...)
}

// AddManuallyManagedMembers gives an entitlement to users; see [grant.Service.AddMembers].
func (s entitlements) AddManuallyManagedMembers(
	ctx context.Context, req *appv1.AddManuallyManagedUsersRequest,
) (*appv1.ManuallyManagedUsersResponse, error) {
	of, err := EntitlementName(req.GetAppId(), req.GetAppEntitlementId())
	if err != nil {
		return nil, err
	}
	if err := requireEntitlement(ctx, of); err != nil {
		return nil, err
	}
	if len(req.GetUserIds()) == 0 {
		return nil, fault.InvalidField("userIds", "is required")
	}
	users, err := FilterIDs[directory.UserID]("userIds", req.GetUserIds())
	if err != nil {
		return nil, err
	}
	call, refused, err := s.Grants.AddMembers(ctx, of, users)
	if err != nil {
		return nil, err
	}
	out := &appv1.ManuallyManagedUsersResponse{BulkActionId: KSUID(call), FailedUsersErrorMap: map[string]string{}}
	for i, u := range users {
		given, err := req.GetUserIds()[i], refused[u]
		if u == nobody {
			err = fault.Missing("user", given)
		}
		if err != nil {
			out.FailedUsersErrorMap[given] = spell(fault.Of(err)).Error()
		}
	}
	return out, nil
}
