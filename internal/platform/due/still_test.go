package due

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
)

// asked is a source that counts how often it is called.
type asked struct {
	next func() (time.Time, error)
	run  func() (int, error)
	n    int
}

func (a *asked) Name() string { return "asked" }

func (a *asked) Next(context.Context) (time.Time, bool, error) {
	a.n++
	at, err := a.next()
	return at, true, err
}

func (a *asked) Run(context.Context, time.Time) (int, error) { return a.run() }

// While the wall clock is behind, time stands still: what is due soon does not come nearer, and what is to be tried again is due at the
// same moment each time. Neither may make the loop spin.
func TestWhileTimeStandsStillNothingSpins(t *testing.T) {
	const stretch = 10 * time.Minute
	for name, c := range map[string]struct {
		next func(now time.Time) (time.Time, error)
		run  func() (int, error)
		most int
	}{
		"due in a moment that does not come": {
			next: func(now time.Time) (time.Time, error) { return now.Add(time.Microsecond), nil }, most: int(stretch / time.Second),
		},
		"due, and locked by another": {
			next: func(now time.Time) (time.Time, error) { return now, nil },
			run:  func() (int, error) { return 0, nil }, most: int(stretch / lastPause),
		},
		"cannot be asked": {
			next: func(now time.Time) (time.Time, error) { return now, errors.New("out of reach") }, most: 30,
		},
		"fails": {
			next: func(now time.Time) (time.Time, error) { return now, nil },
			run:  func() (int, error) { return 3, errors.New("out of reach") }, most: 30,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				still := clock.System(time.Now().Add(time.Hour)) //nolint:forbidigo // the wall itself is what is an hour behind
				source := &asked{next: func() (time.Time, error) { return c.next(still.Now()) }, run: c.run}
				w := &worker{
					source: source, clock: still, log: slog.New(slog.DiscardHandler), jitter: func() float64 { return 0 }, alarm: newAlarm(),
				}
				ctx, stop := context.WithTimeout(t.Context(), stretch)
				defer stop()
				w.run(ctx)
				if source.n < 2 || source.n > c.most+2 {
					t.Errorf("asked %d times in %s, want at least 2 and at most %d", source.n, stretch, c.most)
				}
			})
		})
	}
}
