package automation

import (
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// follow brings one person in step with a binding in the transaction that changed what they hold of its source. Where it cannot be done
// now, the binding's pass tries again.
func (s *Service) follow(tx *db.Tx, b Binding, h holder, at time.Time) error {
	p, err := getProxy(tx, b, at, shared(tx)) // what is known of bindings may be old: one that is gone takes back nothing any more
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	accounts, err := accountsOf(tx, b, h)
	if err != nil || len(accounts) == 0 {
		return err
	}
	holds, until, err := holdsNow(tx, b, h, at)
	if err != nil {
		return err
	}
	if !holds {
		if p.Ask.Taking && p.OnLoss != Left {
			return nil // the pass asks
		}
		return s.takeBack(tx, p, accounts)
	}
	have, err := passedTo(tx, b, accounts)
	if err != nil {
		return err
	}
	if have = slices.DeleteFunc(have, func(h holder) bool { return clock.Passed(h.until, at) }); len(have) == 0 {
		if p.Ask.Giving {
			return nil // the pass asks
		}
		if have, err = heed(tx, pass{of: b.Destination, since: p.UpdatedAt}, accounts[:1]); err != nil || len(have) == 0 {
			return err
		}
	}
	if until, err = p.within(tx, have[0], until); err != nil {
		return err
	}
	return refused(s.Grants.Keep(tx, audit.System(), b.grantOf(have[0].account), b.Source, until))
}

// within is the end of what h has by the proxy, who holds the source until an end: no later than the proxy's own, and than what was agreed
// to where somebody was asked.
func (p Proxy) within(q db.Q, h holder, until time.Time) (time.Time, error) {
	until = clock.Sooner(until, p.Until)
	if !p.Ask.Giving {
		return until, nil
	}
	a, err := askedUntil(q, p.Binding, h.user)
	return clock.Sooner(until, a.until), err
}

// takeBack takes what the binding gave to the accounts of somebody who holds its source no longer.
func (s *Service) takeBack(tx *db.Tx, p Proxy, accounts []holder) error {
	for _, a := range accounts {
		if err := s.lose(tx, p.grantOf(a.account), p.Source, p.OnLoss); refused(err) != nil {
			return err
		}
	}
	return nil
}

// refused leaves out of an error what says only that it is not possible now.
func refused(err error) error {
	if err != nil && fault.Of(err).Code == fault.Internal {
		return err
	}
	return nil
}

func (b Binding) grantOf(a app.AccountID) grant.Key {
	return grant.Key{App: b.Destination.AppID, Entitlement: b.Destination.ID, Account: a}
}

// accountsOf are the accounts through which who holds the source may hold the destination: in one app the same account, in another all
// that its user has, those first that are enabled.
func accountsOf(tx *db.Tx, b Binding, h holder) ([]holder, error) {
	switch {
	case b.Source.AppID == b.Destination.AppID:
		return []holder{h}, nil
	case h.user == "":
		return nil, nil
	}
	return db.Collect(tx, scanHold, `select id, user_id, cast(null as bigint) from account
			where user_id = $1 and app_id = $2 and deleted_at is null
		order by case when status = 'ENABLED' then 0 else 1 end, id limit 100`, string(h.user), string(b.Destination.AppID))
}

var (
	holdsSQL = `select g.account_id, a.user_id, ` + grant.UntilSQL("g.") + ` from grants g
		join account a on a.app_id = g.app_id and a.id = g.account_id left join users u on u.id = a.user_id
		join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id join app p on p.id = g.app_id
		where g.app_id = $1 and g.entitlement_id = $2 and g.ended_at is null and ` + grant.AccessSQL("$3")
	accountHolds = holdsSQL + ` and g.account_id = $4`
	userHolds    = holdsSQL + ` and g.account_id in (select id from account where app_id = $1 and user_id = $4)`
)

// holdsNow reports whether h holds the source of a binding, and until when: in one app the account, in another the user, by whichever
// account the longest.
func holdsNow(tx *db.Tx, b Binding, h holder, at time.Time) (holds bool, until time.Time, err error) {
	sql, who := accountHolds, string(h.account)
	if b.Source.AppID != b.Destination.AppID {
		sql, who = userHolds, string(h.user)
	}
	if who == "" {
		return false, until, nil
	}
	found, err := db.Collect(tx, scanHold, sql, string(b.Source.AppID), string(b.Source.ID), clock.Micros(at), who)
	for i, f := range found {
		if until = clock.Later(until, f.until); i == 0 {
			until = f.until
		}
	}
	return len(found) > 0, until, err
}

func passedToSQL(n int) string {
	return `select g.account_id, a.user_id, s.until_at from grants g join grant_source s on s.grant_id = g.id and s.ended_at is null
		left join account a on a.app_id = g.app_id and a.id = g.account_id
		where s.via_app_id = $1 and s.via_entitlement_id = $2 and g.app_id = $3 and g.entitlement_id = $4 and g.ended_at is null
			and g.account_id in ` + db.In(n, 5)
}

// passedTo are those of the accounts that hold the destination by way of the source.
func passedTo(tx *db.Tx, b Binding, accounts []holder) ([]holder, error) {
	args := b.args()
	for _, h := range accounts {
		args = append(args, string(h.account))
	}
	return db.Collect(tx, scanHold, passedToSQL(len(accounts)), args...)
}

// shared ends a statement whose rows nobody is to change until tx ends.
func shared(tx *db.Tx) string {
	if tx.Skip() == "" {
		return ""
	}
	return " for share"
}
