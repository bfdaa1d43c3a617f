package read

import (
	"context"
	"slices"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// AppFilter narrows a list of apps. Zero members do not narrow; lists hold at most 500 values.
type AppFilter struct {
	DisplayName     string // the whole name, whatever its case
	Query           string // part of name or description
	IDs, ExcludeIDs []app.ID
	OnlyDirectories bool
	PolicyIDs       []app.PolicyID // one of these decides in it, by its own choice
}

// Apps lists the live apps that match f by display name. Anybody may see which apps there are.
func (s *Service) Apps(ctx context.Context, f AppFilter, r page.Request) (page.Page[app.App], error) {
	sql, args := appsSQL(f, r)
	rows, err := db.Collect(s.db.Q(ctx), app.ScanApp, sql, args...)
	return page.Cut(rows, r.Size, func(a app.App) page.Key { return page.Key{app.SortName(a.DisplayName), string(a.ID)} }), err
}

func appsSQL(f AppFilter, r page.Request) (string, []any) {
	var w db.Where
	w.And("deleted_at is null")
	named(&w, "sort_name", "search", f.DisplayName, app.SortName(f.DisplayName))
	query(&w, "search", f.Query)
	in(&w, "id", f.IDs)
	notIn(&w, "id", f.ExcludeIDs)
	if f.OnlyDirectories {
		w.And("is_directory")
	}
	if len(f.PolicyIDs) > 0 {
		list := "(" + marks("?", len(f.PolicyIDs)) + ")"
		w.And("(grant_policy_id in "+list+" or revoke_policy_id in "+list+" or certify_policy_id in "+list+")",
			slices.Concat(texts(f.PolicyIDs), texts(f.PolicyIDs), texts(f.PolicyIDs))...)
	}
	end := order{columns: []string{"sort_name", "id"}}.page(&w, r)
	where, args := w.SQL()
	return `select ` + app.AppColumns("") + ` from app` + where + end, args
}

// UserCounts counts, for each of the apps, the accounts that hold a grant in it; an app without any is left out.
func (s *Service) UserCounts(ctx context.Context, ids []app.ID) (map[app.ID]int64, error) {
	counts := make(map[app.ID]int64, len(ids))
	for _, chunk := range db.Chunks(ids) {
		err := each(s.db.Q(ctx), `select a.app_id, count(*) from account a where a.app_id in (`+numbered(len(chunk))+`)
			and a.deleted_at is null and exists (select 1 from grants g where g.account_id = a.id and `+held+`) group by a.app_id`,
			texts(chunk), func(rows *db.Rows) error {
				var (
					id app.ID
					n  int64
				)
				err := rows.Scan(&id, &n)
				counts[id] = n
				return err
			})
		if err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// ResourceTypeFilter narrows a list of resource types. Zero members do not narrow; lists hold at most 500 values.
type ResourceTypeFilter struct {
	DisplayName         string // the whole name, whatever its case
	Query               string // part of the name
	AppIDs              []app.ID
	IDs, ExcludeIDs     []app.ResourceTypeID
	Kinds, ExcludeKinds []app.ResourceKind
	GrantedTo           []app.AccountID // types of what one of these accounts holds a grant of
}

// ResourceTypes lists the live resource types that match f by app, then display name. Anybody may see which there are.
func (s *Service) ResourceTypes(ctx context.Context, f ResourceTypeFilter, r page.Request) (page.Page[app.ResourceType], error) {
	sql, args := resourceTypesSQL(f, r)
	rows, err := db.Collect(s.db.Q(ctx), app.ScanResourceType, sql, args...)
	return page.Cut(rows, r.Size, func(t app.ResourceType) page.Key {
		return page.Key{string(t.AppID), app.SortName(t.DisplayName), string(t.ID)}
	}), err
}

func resourceTypesSQL(f ResourceTypeFilter, r page.Request) (string, []any) {
	var w db.Where
	w.And("deleted_at is null")
	named(&w, "sort_name", "search", f.DisplayName, app.SortName(f.DisplayName))
	query(&w, "search", f.Query)
	in(&w, "app_id", f.AppIDs)
	in(&w, "id", f.IDs)
	notIn(&w, "id", f.ExcludeIDs)
	in(&w, "kind", f.Kinds)
	notIn(&w, "kind", f.ExcludeKinds)
	anyOf(&w, `(app_id, id) in (select e.app_id, e.resource_type_id from grants g
		join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id where g.account_id in %s and `+held+`)`, f.GrantedTo)
	end := order{columns: []string{"app_id", "sort_name", "id"}}.page(&w, r)
	where, args := w.SQL()
	return `select ` + app.ResourceTypeColumns("") + ` from resource_type` + where + end, args
}
