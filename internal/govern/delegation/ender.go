package delegation

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
)

// atOnce is how many windows one transaction closes: each may give open work back.
const atOnce = 100

// reasonExpired is why a delegation ended whose window closed.
const reasonExpired = "EXPIRED"

// Ender notices that windows have closed. Authority does not wait for it; it was over at the end itself.
type Ender struct{ *Service }

// Ender is the due source of ends.
func (s *Service) Ender() due.Source { return Ender{s} }

// Name implements due.Source.
func (Ender) Name() string { return "delegation-end" }

// Next implements due.Source: the earliest end that was not noticed.
func (e Ender) Next(ctx context.Context) (time.Time, bool, error) {
	var at *int64
	err := e.DB.Q(ctx).Row(nextSQL).Scan(&at)
	return clock.FromNull(at), at != nil, err
}

const nextSQL = `select min(until_at) from delegation where closed_at is null and deleted_at is null and until_at is not null`

var dueSQL = `select ` + columns("") + ` from delegation
	where closed_at is null and deleted_at is null and until_at is not null and until_at <= $1 order by until_at, id limit $2`

// Run implements due.Source: one batch of windows that have closed by now. Rows that another replica has in hand are passed over.
func (e Ender) Run(ctx context.Context, now time.Time) (int, error) {
	handled := 0
	err := e.DB.Write(ctx, func(tx *db.Tx) error {
		list, err := db.Collect(tx, scan, dueSQL+tx.Skip(), clock.Micros(now), atOnce)
		if handled = len(list); err != nil || handled == 0 {
			return err
		}
		args := []any{clock.Micros(now)}
		for i := range list {
			args = append(args, string(list[i].ID))
			list[i].ClosedAt = now
			list[i].Version++
		}
		_, err = tx.Exec(`update delegation set closed_at = $1, version = version + 1 where id in `+db.In(len(list), 2), args...)
		if err != nil {
			return err
		}
		return e.ended(tx, audit.System(), list, now, reasonExpired)
	})
	return handled, err
}
