package read

import (
	"context"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// Access is what one person has of one entitlement, through all their accounts.
type Access struct {
	User        directory.UserID
	Entitlement app.EntitlementRef
	Resource    app.ResourceID // of the entitlement
	Grants      []Given        // at least one
}

// Given is a grant that is in force, or will be once the target holds it.
type Given struct {
	grant.Grant

	LastError string // of making the membership in the target, in words for people; empty: nothing failed
}

// AccessFilter narrows a list of access to some entitlements or to what one person has; one of both has to be said. At most 500
// entitlements.
type AccessFilter struct {
	Refs   []app.EntitlementRef
	User   directory.UserID
	Groups *bool // of groups, or of what is none; nil: of either

	Nonhuman bool // that services and agents have only

	// Own is the caller, if they may see no more than what they have themselves, but for what anybody has of Whole.
	Own   directory.UserID
	Whole []app.EntitlementRef
}

// Access lists who has access now, or will once a target holds it, in the order of apps, entitlements and accounts. Somebody with
// several accounts is at the place of the first.
func (s *Service) Access(ctx context.Context, f AccessFilter, r page.Request) (page.Page[Access], error) {
	now := s.clock.Now()
	var p page.Page[Access]
	err := s.db.Read(ctx, func(q db.Q) error {
		sql, args := accessSQL(f, r, now)
		rows, err := db.Collect(q, func(r *db.Rows) (v placed, err error) {
			return v, r.Scan(&v.entitlement.AppID, &v.entitlement.ID, &v.account, &v.user, &v.resource)
		}, sql, args...)
		if err != nil {
			return err
		}
		cut := page.Cut(rows, r.Size, func(v placed) page.Key {
			return page.Key{string(v.entitlement.AppID), string(v.entitlement.ID), string(v.account)}
		})
		p.Next = cut.Next
		p.Items, err = givenTo(q, cut.Items, now)
		return err
	})
	return p, err
}

// placed is the place of one [Access] in the list.
type placed struct {
	entitlement app.EntitlementRef
	account     app.AccountID
	user        directory.UserID
	resource    app.ResourceID
}

// accessTables begin with what is looked at first: the grants of an entitlement, which an index has in order, or a person, who has few.
func accessTables(first, second string) string {
	return ` from ` + first + ` cross join ` + second + ` cross join users u cross join entitlement e cross join resource r cross join app p`
}

func accessSQL(f AccessFilter, r page.Request, now time.Time) (string, []any) {
	var w db.Where
	at := w.Bind(clock.Micros(now))
	if f.User == "" && len(f.Whole) == 0 {
		f.User = f.Own
	}
	tables := accessTables("grants g", "account a")
	if f.User != "" {
		tables = accessTables("account a", "grants g")
		w.And("a.user_id = ? and g.account_id = a.id and g.app_id || '' = a.app_id", string(f.User))
	} else {
		w.And("a.app_id = g.app_id and a.id = g.account_id")
	}
	if f.Own != "" {
		w.And("(a.user_id = ?"+strings.Repeat(" or g.app_id = ? and g.entitlement_id = ?", len(f.Whole))+")", wholly(f)...)
	}
	GrantFilter{Refs: f.Refs}.where(&w, nil)
	w.And("u.id = a.user_id and e.app_id = g.app_id and e.id = g.entitlement_id and r.app_id = e.app_id and r.id = e.resource_id")
	w.And("p.id = g.app_id and r.deleted_at is null and " + grant.GivenSQL(at))
	if f.Groups != nil {
		w.And("r.is_group = ? and r.id <> ?", *f.Groups, string(app.AccessResource))
	}
	if f.Nonhuman {
		w.And(directory.NonhumanSQL("u."))
	}
	w.And(`not exists (select 1 from account b cross join grants h where b.user_id = a.user_id and b.app_id = a.app_id and b.id < a.id
		and b.status = 'ENABLED' and h.app_id = b.app_id and h.entitlement_id = g.entitlement_id and h.account_id = b.id
		and ` + grant.NotOverSQL("h.", at) + `)`)
	end := order{columns: []string{"g.app_id", "g.entitlement_id", "g.account_id"}}.page(&w, r)
	where, args := w.SQL()
	return `select g.app_id, g.entitlement_id, g.account_id, a.user_id, r.id` + tables + where + end, args
}

func wholly(f AccessFilter) []any {
	args := []any{string(f.Own)}
	for _, r := range f.Whole {
		args = append(args, string(r.AppID), string(r.ID))
	}
	return args
}

// givenTo adds to each place in the list the grants that give the access.
func givenTo(q db.Q, list []placed, now time.Time) ([]Access, error) {
	type key struct {
		user        directory.UserID
		entitlement app.EntitlementRef
	}
	out, at := make([]Access, len(list)), make(map[key]*Access, len(list))
	for i, v := range list {
		out[i] = Access{User: v.user, Entitlement: v.entitlement, Resource: v.resource}
		at[key{v.user, v.entitlement}] = &out[i]
	}
	for _, chunk := range db.Chunks(list) {
		sql, args := givenSQL(chunk, now)
		err := each(q, sql, args, func(r *db.Rows) (err error) {
			var g Given
			var user directory.UserID
			var failed *string
			if g.Grant, err = grant.Scan(r, &user, &failed); err != nil {
				return err
			}
			if failed != nil {
				g.LastError = *failed
			}
			if a := at[key{user, app.EntitlementRef{AppID: g.App, ID: g.Entitlement}}]; a != nil {
				a.Grants = append(a.Grants, g)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func givenSQL(list []placed, now time.Time) (string, []any) {
	users, entitlements := make([]directory.UserID, 0, len(list)), make([]app.EntitlementID, 0, len(list))
	seen := map[string]bool{}
	for _, v := range list {
		if !seen[string(v.user)] {
			users = append(users, v.user)
		}
		if !seen[string(v.entitlement.ID)] {
			entitlements = append(entitlements, v.entitlement.ID)
		}
		seen[string(v.user)], seen[string(v.entitlement.ID)] = true, true
	}
	var w db.Where
	at := w.Bind(clock.Micros(now))
	in(&w, "a.user_id", users)
	in(&w, "g.entitlement_id", entitlements)
	w.And("g.account_id = a.id and g.app_id || '' = a.app_id and a.status = 'ENABLED' and " + grant.NotOverSQL("g.", at))
	where, args := w.SQL()
	return `select ` + grant.Columns("g.") + `, a.user_id, (select o.last_error from operation o
			where o.grant_id = g.id and o.state = 'open' and o.kind = 'grant' and o.last_error <> '')
		from account a cross join grants g` + where + ` order by g.account_id`, args
}
