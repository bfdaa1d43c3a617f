package task

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// When an event is put aside that leads to an error again and again: what the server could not do may be over tomorrow, what the rules
// refuse hardly.
const (
	triesOfServer  = int(24 * time.Hour / putOff)
	triesOfRefused = 10
)

type metrics struct{ late *prometheus.CounterVec }

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "interim_task_event_errors_total",
		Help: "Errors of events that waited for a task, by what became of the event (put_off, put_aside).",
	}, []string{"outcome"})}
	if r != nil {
		r.MustRegister(m.late)
	}
	return m
}

// hopeless reports whether an event is not to be tried again.
func hopeless(tries int, why error) bool {
	switch fault.Of(why).Code {
	case fault.Internal, fault.Unavailable, fault.Timeout:
		return tries >= triesOfServer
	default:
		return tries >= triesOfRefused
	}
}

// PutAside says that something happened that could not be brought to the task. It stays what it was; its history says so.
type PutAside struct{ Why string }

func (e PutAside) apply(m *machine) error {
	m.audit(StateChanged, system, "Something that happened could not be taken into account, and was put aside: "+e.Why,
		map[string]any{"putAside": true})
	return nil
}

// hindered puts off all that waits for a task since the oldest of it led to an error, so that its events keep their order; or puts that
// one aside, so that the others go on.
func (c Clockwork) hindered(ctx context.Context, id ID, why error) error {
	var number int64
	var tries int
	err := c.DB.Write(ctx, func(tx *db.Tx) error {
		err := tx.Row(`select number, tries from task_later where task_id = $1 order by number limit 1`, string(id)).Scan(&number, &tries)
		if errors.Is(err, db.ErrNoRows) { // another replica was faster
			number = 0
			return nil
		}
		if tries++; err != nil || hopeless(tries, why) {
			return err
		}
		tx.Queue(`update task_later set tries = $2 where number = $1`, number, tries)
		tx.Queue(`update task_later set due_at = $2 where task_id = $1`, string(id), clock.Micros(c.Clock.Now().Add(putOff)))
		return nil
	})
	if err != nil || number == 0 {
		return err
	}
	if !hopeless(tries, why) {
		c.metrics.late.WithLabelValues("put_off").Inc()
		return nil
	}
	c.metrics.late.WithLabelValues("put_aside").Inc()
	c.Log.ErrorContext(ctx, "what happened to a task was put aside: it always led to an error",
		slog.String("task", string(id)), slog.Int("tries", tries), slog.Any("error", why))
	told := fault.Of(why).Message
	_, err = c.change(ctx, audit.System(), string(id), func(v *turn) (Event, error) {
		return PutAside{told}, c.putAside(v.tx, number, told)
	})
	if err != nil && ctx.Err() == nil { // the task takes not even that
		err = c.DB.Write(ctx, func(tx *db.Tx) error { return c.putAside(tx, number, told) })
	}
	return err
}

func (c Clockwork) putAside(tx *db.Tx, number int64, why string) error {
	_, err := tx.Exec(`insert into task_aside (number, task_id, event, reason, at)
		select number, task_id, event, cast($2 as text), cast($3 as bigint) from task_later where number = $1`,
		number, why, clock.Micros(c.Clock.Now()))
	tx.Queue(`delete from task_later where number = $1`, number)
	return err
}
