package stream

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/id"
)

// flights are the calls this process has under way: one for each stream at most.
type flights struct {
	base   context.Context //nolint:containedctx // calls end with the process, not with the turn of the due loop that began them
	stop   context.CancelFunc
	mu     sync.Mutex
	all    sync.WaitGroup
	closed bool
}

func newFlights() flights {
	base, stop := context.WithCancel(context.Background())
	return flights{base: base, stop: stop}
}

// begin counts a call; false when the process stops.
func (f *flights) begin() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		f.all.Add(1)
	}
	return !f.closed
}

// Close cuts calls under way short, as they would be by the end of the process, and waits for them.
func (s *Service) Close() {
	s.flights.mu.Lock()
	s.flights.closed = true
	s.flights.mu.Unlock()
	s.flights.stop()
	s.flights.all.Wait()
}

// Idle waits until no call is under way.
func (s *Service) Idle() { s.flights.all.Wait() }

// Source is what the due loop calls.
func (s *Service) Source() due.Source { return sending{s} }

type sending struct{ *Service }

// Name implements due.Source.
func (sending) Name() string { return "event-stream" }

// Next implements due.Source. Whoever records an event does not stop to tell: while there are streams, the log is looked at every second.
func (s sending) Next(ctx context.Context) (time.Time, bool, error) {
	streams, err := s.open(ctx)
	if err != nil || len(streams) == 0 {
		return time.Time{}, false, err
	}
	settled, last, err := s.edge(ctx)
	if err != nil {
		return time.Time{}, false, err
	}
	now := s.Clock.Now()
	next := now.Add(look)
	for _, v := range streams {
		at := now.Add(look)
		switch {
		case v.place < settled || v.lease != "":
			at = v.dueAt
		case v.place < last:
			at = now.Add(lookSoon)
		}
		if at.Before(next) {
			next = at
		}
	}
	return next, true, nil
}

// edge is up to where streams may go, and the last event there is.
func (s sending) edge(ctx context.Context) (settled, last audit.Place, err error) {
	if settled, err = s.Audit.Settled(ctx); err == nil {
		last, err = audit.End(s.DB.Q(ctx), s.DB.Engine())
	}
	return settled, last, err
}

// open are the streams that are switched on.
func (s sending) open(ctx context.Context) (list []Stream, err error) {
	all, err := s.all(s.DB.Q(ctx))
	for _, v := range all {
		if v.Enabled {
			list = append(list, v)
		}
	}
	return list, err
}

// Run implements due.Source: it claims the streams that have something to send, and lets each call go its own way.
func (s sending) Run(ctx context.Context, now time.Time) (int, error) {
	settled, err := s.Audit.Settled(ctx)
	if err != nil {
		return 0, err
	}
	open, err := s.open(ctx)
	if err != nil {
		return 0, err
	}
	var list []Stream
	for _, v := range open {
		if (v.place < settled || v.lease != "") && !now.Before(v.dueAt) {
			list = append(list, v)
		}
	}
	if len(list) == 0 {
		return 0, nil
	}
	var claimed []Stream
	if err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		claimed, err = s.claim(tx, list, id.New(now), now, now.Add(webhook.Lease))
		return err
	}); err != nil {
		return 0, err
	}
	for _, v := range claimed {
		if s.flights.begin() {
			go s.fly(v, settled)
		}
	}
	return len(claimed), nil
}

// fly sends one batch and writes down what came of it.
func (s *Service) fly(v Stream, settled audit.Place) {
	defer s.flights.all.Done()
	ctx := s.flights.base
	call, cancel := context.WithTimeout(ctx, webhook.CallLimit)
	o := s.attempt(call, v, settled)
	cancel()
	o.off = o.err != nil && ctx.Err() != nil
	if err := s.record(context.WithoutCancel(ctx), v, o); err != nil {
		s.Log.ErrorContext(ctx, "what came of an event stream could not be recorded", slog.String("stream", string(v.ID)), slog.Any("error", err))
	}
}

// Recover makes the streams of a worker that died due again at once. On SQLite, at start, where no other process can be at work; on
// PostgreSQL a lease may be another replica's and has to run out.
func (s *Service) Recover(ctx context.Context) error {
	if s.DB.Engine() != db.SQLite {
		return nil
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		list, err := s.all(tx)
		for _, v := range list {
			if v.lease != "" && err == nil {
				err = giveBack(tx, v, s.Clock.Now())
			}
		}
		return err
	})
}
