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
	when 'catalog' then exists (select 1 from catalog x where x.id = o.object_id and x.deleted_at is null)
	when 'set' then exists (select 1 from owner_set x where x.id = o.object_id and x.deleted_at is null)
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
	case Catalog:
		err = absent(q.Row(`select id from catalog where id = $1 and deleted_at is null`, o.ID).Scan(new(string)), o.ID)
	case Shared:
		_, err = GetSet(q, SetID(o.ID))
	default:
		err = fmt.Errorf("owners of a %q", o.Kind)
	}
	return err
}

// changeable is exists for an object that is about to get other owners, which are none of a set's own.
func changeable(q db.Q, o Object) error {
	if o.Kind == Shared {
		return fault.New(fault.Precondition, "the members of an owner are changed with it")
	}
	return exists(q, o)
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

// table is one of two places where owners of one sort are: in rows about the object, and in the set that owns it.
type table struct {
	columns string   // and where they come from
	order   []string // of a list of them
}

// The owners of an object that count: users and entitlements that are not deleted. An object has rows of its own or a set.
var (
	userRows = [2]table{
		{`select o.kind, o.app_id, o.object_id, o.role, o.user_id, o.created_at, o.place
			from owner_user o join users u on u.id = o.user_id and u.status <> 'DELETED'`, []string{"o.role", "o.user_id"}},
		{`select o.kind, o.app_id, o.object_id, o.role, m.user_id, o.created_at, m.place
			from owner_from_set o join owner_set_member m on m.set_id = o.set_id
			join users u on u.id = m.user_id and u.status <> 'DELETED'`, []string{"o.role", "m.user_id"}},
	}
	entitlementRows = [2]table{
		{`select o.kind, o.app_id, o.object_id, o.role, o.via_app_id, o.via_entitlement_id, o.created_at
			from owner_entitlement o join entitlement e on e.app_id = o.via_app_id and e.id = o.via_entitlement_id
			and e.deleted_at is null`, []string{"o.role", "o.via_app_id", "o.via_entitlement_id"}},
		{`select o.kind, o.app_id, o.object_id, o.role, w.via_app_id, w.via_entitlement_id, o.created_at
			from owner_from_set o join owner_set w on w.id = o.set_id
			join entitlement e on e.app_id = w.via_app_id and e.id = w.via_entitlement_id
			and e.deleted_at is null`, []string{"o.role", "w.via_app_id", "w.via_entitlement_id"}},
	}
)

// union asks both tables about an object; narrow adds to each the same conditions, about columns of its own.
func union(tables [2]table, o Object, role string, narrow func(w *db.Where, t table)) (sql string, args []any) {
	var parts [2]string
	for n, t := range tables {
		w := of(o)
		if role != "" {
			w.And("o.role = ?", role)
		}
		narrow(w, t)
		parts[n], args = w.SQL()
		parts[n] = t.columns + parts[n]
	}
	return strings.Join(parts[:], " union all "), args
}

func everything(*db.Where, table) {}

func scanUser(r *db.Rows) (o Owner, err error) {
	var at, place int64
	err = r.Scan(&o.Kind, &o.App, &o.ID, &o.Role, &o.User, &at, &place)
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

// rows are the owners of an object under a role that count, the users in the order in which they were named.
func rows(q db.Q, o Object, role string) (users, entitlements []Owner, err error) {
	sql, args := union(userRows, o, role, everything)
	if users, err = db.Collect(q, scanUser, sql+` order by 7, 5`, args...); err != nil {
		return nil, nil, err
	}
	sql, args = union(entitlementRows, o, role, everything)
	entitlements, err = db.Collect(q, scanEntitlement, sql, args...)
	return users, entitlements, err
}

// getUser reads the row of a named user. NotFound if there is none that counts.
func getUser(q db.Q, o Object, role string, user directory.UserID) (Owner, error) {
	sql, args := union(userRows, o, role, func(w *db.Where, t table) { w.And(t.order[1]+" = ?", string(user)) })
	row, err := db.One(q, scanUser, sql, args...)
	return row, absent(err, string(user))
}

// getEntitlement reads the row of an entitlement. NotFound if there is none that counts.
func getEntitlement(q db.Q, o Object, role string, via app.EntitlementRef) (Owner, error) {
	sql, args := union(entitlementRows, o, role, func(w *db.Where, t table) {
		w.And(t.order[1]+" = ? and "+t.order[2]+" = ?", string(via.AppID), string(via.ID))
	})
	row, err := db.One(q, scanEntitlement, sql, args...)
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
	list, args := rowsOf(objects, first)
	if len(objects) == 1 { // as approvals ask: no list to be made and searched
		return fmt.Sprintf(`o.kind = $%d and o.app_id = $%d and o.object_id = $%d`, first, first+1, first+2), args
	}
	return `(o.kind, o.app_id, o.object_id) in (` + list + `)`, args
}

// rowsOf are the names of the objects as rows of (kind, app_id, object_id); their placeholders begin with that number.
func rowsOf(objects []Object, first int) (string, []any) {
	b, args := make([]byte, 0, len("values ")+len(objects)*len(",($100,$101,$102)")), make([]any, 0, 3*len(objects))
	b = append(b, "values "...)
	for i, o := range objects {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, "($"...), int64(first+3*i), 10)
		b = strconv.AppendInt(append(b, ",$"...), int64(first+3*i+1), 10)
		b = strconv.AppendInt(append(b, ",$"...), int64(first+3*i+2), 10)
		b, args = append(b, ')'), append(args, string(o.Kind), string(o.App), o.ID)
	}
	return string(b), args
}

func listSQL(tables [2]table, o Object, role string, r page.Request) (string, []any) {
	sql, args := union(tables, o, role, func(w *db.Where, t table) { w.After(t.order, r.After...) })
	order := " order by 4, 5"
	if len(tables[0].order) == 3 {
		order += ", 6"
	}
	return sql + order + " limit " + strconv.Itoa(r.Size+1), args
}
