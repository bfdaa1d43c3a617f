package item

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/tag"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// Filter narrows a list of items. Empty members do not narrow.
type Filter struct {
	Groups bool // groups; else what is no group
	IDs    []ID
	Apps   []app.ID
	Labels []string
	// NoLabel is the label to take those for that nobody gave one.
	NoLabel string
	Name    string // the whole name
	Parent  ID
	// Ancestor is what they hang below, at whatever depth.
	Ancestor   ID
	ExternalID string   // what their target calls them
	Tags       []tag.ID // has any of these
	// Seer is the caller, if they may not see every item; Named, what they see all the same. That may change from page to page.
	Seer  directory.UserID
	Named []ID `json:"-"`
}

// List answers the items that match f at a moment, in the order they were made.
func (s *Service) List(ctx context.Context, f Filter, at time.Time, r page.Request) (page.Page[Item], error) {
	q := s.DB.Q(ctx)
	sql, args := listSQL(f, at, r)
	items, err := collect(q, sql, args...)
	if err != nil {
		return page.Page[Item]{}, err
	}
	return page.Cut(items, r.Size, func(i Item) page.Key { return page.Key{string(i.ID)} }), nil
}

// listSQL reads one row more than the page.
func listSQL(f Filter, at time.Time, r page.Request) (string, []any) {
	w := &db.Where{}
	seen := seenBy(w, f.Seer, at, f.Named...)
	w.And("r.is_group = ? and r.deleted_at is null and r.id <> ?", f.Groups, string(app.AccessResource))
	w.In("r.id", f.IDs)
	w.In("r.app_id", f.Apps)
	if f.NoLabel != "" && len(f.Labels) > 0 {
		w.In("coalesce(nullif(i.label, ''), "+w.Bind(f.NoLabel)+")", f.Labels)
	} else {
		w.In("i.label", f.Labels)
	}
	if f.Name != "" {
		w.And("r.display_name = ? and r.sort_name = ?", f.Name, app.SortName(f.Name))
	}
	if f.Parent != "" {
		w.And("r.app_id = (select p.app_id from resource p where p.id = ?) and r.parent_resource_id = ?", string(f.Parent), string(f.Parent))
	}
	if f.Ancestor != "" {
		w.And("r.id in ("+belowSQL+")", string(f.Ancestor))
	}
	if f.ExternalID != "" {
		w.And("r.id in ("+calledSQL+")", f.ExternalID)
	}
	w.Exists("select 1 from tag_resource t where t.resource_id = r.id and t.tag_id in", f.Tags)
	w.After([]string{"r.id"}, r.After...)
	limit := w.Bind(r.Size + 1)
	sql, args := w.SQL()
	return seen + `select ` + itemColumns + itemTables + sql + ` order by r.id limit ` + limit, args
}

// belowSQL is a select of what hangs below a resource. Nothing is above itself.
const belowSQL = `with recursive below (app_id, id) as (
		select p.app_id, p.id from resource p where p.id = ?
		union select x.app_id, x.id from below b join resource x on x.app_id = b.app_id and x.parent_resource_id = b.id
			where x.parent_resource_id is not null and x.deleted_at is null)
	select x.id from below b join resource x on x.app_id = b.app_id and x.parent_resource_id = b.id
	where x.parent_resource_id is not null and x.deleted_at is null`

// calledSQL is a select of what some target calls by that name. A connector at a time, since that is what the index begins with.
const calledSQL = `select x.id from connector c join resource x on x.connector_id = c.id and x.external_id = ?
	where x.connector_id is not null and x.deleted_at is null`

// Ancestors are what items hang below, the nearest first; nothing for those that hang below none.
func Ancestors(q db.Q, items []Item) (map[ID][]ID, error) {
	var hanging []string
	for _, i := range items {
		if i.ParentID != "" {
			hanging = append(hanging, string(i.ID))
		}
	}
	out := map[ID][]ID{}
	for _, chunk := range db.Chunks(hanging) {
		_, err := db.Collect(q, func(r *db.Rows) (struct{}, error) {
			var of, above string
			err := r.Scan(&of, &above)
			out[ID(of)] = append(out[ID(of)], ID(above))
			return struct{}{}, err
		}, `with recursive above (of_id, app_id, id, depth) as (
				select r.id, r.app_id, r.parent_resource_id, 1 from resource r where r.id in `+db.In(len(chunk), 1)+`
				union all select a.of_id, x.app_id, x.parent_resource_id, a.depth + 1
					from above a join resource x on x.app_id = a.app_id and x.id = a.id where x.parent_resource_id is not null)
			select of_id, id from above order by of_id, depth`, anys(chunk)...)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// seenBy adds to w that seer sees the item, or that it is one of those, and answers the common table expression that needs; nothing where
// everything is seen.
func seenBy(w *db.Where, seer directory.UserID, at time.Time, named ...ID) string {
	if seer == "" {
		return ""
	}
	user, now := w.Bind(string(seer)), w.Bind(clock.Micros(at))
	w.And(db.Or(w, `(`+unhidden("r.id")+` and (not coalesce(i.limited, false)
		or exists (select 1 from item_audience x join held h on h.app_id = x.via_app_id and h.id = x.via_entitlement_id
			where x.app_id = r.app_id and x.resource_id = r.id)
		or exists (select 1 from held h where h.app_id = r.app_id and h.resource_id = r.id)))`, "r.id", named))
	return `with held as (` + heldSQL(user, now) + `) `
}

// heldSQL is a select of the entitlements that a user has access by at a moment, with their resources. Who is looked at first: the
// user, whose accounts and grants are few.
func heldSQL(user, now string) string {
	return `select e.app_id, e.id, e.resource_id
		from account a cross join grants g cross join users u cross join entitlement e cross join app p
		where a.user_id = ` + user + ` and g.account_id = a.id and g.app_id || '' = a.app_id and u.id = a.user_id
			and e.app_id = g.app_id and e.id = g.entitlement_id and p.id = g.app_id and ` + grant.AccessSQL(now)
}

// Seen reports whether a user sees an item at a moment.
func (s *Service) Seen(ctx context.Context, itemID ID, seer directory.UserID, at time.Time) (bool, error) {
	q := s.DB.Q(ctx)
	i, err := Get(q, itemID)
	if err != nil || !i.Limited && !i.Group {
		return err == nil, err
	}
	sql, args := listSQL(Filter{Groups: i.Group, IDs: []ID{itemID}, Seer: seer}, at, page.Request{Size: 1})
	found, err := collect(q, sql, args...)
	return len(found) > 0, err
}
