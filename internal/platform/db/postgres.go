package db

import (
	"context"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/fault"
)

const (
	// maxConns bounds the pool unless the URL says pool_max_conns.
	maxConns = 16
	// maxAttempts bounds how often a Write is run that lost a race.
	maxAttempts = 5
	// writeTimeout bounds a Write once it has a connection. It is not the
	// request's deadline: the outcome of a write that was begun is waited for.
	writeTimeout = 30 * time.Second
	// migrateLock is the advisory lock under which the schema is changed.
	migrateLock = 0x496e746572696d
)

// postgres is the backend beside the process.
type postgres struct {
	conns  *pgxpool.Pool
	listen *listener
	notify *notifier
	clock  clock.Clock
}

func openPostgres(ctx context.Context, o Options, t *topics) (*postgres, error) {
	cfg, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the database URL cannot be read")
	}
	if u, err := url.Parse(o.URL); err != nil || !u.Query().Has("pool_max_conns") {
		cfg.MaxConns = maxConns
	}
	plainConfig := cfg.ConnConfig.Copy()
	if err := migratePostgres(ctx, plainConfig, o); err != nil {
		return nil, opening(postgresError(err))
	}
	// Outside a Write nothing writes, as on SQLite's readers.
	params := cfg.ConnConfig.RuntimeParams
	params["default_transaction_read_only"] = "on"
	for name, value := range map[string]string{
		"application_name":                    "interim",
		"statement_timeout":                   "30s",
		"idle_in_transaction_session_timeout": "60s",
	} {
		if params[name] == "" {
			params[name] = value
		}
	}
	cfg.ConnConfig.BuildContextWatcherHandler = cancelStatement
	p := &postgres{clock: o.Clock}
	origin := rand.Text()
	if p.conns, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return nil, opening(postgresError(err))
	}
	if p.listen, err = listen(ctx, plainConfig, o, t, origin, p.conns.Reset); err != nil {
		p.conns.Close()
		return nil, opening(postgresError(err))
	}
	p.notify = startNotifier(p.conns, o, origin)
	return p, nil
}

// cancelStatement makes the end of a request cancel its statement and keep the
// connection; pgx would close it, and the next request would open another.
func cancelStatement(c *pgconn.PgConn) ctxwatch.Handler {
	return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: 5 * time.Second}
}

// migratePostgres brings the schema up to date, one replica at a time.
func migratePostgres(ctx context.Context, cfg *pgx.ConnConfig, o Options) (err error) {
	d := stdlib.OpenDB(*cfg)
	defer func() { err = errors.Join(err, d.Close()) }()
	lock, err := d.Conn(ctx)
	if err != nil {
		return err
	}
	defer lock.Close() //nolint:errcheck // d.Close ends the session, and with it the lock
	if _, err := lock.ExecContext(ctx, "select pg_advisory_lock($1)", migrateLock); err != nil {
		return err
	}
	if err := migrate(ctx, d, Postgres, o); err != nil {
		return err
	}
	_, err = lock.ExecContext(ctx, "select pg_advisory_unlock($1)", migrateLock)
	return err
}

func (p *postgres) pool(ctx context.Context) runner { return &postgresPool{p.conns, ctx} }

// postgresPool runs each statement on a connection that is free.
type postgresPool struct {
	conns *pgxpool.Pool
	ctx   context.Context // of the request
}

func (p *postgresPool) exec(text string, args []any) (int64, error) {
	vals, err := plainAll(args)
	if err != nil {
		return 0, err
	}
	tag, err := p.conns.Exec(p.ctx, text, vals...)
	return tag.RowsAffected(), postgresError(err)
}

func (p *postgresPool) query(text string, args []any) (cursor, error) {
	vals, err := plainAll(args)
	if err != nil {
		return nil, err
	}
	rows, err := p.conns.Query(p.ctx, text, vals...)
	if err != nil {
		return nil, postgresError(err)
	}
	return &postgresRows{rows: rows}, nil
}

func (p *postgresPool) row(text string, args []any) (cursor, error) { return p.query(text, args) }

func (p *postgres) read(ctx context.Context, fn func(runner) error) error {
	c, err := p.conns.Acquire(ctx)
	if err != nil {
		return postgresError(err)
	}
	defer c.Release()
	t := beginPostgres(ctx, c.Conn(), "begin read only isolation level repeatable read")
	defer t.rollback()
	if err := fn(t); err != nil {
		return err
	}
	return t.err
}

// write runs fn again when the transaction lost a race, or lost its connection
// before the COMMIT was sent: in both cases nothing was kept.
func (p *postgres) write(ctx context.Context, fn func(*Tx) error) (*Tx, error) {
	for attempt := 1; ; attempt++ {
		tx, again, err := p.once(ctx, fn)
		if err == nil {
			return tx, nil
		}
		if !again || attempt == maxAttempts {
			return nil, err
		}
		pause, _ := p.clock.After(p.clock.Now().Add(mathrand.N(time.Duration(attempt) * 5 * time.Millisecond))) //nolint:gosec // jitter
		<-pause
	}
}

// once is one attempt. The caller's ctx bounds the wait for a connection only.
func (p *postgres) once(ctx context.Context, fn func(*Tx) error) (_ *Tx, again bool, err error) {
	c, err := p.conns.Acquire(ctx)
	if err != nil {
		return nil, false, postgresError(err)
	}
	defer c.Release()
	sql, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	t := beginPostgres(sql, c.Conn(), "begin read write isolation level read committed")
	defer t.rollback() // a panic passes here
	tx := newTx(Postgres, t)
	err = tx.call(fn)
	if t.err != nil && err == nil {
		err = t.err
	}
	if err == nil {
		err = t.commit()
	}
	return tx, t.retry, err
}

func (p *postgres) ping(ctx context.Context) error { return postgresError(p.conns.Ping(ctx)) }

func (p *postgres) publish(notes []note) { p.notify.publish(notes) }

func (p *postgres) close() error {
	p.notify.close()
	p.listen.close()
	p.conns.Close()
	return nil
}
