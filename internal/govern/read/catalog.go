package read

import (
	"context"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// OfferFilter narrows a list of what somebody can ask for. Zero members do not narrow.
type OfferFilter struct {
	User           directory.UserID // who asks: required
	Alias          string           // the exact alias
	Query          string           // part of the entitlement's name, description or alias, or of the resource's name or description
	AppName        string           // the whole name of the app, whatever its case
	Granted        *bool            // the user has access now, or has not
	IncludeDeleted bool
}

// Offer is an entitlement that somebody can ask for, and the grants by which they have access already.
type Offer struct {
	app.Entitlement

	Grants []Binding
}

// fewOffers is how much of what is offered to somebody is gathered and sorted. Where there is more, entitlements are gone through in their
// order: a page of such is soon full, and for whoever can ask for little it would be all of them.
const fewOffers = 1000

// Offers lists what the user can ask for, by app, then display name: [item.Settings.Requestable] in SQL.
func (s *Service) Offers(ctx context.Context, f OfferFilter, r page.Request) (page.Page[Offer], error) {
	q, now := s.db.Q(ctx), s.clock.Now()
	var offered int
	if err := q.Row(countOffersSQL, string(f.User), clock.Micros(now), s.few+1).Scan(&offered); err != nil {
		return page.Page[Offer]{}, err
	}
	sql, args := offersSQL(f, r, now, offered <= s.few)
	rows, err := db.Collect(q, app.ScanEntitlement, sql, args...)
	if err != nil {
		return page.Page[Offer]{}, err
	}
	cut := page.Cut(rows, r.Size, func(e app.Entitlement) page.Key {
		return page.Key{string(e.AppID), app.SortName(e.DisplayName), string(e.ID)}
	})
	out := page.Page[Offer]{Items: make([]Offer, len(cut.Items)), Next: cut.Next}
	at := make(map[app.EntitlementRef]int, len(cut.Items))
	for i, e := range cut.Items {
		out.Items[i].Entitlement, at[e.Ref()] = e, i
	}
	return out, s.holdings(q, f.User, now, at, out.Items)
}

// countOffersSQL counts what is offered to user $1 at $2, up to $3; what is offered twice counts twice.
var countOffersSQL = `with ` + item.KnownSQL("$1", "$2") + ` select count(*) from (select 1 from (` + item.OfferedSQL() + `) f limit $3) l`

// offersSQL asks for entitlements v in apps y; what the user sees and holds is gathered first, which is little, and what is offered,
// where few says that it is.
func offersSQL(f OfferFilter, r page.Request, at time.Time, few bool) (string, []any) {
	var w db.Where
	user, now := w.Bind(string(f.User)), w.Bind(clock.Micros(at))
	with, from := `with `+item.KnownSQL(user, now), `entitlement v join app y on y.id = v.app_id`
	if few {
		with += `, offered as materialized (select distinct f.app_id, f.id from (` + item.OfferedSQL() + `) f)`
		from = `offered f cross join entitlement v cross join app y`
		w.And("v.app_id = f.app_id and v.id = f.id and y.id = v.app_id")
	}
	if !f.IncludeDeleted {
		w.And("v.deleted_at is null and y.deleted_at is null")
	}
	w.And(item.RequestableSQL("v."))
	if f.Alias != "" {
		w.And("v.alias = ? and v.alias <> ''", f.Alias)
	}
	if db.Fold(f.Query) != "" {
		w.And(`(v.search like ? escape '\' or exists (select 1 from resource x where x.app_id = v.app_id and x.id = v.resource_id
			and x.search like ? escape '\'))`, db.Like(f.Query), db.Like(f.Query))
	}
	named(&w, "y.sort_name", "y.search", f.AppName, app.SortName(f.AppName))
	if f.Granted != nil {
		with += `, has as materialized (select g.app_id, g.entitlement_id` + holdingsSQL(user, now) + `)`
		not := map[bool]string{false: "not "}[*f.Granted]
		w.And("(v.app_id, v.id) " + not + "in (select h.app_id, h.entitlement_id from has h)")
	}
	end := order{columns: []string{"v.app_id", "v.sort_name", "v.id"}}.page(&w, r)
	where, args := w.SQL()
	return with + ` select ` + app.EntitlementColumns("v.") + ` from ` + from + where + end, args
}

// holdingsSQL joins the grants g by which the user has access now, beginning at the user; the arguments are placeholders. What is
// added to the app's identity keeps SQLite from reading all grants of the app.
func holdingsSQL(user, now string) string {
	return ` from account a cross join grants g cross join users u cross join entitlement e cross join app p
		where a.user_id = ` + user + ` and g.account_id = a.id and g.app_id || '' = a.app_id and u.id = a.user_id
			and e.app_id = g.app_id and e.id = g.entitlement_id and p.id = g.app_id and ` + grant.AccessSQL(now)
}

// holdings fills in by which grants the user has access now to the entitlements that at has the places of.
func (s *Service) holdings(q db.Q, user directory.UserID, now time.Time, at map[app.EntitlementRef]int, list []Offer) error {
	if len(list) == 0 {
		return nil
	}
	sql, args := offerGrantsSQL(user, now, list)
	grants, err := db.Collect(q, scanGrant, sql, args...)
	if err != nil {
		return err
	}
	bound, err := bind(q, now, now, grants)
	for _, b := range bound {
		i := at[app.EntitlementRef{AppID: b.App, ID: b.Entitlement}]
		list[i].Grants = append(list[i].Grants, b)
	}
	return err
}

func offerGrantsSQL(user directory.UserID, now time.Time, list []Offer) (string, []any) {
	args := []any{string(user), clock.Micros(now)}
	pairs := make([]string, len(list))
	for i, o := range list {
		pairs[i] = db.In(2, len(args)+1)
		args = append(args, string(o.AppID), string(o.ID))
	}
	return `select ` + grant.Columns("g.") + holdingsSQL("$1", "$2") +
		` and (g.app_id, g.entitlement_id) in (values ` + strings.Join(pairs, ",") + `) order by g.account_id`, args
}
