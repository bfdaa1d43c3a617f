package owner

import (
	"context"
	"slices"
	"strings"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Share makes a set the owner of the object under the role, instead of whoever owned it under that. Invalid for a malformed role;
// NotFound for an object or set that is not there or deleted. Only for those who may change who owns all of it.
func (s *Service) Share(ctx context.Context, o Object, role string, setID SetID) error {
	if err := ValidRole(role); err != nil {
		return err
	}
	if err := s.mayPass(ctx, o); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error { return s.ShareIn(tx, audit.From(ctx), o, role, setID) })
}

// ShareIn is Share of a role that is well-formed, in a transaction of the caller.
func (s *Service) ShareIn(tx *db.Tx, actor audit.Actor, o Object, role string, setID SetID) error {
	if err := tx.Lock(objectKey(o), setKey(setID)); err != nil {
		return err
	}
	if err := changeable(tx, o); err != nil {
		return err
	}
	v, err := GetSet(tx, setID)
	if err != nil {
		return err
	}
	before, err := setOf(tx, o, role)
	if err != nil || before == setID {
		return err
	}
	of := []any{string(o.Kind), string(o.App), o.ID, role}
	tx.Queue(`delete from owner_user where kind = $1 and app_id = $2 and object_id = $3 and role = $4`, of...)
	tx.Queue(`delete from owner_entitlement where kind = $1 and app_id = $2 and object_id = $3 and role = $4`, of...)
	tx.Queue(`insert into owner_from_set (kind, app_id, object_id, role, set_id, created_at) values ($1,$2,$3,$4,$5,$6)
		on conflict (kind, app_id, object_id, role) do update set set_id = excluded.set_id, created_at = excluded.created_at`,
		append(of, string(setID), clock.Micros(s.clock.Now()))...)
	if err := s.log.Record(tx, actor, shared(o, role, v)); err != nil {
		return err
	}
	return s.tell(tx, o)
}

// unshare replaces the set that owns o under the role, if one does, by what it says, and reports whether one did. The set stays as it
// is.
func (s *Service) unshare(tx *db.Tx, actor audit.Actor, o Object, role string) (bool, error) {
	setID, err := setOf(tx, o, role)
	if err != nil || setID == "" {
		return false, err
	}
	v, err := GetSet(tx, setID)
	if err != nil {
		return false, err
	}
	of := []any{string(o.Kind), string(o.App), o.ID, role}
	const this = ` where o.kind = $1 and o.app_id = $2 and o.object_id = $3 and o.role = $4`
	tx.Queue(`insert into owner_user (kind, app_id, object_id, role, user_id, created_at, place)
		select o.kind, o.app_id, o.object_id, o.role, m.user_id, o.created_at, m.place
		from owner_from_set o join owner_set_member m on m.set_id = o.set_id`+this+` on conflict do nothing`, of...)
	tx.Queue(`insert into owner_entitlement (kind, app_id, object_id, role, via_app_id, via_entitlement_id, created_at)
		select o.kind, o.app_id, o.object_id, o.role, w.via_app_id, w.via_entitlement_id, o.created_at
		from owner_from_set o join owner_set w on w.id = o.set_id`+this+` and w.via_entitlement_id is not null on conflict do nothing`, of...)
	tx.Queue(`delete from owner_from_set where kind = $1 and app_id = $2 and object_id = $3 and role = $4`, of...)
	return true, s.log.Record(tx, actor, unshared(o, role, v))
}

// Admin is who decides about an object as its owner: the primary owners of Object, which a set may be.
type Admin struct {
	Object Object // the object itself, or the app that it is in
	Set    SetID  // that owns Object; empty: its owners are its own
}

// ID is the identity under which they are shown: that of the set, or of the object whose own owners they are.
func (a Admin) ID() SetID {
	if a.Set != "" {
		return a.Set
	}
	return SetID(a.Object.ID)
}

// Admins answers who decides about each of the objects: its primary owners, whatever their state; of what is in an app and has none,
// those of the app. One statement for every 500 objects and apps.
func Admins(q db.Q, objects []Object) (func(Object) Admin, error) {
	asked := slices.Grow([]Object(nil), 2*len(objects))
	inApp := map[app.ID]bool{}
	for _, o := range objects {
		asked = append(asked, o)
		if o.App != "" && !inApp[o.App] {
			inApp[o.App], asked = true, append(asked, OfApp(o.App))
		}
	}
	owned := map[Object]SetID{}
	for _, chunk := range db.Chunks(asked) {
		sql, args := adminsSQL(chunk)
		found, err := db.Collect(q, func(r *db.Rows) (a Admin, err error) {
			return a, r.Scan(&a.Object.Kind, &a.Object.App, &a.Object.ID, &a.Set)
		}, sql, args...)
		if err != nil {
			return nil, err
		}
		for _, a := range found {
			owned[a.Object] = a.Set
		}
	}
	return func(o Object) Admin {
		set, ok := owned[o]
		if !ok && o.App != "" {
			o = OfApp(o.App)
			set = owned[o]
		}
		return Admin{Object: o, Set: set}
	}, nil
}

// adminsSQL reads which of the objects have primary owners, and the set that owns them; empty if they have owners of their own.
func adminsSQL(objects []Object) (string, []any) {
	rows, args := rowsOf(objects, 2)
	const of = ` o.kind = k.kind and o.app_id = k.app_id and o.object_id = k.object_id and o.role = $1`
	return `with asked (kind, app_id, object_id) as (` + rows + `)
		select k.kind, k.app_id, k.object_id, coalesce(o.set_id, '') from asked k left join owner_from_set o on` + of + `
		where o.set_id is not null
			or exists (select 1 from owner_user o join users u on u.id = o.user_id and u.status <> 'DELETED' where` + of + `)
			or exists (select 1 from owner_entitlement o join entitlement e on e.app_id = o.via_app_id and e.id = o.via_entitlement_id
				and e.deleted_at is null where` + of + `)`, append([]any{Primary}, args...)
}

// ObjectsOf answers what the members of sets own, in one statement for every 100 of them: of sets, and of the owners of apps and resources
// as sets of their own identity. What is unknown or deleted is left out.
func ObjectsOf(q db.Q, ids []SetID) (map[SetID]Object, error) {
	const batch = 100
	out := make(map[SetID]Object, len(ids))
	for _, chunk := range db.Chunks(ids, batch) {
		sql, args := objectsSQL(chunk)
		found, err := db.Collect(q, func(r *db.Rows) (o Object, err error) { return o, r.Scan(&o.Kind, &o.App, &o.ID) }, sql, args...)
		if err != nil {
			return nil, err
		}
		for _, o := range found {
			out[SetID(o.ID)] = o
		}
	}
	return out, nil
}

func objectsSQL(ids []SetID) (string, []any) {
	w := &db.Where{}
	of := make([]string, len(ids))
	for n, id := range ids {
		of[n] = w.Bind(string(id))
	}
	in := " in (" + strings.Join(of, ",") + ") and deleted_at is null"
	_, args := w.SQL()
	return `select '` + string(Shared) + `', '', id from owner_set where id` + in + `
		union all select '` + string(App) + `', id, id from app where id` + in + `
		union all select '` + string(Resource) + `', app_id, id from resource where id` + in + `
			and id <> '` + string(app.AccessResource) + `'`, args
}

// anonymous are the owners of an app or resource as a set of its own identity. NotFound.
func anonymous(q db.Q, setID SetID) (Set, error) {
	a, err := app.GetApp(q, app.ID(setID))
	if err == nil {
		return Set{ID: setID, Name: "Owners of " + a.DisplayName, Of: OfApp(a.ID), CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt}, nil
	}
	if !fault.Is(err, fault.NotFound) {
		return Set{}, err
	}
	in, err := db.One(q, func(r *db.Rows) (v app.ID, err error) { return v, r.Scan(&v) },
		`select app_id from resource where id = $1 and id <> $2 and deleted_at is null`, string(setID), string(app.AccessResource))
	if err != nil {
		return Set{}, absent(err, string(setID))
	}
	r, err := app.GetResource(q, in, app.ResourceID(setID))
	if err != nil {
		return Set{}, err
	}
	return Set{
		ID: setID, Name: "Owners of " + r.DisplayName, Of: OfResource(app.ResourceRef{AppID: in, ID: r.ID}),
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}, nil
}
