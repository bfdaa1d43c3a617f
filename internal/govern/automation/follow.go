package automation

import (
	"errors"
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
	p, err := getProxy(tx, b, shared(tx)) // what is known of bindings may be old: one that is gone takes back nothing any more
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
	holds, err := holdsNow(tx, b, h, at)
	if err != nil {
		return err
	}
	if !holds {
		for _, a := range accounts {
			if err := s.Grants.RemoveDerived(tx, audit.System(), b.grantOf(a.account), b.Source); refused(err) != nil {
				return err
			}
		}
		return nil
	}
	have, err := passedTo(tx, b, accounts)
	if err != nil || have {
		return err
	}
	ready, err := heed(tx, pass{of: b.Destination, since: p.UpdatedAt}, accounts[:1])
	if err != nil || len(ready) == 0 {
		return err
	}
	return refused(s.Grants.Keep(tx, audit.System(), b.grantOf(ready[0].account), b.Source))
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
	return db.Collect(tx, scanHolder, `select id, user_id from account where user_id = $1 and app_id = $2 and deleted_at is null
		order by case when status = 'ENABLED' then 0 else 1 end, id limit 100`, string(h.user), string(b.Destination.AppID))
}

var (
	holdsSQL = `select 1 from grants g join account a on a.app_id = g.app_id and a.id = g.account_id left join users u on u.id = a.user_id
		join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id join app p on p.id = g.app_id
		where g.app_id = $1 and g.entitlement_id = $2 and g.ended_at is null and ` + grant.AccessSQL("$3")
	accountHolds = holdsSQL + ` and g.account_id = $4 limit 1`
	userHolds    = holdsSQL + ` and g.account_id in (select id from account where app_id = $1 and user_id = $4) limit 1`
)

// holdsNow reports whether h holds the source of a binding: in one app the account, in another the user, by whichever account.
func holdsNow(tx *db.Tx, b Binding, h holder, at time.Time) (bool, error) {
	sql, who := accountHolds, string(h.account)
	if b.Source.AppID != b.Destination.AppID {
		sql, who = userHolds, string(h.user)
	}
	if who == "" {
		return false, nil
	}
	var one int
	err := tx.Row(sql, string(b.Source.AppID), string(b.Source.ID), clock.Micros(at), who).Scan(&one)
	if errors.Is(err, db.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func passedToSQL(n int) string {
	return `select count(*) from grants g join grant_source s on s.grant_id = g.id and s.ended_at is null
		where s.via_app_id = $1 and s.via_entitlement_id = $2 and g.app_id = $3 and g.entitlement_id = $4 and g.ended_at is null
			and g.account_id in ` + db.In(n, 5)
}

// passedTo reports whether one of the accounts holds the destination by way of the source.
func passedTo(tx *db.Tx, b Binding, accounts []holder) (bool, error) {
	args := b.args()
	for _, h := range accounts {
		args = append(args, string(h.account))
	}
	var n int
	err := tx.Row(passedToSQL(len(accounts)), args...).Scan(&n)
	return n > 0, err
}

// shared ends a statement whose rows nobody is to change until tx ends.
func shared(tx *db.Tx) string {
	if tx.Skip() == "" {
		return ""
	}
	return " for share"
}
