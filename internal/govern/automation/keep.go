package automation

import (
	"context"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/tag"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// batch is how many rows are read at once.
const batch = 500

// wanted is who should hold an entitlement, and until when; zero is without end.
type wanted struct {
	users    map[directory.UserID]time.Time
	accounts map[app.AccountID]time.Time
	since    map[directory.UserID]time.Time // when users began to hold what makes them hold it; nil: not known
}

// until is when what h should hold ends; false if they should not.
func (w wanted) until(h holder) (end time.Time, ok bool) {
	if end, ok = w.accounts[h.account]; !ok {
		end, ok = w.users[h.user]
	}
	return end, ok
}

// within has nobody hold it beyond an end.
func (w wanted) within(end time.Time) {
	for a, until := range w.accounts {
		w.accounts[a] = clock.Sooner(until, end)
	}
	for u, until := range w.users {
		w.users[u] = clock.Sooner(until, end)
	}
}

// holder is an account that holds something, and whose it is.
type holder struct {
	account app.AccountID
	user    directory.UserID // empty: nobody's
	until   time.Time        // when they no longer will; zero: without end
	other   bool             // they hold it by another way as well, where that was asked
}

func scanHold(r *db.Rows) (holder, error) { return scanHolder(r) }

// scanHolder reads a row of a holder, and whatever follows into rest.
func scanHolder(r *db.Rows, rest ...any) (h holder, err error) {
	var user *string
	var until *int64
	err = r.Scan(append([]any{&h.account, &user, &until}, rest...)...)
	if user != nil {
		h.user = directory.UserID(*user)
	}
	h.until = clock.FromNull(until)
	return h, err
}

// all reads pages of holders; sql ends before the account after which to go on and the limit, which are its last two values.
func all(q db.Q, scan func(r *db.Rows) (holder, error), sql string, args ...any) ([]holder, error) {
	var out []holder
	for after := ""; ; {
		page, err := db.Collect(q, scan, sql, append(slices.Clone(args), after, batch)...)
		if err != nil {
			return nil, err
		}
		out = append(out, page...)
		if len(page) < batch {
			return out, nil
		}
		after = string(page[len(page)-1].account)
	}
}

const passedOnSQL = `select g.account_id, a.user_id, s.until_at, g.direct <> '' or g.derived > 1 from grants g
	join grant_source s on s.grant_id = g.id and s.ended_at is null and s.via_app_id = $3 and s.via_entitlement_id = $4
	left join account a on a.app_id = g.app_id and a.id = g.account_id
	where g.app_id = $1 and g.entitlement_id = $2 and g.ended_at is null and g.ending_at is null
		and g.account_id > $5 order by g.account_id limit $6`

// passedOn are the accounts that hold an entitlement by way of another, with the ends of that.
func (k Keeper) passedOn(q db.Q, of, via app.EntitlementRef) ([]holder, error) {
	return all(q, func(r *db.Rows) (h holder, err error) {
		var other bool
		h, err = scanHolder(r, &other)
		h.other = other
		return h, err
	}, passedOnSQL, string(of.AppID), string(of.ID), string(via.AppID), string(via.ID))
}

var holdersSQL = `select g.account_id, a.user_id, ` + grant.UntilSQL("g.") + `, g.created_at from grants g
	join account a on a.app_id = g.app_id and a.id = g.account_id left join users u on u.id = a.user_id
	join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id join app p on p.id = g.app_id
	where g.app_id = $1 and g.entitlement_id = $2 and g.ended_at is null and ` + grant.AccessSQL("$3") + `
		and g.account_id > $4 order by g.account_id limit $5`

// holders are those who hold an entitlement now, and until when: in its own app their accounts, in another their users.
func (k Keeper) holders(q db.Q, of app.EntitlementRef, in app.ID, now time.Time) (wanted, error) {
	since := map[directory.UserID]time.Time{}
	list, err := all(q, func(r *db.Rows) (h holder, err error) {
		var at int64
		if h, err = scanHolder(r, &at); err == nil {
			since[h.user] = clock.Sooner(since[h.user], clock.FromMicros(at))
		}
		return h, err
	}, holdersSQL, string(of.AppID), string(of.ID), clock.Micros(now))
	w := wanted{map[directory.UserID]time.Time{}, map[app.AccountID]time.Time{}, since}
	for _, h := range list {
		switch {
		case of.AppID == in:
			w.accounts[h.account] = h.until
		case h.user != "":
			if end, twice := w.users[h.user]; twice {
				h.until = clock.Later(end, h.until)
			}
			w.users[h.user] = h.until
		}
	}
	return w, err
}

// matches are the users whom a rule matches now.
func (k Keeper) matches(ctx context.Context, r Rule, e app.Entitlement, now time.Time) (map[directory.UserID]bool, error) {
	q, found := k.DB.Q(ctx), map[directory.UserID]bool{}
	switch r.Kind {
	case Holders:
		for _, source := range r.Sources {
			w, err := k.holders(q, source, "", now)
			if err != nil {
				return nil, err
			}
			for u := range w.users {
				found[u] = true
			}
		}
	case Nobody:
	case ByTraits:
		if err := match(q, r.Traits, found); err != nil {
			return nil, err
		}
	case Basic, CEL:
		if err := k.hold(ctx, r, e, now, found); err != nil {
			return nil, err
		}
	}
	out, err := excluded(q, r.Of)
	for _, u := range out {
		delete(found, u)
	}
	return found, err
}

const usersSQL = ` from users where status = 'ENABLED' and kind <> 'SYSTEM' and id > $1 order by id limit $2`

// hold finds the enabled users for whom a rule's expression holds. The first for whom it cannot be worked out ends it.
func (k Keeper) hold(ctx context.Context, r Rule, e app.Entitlement, now time.Time, found map[directory.UserID]bool) error {
	q := k.DB.Q(ctx)
	for after := ""; ; {
		users, err := db.Collect(q, directory.Scan, `select `+directory.Columns("")+usersSQL, after, batch)
		if err != nil || len(users) == 0 {
			return err
		}
		if err := directory.Managers(q, users); err != nil {
			return err
		}
		for _, u := range users {
			holds, err := k.Policies.Holds(ctx, r.Expression, policy.Facts{At: now, Subject: u, Entitlement: e})
			if err != nil {
				return err
			}
			if holds {
				found[u.ID] = true
			}
		}
		after = string(users[len(users)-1].ID)
	}
}

// match finds the enabled users whom traits match.
func match(q db.Q, t Traits, found map[directory.UserID]bool) error {
	for after := ""; ; {
		users, err := db.Collect(q, directory.Scan, `select `+directory.Columns("")+usersSQL, after, batch)
		if err != nil || len(users) == 0 {
			return err
		}
		ids := make([]directory.UserID, len(users))
		for n, u := range users {
			ids[n] = u.ID
		}
		tags, err := tag.OfUsers(q, ids)
		if err != nil {
			return err
		}
		for _, u := range users {
			if t.Match(Person{Status: u.Status, Tags: tags[u.ID]}) {
				found[u.ID] = true
			}
		}
		after = string(users[len(users)-1].ID)
	}
}
