package c1

import (
	"context"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	userv1 "github.com/interim-access/interim/gen/c1/api/user/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/page"
)

// The six services of the second version differ in what is owned and how that is named; what they do is here.

type (
	setsOwners interface {
		GetRoleSlug() string
		GetUserRefs() []*userv1.UserRef
		GetAppEntitlementRefs() []*appv1.AppEntitlementRef
	}
	namesUserOwner interface {
		GetRoleSlug() string
		GetUserRef() *userv1.UserRef
	}
	namesEntitlementOwner interface {
		GetRoleSlug() string
		GetAppEntitlementRef() *appv1.AppEntitlementRef
	}
	pagesOwners interface {
		Paged
		GetRoleSlug() string
	}
)

// userOwner is a row with the user it names.
type userOwner struct {
	owner.Owner

	user *userv1.User
}

// entitlementOwner is a row with the entitlement it names.
type entitlementOwner struct {
	owner.Owner

	entitlement *appv1.AppEntitlement
}

func (d *Deps) setOwners(ctx context.Context, o owned, r setsOwners) error {
	if o.err != nil {
		return o.err
	}
	names := make([]string, len(r.GetUserRefs()))
	for i, ref := range r.GetUserRefs() {
		names[i] = ref.GetId()
	}
	users, err := userOwners("userRefs", names)
	if err != nil {
		return err
	}
	entitlements, err := entitlementOwners("appEntitlementRefs", r.GetAppEntitlementRefs())
	if err != nil {
		return err
	}
	if err := d.mayName(ctx, o.Object, r.GetRoleSlug(), users, entitlements); err != nil {
		return err
	}
	return d.Owners.Set(ctx, o.Object, r.GetRoleSlug(), users, entitlements)
}

// userRow decodes which user owner a request is about and does fn with it.
func (d *Deps) userRow(
	ctx context.Context, o owned, r namesUserOwner,
	fn func(ctx context.Context, o owner.Object, role string, user directory.UserID) (owner.Owner, error),
) (userOwner, error) {
	if o.err != nil {
		return userOwner{}, o.err
	}
	userID, err := ID[directory.UserID]("userRef.id", "user", r.GetUserRef().GetId())
	if err != nil {
		return userOwner{}, err
	}
	row, err := fn(ctx, o.Object, r.GetRoleSlug(), userID)
	if err != nil || row.User == "" {
		return userOwner{}, err
	}
	list, err := d.userRows(ctx, row)
	if err != nil {
		return userOwner{}, err
	}
	return list[0], nil
}

func (d *Deps) createUserOwner(ctx context.Context, o owned, r namesUserOwner) (userOwner, error) {
	return d.userRow(ctx, o, r, func(ctx context.Context, o owner.Object, role string, user directory.UserID) (owner.Owner, error) {
		if err := d.mayName(ctx, o, role, []directory.UserID{user}, nil); err != nil {
			return owner.Owner{}, err
		}
		return d.Owners.AddUser(ctx, o, role, user)
	})
}

func (d *Deps) getUserOwner(ctx context.Context, o owned, r namesUserOwner) (userOwner, error) {
	return d.userRow(ctx, o, r, d.Owners.GetUser)
}

func (d *Deps) deleteUserOwner(ctx context.Context, o owned, r namesUserOwner) error {
	_, err := d.userRow(ctx, o, r, func(ctx context.Context, o owner.Object, role string, user directory.UserID) (owner.Owner, error) {
		return owner.Owner{}, d.Owners.RemoveUsers(ctx, o, role, user)
	})
	return err
}

// entitlementRow decodes which entitlement owner a request is about and does fn with it.
func (d *Deps) entitlementRow(
	ctx context.Context, o owned, r namesEntitlementOwner,
	fn func(ctx context.Context, o owner.Object, role string, via app.EntitlementRef) (owner.Owner, error),
) (entitlementOwner, error) {
	if o.err != nil {
		return entitlementOwner{}, o.err
	}
	ref := r.GetAppEntitlementRef()
	via, err := entitlementName("appEntitlementRef.", ref.GetAppId(), ref.GetId())
	if err != nil {
		return entitlementOwner{}, err
	}
	row, err := fn(ctx, o.Object, r.GetRoleSlug(), via)
	if err != nil || row.Via.ID == "" {
		return entitlementOwner{}, err
	}
	list, err := d.entitlementRows(ctx, row)
	if err != nil {
		return entitlementOwner{}, err
	}
	return list[0], nil
}

func (d *Deps) createEntitlementOwner(ctx context.Context, o owned, r namesEntitlementOwner) (entitlementOwner, error) {
	return d.entitlementRow(ctx, o, r,
		func(ctx context.Context, o owner.Object, role string, via app.EntitlementRef) (owner.Owner, error) {
			if err := d.mayName(ctx, o, role, nil, []app.EntitlementRef{via}); err != nil {
				return owner.Owner{}, err
			}
			return d.Owners.AddEntitlement(ctx, o, role, via)
		})
}

func (d *Deps) getEntitlementOwner(ctx context.Context, o owned, r namesEntitlementOwner) (entitlementOwner, error) {
	return d.entitlementRow(ctx, o, r, d.Owners.GetEntitlement)
}

func (d *Deps) deleteEntitlementOwner(ctx context.Context, o owned, r namesEntitlementOwner) error {
	_, err := d.entitlementRow(ctx, o, r,
		func(ctx context.Context, o owner.Object, role string, via app.EntitlementRef) (owner.Owner, error) {
			return owner.Owner{}, d.Owners.RemoveEntitlement(ctx, o, role, via)
		})
	return err
}

func (d *Deps) listUserOwners(ctx context.Context, o owned, r pagesOwners) ([]userOwner, string, error) {
	return listOwners(ctx, d, o, r, d.Owners.ListUsers, d.userRows)
}

func (d *Deps) listEntitlementOwners(ctx context.Context, o owned, r pagesOwners) ([]entitlementOwner, string, error) {
	return listOwners(ctx, d, o, r, d.Owners.ListEntitlements, d.entitlementRows)
}

func listOwners[T any](
	ctx context.Context, d *Deps, o owned, r pagesOwners,
	list func(ctx context.Context, o owner.Object, role string, r page.Request) (page.Page[owner.Owner], error),
	show func(ctx context.Context, rows ...owner.Owner) ([]T, error),
) ([]T, string, error) {
	if o.err != nil {
		return nil, "", o.err
	}
	p, err := d.Page(r)
	if err != nil {
		return nil, "", err
	}
	found, err := list(ctx, o.Object, r.GetRoleSlug(), p.Request)
	if err != nil {
		return nil, "", err
	}
	shown, err := show(ctx, found.Items...)
	return shown, p.Token(found.Next), err
}

func (d *Deps) userRows(ctx context.Context, rows ...owner.Owner) ([]userOwner, error) {
	ids := make([]directory.UserID, len(rows))
	for i, row := range rows {
		ids[i] = row.User
	}
	users, err := d.people(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]userOwner, len(rows))
	for i, row := range rows {
		out[i] = userOwner{row, users[i]}
	}
	return out, nil
}

func (d *Deps) entitlementRows(ctx context.Context, rows ...owner.Owner) ([]entitlementOwner, error) {
	refs := make([]app.EntitlementRef, len(rows))
	for i, row := range rows {
		refs[i] = row.Via
	}
	e, err := d.expand(ctx, nil, read.Wanted{Entitlements: refs})
	if err != nil {
		return nil, err
	}
	out := make([]entitlementOwner, len(rows))
	for i, row := range rows {
		out[i] = entitlementOwner{row, e.show(e.related.Entitlements[row.Via])}
	}
	return out, nil
}

// all shows each of a list.
func all[T, V any](list []V, show func(V) T) []T {
	out := make([]T, len(list))
	for i, v := range list {
		out[i] = show(v)
	}
	return out
}
