// Package due makes happen what is due. Everything that happens later is a row
// with a due time in the table it belongs to; a Source knows such a kind of
// rows, and the Loop calls it when the time has come. There is no second table
// of jobs that could disagree with the state.
//
// Invariants:
//
//   - Between the due time and the call there is only the time the calls
//     before it take: the loop sleeps until the earliest due time, and is woken
//     when an earlier one is written (Wake), also by another replica.
//   - No wake-up is lost, also one that comes while the source is asked.
//   - A source that fails or panics is tried again, ever less often; the others
//     go on meanwhile.
//   - Being called twice is harmless: a source claims its rows in the
//     transaction that handles them.
package due

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// Source is one kind of rows with a due time. The loop calls the methods of
// one source from one goroutine.
type Source interface {
	// Name is the source's name in logs and metrics: lower case, stable.
	Name() string

	// Next returns the earliest due time, which may have passed, or false when
	// nothing is due ever.
	Next(ctx context.Context) (at time.Time, ok bool, err error)

	// Run claims and handles one batch, at most 500 rows, of what is due at
	// now, and returns how many it handled. As long as that is not 0 the source
	// is asked for more at once.
	Run(ctx context.Context, now time.Time) (handled int, err error)
}

// topic is where earlier due times are told.
const topic = "due"

// Wake tells the loops of all replicas, once tx commits, that something is due
// at that time. Whoever writes a due time calls it; one that is no earlier than
// what a loop waits for costs it nothing.
func Wake(tx *db.Tx, at time.Time) {
	tx.Notify(topic, strconv.FormatInt(clock.Micros(at), 10))
}

// Options are what a Loop is made of.
type Options struct {
	Clock      clock.Clock
	Log        *slog.Logger // nil: slog.Default
	DB         *db.DB       // whose Wake calls are heard
	Sources    []Source
	Registerer prometheus.Registerer // nil: no metrics
}

// Loop calls sources when they are due.
type Loop struct {
	db      *db.DB
	workers []*worker
}

// New returns a Loop that has not begun; it panics when two sources share a
// name.
func New(o Options) *Loop {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	l := &Loop{db: o.DB}
	names := map[string]bool{}
	for _, s := range o.Sources {
		if names[s.Name()] {
			panic("due: two sources named " + s.Name())
		}
		names[s.Name()] = true
		l.workers = append(l.workers, &worker{
			source: s,
			clock:  o.Clock,
			log:    o.Log.With(slog.String("source", s.Name())),
			jitter: rand.Float64,
			alarm:  newAlarm(),
		})
	}
	if o.Registerer != nil {
		o.Registerer.MustRegister(metrics{workers: l.workers})
	}
	return l
}

// Run calls the sources until ctx ends, then waits for the calls under way,
// whose ctx has ended too, and returns nil. It is called once.
func (l *Loop) Run(ctx context.Context) error {
	cancel := l.db.Subscribe(topic, l.hear)
	defer cancel()
	var all sync.WaitGroup
	for _, w := range l.workers {
		all.Go(func() { w.run(ctx) })
	}
	all.Wait()
	return nil
}

// hear takes the payload of a Wake. One that is empty (notices were missed) or
// strange makes every source look again.
func (l *Loop) hear(payload string) {
	at, err := strconv.ParseInt(payload, 10, 64)
	if err != nil {
		at = atOnce
	}
	for _, w := range l.workers {
		w.alarm.advance(at)
	}
}
