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
	Tags    []tag.ID // has any of these
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
		w.And("r.parent_resource_id = ?", string(f.Parent))
	}
	w.Exists("select 1 from tag_resource t where t.resource_id = r.id and t.tag_id in", f.Tags)
	w.After([]string{"r.id"}, r.After...)
	limit := w.Bind(r.Size + 1)
	sql, args := w.SQL()
	return seen + `select ` + itemColumns + itemTables + sql + ` order by r.id limit ` + limit, args
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
