package read

import (
	"context"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// AccountFilter narrows a list of accounts. Zero members do not narrow; lists hold at most 500 values.
type AccountFilter struct {
	Query              string // part of name, e-mail address or user name
	AppIDs             []app.ID
	IDs, ExcludeIDs    []app.AccountID
	Refs               []app.AccountRef
	UserIDs            []directory.UserID
	Statuses           []app.AccountStatus // deleted accounts are listed only where this asks for them
	StatusDetails      []string
	Kinds              []app.AccountKind
	WithoutUser        bool             // nobody's
	ExcludeDeletedApps bool             // of live apps only
	Own                directory.UserID // this user's only, whatever else is asked
	OwnedBy            directory.UserID // this user is a primary owner now, of the account itself
	ByApp              bool             // in the order of apps; else of display names
}

// Accounts lists the accounts that match f by display name, or by app and then display name.
func (s *Service) Accounts(ctx context.Context, f AccountFilter, r page.Request) (page.Page[app.Account], error) {
	sql, args := accountsSQL(f, r, s.clock.Now())
	rows, err := db.Collect(s.db.Q(ctx), app.ScanAccount, sql, args...)
	return page.Cut(rows, r.Size, func(a app.Account) page.Key {
		if f.ByApp {
			return page.Key{string(a.AppID), app.SortName(a.DisplayName), string(a.ID)}
		}
		return page.Key{app.SortName(a.DisplayName), string(a.AppID), string(a.ID)}
	}), err
}

func accountsSQL(f AccountFilter, r page.Request, now time.Time) (string, []any) {
	var w db.Where
	if !slices.Contains(f.Statuses, app.Deleted) {
		w.And("deleted_at is null")
	}
	if f.Own != "" {
		w.And("user_id = ?", string(f.Own))
	}
	query(&w, "search", f.Query)
	in(&w, "app_id", f.AppIDs)
	in(&w, "id", f.IDs)
	notIn(&w, "id", f.ExcludeIDs)
	names(&w, "in", "", f.Refs, func(v app.AccountRef) (string, string) { return string(v.AppID), string(v.ID) })
	in(&w, "user_id", f.UserIDs)
	in(&w, "status", f.Statuses)
	in(&w, "status_details", f.StatusDetails)
	in(&w, "kind", f.Kinds)
	if f.WithoutUser {
		w.And("user_id is null")
	}
	if f.ExcludeDeletedApps {
		w.And("exists (select 1 from app where app.id = account.app_id and app.deleted_at is null)")
	}
	if f.OwnedBy != "" {
		ownedBy(&w, owner.Account, "", []directory.UserID{f.OwnedBy}, now)
	}
	by := []string{"sort_name", "app_id", "id"}
	if f.ByApp {
		by = []string{"app_id", "sort_name", "id"}
	}
	end := order{columns: by}.page(&w, r)
	where, args := w.SQL()
	return `select ` + app.AccountColumns("") + ` from account` + where + end, args
}

// OwnAccounts keeps those of ids that are accounts of the user.
func (s *Service) OwnAccounts(ctx context.Context, user directory.UserID, ids []app.AccountID) ([]app.AccountID, error) {
	var own []app.AccountID
	for _, chunk := range db.Chunks(ids) {
		rows, err := db.Collect(s.db.Q(ctx), func(r *db.Rows) (v app.AccountID, err error) { return v, r.Scan(&v) },
			`select id from account where user_id = $1 and id in `+db.In(len(chunk), 2), append([]any{string(user)}, texts(chunk)...)...)
		if err != nil {
			return nil, err
		}
		own = append(own, rows...)
	}
	return own, nil
}
