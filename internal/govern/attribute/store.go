package attribute

import (
	"context"
	"errors"
	"strings"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

const columns = `id, type_id, value, created_at, updated_at, deleted_at, version`

func scan(r *db.Rows) (v Value, err error) {
	var created, updated int64
	var deleted *int64
	err = r.Scan(&v.ID, &v.Type, &v.Value, &created, &updated, &deleted, &v.Version)
	v.CreatedAt, v.UpdatedAt, v.DeletedAt = clock.FromMicros(created), clock.FromMicros(updated), clock.FromNull(deleted)
	return v, err
}

func get(q db.Q, value ID, of TypeID, lock string) (Value, error) {
	v, err := db.One(q, scan, `select `+columns+` from attribute where id = $1 and deleted_at is null`+lock, string(value))
	if errors.Is(err, db.ErrNoRows) || err == nil && of != "" && v.Type != of {
		return Value{}, fault.Missing(of.noun(), string(value))
	}
	return v, err
}

// Filter says which values are searched for. The zero value is all.
type Filter struct {
	Types           []TypeID // at most 500; none: any
	IDs, ExcludeIDs []ID     // at most 500 each
	Query           string   // part of the value, in any case
	Value           string   // the whole value, in any case
}

// List lists live values in the order they were made.
func (s *Service) List(ctx context.Context, f Filter, r page.Request) (page.Page[Value], error) {
	sql, args := listSQL(f, r)
	rows, err := db.Collect(s.DB.Q(ctx), scan, sql, args...)
	return page.Cut(rows, r.Size, func(v Value) page.Key { return page.Key{string(v.ID)} }), err
}

func listSQL(f Filter, r page.Request) (string, []any) {
	var w db.Where
	w.And("deleted_at is null")
	w.In("type_id", f.Types)
	w.In("id", f.IDs)
	if n := len(f.ExcludeIDs); n > 0 {
		args := make([]any, n)
		for i, v := range f.ExcludeIDs {
			args[i] = string(v)
		}
		w.And("id not in (?"+strings.Repeat(",?", n-1)+")", args...)
	}
	if f.Value != "" {
		w.And("folded = ?", db.Fold(f.Value))
	}
	if db.Fold(f.Query) != "" {
		w.And(`folded like ? escape '\'`, db.Like(f.Query))
	}
	w.After([]string{"id"}, r.After...)
	limit := w.Bind(r.Size + 1)
	sql, args := w.SQL()
	return `select ` + columns + ` from attribute` + sql + ` order by id limit ` + limit, args
}

func count(q db.Q, of TypeID) (n int, err error) {
	err = q.Row(`select count(*) from attribute where type_id = $1 and deleted_at is null`, string(of)).Scan(&n)
	return n, err
}

// insert adds v unless its type has the value, and reports whether it did.
func insert(tx *db.Tx, v Value) (bool, error) {
	n, err := tx.Exec(`insert into attribute (id, type_id, value, folded, created_at, updated_at, deleted_at, version)
		values ($1, $2, $3, $4, $5, $5, null, 1) on conflict (type_id, folded) where deleted_at is null do nothing`,
		string(v.ID), string(v.Type), v.Value, db.Fold(v.Value), clock.Micros(v.CreatedAt))
	return n == 1, err
}

func remove(tx *db.Tx, v Value) error {
	n, err := tx.Exec(`update attribute set deleted_at = $3, updated_at = $3, version = version + 1 where id = $1 and version = $2`,
		string(v.ID), v.Version, clock.Micros(v.DeletedAt))
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "the value was changed by someone else; read it again")
	}
	return err
}

// chosen reads which of the values are live ones of the type, and shares a lock on them.
func chosen(tx *db.Tx, of TypeID, values []ID) (map[ID]bool, error) {
	args := []any{string(of)}
	for _, v := range values {
		args = append(args, string(v))
	}
	list, err := db.Collect(tx, func(r *db.Rows) (v ID, err error) { return v, r.Scan(&v) },
		`select id from attribute where type_id = $1 and deleted_at is null and id in `+db.In(len(values), 2)+` order by id`+
			locked(tx, "share"), args...)
	found := make(map[ID]bool, len(list))
	for _, v := range list {
		found[v] = true
	}
	return found, err
}

// locked ends a statement whose rows nobody else is to change until tx ends. SQLite has one writer.
func locked(tx *db.Tx, how string) string {
	if tx.Skip() == "" {
		return ""
	}
	return " for " + how
}
