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

// ownershipKinds are what the search for ownership knows, of the kinds of object that can be owned.
var ownershipKinds = map[appv1.UserOwnershipType]owner.Kind{
	appv1.UserOwnershipType_USER_OWNERSHIP_TYPE_APP:         owner.App,
	appv1.UserOwnershipType_USER_OWNERSHIP_TYPE_RESOURCE:    owner.Resource,
	appv1.UserOwnershipType_USER_OWNERSHIP_TYPE_ENTITLEMENT: owner.Entitlement,
}

// SearchUserOwnership lists what a user owns now.
func (s appSearch) SearchUserOwnership(
	ctx context.Context, r *appv1.SearchUserOwnershipRequest,
) (*appv1.SearchUserOwnershipResponse, error) {
	if r.GetUserId() == "" {
		return nil, fault.InvalidField("userId", "is required")
	}
	user, err := FilterID[directory.UserID]("userId", r.GetUserId())
	if err != nil {
		return nil, err
	}
	if err := iam.Require(ctx, iam.Object{Type: "user", ID: string(user), UserID: string(user)}); err != nil {
		return nil, err
	}
	kinds, err := decodeOwnershipTypes(r.GetOwnershipTypes())
	if err != nil {
		return nil, err
	}
	p, err := s.Page(r)
	if err != nil {
		return nil, err
	}
	found, err := s.Owners.Owned(ctx, user, kinds, p.Request)
	if err != nil {
		return nil, err
	}
	list, err := s.ownerships(ctx, found.Items)
	return &appv1.SearchUserOwnershipResponse{List: list, NextPageToken: p.Token(found.Next)}, err
}

func decodeOwnershipTypes(types []appv1.UserOwnershipType) ([]owner.Kind, error) {
	if err := CheckList("ownershipTypes", len(types), MaxFilter); err != nil {
		return nil, err
	}
	var kinds []owner.Kind
	for _, t := range types {
		kind, ok := ownershipKinds[t]
		if !ok {
			return nil, fault.InvalidField("ownershipTypes", "has a value that is not known")
		}
		kinds = append(kinds, kind)
	}
	if len(kinds) == 0 {
		kinds = []owner.Kind{owner.App, owner.Entitlement, owner.Resource}
	}
	return kinds, nil
}

// ownerships shows what is owned with its names, and what it is in.
func (d *Deps) ownerships(ctx context.Context, list []owner.Object) ([]*appv1.UserOwnershipEntry, error) {
	var w read.Wanted
	for _, o := range list {
		w.Apps = append(w.Apps, o.App)
		if o.Kind == owner.Entitlement {
			w.Entitlements = append(w.Entitlements, app.EntitlementRef{AppID: o.App, ID: app.EntitlementID(o.ID)})
		}
	}
	first, err := d.Read.Related(ctx, w)
	if err != nil {
		return nil, err
	}
	entries, refs := make([]*appv1.UserOwnershipEntry, len(list)), make([]app.ResourceRef, len(list))
	for i, o := range list {
		entries[i] = &appv1.UserOwnershipEntry{AppId: KSUID(o.App), AppDisplayName: first.Apps[o.App].DisplayName}
		for t, kind := range ownershipKinds {
			if kind == o.Kind {
				entries[i].OwnershipType = t
			}
		}
		switch o.Kind {
		case owner.Entitlement:
			e := first.Entitlements[app.EntitlementRef{AppID: o.App, ID: app.EntitlementID(o.ID)}]
			entries[i].EntitlementId, entries[i].EntitlementDisplayName = KSUID(e.ID), e.DisplayName
			refs[i] = app.ResourceRef{AppID: o.App, ID: e.ResourceID}
		case owner.Resource:
			refs[i] = app.ResourceRef{AppID: o.App, ID: app.ResourceID(o.ID)}
		default:
		}
	}
	second, err := d.Read.Related(ctx, read.Wanted{Resources: refs})
	if err != nil {
		return nil, err
	}
	for i, ref := range refs {
		r := second.Resources[ref]
		entries[i].ResourceId, entries[i].ResourceTypeId, entries[i].ResourceDisplayName = KSUID(r.ID), KSUID(r.TypeID), r.DisplayName
	}
	return entries, nil
}

// ListOwnedServiceAccounts lists the service accounts that the caller owns now.
func (s appUsers) ListOwnedServiceAccounts(
	ctx context.Context, r *appv1.ListOwnedServiceAccountsRequest,
) (*appv1.ListOwnedServiceAccountsResponse, error) {
	p, err := iam.PrincipalFrom(ctx)
	if err != nil {
		return nil, err
	}
	if err := iam.Require(ctx, iam.Object{Type: "user", ID: string(p.UserID), UserID: string(p.UserID)}); err != nil {
		return nil, err
	}
	x, err := NewExpander(r.GetExpandMask().GetPaths(), accountPaths...)
	if err != nil {
		return nil, err
	}
	pager, err := s.Page(r)
	if err != nil {
		return nil, err
	}
	f := read.AccountFilter{Kinds: []app.AccountKind{app.KindService}, OwnedBy: p.UserID}
	found, err := s.Read.Accounts(ctx, f, pager.Request)
	if err != nil {
		return nil, err
	}
	views, err := s.accountViews(ctx, x, found.Items...)
	return &appv1.ListOwnedServiceAccountsResponse{List: views, Expanded: x.List(), NextPageToken: pager.Token(found.Next)}, err
}

// seenOwners cuts a filter on who owns what down to the users that the caller may ask about. The threat: a list that anybody may
// read, asked with somebody else as owner, tells what that person owns and, by that, holds.
func (d *Deps) seenOwners(ctx context.Context, users []directory.UserID) ([]directory.UserID, error) {
	if len(users) == 0 || reaches(ctx, "c1.api.app.v1.AppSearch.SearchUserOwnership") == iam.All {
		return users, nil
	}
	p, err := iam.PrincipalFrom(ctx)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		if u == p.UserID {
			return []directory.UserID{u}, nil
		}
	}
	return []directory.UserID{nobody}, nil
}
