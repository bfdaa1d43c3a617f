package grant

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
)

// atOnce is how many grants one transaction moves: more would keep other writers waiting.
const atOnce = 500

// Ender notices that grants are past their end: it moves them to ending, or to ended where there is no target, and has the
// memberships removed. Access does not wait for it; it was over at the end itself.
type Ender struct {
	*Service

	name string
}

// Enders are the due sources of ends. SQLite has one writer; on PostgreSQL the second takes the next batch while the first is at its
// own, or finds it taken and waits.
func (s *Service) Enders() []due.Source {
	if s.DB.Engine() == db.SQLite {
		return []due.Source{s.Ender()}
	}
	return []due.Source{s.Ender(), Ender{s, "grant-end-2"}}
}

// Ender is the first of them.
func (s *Service) Ender() due.Source { return Ender{s, "grant-end"} }

// Name implements due.Source.
func (e Ender) Name() string { return e.name }

// Next implements due.Source: the earliest end of a grant that is still thought to be live.
func (e Ender) Next(ctx context.Context) (time.Time, bool, error) {
	var at *int64
	err := e.DB.Q(ctx).Row(nextEnd).Scan(&at)
	return clock.FromNull(at), at != nil, err
}

const nextEnd = `select min(deprovision_at) from grants where deprovision_at is not null and ending_at is null`

// dueSQL is the batch of grants whose end has come: $1 now, $2 how many. The moment stands in a query of its own, so that PostgreSQL
// does not see it when it plans: by its statistics next to nothing is ever past its end, and it would read, join and sort all that is
// for each batch of a great many ends.
var dueSQL = `select ` + heldColumns + heldFrom + `where g.deprovision_at is not null and g.ending_at is null
	and g.deprovision_at <= (select cast($1 as bigint)) order by g.deprovision_at, g.id limit $2`

// Run implements due.Source: one batch of grants whose end has come by now. One that lives on through other entitlements loses its
// direct source and with it the membership in the target, unless that is kept there.
func (e Ender) Run(ctx context.Context, now time.Time) (int, error) {
	handled := 0
	err := e.DB.Write(ctx, func(tx *db.Tx) error {
		handled = 0
		grants, err := db.Collect(tx, scanHeld, dueSQL+locking(tx, " skip locked"), us(now), atOnce)
		if err != nil || len(grants) == 0 {
			return err
		}
		over, err := e.move(tx, audit.System(), grants, func(g Grant) (Grant, Effect) { return g.Expire(now) }, now)
		if err != nil {
			return err
		}
		handled = len(over)
		if len(grants) == atOnce {
			e.Provision.More(tx)
		}
		tx.OnCommit(func() { e.metrics.late(over, e.Clock.Now()) })
		return nil
	})
	return handled, err
}
