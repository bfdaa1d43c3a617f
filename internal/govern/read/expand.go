package read

import (
	"context"
	"maps"
	"slices"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/delegation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/db"
)

// Wanted names objects that others refer to; empty identities and repetitions are passed over.
type Wanted struct {
	Apps          []app.ID
	ResourceTypes []app.ResourceTypeRef
	Resources     []app.ResourceRef
	Entitlements  []app.EntitlementRef
	Accounts      []app.AccountRef
	Users         []directory.UserID
}

// Related are the objects that were wanted and exist, deleted ones too.
type Related struct {
	Apps          map[app.ID]app.App
	ResourceTypes map[app.ResourceTypeRef]app.ResourceType
	Resources     map[app.ResourceRef]app.Resource
	Entitlements  map[app.EntitlementRef]app.Entitlement
	Accounts      map[app.AccountRef]app.Account
	Users         map[directory.UserID]directory.User
	Roles         map[directory.UserID][]iam.RoleID     // of Users
	Delegates     map[directory.UserID]directory.UserID // who answers instead of Users now
}

// User is one of Users with what is shown with them; false if there is none.
func (r Related) User(id directory.UserID) (UserRow, bool) {
	u, ok := r.Users[id]
	return UserRow{User: u, RoleIDs: r.Roles[id], Delegate: r.Delegates[id]}, ok
}

// Related reads what w names, one statement for each kind and 500 objects. Whether the caller may see it is the caller's to judge.
func (s *Service) Related(ctx context.Context, w Wanted) (Related, error) {
	var (
		r Related
		q = s.db.Q(ctx)
	)
	for _, load := range []func() error{
		func() (err error) {
			r.Apps, err = index(q, w.Apps, app.ManyApps, func(v app.App) app.ID { return v.ID })
			return err
		},
		func() (err error) {
			r.ResourceTypes, err = index(q, w.ResourceTypes, app.ManyResourceTypes, func(v app.ResourceType) app.ResourceTypeRef {
				return app.ResourceTypeRef{AppID: v.AppID, ID: v.ID}
			})
			return err
		},
		func() (err error) {
			r.Resources, err = index(q, w.Resources, app.ManyResources, func(v app.Resource) app.ResourceRef {
				return app.ResourceRef{AppID: v.AppID, ID: v.ID}
			})
			return err
		},
		func() (err error) {
			r.Entitlements, err = index(q, w.Entitlements, app.ManyEntitlements, app.Entitlement.Ref)
			return err
		},
		func() (err error) {
			r.Accounts, err = index(q, w.Accounts, app.ManyAccounts, app.Account.Ref)
			return err
		},
		func() (err error) {
			r.Users, err = index(q, w.Users, directory.Many, func(v directory.User) directory.UserID { return v.ID })
			return err
		},
		func() (err error) {
			r.Roles, err = rolesOf(q, slices.Collect(maps.Keys(r.Users)))
			return err
		},
		func() (err error) {
			r.Delegates, err = delegation.Delegates(q, slices.Collect(maps.Keys(r.Users)), s.clock.Now())
			return err
		},
	} {
		if err := load(); err != nil {
			return Related{}, err
		}
	}
	return r, nil
}

// index reads the named objects, each once, and returns them by name.
func index[K comparable, V any](q db.Q, names []K, many func(db.Q, []K) ([]V, error), name func(V) K) (map[K]V, error) {
	var zero K
	seen := make(map[K]bool, len(names))
	var once []K
	for _, n := range names {
		if n != zero && !seen[n] {
			seen[n] = true
			once = append(once, n)
		}
	}
	if len(once) == 0 {
		return map[K]V{}, nil
	}
	list, err := many(q, once)
	out := make(map[K]V, len(list))
	for _, v := range list {
		out[name(v)] = v
	}
	return out, err
}

// rolesOf reads which live roles each of the users holds, in the order of their ids.
func rolesOf(q db.Q, users []directory.UserID) (map[directory.UserID][]iam.RoleID, error) {
	roles := make(map[directory.UserID][]iam.RoleID, len(users))
	for _, chunk := range db.Chunks(users) {
		err := each(q, `select m.user_id, m.role_id from user_role m join role r on r.id = m.role_id and r.deleted_at is null
			where m.user_id in (`+numbered(len(chunk))+`) order by m.user_id, m.role_id`, texts(chunk), func(rows *db.Rows) error {
			var (
				user directory.UserID
				role iam.RoleID
			)
			err := rows.Scan(&user, &role)
			roles[user] = append(roles[user], role)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return roles, nil
}
