package owner

import (
	"context"
	"slices"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// Deps are what a [Service] stands on; all are required.
type Deps struct {
	DB    *db.DB
	Clock clock.Clock
	Audit *audit.Log
}

// Service holds the use cases about owners. Whether the caller may is judged by the doors; each method that writes is one
// transaction, its audit event included, and a write that changes nothing leaves no event. What sets, adds or removes owners of one
// object changes that object alone: the set that owns it, if one does, is first replaced by what it says.
type Service struct {
	db    *db.DB
	clock clock.Clock
	log   *audit.Log

	notice Notice
}

// New returns the use cases.
func New(d Deps) *Service { return &Service{db: d.DB, clock: d.Clock, log: d.Audit} }

// Set makes exactly these users, in this order, and entitlements the owners of the object under the role; who owned it before keeps
// the time at which that was first said. Invalid for a malformed role or more than [MaxOwners] of either; NotFound for an object, user or
// entitlement that is not there or deleted.
func (s *Service) Set(ctx context.Context, o Object, role string, users []directory.UserID, entitlements []app.EntitlementRef) error {
	users, entitlements = once(users), once(entitlements)
	if err := ValidRole(role); err != nil {
		return err
	}
	if n := max(len(users), len(entitlements)); n > MaxOwners {
		return fault.New(fault.Invalid, "%d owners of one role; at most %d users and %d entitlements are allowed", n, MaxOwners, MaxOwners)
	}
	return s.change(ctx, o, role, func(tx *db.Tx, actor audit.Actor) error {
		if err := usersExist(tx, users); err != nil {
			return err
		}
		if err := entitlementsExist(tx, entitlements); err != nil {
			return err
		}
		return s.replace(tx, actor, o, role, users, entitlements)
	})
}

// replace writes what differs.
func (s *Service) replace(
	tx *db.Tx, actor audit.Actor, o Object, role string, users []directory.UserID, entitlements []app.EntitlementRef,
) error {
	wasShared, err := s.unshare(tx, actor, o, role)
	if err != nil {
		return err
	}
	oldUsers, oldEntitlements, err := rows(tx, o, role)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	changed := wasShared || !slices.EqualFunc(oldUsers, users, func(old Owner, u directory.UserID) bool { return old.User == u })
	for _, old := range oldUsers {
		if !slices.Contains(users, old.User) {
			deleteUser(tx, o, role, old.User)
		}
	}
	if changed {
		for i, u := range users {
			placeUser(tx, o, role, u, i+1, now)
		}
	}
	for _, old := range oldEntitlements {
		if !slices.Contains(entitlements, old.Via) {
			deleteEntitlement(tx, o, role, old.Via)
			changed = true
		}
	}
	for _, e := range entitlements {
		if !slices.ContainsFunc(oldEntitlements, func(old Owner) bool { return old.Via == e }) {
			insertEntitlement(tx, o, role, e, now)
			changed = true
		}
	}
	if !changed {
		return nil
	}
	return s.log.Record(tx, actor, setEvent(o, role, users, entitlements))
}

// AddUser makes a user an owner of the object under the role; doing it again answers the same row. Invalid for a malformed role;
// NotFound for an object or user that is not there or deleted; Precondition where [MaxOwners] users own it.
func (s *Service) AddUser(ctx context.Context, o Object, role string, user directory.UserID) (row Owner, err error) {
	if err := ValidRole(role); err != nil {
		return Owner{}, err
	}
	err = s.change(ctx, o, role, func(tx *db.Tx, actor audit.Actor) error {
		row, err = s.addUser(tx, actor, o, role, user)
		return err
	})
	return row, err
}

func (s *Service) addUser(tx *db.Tx, actor audit.Actor, o Object, role string, user directory.UserID) (Owner, error) {
	if err := usersExist(tx, []directory.UserID{user}); err != nil {
		return Owner{}, err
	}
	row, err := getUser(tx, o, role, user)
	if !fault.Is(err, fault.NotFound) {
		return row, err
	}
	if _, err := s.unshare(tx, actor, o, role); err != nil {
		return Owner{}, err
	}
	users, _, err := rows(tx, o, role)
	if err != nil {
		return Owner{}, err
	}
	if len(users) >= MaxOwners {
		return Owner{}, full("users")
	}
	row = Owner{Object: o, Role: role, User: user, CreatedAt: s.clock.Now()}
	insertUser(tx, o, role, user, row.CreatedAt)
	return row, s.log.Record(tx, actor, event(row, "owner.added", audit.Create))
}

// AddEntitlement is AddUser for an entitlement, whose holders own from then on while they hold it.
func (s *Service) AddEntitlement(ctx context.Context, o Object, role string, via app.EntitlementRef) (row Owner, err error) {
	if err := ValidRole(role); err != nil {
		return Owner{}, err
	}
	err = s.change(ctx, o, role, func(tx *db.Tx, actor audit.Actor) error {
		row, err = s.addEntitlement(tx, actor, o, role, via)
		return err
	})
	return row, err
}

func (s *Service) addEntitlement(tx *db.Tx, actor audit.Actor, o Object, role string, via app.EntitlementRef) (Owner, error) {
	if err := entitlementsExist(tx, []app.EntitlementRef{via}); err != nil {
		return Owner{}, err
	}
	row, err := getEntitlement(tx, o, role, via)
	if !fault.Is(err, fault.NotFound) {
		return row, err
	}
	if _, err := s.unshare(tx, actor, o, role); err != nil {
		return Owner{}, err
	}
	users, entitlements, err := rows(tx, o, role)
	if err != nil {
		return Owner{}, err
	}
	if len(users) > MaxOwners {
		return Owner{}, full("users")
	}
	if len(entitlements) >= MaxOwners {
		return Owner{}, full("entitlements")
	}
	row = Owner{Object: o, Role: role, Via: via, CreatedAt: s.clock.Now()}
	insertEntitlement(tx, o, role, via, row.CreatedAt)
	return row, s.log.Record(tx, actor, event(row, "owner.added", audit.Create))
}

func full(what string) error {
	return fault.New(fault.Precondition, "at most %d %s can own one object under one role", MaxOwners, what)
}

// RemoveUsers takes named users off the owners of the object under the role, all or none. Invalid for a malformed role; NotFound for
// an object that is not there, and for a user who is not named there; Precondition where the rest of a set is too large to be named.
func (s *Service) RemoveUsers(ctx context.Context, o Object, role string, users ...directory.UserID) error {
	if err := ValidRole(role); err != nil {
		return err
	}
	return s.change(ctx, o, role, func(tx *db.Tx, actor audit.Actor) error {
		wasShared := false
		for _, u := range once(users) {
			row, err := getUser(tx, o, role, u)
			if err != nil {
				return err
			}
			shared, err := s.unshare(tx, actor, o, role)
			if err != nil {
				return err
			}
			wasShared = wasShared || shared
			deleteUser(tx, o, role, u)
			if err := s.log.Record(tx, actor, event(row, "owner.removed", audit.Delete)); err != nil {
				return err
			}
		}
		if !wasShared {
			return nil
		}
		stay, _, err := rows(tx, o, role)
		if err == nil && len(stay) > MaxOwners {
			err = full("users")
		}
		return err
	})
}

// RemoveEntitlement is RemoveUsers for an entitlement.
func (s *Service) RemoveEntitlement(ctx context.Context, o Object, role string, via app.EntitlementRef) error {
	if err := ValidRole(role); err != nil {
		return err
	}
	return s.change(ctx, o, role, func(tx *db.Tx, actor audit.Actor) error {
		row, err := getEntitlement(tx, o, role, via)
		if err != nil {
			return err
		}
		if _, err := s.unshare(tx, actor, o, role); err != nil {
			return err
		}
		deleteEntitlement(tx, o, role, via)
		return s.log.Record(tx, actor, event(row, "owner.removed", audit.Delete))
	})
}

// GetUser reads the row of a named user. Invalid for a malformed role; NotFound for an object or row that is not there.
func (s *Service) GetUser(ctx context.Context, o Object, role string, user directory.UserID) (Owner, error) {
	if err := s.readable(ctx, o, role); err != nil {
		return Owner{}, err
	}
	return getUser(s.db.Q(ctx), o, role, user)
}

// GetEntitlement reads the row of an entitlement. Invalid for a malformed role; NotFound for an object or row that is not there.
func (s *Service) GetEntitlement(ctx context.Context, o Object, role string, via app.EntitlementRef) (Owner, error) {
	if err := s.readable(ctx, o, role); err != nil {
		return Owner{}, err
	}
	return getEntitlement(s.db.Q(ctx), o, role, via)
}

// ListUsers lists the named users of an object that are not deleted, by role and identity; role "" is every role. Invalid for a
// malformed role; NotFound for an object that is not there.
func (s *Service) ListUsers(ctx context.Context, o Object, role string, r page.Request) (page.Page[Owner], error) {
	if err := s.readable(ctx, o, role); err != nil {
		return page.Page[Owner]{}, err
	}
	sql, args := listSQL(userRows, o, role, r)
	list, err := db.Collect(s.db.Q(ctx), scanUser, sql, args...)
	return page.Cut(list, r.Size, func(o Owner) page.Key { return page.Key{o.Role, string(o.User)} }), err
}

// ListEntitlements is ListUsers for entitlements.
func (s *Service) ListEntitlements(ctx context.Context, o Object, role string, r page.Request) (page.Page[Owner], error) {
	if err := s.readable(ctx, o, role); err != nil {
		return page.Page[Owner]{}, err
	}
	sql, args := listSQL(entitlementRows, o, role, r)
	list, err := db.Collect(s.db.Q(ctx), scanEntitlement, sql, args...)
	return page.Cut(list, r.Size, func(o Owner) page.Key {
		return page.Key{o.Role, string(o.Via.AppID), string(o.Via.ID)}
	}), err
}

func (s *Service) readable(ctx context.Context, o Object, role string) error {
	if role != "" {
		if err := ValidRole(role); err != nil {
			return err
		}
	}
	return exists(s.db.Q(ctx), o)
}

// change runs one change of the owners of o under a role. Whoever changes the owners of one object takes turns, so that no two of them
// together exceed a limit.
//
// What a set owns, somebody who only owns it leaves as it is. The threat: as a member of the set for now, they would be named among the
// object's own owners instead, and stay one whatever becomes of the set.
func (s *Service) change(ctx context.Context, o Object, role string, fn func(tx *db.Tx, actor audit.Actor) error) error {
	if err := s.mayPass(ctx, o); err != nil {
		return err
	}
	actor := audit.From(ctx)
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock(objectKey(o)); err != nil {
			return err
		}
		if err := changeable(tx, o); err != nil {
			return err
		}
		if err := ownSet(ctx, tx, o, role); err != nil {
			return err
		}
		if err := fn(tx, actor); err != nil {
			return err
		}
		return s.tell(tx, o)
	})
}

// mayPass is [iam.MayPass] for what is owned: who owns what gives powers decides who has them.
func (s *Service) mayPass(ctx context.Context, owned ...Object) error {
	var objects []iam.Object
	for _, o := range owned {
		switch o.Kind {
		case App, Resource, Entitlement:
			objects = append(objects, iam.Object{Type: string(o.Kind), AppID: string(o.App), ID: o.ID})
		case Shared:
			objects = append(objects, iam.Object{Type: string(iam.SortOwnerSet), ID: o.ID})
		case Connector, Account, User, Catalog: // nobody decides anything by owning these
		}
	}
	return iam.MayPass(ctx, s.db.Q(ctx), objects...)
}

// ownSet answers Denied where a set owns o under a role and the caller may change o only because they own it.
func ownSet(ctx context.Context, q db.Q, o Object, role string) error {
	me, err := iam.OnlyOwning(ctx)
	if err != nil || me == "" {
		return err
	}
	set, err := setOf(q, o, role)
	if err == nil && set != "" {
		err = fault.New(fault.Denied, "Permission denied, a set of owners owns this, and administrators change sets")
	}
	return err
}
