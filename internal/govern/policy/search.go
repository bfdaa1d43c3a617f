package policy

import (
	"context"
	"strconv"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// View says which scopes a search looks at.
type View string

// The views. The zero one is the policies without a scope.
const (
	Global          View = ""
	Scoped          View = "SCOPED"
	All             View = "ALL"
	GlobalAndObject View = "GLOBAL_AND_OBJECT" // those without a scope and those of Filter.Scope
)

// Filter narrows a list of policies. Zero members do not narrow, except View; lists hold at most 500 values.
type Filter struct {
	DisplayName    string // the exact name
	Query          string // part of name or description
	Kinds          []Kind
	IDs, Exclude   []ID
	IncludeDeleted bool
	View           View
	Scope          Scope // of the policies that have one; the app's own only if OfApps
	OfApps         bool  // whose scope is an app, not an entitlement in it
	OfEntitlements bool
}

// Search lists the policies that match by name.
func (s *Service) Search(ctx context.Context, f Filter, r page.Request) (page.Page[Policy], error) {
	sql, args := searchSQL(f, r)
	rows, err := db.Collect(s.DB.Q(ctx), scan, sql, args...)
	return page.Cut(rows, r.Size, func(p Policy) page.Key {
		return page.Key{app.SortName(p.DisplayName), string(p.ID)}
	}), err
}

func searchSQL(f Filter, r page.Request) (string, []any) {
	var w db.Where
	if !f.IncludeDeleted {
		w.And("p.deleted_at is null")
	}
	if f.DisplayName != "" {
		w.And("p.sort_name = ? and p.display_name = ?", app.SortName(f.DisplayName), f.DisplayName)
	}
	if db.Fold(f.Query) != "" {
		w.And(`p.search like ? escape '\'`, db.Like(f.Query))
	}
	w.In("p.kind", texts(f.Kinds))
	w.In("p.id", texts(f.IDs))
	if len(f.Exclude) > 0 {
		w.And("p.id not in ("+marks(len(f.Exclude))+")", anys(f.Exclude)...)
	}
	f.scoped(&w)
	w.After([]string{"p.sort_name", "p.id"}, r.After...)
	where, args := w.SQL()
	return `select ` + columns + ` from policy p` + where + ` order by p.sort_name, p.id limit ` + strconv.Itoa(r.Size+1), args
}

func (f Filter) scoped(w *db.Where) {
	switch f.View {
	case Global:
		w.And("p.scope_app_id = ''")
		return
	case GlobalAndObject:
		w.And("(p.scope_app_id = '' or p.scope_app_id = ? and p.scope_id = ?)", string(f.Scope.App), string(f.Scope.Entitlement))
		return
	case Scoped:
		w.And("p.scope_app_id <> ''")
	case All:
	}
	if f.Scope.App != "" {
		w.And("p.scope_app_id = ?", string(f.Scope.App))
	}
	if f.Scope.Entitlement != "" {
		w.And("p.scope_id = ?", string(f.Scope.Entitlement))
	}
	if f.Scope.Slot != "" {
		w.And("p.scope_slot = ?", string(f.Scope.Slot))
	}
	if f.OfApps {
		w.And("p.scope_id = ''")
	}
	if f.OfEntitlements {
		w.And("p.scope_id <> ''")
	}
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

func marks(n int) string {
	out := make([]byte, 0, 2*n)
	for range n {
		out = append(out, '?', ',')
	}
	return string(out[:len(out)-1])
}
