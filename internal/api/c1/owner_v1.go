package c1

import (
	"context"

	userv1 "github.com/interim-access/interim/gen/c1/api/user/v1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/fault"
)

// The three services of the first version know users only and no roles: they write the named users of the primary role, and read
// whoever owns under it at that moment.

// maxOwnerIDs is how many ids a list without pages answers with.
const maxOwnerIDs = 10_000

// ownerIDs answers who owns o; nobody owns what is not there.
func (d *Deps) ownerIDs(ctx context.Context, o owned) ([]string, error) {
	if o.err != nil {
		return nil, orNothing(o.err)
	}
	found, err := d.Owners.Everybody(ctx, o.Object, maxOwnerIDs)
	return KSUIDs(found), err
}

func (d *Deps) listOwnersV1(ctx context.Context, o owned, r Paged) ([]*userv1.User, string, error) {
	if o.err != nil {
		return nil, "", orNothing(o.err)
	}
	p, err := d.Page(r)
	if err != nil {
		return nil, "", err
	}
	found, err := d.Owners.People(ctx, o.Object, p.Request)
	if err != nil {
		return nil, "", err
	}
	list, err := d.people(ctx, found.Items)
	return list, p.Token(found.Next), err
}

// orNothing drops the error about what is not there: upstream's first version answers such a read with an empty list.
func orNothing(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

func (d *Deps) setOwnersV1(ctx context.Context, o owned, r interface{ GetUserIds() []string }) error {
	if o.err != nil {
		return o.err
	}
	users, err := userOwners("userIds", r.GetUserIds())
	if err != nil {
		return err
	}
	if err := d.mayName(ctx, o.Object, owner.Primary, users, nil); err != nil {
		return err
	}
	return d.Owners.Set(ctx, o.Object, owner.Primary, users, nil)
}

func (d *Deps) addOwnerV1(ctx context.Context, o owned, r namesUser) error {
	if o.err != nil {
		return o.err
	}
	user, err := ID[directory.UserID]("userId", "user", r.GetUserId())
	if err != nil {
		return err
	}
	if err := d.mayName(ctx, o.Object, owner.Primary, []directory.UserID{user}, nil); err != nil {
		return err
	}
	_, err = d.Owners.AddUser(ctx, o.Object, owner.Primary, user)
	return err
}

func (d *Deps) removeOwnerV1(ctx context.Context, o owned, r namesUser) error {
	if o.err != nil {
		return o.err
	}
	user, err := ID[directory.UserID]("userId", "user", r.GetUserId())
	if err != nil {
		return err
	}
	return d.Owners.RemoveUsers(ctx, o.Object, owner.Primary, user)
}

// deleteOwnersV1 removes these users, or everybody where none is named.
func (d *Deps) deleteOwnersV1(ctx context.Context, o owned, ids []string) error {
	if o.err != nil {
		return o.err
	}
	users, err := userOwners("userIds", ids)
	if err != nil {
		return err
	}
	if len(users) == 0 {
		return d.Owners.Set(ctx, o.Object, owner.Primary, nil, nil)
	}
	return d.Owners.RemoveUsers(ctx, o.Object, owner.Primary, users...)
}
