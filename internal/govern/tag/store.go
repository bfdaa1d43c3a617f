package tag

import (
	"errors"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

const columns = `t.id, t.key, t.value, t.created_by, t.created_at`

func scan(r *db.Rows) (t Tag, err error) {
	var created int64
	err = r.Scan(&t.ID, &t.Key, &t.Value, &t.CreatedBy, &created)
	t.CreatedAt = clock.FromMicros(created)
	return t, err
}

func get(q db.Q, tagID ID) (Tag, error) {
	t, err := db.One(q, scan, `select `+columns+` from tag t where t.id = $1`, string(tagID))
	return t, found(err, string(tagID))
}

const findSQL = `select ` + columns + ` from tag t where t.key = $1 and t.value = $2`

func find(q db.Q, key, value string) (Tag, error) {
	t, err := db.One(q, scan, findSQL, key, value)
	return t, found(err, key)
}

func found(err error, what string) error {
	if errors.Is(err, db.ErrNoRows) {
		return fault.Missing("tag", what)
	}
	return err
}

func listSQL(r page.Request) (string, []any) {
	var w db.Where
	w.After([]string{"t.id"}, r.After...)
	limit := w.Bind(r.Size + 1)
	sql, args := w.SQL()
	return `select ` + columns + ` from tag t` + sql + ` order by t.id limit ` + limit, args
}

func onSQL(o Object) string {
	return `select ` + columns + ` from ` + o.table() + ` o join tag t on t.id = o.tag_id
		where o.` + o.column() + ` = $1 order by t.key, t.value`
}

// OfUsers answers the tags of some users, in no order; who has none is left out.
func OfUsers(q db.Q, users []directory.UserID) (map[directory.UserID][]Tag, error) {
	type row struct {
		of directory.UserID
		Tag
	}
	out := map[directory.UserID][]Tag{}
	for _, chunk := range db.Chunks(users) {
		sql, args := ofUsersSQL(chunk)
		found, err := db.Collect(q, func(r *db.Rows) (v row, err error) { return v, r.Scan(&v.of, &v.ID, &v.Key, &v.Value) }, sql, args...)
		if err != nil {
			return nil, err
		}
		for _, v := range found {
			out[v.of] = append(out[v.of], v.Tag)
		}
	}
	return out, nil
}

func ofUsersSQL(users []directory.UserID) (string, []any) {
	w := &db.Where{}
	w.In("o.user_id", users)
	where, args := w.SQL()
	return `select o.user_id, t.id, t.key, t.value from tag_user o join tag t on t.id = o.tag_id` + where, args
}

// insert adds t unless there is one of its key and value, and reports whether it did.
func insert(tx *db.Tx, t Tag) (bool, error) {
	n, err := tx.Exec(`insert into tag (id, key, value, created_by, created_at) values ($1, $2, $3, $4, $5)
		on conflict (key, value) do nothing`, string(t.ID), t.Key, t.Value, string(t.CreatedBy), clock.Micros(t.CreatedAt))
	return n == 1, err
}

// remove deletes a tag and answers how many objects had it.
func remove(tx *db.Tx, tagID ID) (int64, error) {
	var had int64
	for _, table := range []string{"tag_user", "tag_resource"} {
		n, err := tx.Exec(`delete from `+table+` where tag_id = $1`, string(tagID))
		if err != nil {
			return 0, err
		}
		had += n
	}
	_, err := tx.Exec(`delete from tag where id = $1`, string(tagID))
	return had, err
}

// standing answers the app of a resource, empty for a user, and keeps the object from being deleted until tx ends. NotFound.
func standing(tx *db.Tx, o Object) (appID app.ID, err error) {
	sql := `select '' from users where id = $1 and status <> 'DELETED'`
	if o.kind == "resource" {
		sql = `select app_id from resource where id = $1 and deleted_at is null and id <> '` + string(app.AccessResource) + `'`
	}
	if tx.Skip() != "" { // one writer at a time needs no lock
		sql += " for share"
	}
	err = tx.Row(sql, o.id).Scan(&appID)
	if errors.Is(err, db.ErrNoRows) {
		err = fault.Missing(o.kind, o.id)
	}
	return appID, err
}

// put adds a tag to an object unless it is there, and reports whether it did.
func put(tx *db.Tx, tagID ID, o Object, appID app.ID) (bool, error) {
	sql, args := `insert into tag_user (user_id, tag_id) values ($1, $2) on conflict do nothing`, []any{o.id, string(tagID)}
	if o.kind == "resource" {
		sql = `insert into tag_resource (resource_id, tag_id, app_id) values ($1, $2, $3) on conflict do nothing`
		args = append(args, string(appID))
	}
	n, err := tx.Exec(sql, args...)
	return n == 1, err
}

func count(q db.Q, o Object) (n int, err error) {
	err = q.Row(`select count(*) from `+o.table()+` where `+o.column()+` = $1`, o.id).Scan(&n)
	return n, err
}

// takeOff answers the app of a resource, empty for a user. NotFound for a tag that the object does not have.
func takeOff(tx *db.Tx, tagID ID, o Object) (appID app.ID, err error) {
	of := "''"
	if o.kind == "resource" {
		of = "app_id"
	}
	err = tx.Row(`delete from `+o.table()+` where `+o.column()+` = $1 and tag_id = $2 returning `+of, o.id, string(tagID)).Scan(&appID)
	return appID, found(err, string(tagID))
}

// forget takes the tags off the resources of an app that are deleted.
func forget(tx *db.Tx, appID app.ID) error {
	_, err := tx.Exec(forgetSQL, string(appID))
	return err
}

const forgetSQL = `delete from tag_resource where app_id = $1 and exists (select 1 from resource r
	where r.app_id = tag_resource.app_id and r.id = tag_resource.resource_id and r.deleted_at is not null)`
