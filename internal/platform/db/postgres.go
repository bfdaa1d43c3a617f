package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"
)

const migrateLock = 0x696e746572696d

type postgres struct{ pool *pgxpool.Pool }

func openPostgres(ctx context.Context, o Options, _ *topics) (backend, error) {
	m, err := sql.Open("pgx", o.URL)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	lock, err := m.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if _, err := lock.ExecContext(ctx, "select pg_advisory_lock($1)", migrateLock); err != nil {
		return nil, err
	}
	defer lock.ExecContext(ctx, "select pg_advisory_unlock($1)", migrateLock)
	if err := migrate(ctx, m, Postgres, o.Binary); err != nil {
		return nil, err
	}
	cfg, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &postgres{pool}, nil
}

type pgConn interface {
	Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
	Query(context.Context, string, ...any) (pgx.Rows, error)
}

type pgQ struct {
	ctx   context.Context
	c     pgConn
	batch *pgx.Batch
	tx    pgx.Tx
}

func (q *pgQ) flush() error {
	if q.batch == nil || q.batch.Len() == 0 {
		return nil
	}
	b := q.batch
	q.batch = &pgx.Batch{}
	return q.tx.SendBatch(q.ctx, b).Close()
}

func (q *pgQ) exec(text string, args []any) (int64, error) {
	if err := q.flush(); err != nil {
		return 0, err
	}
	tag, err := q.c.Exec(q.ctx, text, args...)
	return tag.RowsAffected(), err
}

func (q *pgQ) query(text string, args []any) (cursor, error) {
	if err := q.flush(); err != nil {
		return nil, err
	}
	rows, err := q.c.Query(q.ctx, text, args...)
	if err != nil {
		return nil, err
	}
	return rows, nil
}

func (q *pgQ) queue(text string, args []any) { q.batch.Queue(text, args...) }
func (q *pgQ) lock(keys []string) error {
	for _, k := range slices.Sorted(slices.Values(keys)) {
		h := fnv.New64a()
		h.Write([]byte(k))
		q.queue("select pg_advisory_xact_lock($1)", []any{int64(h.Sum64())})
	}
	return nil
}
func (q *pgQ) notify(note) {}

func (q *pgQ) Exec(text string, args ...any) (int64, error) { return q.exec(text, args) }
func (q *pgQ) Query(text string, args ...any) (*Rows, error) {
	c, err := q.query(text, args)
	if err != nil {
		return nil, err
	}
	return &Rows{c}, nil
}
func (q *pgQ) Row(text string, args ...any) *Row {
	c, err := q.query(text, args)
	return &Row{c, err}
}

func (p *postgres) q(ctx context.Context) Q { return &pgQ{ctx: ctx, c: p.pool} }

func (p *postgres) read(ctx context.Context, fn func(Q) error) error {
	return pgx.BeginTxFunc(ctx, p.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly},
		func(t pgx.Tx) error { return fn(&pgQ{ctx: ctx, c: t}) })
}

func (p *postgres) write(ctx context.Context, fn func(*Tx) error) (*Tx, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	for attempt := 1; ; attempt++ {
		tx, err := p.once(ctx, fn)
		var pg *pgconn.PgError
		if attempt < 5 && errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01") {
			continue
		}
		return tx, err
	}
}

func (p *postgres) once(ctx context.Context, fn func(*Tx) error) (*Tx, error) {
	t, err := p.pool.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer t.Rollback(ctx)
	q := &pgQ{ctx: ctx, c: t, tx: t, batch: &pgx.Batch{}}
	tx := &Tx{engine: Postgres, run: q}
	if err := tx.call(fn); err != nil {
		return nil, err
	}
	if err := q.flush(); err != nil {
		return nil, err
	}
	if err := t.Commit(ctx); err != nil {
		return nil, fmt.Errorf("db: commit: %w", err)
	}
	return tx, nil
}

func (p *postgres) ping(ctx context.Context) error { return p.pool.Ping(ctx) }
func (p *postgres) close() error                   { p.pool.Close(); return nil }
