package item

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// Shelf is one sort of items in a catalog. What every app has of itself is in no shelf.
type Shelf struct {
	Catalog catalog.ID
	Groups  bool             // groups; else what is no group
	Seer    directory.UserID // the caller, if they may not see every item
}

// Entry is a level of an item that was put into a catalog.
type Entry struct {
	Item ID
	Level
}

// InCatalog lists what is on a shelf at a moment, by app and entitlement.
func (s *Service) InCatalog(ctx context.Context, f Shelf, at time.Time, r page.Request) (page.Page[Entry], error) {
	q := s.DB.Q(ctx)
	sql, args := inCatalogSQL(f, at, r)
	found, err := db.Collect(q, func(r *db.Rows) (e Entry, err error) {
		return e, r.Scan(&e.Entitlement.AppID, &e.Entitlement.ID, &e.Item)
	}, sql, args...)
	if err != nil {
		return page.Page[Entry]{}, err
	}
	cut := page.Cut(found, r.Size, func(e Entry) page.Key { return page.Key{string(e.Entitlement.AppID), string(e.Entitlement.ID)} })
	items := make([]Item, len(cut.Items))
	for n, e := range cut.Items {
		items[n].AppID, items[n].ID = e.Entitlement.AppID, e.Item
	}
	levels, err := levelsOf(q, items)
	if err != nil {
		return cut, err
	}
	for n, e := range cut.Items {
		for _, l := range levels[e.Item] {
			if l.Entitlement == e.Entitlement {
				cut.Items[n].Level = l
			}
		}
	}
	return cut, nil
}

// onShelf joins the live entitlements e of live items in a catalog.
const onShelf = ` from catalog_entry n cross join entitlement e cross join app p cross join resource r
	left join item i on i.app_id = r.app_id and i.resource_id = r.id`

// stands adds to w that a row of [onShelf] counts, and answers what it needs to begin with.
func stands(w *db.Where, seer directory.UserID, at time.Time) (with string) {
	with = seenBy(w, seer, at)
	w.And(`e.app_id = n.app_id and e.id = n.entitlement_id and e.deleted_at is null and p.id = n.app_id and p.deleted_at is null
		and r.app_id = e.app_id and r.id = e.resource_id and r.deleted_at is null and r.id <> ?`, string(app.AccessResource))
	return with
}

func inCatalogSQL(f Shelf, at time.Time, r page.Request) (string, []any) {
	w := &db.Where{}
	with := stands(w, f.Seer, at)
	w.And("n.catalog_id = ? and r.is_group = ?", string(f.Catalog), f.Groups)
	w.After([]string{"n.app_id", "n.entitlement_id"}, r.After...)
	limit := w.Bind(r.Size + 1)
	where, args := w.SQL()
	return with + `select n.app_id, n.entitlement_id, r.id` + onShelf + where + ` order by n.app_id, n.entitlement_id limit ` + limit, args
}

// Sizes is how much is on the two shelves of a catalog.
type Sizes struct{ Groups, Others int }

// SizesOf counts what is in catalogs at a moment, as the seer sees it; nobody: all of it. What is empty is left out.
func (s *Service) SizesOf(
	ctx context.Context, catalogs []catalog.ID, seer directory.UserID, at time.Time,
) (map[catalog.ID]Sizes, error) {
	type row struct {
		of    catalog.ID
		group bool
		n     int
	}
	out := make(map[catalog.ID]Sizes, len(catalogs))
	for _, chunk := range db.Chunks(catalogs) {
		w := &db.Where{}
		with := stands(w, seer, at)
		w.In("n.catalog_id", chunk)
		where, args := w.SQL()
		found, err := db.Collect(s.DB.Q(ctx), func(r *db.Rows) (v row, err error) { return v, r.Scan(&v.of, &v.group, &v.n) },
			with+`select n.catalog_id, r.is_group, count(*)`+onShelf+where+` group by n.catalog_id, r.is_group`, args...)
		if err != nil {
			return nil, err
		}
		for _, v := range found {
			size := out[v.of]
			if v.group {
				size.Groups = v.n
			} else {
				size.Others = v.n
			}
			out[v.of] = size
		}
	}
	return out, nil
}
