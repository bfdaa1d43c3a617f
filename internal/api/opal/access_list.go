package opal

import (
	"context"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/fault"
)

type getGroupUsers struct {
	GroupPath
	Paging
}

// Limited is part of the parameters of the lists that call the size of a page limit.
type Limited struct {
	Paging
	Limit int `query:"limit" doc:"As page_size."`
}

func (l Limited) paging() Paging {
	if l.Limit > 0 {
		l.PageSize = l.Limit
	}
	return l.Paging
}

type getResourceUsers struct {
	ResourcePath
	Limited
}

// UserPath is part of the parameters of what is about a user.
type UserPath struct {
	User UUID `path:"user_id"`
}

type getUserGroups struct {
	UserPath
	Paging
}

type getUserResources struct {
	UserPath
	Limited
	Unmanaged bool `query:"include_unmanaged" doc:"Everything here is managed; it changes nothing."`
}

func (d *Door) accessLists() {
	serve(d, "Groups.GetGroupUsers", about{
		Summary: "List who is in a group; people see themselves, owners and administrators everybody",
	}, d.getGroupUsers)
	serve(d, "Resources.GetResourceUsers", about{
		Summary: "List who has access to a resource, and how; people see themselves, owners and administrators everybody",
	}, d.getResourceUsers)
	serve(d, "Groups.GetUserGroups", about{
		Summary: "List the groups that somebody is in; they themself, who owns them and administrators may",
	}, d.getUserGroups)
	serve(d, "Resources.GetUserResources", about{
		Summary: "List what somebody has access to; they themself, who owns them and administrators may",
	}, d.getUserResources)
}

func (d *Door) getGroupUsers(ctx context.Context, in *getGroupUsers) (Results[groupUserBody], error) {
	return listAccess(ctx, d, aGroup, in.ID, read.AccessFilter{}, in.Paging, encodeGroupUser)
}

func (d *Door) getResourceUsers(ctx context.Context, in *getResourceUsers) (Results[resourceAccessBody], error) {
	return listAccess(ctx, d, aResource, in.ID, read.AccessFilter{}, in.paging(), encodeResourceAccess)
}

func (d *Door) getUserGroups(ctx context.Context, in *getUserGroups) (Results[groupUserBody], error) {
	return listAccessOf(ctx, d, in.User, true, in.Paging, encodeGroupUser)
}

func (d *Door) getUserResources(ctx context.Context, in *getUserResources) (Results[resourceAccessBody], error) {
	return listAccessOf(ctx, d, in.User, false, in.paging(), encodeResourceAccess)
}

// listAccess lists who has access to an item, narrowed by f.
func listAccess[T any](
	ctx context.Context, d *Door, s itemSort, id UUID, f read.AccessFilter, in Paging, encode func(accessRow) T,
) (Results[T], error) {
	i, err := d.itemOf(ctx, s, id)
	if err != nil {
		return Results[T]{}, err
	}
	levels, err := d.Items.Levels(d.DB.Q(ctx), []item.Item{i})
	if err != nil {
		return Results[T]{}, err
	}
	f.Refs = each(levels[i.ID], func(l item.Level) app.EntitlementRef { return l.Entitlement })
	if len(f.Refs) == 0 {
		return Results[T]{Results: []T{}}, nil
	}
	if f.Own, f.Whole, err = narrowed(ctx, i, f.Refs); err != nil {
		return Results[T]{}, err
	}
	return accessPage(ctx, d, f, in, encode)
}

// listAccessOf lists the groups, or the other items, that a person has access to.
func listAccessOf[T any](
	ctx context.Context, d *Door, user UUID, groups bool, in Paging, encode func(accessRow) T,
) (Results[T], error) {
	if err := d.mayKnow(ctx, user); err != nil {
		return Results[T]{}, err
	}
	return accessPage(ctx, d, read.AccessFilter{User: directory.UserID(user), Groups: &groups}, in, encode)
}

func accessPage[T any](
	ctx context.Context, d *Door, f read.AccessFilter, in Paging, encode func(accessRow) T,
) (Results[T], error) {
	p, err := d.page("Access", in, f)
	if err != nil {
		return Results[T]{}, err
	}
	found, err := d.Read.Access(ctx, f, p.Request)
	if err != nil {
		return Results[T]{}, err
	}
	rows, err := d.accessRows(ctx, found.Items)
	return Results[T]{Results: each(rows, encode), Next: p.next(found.Next), Previous: p.previous()}, err
}

// narrowed is the user that a list of who has access to i is narrowed to, and those of its levels that it is not narrowed for: whoever
// owns an item, or one of its levels, sees who has it.
func narrowed(
	ctx context.Context, i item.Item, levels []app.EntitlementRef,
) (own directory.UserID, whole []app.EntitlementRef, err error) {
	if own, err = iam.OnlyOwning(ctx); err != nil || own == "" {
		return "", nil, err
	}
	err = iam.Require(ctx, itemObject(i))
	switch {
	case err == nil:
		return "", nil, nil
	case !fault.Is(err, fault.Denied):
		return own, nil, err
	}
	for _, l := range levels {
		err := iam.Require(ctx, levelObject(l))
		if err == nil {
			whole = append(whole, l)
		} else if !fault.Is(err, fault.Denied) {
			return own, nil, err
		}
	}
	return own, whole, nil
}

// mayKnow lets whoever may see what a person has access to: the person, who owns them, who sees everybody's, and the owners of also.
// To others there is nothing to see; nor is there for a person who is unknown or deleted.
func (d *Door) mayKnow(ctx context.Context, user UUID, also ...iam.Object) error {
	err := d.someUser(ctx, user)
	if err != nil {
		return err
	}
	for _, o := range append([]iam.Object{{Type: string(owner.User), ID: string(user), UserID: string(user)}}, also...) {
		if err = iam.Require(ctx, o); !fault.Is(err, fault.Denied) {
			return err
		}
	}
	return hidden(err, "access of user", string(user))
}

func itemObject(i item.Item) iam.Object {
	return iam.Object{Type: string(owner.Resource), AppID: string(i.AppID), ID: string(i.ID)}
}

func levelObject(l app.EntitlementRef) iam.Object {
	return iam.Object{Type: string(owner.Entitlement), AppID: string(l.AppID), ID: string(l.ID)}
}
