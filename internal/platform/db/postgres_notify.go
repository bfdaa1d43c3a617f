package db

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/interim-access/interim/internal/platform/clock"
)

const (
	// channel carries the notices between replicas.
	channel = "interim"
	// maxPending bounds the notices not sent yet; above it they become one that
	// says "something was missed".
	maxPending = 4096
	// farewell bounds how long Close waits for the last notices to leave.
	farewell = time.Second
)

// notifier sends the notices of committed writes to the other replicas, many
// in one statement.
//
// They are not sent by the write's own transaction: PostgreSQL commits those
// that NOTIFY one after the other, each with its own flush to disk, which cut
// the rate of writes to a quarter. The price: a process that dies in the
// millisecond after a COMMIT has told nobody, so what hangs on a notice must
// also look by itself now and then.
type notifier struct {
	conns  *pgxpool.Pool
	clock  clock.Clock
	log    *slog.Logger
	origin string

	mu      sync.Mutex
	pending []string // encoded, each once
	known   map[string]bool

	wake   chan struct{}
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func startNotifier(conns *pgxpool.Pool, o Options, origin string) *notifier {
	n := &notifier{conns: conns, clock: o.Clock, log: o.Log, origin: origin, known: map[string]bool{}, wake: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	n.cancel = cancel
	n.done.Go(func() { n.run(ctx) })
	return n
}

// publish queues notices; it does not wait.
func (n *notifier) publish(notes []note) {
	if len(notes) == 0 {
		return
	}
	n.mu.Lock()
	for _, x := range notes {
		n.add(x.encode(n.origin))
	}
	n.mu.Unlock()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// add is called under the lock.
func (n *notifier) add(payload string) {
	if n.known[payload] {
		return
	}
	if len(n.pending) >= maxPending {
		n.pending, payload = nil, note{}.encode(n.origin)
		clear(n.known)
	}
	n.pending = append(n.pending, payload)
	n.known[payload] = true
}

func (n *notifier) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.pending
	n.pending = nil
	clear(n.known)
	return list
}

func (n *notifier) run(ctx context.Context) {
	for {
		select {
		case <-n.wake:
		case <-ctx.Done():
			n.leave()
			return
		}
		err := n.send(ctx)
		for wait := minBackoff; err != nil && pause(ctx, n.clock, wait); wait = min(2*wait, maxBackoff) {
			n.log.WarnContext(ctx, "notices to other replicas wait", slog.Any("error", err))
			err = n.send(ctx)
		}
	}
}

// leave sends what Close found pending.
func (n *notifier) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if err := n.send(ctx); err != nil {
		n.log.WarnContext(ctx, "notices to other replicas were lost", slog.Any("error", err))
	}
}

// send sends what is pending; what could not be sent is pending again.
func (n *notifier) send(ctx context.Context) error {
	list := n.take()
	if len(list) == 0 {
		return nil
	}
	_, err := n.conns.Exec(ctx, "select pg_notify('"+channel+"', p) from unnest($1::text[]) p", list)
	if err != nil {
		n.mu.Lock()
		defer n.mu.Unlock()
		for _, payload := range list {
			n.add(payload)
		}
	}
	return err
}

func (n *notifier) close() {
	n.cancel()
	n.done.Wait()
}

// pause waits about d, with jitter, and reports whether ctx is still good.
func pause(ctx context.Context, c clock.Clock, d time.Duration) bool {
	due, stop := c.After(c.Now().Add(d/2 + rand.N(d/2))) //nolint:gosec // jitter
	defer stop()
	select {
	case <-due:
		return true
	case <-ctx.Done():
		return false
	}
}
