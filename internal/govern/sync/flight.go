package sync

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// Limits of a run.
const (
	lease     = 2 * time.Minute  // a run that has not renewed its lease for so long is taken for dead
	renewal   = 30 * time.Second // how often it does
	readLimit = 5 * time.Minute  // for reading the target
	atOnce    = 4                // planned runs at once in one process
)

// Why a run is cut short.
var (
	errStopped = fault.New(fault.Unavailable, "cut short: the server stopped")
	errLost    = fault.New(fault.Unavailable, "cut short: the connector was deleted, or another run took over")
)

// order is on whose behalf a run is made. The zero order is a plan.
type order struct {
	asked        bool
	by           audit.Actor
	acceptLosses bool
	acceptTarget bool
}

// flight is a run that this process has under way.
type flight struct {
	begun Run // as it began
	stop  context.CancelCauseFunc
	over  chan struct{}
	run   Run   // once over: as it ended
	err   error // once over: why that could not be written down
}

// flights are the runs that this process has under way.
type flights struct {
	base   context.Context //nolint:containedctx // what outlives the request that asked for it ends with the process
	stop   context.CancelCauseFunc
	mu     sync.Mutex
	of     map[app.ConnectorID]*flight
	closed bool
	all    sync.WaitGroup
}

func newFlights() flights {
	base, stop := context.WithCancelCause(context.Background())
	return flights{base: base, stop: stop, of: map[app.ConnectorID]*flight{}}
}

// busy are the connectors whose targets this process is reading.
func (f *flights) busy() []app.ConnectorID {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Collect(maps.Keys(f.of))
}

// add makes room for a run of a connector.
func (f *flights) add(c app.ConnectorID, one *flight) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return errStopped
	case f.of[c] != nil:
		return underWay()
	}
	f.of[c] = one
	f.all.Add(1)
	return nil
}

// remove forgets a run; the connector's next one may be there already.
func (f *flights) remove(c app.ConnectorID, one *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of[c] == one {
		delete(f.of, c)
	}
}

// cut ends the run of a connector, if there is one.
func (f *flights) cut(c app.ConnectorID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one := f.of[c]; one != nil {
		one.stop(errLost)
	}
}

func (f *flights) close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.stop(errStopped)
	f.all.Wait()
}

func underWay() error { return fault.New(fault.Conflict, "a sync of this connector is under way") }

// start claims a connector and reads its target in the background. Conflict while it is being read, here or elsewhere, and for a
// plan that somebody else has carried out.
func (s *Service) start(ctx context.Context, c app.Connector, o order) (*flight, error) {
	now := s.Clock.Now()
	f := &flight{
		begun: Run{ID: RunID(id.New(now)), Connector: c.Ref(), StartedAt: now, State: Running}, over: make(chan struct{}),
	}
	var flying context.Context
	flying, f.stop = context.WithCancelCause(s.flights.base)
	if err := s.flights.add(c.ID, f); err != nil {
		f.stop(nil)
		return nil, err
	}
	r := &reading{Service: s, connector: c, order: o, token: rand.Text(), run: f.begun}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		claimed, err := claim(tx, c.Ref(), r.token, now, o.asked)
		if err != nil {
			return err
		}
		if !claimed {
			return underWay()
		}
		cutShort(tx, c.ID, now)
		insertRun(tx, f.begun)
		return nil
	})
	if err != nil {
		f.stop(nil)
		s.flights.remove(c.ID, f)
		s.flights.all.Done()
		return nil, err
	}
	go s.fly(flying, f, r)
	return f, nil
}

// fly makes the run, and writes down how it went.
func (s *Service) fly(ctx context.Context, f *flight, r *reading) {
	defer s.flights.all.Done()
	defer close(f.over)
	defer s.flights.remove(r.connector.ID, f) // writing down did so already, unless it failed
	var keeping sync.WaitGroup
	keeping.Go(func() { r.keep(ctx, f.stop) })
	err := r.take(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	f.stop(nil)
	keeping.Wait()
	f.run, f.err = r.close(context.WithoutCancel(ctx), f, err)
	if f.err != nil {
		s.Log.ErrorContext(ctx, "the end of a sync could not be written", slog.String("connector", string(r.connector.ID)),
			slog.Any("error", f.err))
	}
}

// keep renews the lease until ctx ends, and stops the run when it is lost.
func (r *reading) keep(ctx context.Context, stop context.CancelCauseFunc) {
	for {
		again, forget := r.Clock.After(r.Clock.Now().Add(renewal))
		select {
		case <-ctx.Done():
			forget()
			return
		case <-again:
		}
		switch err := r.write(ctx, func(*db.Tx) error { return nil }); {
		case errors.Is(err, errLost):
			stop(errLost)
			return
		case err != nil && ctx.Err() == nil: // the lease is longer than a few renewals
			r.Log.WarnContext(ctx, "the lease of a sync could not be renewed", slog.String("connector", string(r.connector.ID)),
				slog.Any("error", err))
		}
	}
}

// close writes how the run went: on the run, on the connector, and in the audit where it is news.
func (r *reading) close(ctx context.Context, f *flight, why error) (Run, error) {
	c, run := r.connector, r.run
	switch _, refused := errors.AsType[refusal](why); {
	case refused:
		run.State, run.Message = Refused, why.Error()
	case why != nil:
		run.State, run.Message = Failed, words(why)
	default:
		run.State = Done
	}
	run.Message = brief(run.Message, MaxMessage)
	status, text := app.ConnectorOK, ""
	if run.State != Done {
		status, text = app.ConnectorError, run.Message
		r.Log.WarnContext(ctx, "a target could not be taken over", slog.String("connector", string(c.ID)),
			slog.String("state", string(run.State)), slog.Any("error", why))
	}
	intervals := 1
	if errors.Is(why, errStopped) {
		intervals = 0 // the next start makes up for it at once
	}
	ended := run
	err := r.DB.Write(ctx, func(tx *db.Tx) error {
		ended = run
		ended.FinishedAt = r.Clock.Now()
		held, err := release(tx, c.Ref(), r.token, status, text, ended.FinishedAt, intervals)
		if err != nil {
			return err
		}
		if !held {
			ended.State, ended.Message = Failed, errLost.Message
		}
		closeRun(tx, ended)
		prune(tx, c.ID)
		tx.OnCommit(func() { r.flights.remove(c.ID, f) })
		due.Wake(tx, ended.FinishedAt) // there may be another that waits for its turn
		if !r.news(status, text) {
			return nil
		}
		return r.Audit.Record(tx, r.actor(), r.event(ended))
	})
	if err == nil {
		r.metrics.ended(ended.State)
	}
	return ended, err
}

// words is what administrators may read of an error: the message of a fault, which is public, and else only what kind of failure it
// was.
func words(err error) string {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f.Message
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "the target did not answer in time"
	}
	return "the target could not be read; the server's log says why"
}

// news reports whether the audit should hear of the run: somebody asked for it, it changed something, or the connector fares
// otherwise than before. A target that is read every minute, or is down for a day, does not fill the audit.
func (r *reading) news(status app.ConnectorStatus, text string) bool {
	return r.order.asked || r.changed || status != r.connector.Status || text != r.connector.StatusText
}

// actor is who is answerable for the run as a whole; what it finds is always the connector's word.
func (r *reading) actor() audit.Actor {
	if r.order.asked {
		return r.order.by
	}
	return audit.Sync(string(r.connector.ID))
}

func (r *reading) event(run Run) audit.Event {
	c := r.connector
	return audit.Event{
		At: run.FinishedAt, Kind: "connector.synced", Activity: audit.Read, Failed: run.State != Done, ObjectType: "connector",
		ObjectID: string(c.ID), AppID: string(c.AppID), Message: "sync of " + c.DisplayName + ": " + string(run.State),
		Data: map[string]any{
			"run": string(run.ID), "state": string(run.State), "accounts": run.Accounts, "resources": run.Resources,
			"entitlements": run.Entitlements, "grants": run.Grants, "added": run.Added, "removed": run.Removed,
			"acceptLosses": r.order.acceptLosses, "acceptTarget": r.order.acceptTarget, "message": run.Message,
		},
	}
}

// Recover ends what a process that died had under way. At the start of the one process of a SQLite database; on PostgreSQL others may
// be at work, and a lease runs out by itself.
func (s *Service) Recover(ctx context.Context) error {
	if s.DB.Engine() != db.SQLite {
		return nil
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error { return recoverLeases(tx, clock.Micros(s.Clock.Now())) })
}
