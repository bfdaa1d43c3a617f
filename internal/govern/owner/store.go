package owner

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// liveSQL is the condition that the object of the row o is not deleted.
const liveSQL = `(case o.kind
	when 'app' then exists (select 1 from app x where x.id = o.object_id and x.deleted_at is null)
	when 'entitlement' then exists (select 1 from entitlement x where x.app_id = o.app_id and x.id = o.object_id and x.deleted_at is null)
	when 'resource' then exists (select 1 from resource x where x.app_id = o.app_id and x.id = o.object_id and x.deleted_at is null)
	when 'connector' then exists (select 1 from connector x where x.app_id = o.app_id and x.id = o.object_id and x.deleted_at is null)
	when 'account' then exists (select 1 from account x where x.app_id = o.app_id and x.id = o.object_id and x.deleted_at is null)
	else exists (select 1 from users x where x.id = o.object_id and x.status <> 'DELETED') end)`

// exists answers NotFound unless the object is there and not deleted.
func exists(q db.Q, o Object) (err error) {
	switch o.Kind {
	case App:
		_, err = app.GetApp(q, o.App)
	case Entitlement:
		_, err = app.GetEntitlement(q, o.App, app.EntitlementID(o.ID))
	case Resource:
		_, err = app.GetResource(q, o.App, app.ResourceID(o.ID))
	case Connector:
		_, err = app.GetConnector(q, o.App, app.ConnectorID(o.ID))
	case Account:
		_, err = app.GetAccount(q, o.App, app.AccountID(o.ID))
	case User:
		err = usersExist(q, []directory.UserID{directory.UserID(o.ID)})
	default:
		err = fmt.Errorf("owners of a %q", o.Kind)
	}
	return err
}

// usersExist answers NotFound for the first that is not there or deleted.
func usersExist(q db.Q, users []directory.UserID) error {
	found, err := directory.Many(q, users)
	if err != nil {
		return err
	}
	there := make(map[directory.UserID]bool, len(found))
	for _, u := range found {
		there[u.ID] = u.Status != directory.Deleted
	}
	for _, u := range users {
		if !there[u] {
			return fault.Missing("user", string(u))
		}
	}
	return nil
}

// entitlementsExist answers NotFound for the first that is not there or deleted.
func entitlementsExist(q db.Q, refs []app.EntitlementRef) error {
	found, err := app.ManyEntitlements(q, refs)
	if err != nil {
		return err
	}
	there := make(map[app.EntitlementRef]bool, len(found))
	for _, e := range found {
		there[e.Ref()] = e.DeletedAt.IsZero()
	}
	for _, r := range refs {
		if !there[r] {
			return fault.Missing("entitlement", string(r.ID))
		}
	}
	return nil
}

// The rows of one object that count: those of users and entitlements that are not deleted.
const (
	userColumns = `select o.kind, o.app_id, o.object_id, o.role, o.user_id, o.created_at
		from owner_user o join users u on u.id = o.user_id and u.status <> 'DELETED'`
	entitlementColumns = `select o.kind, o.app_id, o.object_id, o.role, o.via_app_id, o.via_entitlement_id, o.created_at
		from owner_entitlement o join entitlement e on e.app_id = o.via_app_id and e.id = o.via_entitlement_id and e.deleted_at is null`
)

func scanUser(r *db.Rows) (o Owner, err error) {
	var at int64
	err = r.Scan(&o.Kind, &o.App, &o.ID, &o.Role, &o.User, &at)
	o.CreatedAt = clock.FromMicros(at)
	return o, err
}

func scanEntitlement(r *db.Rows) (o Owner, err error) {
	var at int64
	err = r.Scan(&o.Kind, &o.App, &o.ID, &o.Role, &o.Via.AppID, &o.Via.ID, &at)
	o.CreatedAt = clock.FromMicros(at)
	return o, err
}

// of is the condition for the rows of one object.
func of(o Object) *db.Where {
	w := &db.Where{}
	w.And("o.kind = ? and o.app_id = ? and o.object_id = ?", string(o.Kind), string(o.App), o.ID)
	return w
}

func ofRole(o Object, role string) *db.Where {
	w := of(o)
	w.And("o.role = ?", role)
	return w
}

// rows are the owners of an object under a role that count, the users in the order in which they were named.
func rows(q db.Q, o Object, role string) (users, entitlements []Owner, err error) {
	where, args := ofRole(o, role).SQL()
	if users, err = db.Collect(q, scanUser, userColumns+where+` order by o.place, o.user_id`, args...); err != nil {
		return nil, nil, err
	}
	entitlements, err = db.Collect(q, scanEntitlement, entitlementColumns+where, args...)
	return users, entitlements, err
}

// getUser reads the row of a named user. NotFound if there is none that counts.
func getUser(q db.Q, o Object, role string, user directory.UserID) (Owner, error) {
	w := ofRole(o, role)
	w.And("o.user_id = ?", string(user))
	where, args := w.SQL()
	row, err := db.One(q, scanUser, userColumns+where, args...)
	return row, absent(err, string(user))
}

// getEntitlement reads the row of an entitlement. NotFound if there is none that counts.
func getEntitlement(q db.Q, o Object, role string, via app.EntitlementRef) (Owner, error) {
	w := ofRole(o, role)
	w.And("o.via_app_id = ? and o.via_entitlement_id = ?", string(via.AppID), string(via.ID))
	where, args := w.SQL()
	row, err := db.One(q, scanEntitlement, entitlementColumns+where, args...)
	return row, absent(err, string(via.ID))
}

func absent(err error, id string) error {
	if errors.Is(err, db.ErrNoRows) {
		return fault.Missing("owner", id)
	}
	return err
}

// insertUser names a user behind those who are named.
func insertUser(tx *db.Tx, o Object, role string, user directory.UserID, at time.Time) {
	tx.Queue(`insert into owner_user (kind, app_id, object_id, role, user_id, created_at, place) values ($1,$2,$3,$4,$5,$6,
		(select coalesce(max(place), 0) + 1 from owner_user where kind = $1 and app_id = $2 and object_id = $3 and role = $4))
		on conflict do nothing`, string(o.Kind), string(o.App), o.ID, role, string(user), clock.Micros(at))
}

// placeUser names a user, or moves who is named, to a place in the order.
func placeUser(tx *db.Tx, o Object, role string, user directory.UserID, place int, at time.Time) {
	tx.Queue(`insert into owner_user (kind, app_id, object_id, role, user_id, created_at, place) values ($1,$2,$3,$4,$5,$6,$7)
		on conflict (kind, app_id, object_id, role, user_id) do update set place = excluded.place`,
		string(o.Kind), string(o.App), o.ID, role, string(user), clock.Micros(at), place)
}

func insertEntitlement(tx *db.Tx, o Object, role string, via app.EntitlementRef, at time.Time) {
	tx.Queue(`insert into owner_entitlement (kind, app_id, object_id, role, via_app_id, via_entitlement_id, created_at)
		values ($1,$2,$3,$4,$5,$6,$7) on conflict do nothing`,
		string(o.Kind), string(o.App), o.ID, role, string(via.AppID), string(via.ID), clock.Micros(at))
}

func deleteUser(tx *db.Tx, o Object, role string, user directory.UserID) {
	tx.Queue(`delete from owner_user where kind = $1 and app_id = $2 and object_id = $3 and role = $4 and user_id = $5`,
		string(o.Kind), string(o.App), o.ID, role, string(user))
}

func deleteEntitlement(tx *db.Tx, o Object, role string, via app.EntitlementRef) {
	tx.Queue(`delete from owner_entitlement where kind = $1 and app_id = $2 and object_id = $3 and role = $4
		and via_app_id = $5 and via_entitlement_id = $6`,
		string(o.Kind), string(o.App), o.ID, role, string(via.AppID), string(via.ID))
}

// among is the condition that the row o is about one of the objects, whose values are bound from $first on.
func among(objects []Object, first int) (string, []any) {
	var b strings.Builder
	args := make([]any, 0, 3*len(objects))
	for i, o := range objects {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "($%d,$%d,$%d)", first+3*i, first+3*i+1, first+3*i+2)
		args = append(args, string(o.Kind), string(o.App), o.ID)
	}
	return `(o.kind, o.app_id, o.object_id) in (values ` + b.String() + `)`, args
}

func listSQL(columns string, o Object, role string, order []string, r page.Request) (string, []any) {
	w := of(o)
	if role != "" {
		w.And("o.role = ?", role)
	}
	w.After(order, r.After...)
	where, args := w.SQL()
	return columns + where + " order by " + strings.Join(order, ", ") + " limit " + strconv.Itoa(r.Size+1), args
}
