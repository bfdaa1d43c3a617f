package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

const columns = `id, display_name, description, published, visible_to_everyone, doc, created_by, created_at, updated_at, deleted_at,
	version, bundle, enrollment`

func scan(r *db.Rows) (c Catalog, err error) {
	var (
		doc              string
		created, updated int64
		deleted          *int64
	)
	err = r.Scan(&c.ID, &c.DisplayName, &c.Description, &c.Published, &c.Everyone, &doc, &c.CreatedBy, &created, &updated, &deleted,
		&c.Version, &c.Bundle, &c.enrollment)
	if err != nil {
		return c, err
	}
	c.CreatedAt, c.UpdatedAt, c.DeletedAt = clock.FromMicros(created), clock.FromMicros(updated), clock.FromNull(deleted)
	return c, undocument(doc, &c.Settings)
}

// get reads a catalog with its audience, a deleted one too. NotFound if there is none.
func get(q db.Q, catalogID ID) (Catalog, error) {
	c, err := db.One(q, scan, `select `+columns+` from catalog where id = $1`, string(catalogID))
	if errors.Is(err, db.ErrNoRows) {
		return Catalog{}, fault.Missing("catalog", string(catalogID))
	}
	if err != nil {
		return Catalog{}, err
	}
	one := []Catalog{c}
	err = withAudience(q, one)
	return one[0], err
}

// live is get without the deleted.
func live(q db.Q, catalogID ID) (Catalog, error) {
	c, err := get(q, catalogID)
	if err == nil && !c.DeletedAt.IsZero() {
		err = fault.Missing("catalog", string(catalogID))
	}
	return c, err
}

// Filter narrows a list of catalogs. Empty members do not narrow.
type Filter struct {
	IDs      []ID
	Contains string           // part of the name
	Seer     directory.UserID // who sees them now
	Named    []ID             `json:"-"` // what they see all the same; it may change from page to page
}

// List lists the live catalogs by name.
func (s *Service) List(ctx context.Context, f Filter, r page.Request) (page.Page[Catalog], error) {
	q := s.DB.Q(ctx)
	sql, args := listSQL(f, s.Clock.Now(), r)
	rows, err := db.Collect(q, scan, sql, args...)
	if err == nil {
		err = withAudience(q, rows)
	}
	return page.Cut(rows, r.Size, func(c Catalog) page.Key { return page.Key{app.SortName(c.DisplayName), string(c.ID)} }), err
}

// Count says how many live catalogs match f.
func (s *Service) Count(ctx context.Context, f Filter) (n int, err error) {
	var w db.Where
	with := f.narrow(&w, s.Clock.Now())
	where, args := w.SQL()
	err = s.DB.Q(ctx).Row(with+`select count(*) from catalog`+where, args...).Scan(&n)
	return n, err
}

func listSQL(f Filter, at time.Time, r page.Request) (string, []any) {
	var w db.Where
	with := f.narrow(&w, at)
	w.After([]string{"sort_name", "id"}, r.After...)
	where, args := w.SQL()
	return with + `select ` + columns + ` from catalog` + where + ` order by sort_name, id limit ` + strconv.Itoa(r.Size+1), args
}

// narrow adds f to w, and answers the common table expression that needs; nothing where everything is seen.
func (f Filter) narrow(w *db.Where, at time.Time) (with string) {
	if f.Seer != "" {
		with = `with seen as materialized (` + SeenSQL(w.Bind(string(f.Seer)), w.Bind(clock.Micros(at))) + `) `
		w.And(db.Or(w, "id in (select s.id from seen s)", "id", f.Named))
	}
	w.And("deleted_at is null")
	w.In("id", f.IDs)
	if f.Contains != "" {
		w.And(`search like ? escape '\'`, db.Like(f.Contains))
	}
	return with
}

// withAudience fills in who sees each of the catalogs.
func withAudience(q db.Q, list []Catalog) error {
	at := make(map[ID]*Catalog, len(list))
	args := make([]any, len(list))
	for i := range list {
		at[list[i].ID], args[i] = &list[i], string(list[i].ID)
	}
	if len(args) == 0 {
		return nil
	}
	rows, err := q.Query(`select catalog_id, app_id, entitlement_id from catalog_audience where catalog_id in `+db.In(len(args), 1)+`
		order by catalog_id, app_id, entitlement_id`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			of  ID
			ref app.EntitlementRef
		)
		if err := rows.Scan(&of, &ref.AppID, &ref.ID); err != nil {
			return err
		}
		at[of].Audience = append(at[of].Audience, ref)
	}
	return rows.Err()
}

func insert(tx *db.Tx, c Catalog) error {
	doc, err := document(c.Settings)
	if err != nil {
		return err
	}
	tx.Queue(`insert into catalog (id, display_name, description, sort_name, published, visible_to_everyone, doc, created_by, created_at,
			updated_at, deleted_at, version, search, bundle) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$9,null,1,$10,$11)`,
		string(c.ID), c.DisplayName, c.Description, app.SortName(c.DisplayName), c.Published, c.Everyone, doc, string(c.CreatedBy),
		clock.Micros(c.CreatedAt), db.Fold(c.DisplayName), c.Bundle)
	return nil
}

// update writes c over the version it was read at. Conflict if somebody else was faster.
func update(tx *db.Tx, c Catalog) error {
	doc, err := document(c.Settings)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`update catalog set display_name = $3, description = $4, sort_name = $5, published = $6, visible_to_everyone = $7,
			doc = $8, updated_at = $9, deleted_at = $10, search = $11, bundle = $12, version = version + 1
		where id = $1 and version = $2`,
		string(c.ID), c.Version, c.DisplayName, c.Description, app.SortName(c.DisplayName), c.Published, c.Everyone, doc,
		clock.Micros(c.UpdatedAt), clock.Null(c.DeletedAt), db.Fold(c.DisplayName), c.Bundle)
	return won(n, err, "catalog")
}

func won(n int64, err error, kind string) error {
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "the %s was changed by someone else; read it again", kind)
	}
	return err
}

func document(v any) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("document of %T: %w", v, err)
	}
	return string(raw), nil
}

func undocument(doc string, v any) error {
	if err := json.Unmarshal([]byte(doc), v); err != nil {
		return fmt.Errorf("document of %T: %w", v, err)
	}
	return nil
}
