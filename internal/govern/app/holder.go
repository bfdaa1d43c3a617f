package app

import (
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// HeldSQL is the condition that a row of account_holder tells whose the account was at a moment; alias is the table's alias with its
// dot, or empty, and at a placeholder or an expression.
func HeldSQL(alias, at string) string {
	return "(" + alias + "from_at <= " + at + " and (" + alias + "until_at is null or " + alias + "until_at > " + at + "))"
}

// The statements of a hand-over, about the account $2 of the app $1 at the time $3: whoever held it lets it go, is forgotten if they had
// nothing of it, and $4 has it from then on. Each finds its rows by the account, whatever PostgreSQL knows of a table that a reading
// makes grow; and as they are queued, those of a whole batch are one round trip.
const (
	letGoSQL = `update account_holder set until_at = case when from_at > $3 then from_at else $3 end
		where app_id = $1 and account_id = $2 and until_at is null`
	forgetSQL = `delete from account_holder where app_id = $1 and account_id = $2 and until_at = from_at`
	holdSQL   = `insert into account_holder (app_id, account_id, user_id, from_at)
		select $1, $2, $4, coalesce(max(case when until_at > $3 then until_at end), $3) from account_holder where app_id = $1 and account_id = $2`
)

// handOver makes account_holder say what the row of a says now, whose account it was before. It is the only writer of that table, and
// whoever changes whose an account is calls it in the same transaction.
//
// Transactions may commit in another order than that of their times. Whoever takes over an account therefore has it from when the one
// before let it go, not earlier.
func handOver(tx *db.Tx, before directory.UserID, a Account, at time.Time) {
	if a.UserID == before {
		return
	}
	if before != "" {
		tx.Queue(letGoSQL, string(a.AppID), string(a.ID), clock.Micros(at))
		tx.Queue(forgetSQL, string(a.AppID), string(a.ID))
	}
	if a.UserID != "" {
		tx.Queue(holdSQL, string(a.AppID), string(a.ID), clock.Micros(at), string(a.UserID))
	}
}
