package db

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/interim-access/interim/internal/platform/clock"
)

const (
	// heartbeat is how long the listener hears nothing before it asks whether
	// the server is still there.
	heartbeat = 15 * time.Second
	// minBackoff and maxBackoff bound the time between attempts to reconnect.
	minBackoff = 50 * time.Millisecond
	maxBackoff = 5 * time.Second
)

// encode is the NOTIFY payload of a notice; that of the empty notice says that
// something was missed. The origin tells a DB its own
// notices, which were delivered before Write returned, from those of others.
func (n note) encode(origin string) string { return origin + "\n" + n.topic + "\n" + n.payload }

// listener holds the one connection that hears the notices of other replicas.
type listener struct {
	cfg    *pgx.ConnConfig
	topics *topics
	clock  clock.Clock
	log    *slog.Logger
	origin string
	lost   func() // called when the connection broke: the pool's may have too

	cancel context.CancelFunc
	done   sync.WaitGroup
}

// listen connects and follows the notices until close. It has heard nothing
// yet when it returns, and misses nothing after.
func listen(ctx context.Context, cfg *pgx.ConnConfig, o Options, t *topics, origin string, lost func()) (*listener, error) {
	l := &listener{cfg: cfg, topics: t, clock: o.Clock, log: o.Log, origin: origin, lost: lost}
	conn, err := l.connect(ctx)
	if err != nil {
		return nil, err
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l.cancel = cancel
	l.done.Go(func() { l.run(run, conn) })
	return l, nil
}

func (l *listener) connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, l.cfg)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "listen "+channel); err != nil {
		return nil, errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
	}
	return conn, nil
}

// run follows one connection after the other. What was sent between two of
// them is lost, so every subscriber is told to read everything again.
func (l *listener) run(ctx context.Context, conn *pgx.Conn) {
	for {
		err := l.follow(ctx, conn)
		_ = conn.Close(context.Background())
		if ctx.Err() != nil {
			return
		}
		l.log.WarnContext(ctx, "the listening database connection was lost", slog.Any("error", err))
		l.lost()
		if conn = l.reconnect(ctx); conn == nil {
			return
		}
		l.topics.resync()
	}
}

func (l *listener) reconnect(ctx context.Context) *pgx.Conn {
	for wait := minBackoff; pause(ctx, l.clock, wait); wait = min(2*wait, maxBackoff) {
		conn, err := l.connect(ctx)
		if err == nil {
			return conn
		}
		l.log.WarnContext(ctx, "the listening database connection cannot be made", slog.Any("error", err))
	}
	return nil
}

// follow hands on notices until the connection fails.
func (l *listener) follow(ctx context.Context, conn *pgx.Conn) error {
	for {
		quiet, cancel := context.WithTimeout(ctx, heartbeat)
		n, err := conn.WaitForNotification(quiet)
		cancel()
		if err == nil {
			l.hear(n.Payload)
			continue
		}
		if ctx.Err() != nil || quiet.Err() == nil || conn.IsClosed() {
			return err
		}
		ask, cancel := context.WithTimeout(ctx, heartbeat)
		err = conn.Ping(ask)
		cancel()
		if err != nil {
			return err
		}
	}
}

func (l *listener) hear(payload string) {
	from, rest, _ := strings.Cut(payload, "\n")
	topic, payload, ok := strings.Cut(rest, "\n")
	switch {
	case !ok || from == l.origin:
	case topic == "":
		l.topics.resync()
	default:
		l.topics.tell(topic, payload)
	}
}

func (l *listener) close() {
	l.cancel()
	l.done.Wait()
}
