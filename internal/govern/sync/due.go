package sync

import (
	"context"
	"errors"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
)

// planned is the due source of runs: connectors whose target is to be read again, or whose run died.
type planned struct{ *Service }

// Planned is the due source of runs. It starts them and does not wait: a target that hangs holds up no other one.
func (s *Service) Planned() due.Source { return planned{s} }

// Name implements due.Source.
func (planned) Name() string { return "sync" }

// Next implements due.Source. While as many runs are under way as may be, nothing is due: the end of one wakes the loop.
func (p planned) Next(ctx context.Context) (time.Time, bool, error) {
	busy := p.flights.busy()
	if len(busy) >= atOnce {
		return time.Time{}, false, nil
	}
	w := plans(busy)
	sql, args := w.SQL()
	var at int64
	err := p.DB.Q(ctx).Row(`select sync_due_at from connector`+sql+` order by sync_due_at, id limit 1`, args...).Scan(&at)
	if errors.Is(err, db.ErrNoRows) {
		return time.Time{}, false, nil
	}
	return clock.FromMicros(at), err == nil, err
}

// Run implements due.Source: it starts what is due, as far as there is room. What another server started meanwhile is theirs.
func (p planned) Run(ctx context.Context, now time.Time) (started int, err error) {
	busy := p.flights.busy()
	w := plans(busy)
	w.And("sync_due_at <= ?", clock.Micros(now))
	limit := w.Bind(max(0, atOnce-len(busy)))
	sql, args := w.SQL()
	list, err := db.Collect(p.DB.Q(ctx), app.ScanConnector,
		`select `+app.ConnectorColumns("")+` from connector`+sql+` order by sync_due_at, id limit `+limit, args...)
	if err != nil {
		return 0, err
	}
	for _, c := range list {
		if c.SyncEvery == 0 { // the lease of a run that somebody asked for and that died; nobody plans another
			err = p.DB.Write(ctx, func(tx *db.Tx) error { return abandon(tx, c.Ref(), c.SyncLease, now) })
		} else {
			_, err = p.start(ctx, c, order{})
		}
		if err != nil && !fault.Is(err, fault.Conflict) {
			return started, err
		}
		if err == nil {
			started++
		}
	}
	return started, nil
}

// plans are the connectors that are to be read at some time, but those that this process is reading.
func plans(busy []app.ConnectorID) *db.Where {
	w := &db.Where{}
	w.And("sync_due_at is not null")
	w.And("deleted_at is null")
	w.And("status <> 'DISABLED'")
	w.NotIn("id", busy)
	return w
}
