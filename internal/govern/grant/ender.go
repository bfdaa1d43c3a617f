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

// atOnce is how many grants a batch has at most: more would keep other writers waiting.
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
// On PostgreSQL it is one batch, locked when it is read. SQLite has one writer: batches are read and put together while others are being
// written, and count only if nobody has changed their grants meanwhile.
func (e Ender) Run(ctx context.Context, now time.Time) (handled int, err error) {
	if e.DB.Engine() != db.SQLite {
		return e.locked(ctx, now, atOnce)
	}
	composing, stop := context.WithCancel(ctx)
	a := e.ahead(composing, now)
	defer func() { // it may not use the database after Run
		stop()
		for range a.batches {
			continue
		}
	}()
	var taken []*batch
	for err == nil {
		if len(taken) == 0 {
			b, more := <-a.batches
			if !more {
				return handled, a.err
			}
			taken = append(taken, b)
		}
		var n int
		n, taken, err = e.write(ctx, taken, a.batches)
		handled += n
	}
	return handled, err
}

// batch is grants whose end has come.
type batch struct {
	movement

	read []held // as they were read
	now  time.Time
}

// compose puts together what is written of a batch that was read with q.
func (b *batch) compose(e Ender, q db.Q) error {
	b.movement = take(b.read, func(g Grant) (Grant, Effect) { return g.Expire(b.now) })
	return e.compose(q, audit.System(), b.movement, b.now)
}

// together is how many batches SQLite writes in a transaction at most: pages that all of them touch are written once.
const together = 2

// opening is how many grants the first batch has, so that it is being written soon.
const opening = atOnce / 4

// ahead is batches that are put together before the transaction that writes them.
type ahead struct {
	batches chan *batch
	err     error // why none follows; once batches is closed
}

// ahead reads batches and puts them together until there are no more, or ctx is done.
func (e Ender) ahead(ctx context.Context, now time.Time) *ahead {
	a := &ahead{batches: make(chan *batch, together)}
	go func() {
		defer close(a.batches)
		defer func() {
			if p := recover(); p != nil { // here it would end the process
				a.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		var after *held
		for size := opening; ; size = atOnce {
			b, err := e.after(ctx, after, now, size)
			if b == nil || err != nil {
				a.err = err
				return
			}
			select {
			case a.batches <- b:
			case <-ctx.Done():
				return
			}
			if len(b.read) < size {
				return
			}
			after, now = &b.read[len(b.read)-1], e.Clock.Now()
		}
	}()
	return a
}

// after is the batch of at most size grants that begins after one, nil for the first; nil if there is none.
func (e Ender) after(ctx context.Context, last *held, now time.Time, size int) (*batch, error) {
	q, b, sql, args := e.DB.Q(ctx), &batch{now: now}, dueSQL, []any{us(now), size}
	if last != nil {
		sql, args = afterSQL, append(args, us(last.DeprovisionAt), last.ID)
	}
	var err error
	if b.read, err = db.Collect(q, scanHeld, sql, args...); err != nil || len(b.read) == 0 {
		return nil, err
	}
	return b, b.compose(e, q)
}

// write writes the batches taken and those that are ready meanwhile, each if none of its grants has changed since it was read, by
// somebody else or by what follows from the batch before it. One that has is left for the next run; the first is read anew at once. It
// returns those that it has not come to.
func (e Ender) write(ctx context.Context, taken []*batch, ready <-chan *batch) (handled int, left []*batch, err error) {
	var n int
	var first bool
	err = e.DB.Write(ctx, func(tx *db.Tx) error {
		handled, n, first = 0, 0, false
		for n < together {
			if n == len(taken) {
				select {
				case b, more := <-ready:
					if !more {
						return nil
					}
					taken = append(taken, b)
				default:
					return nil
				}
			}
			b := taken[n]
			n++
			stale, err := b.stale(tx)
			if err != nil {
				return err
			}
			if stale {
				first = first || n == 1
				continue
			}
			if err := e.end(tx, b); err != nil {
				return err
			}
			handled += len(b.all)
		}
		return nil
	})
	if err != nil {
		return 0, nil, err
	}
	if first {
		again, err := e.locked(ctx, taken[0].now, len(taken[0].read)) // as many, so that the next still begins where it ends
		return handled + again, taken[n:], err
	}
	return handled, taken[n:], nil
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

// locked reads a batch of at most size grants and writes it in one transaction.
func (e Ender) locked(ctx context.Context, now time.Time, size int) (handled int, err error) {
	err = e.DB.Write(ctx, func(tx *db.Tx) (err error) {
		handled = 0
		b := &batch{now: now}
		if b.read, err = db.Collect(tx, scanHeld, dueSQL+locking(tx, " skip locked"), us(now), size); err != nil || len(b.read) == 0 {
			return err
		}
		if err := b.compose(e, tx); err != nil {
			return err
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
