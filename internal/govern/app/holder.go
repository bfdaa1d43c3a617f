package app

import (
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// HeldSQL is the condition that a row of account_holder tells whose the account was at a moment; alias is the table's alias with its
// dot, or empty, and at a placeholder or an expression.
func HeldSQL(alias, at string) string {
	return "(" + alias + "from_at <= " + at + " and (" + alias + "until_at is null or " + alias + "until_at > " + at + "))"
}

// handOver makes account_holder follow account.user_id, at that time, for any number of accounts of one app; those whose holder is
// still the same are passed over. It is the only writer of that table, and whoever writes user_id calls it after that, in the same
// transaction.
//
// Transactions may commit in another order than that of their times. Whoever takes over an account therefore has it from when the one
// before let it go, not earlier; one who had it for no time at all is forgotten.
func handOver(tx *db.Tx, app ID, accounts []AccountID, at time.Time) {
	for _, chunk := range db.Chunks(accounts, MaxBatch) {
		args, these := append([]any{string(app), clock.Micros(at)}, strs(chunk)...), db.In(len(chunk), 3)
		tx.Queue(`update account_holder set until_at = case when from_at > $2 then from_at else $2 end
			where app_id = $1 and until_at is null and account_id in `+these+` and not exists (select 1 from account a
				where a.app_id = account_holder.app_id and a.id = account_holder.account_id and a.user_id = account_holder.user_id)`, args...)
		tx.Queue(`delete from account_holder where app_id = $1 and until_at = from_at and from_at >= $2 and account_id in `+these, args...)
		tx.Queue(`insert into account_holder (app_id, account_id, user_id, from_at)
			select a.app_id, a.id, a.user_id, case when max(h.until_at) > $2 then max(h.until_at) else $2 end
			from account a left join account_holder h on h.app_id = a.app_id and h.account_id = a.id
			where a.app_id = $1 and a.user_id is not null and a.id in `+these+`
			group by a.app_id, a.id, a.user_id having count(h.from_at) = count(h.until_at)`, args...)
	}
}
