package due

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
)

// How a worker paces itself.
const (
	// longest bounds a sleep. Wake-ups arrive in order and are not lost, but a
	// connection to PostgreSQL that died without a word can take a while to be
	// missed.
	longest = time.Minute

	// A source that failed is tried again after a second, then two, … a
	// minute; jitter takes away up to half, so that replicas spread.
	firstRetry, lastRetry = time.Second, time.Minute

	// A source that has something due but handled nothing has its rows locked
	// by another replica: it is asked again soon, but does not spin.
	firstPause, lastPause = 50 * time.Millisecond, 200 * time.Millisecond
)

// worker calls one source.
type worker struct {
	source Source
	clock  clock.Clock
	log    *slog.Logger
	jitter func() float64 // 0 to 1
	alarm  *alarm

	due      atomic.Pointer[time.Time] // the earliest due time as last told; nil: nothing
	runs     atomic.Int64
	failures atomic.Int64
	handled  atomic.Int64
}

// run looks what is due, handles it or sleeps, until ctx ends.
func (w *worker) run(ctx context.Context) {
	var failed, idle int // in a row
	for ctx.Err() == nil {
		w.alarm.clear()
		n, waits, err := w.step(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			failed++
			w.failures.Add(1)
			pause := doubled(firstRetry, lastRetry, failed)
			pause -= time.Duration(w.jitter() * float64(pause) / 2)
			w.log.ErrorContext(ctx, "due source failed", slog.Any("error", err), slog.Int("in_a_row", failed), slog.Duration("again_in", pause))
			w.sleep(ctx, pause)
		case waits:
			failed, idle = 0, 0
			w.await(ctx)
		case n == 0:
			failed = 0
			idle++
			w.sleep(ctx, doubled(firstPause, lastPause, idle))
		default:
			failed, idle = 0, 0
		}
	}
}

// step asks the source what is due next and handles a batch of it. waits means
// that nothing is due yet and the alarm is set.
func (w *worker) step(ctx context.Context) (handled int, waits bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	at, ok, err := w.source.Next(ctx)
	if err != nil {
		return 0, false, fmt.Errorf("next: %w", err)
	}
	now := w.clock.Now()
	if !ok {
		w.due.Store(nil)
		return 0, true, nil
	}
	w.due.Store(&at)
	if now.Before(at) {
		w.alarm.advance(clock.Micros(at))
		return 0, true, nil
	}
	w.runs.Add(1)
	n, err := w.source.Run(ctx, now)
	w.handled.Add(int64(n))
	if err != nil {
		return n, false, fmt.Errorf("run: %w", err)
	}
	return n, false, nil
}

// await sleeps until the alarm goes, wherever it is moved meanwhile.
func (w *worker) await(ctx context.Context) {
	latest := w.clock.Now().Add(longest)
	for {
		at, until := w.alarm.time(), latest
		if at < clock.Micros(latest) {
			until = clock.FromMicros(max(at, 0))
		}
		c, stop := w.clock.After(until)
		select {
		case <-ctx.Done():
			stop()
			return
		case <-c:
			return
		case <-w.alarm.earlier:
			stop()
		}
	}
}

// sleep waits for d whatever is written meanwhile, unless the loop is told that
// it may have missed something: that means the database is back.
func (w *worker) sleep(ctx context.Context, d time.Duration) {
	c, stop := w.clock.After(w.clock.Now().Add(d))
	defer stop()
	for w.alarm.time() != atOnce {
		select {
		case <-ctx.Done():
			return
		case <-c:
			return
		case <-w.alarm.earlier:
		}
	}
}

// doubled is first for the first time, then twice as much each time up to last.
func doubled(first, last time.Duration, times int) time.Duration {
	for d := first; ; d *= 2 {
		if times--; times <= 0 || d >= last {
			return min(d, last)
		}
	}
}
