package provision

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
)

// How much is done at once. A connector is served by one lane at a time, so its target sees at most calls at once, and this process
// makes at most lanes*calls.
const (
	lanes = 4   // connectors served at once
	calls = 8   // calls at once to one target
	batch = 500 // operations claimed at once
	write = 250 // outcomes written at once
)

// Sources are the lanes in which operations are carried out, for the due loop.
func (s *Service) Sources() []due.Source {
	all := make([]due.Source, lanes)
	for i := range all {
		all[i] = &lane{s, fmt.Sprintf("provision-%d", i+1), i == lanes-1}
	}
	return all
}

// lane carries out the operations of one connector after the other. A target that hangs holds up its lane and no other; one lane
// serves no target that was found down, so that those, however many, cannot hold up all lanes.
type lane struct {
	*Service

	name  string
	sound bool
}

// Name implements due.Source.
func (l *lane) Name() string { return l.name }

// Next implements due.Source: when it is the turn of a connector that nobody serves, and no burst of operations is coming in.
func (l *lane) Next(ctx context.Context) (time.Time, bool, error) {
	l.slots.mu.Lock()
	defer l.slots.mu.Unlock()
	list, err := heads(l.DB.Q(ctx))
	now, elapsed := l.Clock.Now(), l.Clock.Elapsed()
	_, at := l.slots.turn(list, now, elapsed, l.sound)
	if at.IsZero() || err != nil {
		return at, false, err
	}
	return later(at, now.Add(l.burst.left(elapsed))), true, nil
}

// Run implements due.Source: it serves the connector whose turn it is.
func (l *lane) Run(ctx context.Context, now time.Time) (int, error) {
	connector, downs, err := l.take(ctx, now)
	if err != nil || connector == "" {
		return 0, err
	}
	j := job{Service: l.Service, connector: connector}
	defer func() { l.slots.release(connector, j.down(), l.Clock.Elapsed(), j.pause) }() // a panic passes here
	return j.serve(ctx, now, downs)
}

// take chooses the connector whose turn it is and keeps the other lanes off it.
func (l *lane) take(ctx context.Context, now time.Time) (app.ConnectorID, int, error) {
	l.slots.mu.Lock()
	defer l.slots.mu.Unlock()
	list, err := heads(l.DB.Q(ctx))
	if err != nil {
		return "", 0, err
	}
	connector, at := l.slots.turn(list, now, l.Clock.Elapsed(), l.sound)
	if at.IsZero() || at.After(now) {
		return "", 0, nil
	}
	return connector, l.slots.take(connector), nil
}

// job is one turn of one connector.
type job struct {
	*Service

	connector app.ConnectorID
	pause     time.Duration

	mu       sync.Mutex
	answered int // calls that went through, or failed for what they asked and not for the target
	failed   int // calls that failed as they do when the target is down
}

// down reports whether the target seems to be down: as many calls as are made at once failed, and none went through.
func (j *job) down() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.answered == 0 && j.failed >= calls
}

func (j *job) count(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err == nil || IsPermanent(err) {
		j.answered++
	} else {
		j.failed++
	}
}

// serve carries out one batch of due operations and returns how many it handled.
func (j *job) serve(ctx context.Context, now time.Time, downs int) (int, error) {
	first, err := dueOf(j.DB.Q(ctx), j.connector, now, 1)
	if err != nil || len(first) == 0 {
		return 0, err
	}
	c, err := j.reach(ctx, first[0].App)
	if err != nil {
		return 0, err
	}
	if c.ID == "" || c.Status == app.ConnectorDisabled {
		return j.without(ctx, c.ID == "", now)
	}
	n := batch
	if downs > 0 { // feel for the target with a few before taking many
		n = calls
	}
	return j.carryOut(ctx, c, n)
}

// without does what can be done without the target: operations of a deleted connector are closed, those of a disabled one told why
// they wait.
func (j *job) without(ctx context.Context, deleted bool, now time.Time) (int, error) {
	waiting, err := dueOf(j.DB.Q(ctx), j.connector, now, batch)
	if err != nil {
		return 0, err
	}
	if deleted {
		return len(waiting), j.abandon(ctx, waiting)
	}
	j.pause = whenOff
	return 0, j.DB.Write(ctx, func(tx *db.Tx) error { remark(tx, waiting, "the connector is disabled"); return nil })
}

// carryOut claims n operations, calls the target for them and writes down what came of it, as it comes.
func (j *job) carryOut(ctx context.Context, c app.Connector, n int) (int, error) {
	lease, now := j.token(), j.Clock.Now()
	var claimed []Operation
	err := j.DB.Write(ctx, func(tx *db.Tx) (err error) {
		claimed, err = claim(tx, j.connector, lease, now, n)
		return err
	})
	if err != nil || len(claimed) == 0 {
		return 0, err
	}
	all, err := changes(j.DB.Q(ctx), claimed)
	if err != nil {
		return 0, err
	}
	target, openErr := j.Targets.Target(ctx, c)
	outcomes := make(chan Outcome, len(claimed))
	todo := make(chan Operation, len(claimed))
	for i, change := range all {
		change.Target = c.Target
		all[i] = change
	}
	for _, o := range claimed {
		todo <- o
	}
	close(todo)
	var working sync.WaitGroup
	for range min(calls, len(claimed)) {
		working.Go(func() {
			for o := range todo {
				outcomes <- j.call(ctx, target, openErr, o, all[o.ID], now.Add(Lease-CallLimit))
			}
		})
	}
	go func() { working.Wait(); close(outcomes) }()
	return len(claimed), j.record(ctx, lease, outcomes)
}

// reach returns the connector, or none if nobody can reach its target any more. One that was deleted with its app still serves: what
// is ending there is still to be removed. Not one that was paused then, which nobody can let go on.
func (j *job) reach(ctx context.Context, in app.ID) (app.Connector, error) {
	found, err := app.ManyConnectors(j.DB.Q(ctx), []app.ConnectorRef{{AppID: in, ID: j.connector}})
	if err != nil || len(found) == 0 {
		return app.Connector{}, err
	}
	c := found[0]
	if !c.DeletedAt.IsZero() && (len(c.Config) == 0 || c.Status == app.ConnectorDisabled) {
		return app.Connector{}, nil
	}
	return c, nil
}

// call makes one call, unless the target is down, the server stops, or so much of the lease is gone that the call could outlast it.
func (j *job) call(ctx context.Context, target Target, openErr error, o Operation, change Change, last time.Time) Outcome {
	out := Outcome{Operation: o}
	if ctx.Err() != nil || j.down() || !j.Clock.Now().Before(last) {
		out.off = true
		return out
	}
	if out.Err = openErr; openErr == nil {
		out.Note, out.Err = j.ask(ctx, target, o.Kind, change)
	}
	if out.Err != nil && ctx.Err() != nil {
		out.off = true // the server stops: nobody's fault
		return out
	}
	j.count(out.Err)
	j.metrics.called(o.Kind, out.Err)
	if out.Err != nil {
		j.Log.WarnContext(ctx, "a change in a target failed", slog.String("operation", string(o.ID)), slog.String("kind", string(o.Kind)),
			slog.String("connector", string(j.connector)), slog.Int("attempt", o.Attempts), slog.Any("error", out.Err))
	}
	return out
}

// ask makes the call. That a target panics is its failure, not the server's end.
func (j *job) ask(ctx context.Context, target Target, kind Kind, change Change) (note string, err error) {
	ctx, cancel := context.WithTimeout(ctx, CallLimit)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			note, err = "", fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if kind == Revoke {
		note, err = target.Revoke(ctx, change)
	} else {
		note, err = target.Grant(ctx, change)
	}
	return cut(note), err
}
