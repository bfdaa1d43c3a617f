package grant

import (
	"context"
	"fmt"
	"runtime/debug"
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
var dueSQL = endingSQL + orderDue

// afterSQL is the batch after the grant that ends at $3 and is $4.
var afterSQL = endingSQL + ` and (g.deprovision_at, g.id) > ($3, $4)` + orderDue

var endingSQL = `select ` + heldColumns + heldFrom + `where g.deprovision_at is not null and g.ending_at is null
	and g.deprovision_at <= (select cast($1 as bigint))`

const orderDue = ` order by g.deprovision_at, g.id limit $2`

// Run implements due.Source: the grants whose end has come by now. One that lives on through other entitlements loses its direct source
// and with it the membership in the target, unless that is kept there.
//
// On PostgreSQL it is one batch, locked when it is read. SQLite has one writer: a batch is read and put together while another is being
// written, and counts only if nobody has changed its grants meanwhile.
func (e Ender) Run(ctx context.Context, now time.Time) (handled int, err error) {
	if e.DB.Engine() != db.SQLite {
		return e.locked(ctx, now)
	}
	next := e.ahead(ctx, now, nil)
	for next != nil && err == nil {
		b := <-next
		next = nil
		if b.err != nil || len(b.read) == 0 {
			return handled, b.err
		}
		if len(b.read) == atOnce && ctx.Err() == nil {
			next = e.ahead(ctx, e.Clock.Now(), &b.read[atOnce-1])
		}
		var n int
		n, err = e.write(ctx, b)
		handled += n
	}
	if next != nil {
		<-next // it may not use the database after Run
	}
	return handled, err
}

// batch is grants whose end has come.
type batch struct {
	movement

	read []held // as they were read
	now  time.Time
	err  error
}

// compose puts together what is written of a batch that was read with q.
func (b *batch) compose(e Ender, q db.Q) {
	b.movement = take(b.read, func(g Grant) (Grant, Effect) { return g.Expire(b.now) })
	b.err = e.compose(q, audit.System(), b.movement, b.now)
}

// ahead reads the batch that begins after a grant, nil for the first, and puts it together.
func (e Ender) ahead(ctx context.Context, now time.Time, after *held) <-chan *batch {
	out := make(chan *batch, 1)
	go func() {
		b := &batch{now: now}
		defer func() {
			if p := recover(); p != nil { // here it would end the process
				b.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
			out <- b
		}()
		q, sql, args := e.DB.Q(ctx), dueSQL, []any{us(now), atOnce}
		if after != nil {
			sql, args = afterSQL, append(args, us(after.DeprovisionAt), after.ID)
		}
		if b.read, b.err = db.Collect(q, scanHeld, sql, args...); b.err == nil {
			b.compose(e, q)
		}
	}()
	return out
}

// write writes a batch. If one of its grants is not what it was any more, nothing of it counts, and it is read anew.
func (e Ender) write(ctx context.Context, b *batch) (int, error) {
	stale := false
	err := e.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if stale, err = b.stale(tx); stale || err != nil {
			return err
		}
		return e.end(tx, b)
	})
	if stale && err == nil {
		return e.locked(ctx, b.now)
	}
	return len(b.all), err
}

// stale reports whether any of the grants has changed since it was read. Versions only grow, and no row goes.
func (b *batch) stale(tx *db.Tx) (bool, error) {
	args, read := make([]any, len(b.read)), int64(0)
	for i, h := range b.read {
		args[i] = h.ID
		read += h.Version
	}
	var is int64
	err := tx.Row(`select sum(version) from grants where id in `+db.In(len(args), 1), args...).Scan(&is)
	return is != read, err
}

// locked reads a batch and writes it in one transaction.
func (e Ender) locked(ctx context.Context, now time.Time) (handled int, err error) {
	err = e.DB.Write(ctx, func(tx *db.Tx) (err error) {
		handled = 0
		b := &batch{now: now}
		if b.read, err = db.Collect(tx, scanHeld, dueSQL+locking(tx, " skip locked"), us(now), atOnce); err != nil || len(b.read) == 0 {
			return err
		}
		if b.compose(e, tx); b.err != nil {
			return b.err
		}
		handled = len(b.all)
		return e.end(tx, b)
	})
	return handled, err
}

// end writes a batch that nobody else can change meanwhile.
func (e Ender) end(tx *db.Tx, b *batch) error {
	if len(b.read) == atOnce {
		e.Provision.More(tx)
	}
	tx.OnCommit(func() { e.metrics.late(b.all, e.Clock.Now()) })
	return e.carryOut(tx, b.movement, b.now)
}
