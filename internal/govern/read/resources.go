package read

import (
	"context"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// ResourceFilter narrows a list of resources. Zero members do not narrow; lists hold at most 500 values.
type ResourceFilter struct {
	Query               string // part of name or descriptions
	AppIDs              []app.ID
	TypeIDs             []app.ResourceTypeID
	IDs, ExcludeIDs     []app.ResourceID
	Refs                []TypedResourceRef
	Kinds, ExcludeKinds []app.ResourceKind
	GrantedTo           []app.AccountID // what one of these accounts holds a grant of
	OwnerIDs            []directory.UserID
	Unowned             bool // what nobody owns
	Descending          bool // the order turned round
	// Seer is the caller, if they may not see every item.
	Seer directory.UserID
}

// TypedResourceRef names a resource, and the type it must be of; without a type any will do.
type TypedResourceRef struct {
	app.ResourceRef
	TypeID app.ResourceTypeID
}

// Resources lists the live resources that match f by app, then display name. Anybody may see which there are, but for items that they do
// not see.
func (s *Service) Resources(ctx context.Context, f ResourceFilter, r page.Request) (page.Page[app.Resource], error) {
	sql, args := resourcesSQL(f, r, s.clock.Now())
	rows, err := db.Collect(s.db.Q(ctx), app.ScanResource, sql, args...)
	return page.Cut(rows, r.Size, func(v app.Resource) page.Key {
		return page.Key{string(v.AppID), app.SortName(v.DisplayName), string(v.ID)}
	}), err
}

func resourcesSQL(f ResourceFilter, r page.Request, now time.Time) (string, []any) {
	var w db.Where
	with := seenBy(&w, "r.", "id", f.Seer, now)
	w.And("r.deleted_at is null")
	query(&w, "r.search", f.Query)
	in(&w, "r.app_id", f.AppIDs)
	in(&w, "r.resource_type_id", f.TypeIDs)
	in(&w, "r.id", f.IDs)
	notIn(&w, "r.id", f.ExcludeIDs)
	typedRefs(&w, f.Refs)
	anyOf(&w, `exists (select 1 from resource_type t where t.app_id = r.app_id and t.id = r.resource_type_id and t.kind in %s)`, f.Kinds)
	anyOf(&w, `not exists (select 1 from resource_type t where t.app_id = r.app_id and t.id = r.resource_type_id and t.kind in %s)`,
		f.ExcludeKinds)
	anyOf(&w, `(r.app_id, r.id) in (select e.app_id, e.resource_id from grants g
		join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id where g.account_id in %s and `+held+`)`, f.GrantedTo)
	ownedBy(&w, owner.Resource, "r.", f.OwnerIDs, now)
	if f.Unowned {
		w.And("not " + owner.HasOwnerSQL(owner.Resource, "r.", w.Bind(owner.Primary), w.Bind(clock.Micros(now))))
	}
	end := order{columns: []string{"r.app_id", "r.sort_name", "r.id"}, desc: f.Descending}.page(&w, r)
	where, args := w.SQL()
	return with + `select ` + app.ResourceColumns("r.") + ` from resource r` + where + end, args
}

// seenBy adds to w that seer, if there is one, sees the item whose identity is in a column, and answers the common table expression that
// this goes by.
func seenBy(w *db.Where, alias, column string, seer directory.UserID, now time.Time) string {
	if seer == "" {
		return ""
	}
	with, sees := item.SeesSQL(alias, column, w.Bind(string(seer)), w.Bind(clock.Micros(now)))
	w.And(sees)
	return with
}

func typedRefs(w *db.Where, refs []TypedResourceRef) {
	var (
		conds        []string
		pairs, typed []any
	)
	for _, r := range refs {
		if r.TypeID == "" {
			pairs = append(pairs, string(r.AppID), string(r.ID))
		} else {
			typed = append(typed, string(r.AppID), string(r.ID), string(r.TypeID))
		}
	}
	if len(pairs) > 0 {
		conds = append(conds, "(r.app_id, r.id) in (values "+marks("(?,?)", len(pairs)/2)+")")
	}
	if len(typed) > 0 {
		conds = append(conds, "(r.app_id, r.id, r.resource_type_id) in (values "+marks("(?,?,?)", len(typed)/3)+")")
	}
	if len(conds) > 0 {
		w.And("("+strings.Join(conds, " or ")+")", append(pairs, typed...)...)
	}
}
