package db

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"sync"

	_ "modernc.org/sqlite"
)

type sqlite struct {
	reader, writer *sql.DB
	mu             sync.Mutex
}

func openSQLite(ctx context.Context, o Options) (backend, error) {
	dsn := "file:" + (&url.URL{Path: o.Path}).EscapedPath() +
		"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=foreign_keys(1)&_pragma=busy_timeout(5000)"
	w, err := sql.Open("sqlite", dsn+"&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	w.SetMaxOpenConns(1)
	if err := migrate(ctx, w, SQLite, o.Binary); err != nil {
		w.Close()
		return nil, err
	}
	r, err := sql.Open("sqlite", dsn+"&_pragma=query_only(1)")
	if err != nil {
		return nil, err
	}
	r.SetMaxOpenConns(4)
	r.SetMaxIdleConns(4)
	return &sqlite{reader: r, writer: w}, nil
}

type sqlConn interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

type sqliteQ struct {
	ctx context.Context
	c   sqlConn
	err error
}

type sqlCursor struct{ *sql.Rows }

func (c sqlCursor) Close() { _ = c.Rows.Close() }

func (q *sqliteQ) exec(text string, args []any) (int64, error) {
	res, err := q.c.ExecContext(q.ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (q *sqliteQ) query(text string, args []any) (cursor, error) {
	rows, err := q.c.QueryContext(q.ctx, text, args...)
	if err != nil {
		return nil, err
	}
	return sqlCursor{rows}, nil
}

func (q *sqliteQ) queue(text string, args []any) {
	if q.err == nil {
		_, q.err = q.exec(text, args)
	}
}
func (q *sqliteQ) lock([]string) error { return nil }
func (q *sqliteQ) notify(note)         {}

func (q *sqliteQ) Exec(text string, args ...any) (int64, error) { return q.exec(text, args) }
func (q *sqliteQ) Query(text string, args ...any) (*Rows, error) {
	c, err := q.query(text, args)
	if err != nil {
		return nil, err
	}
	return &Rows{c}, nil
}
func (q *sqliteQ) Row(text string, args ...any) *Row {
	c, err := q.query(text, args)
	return &Row{c, err}
}

func (s *sqlite) q(ctx context.Context) Q { return &sqliteQ{ctx: ctx, c: s.reader} }

func (s *sqlite) read(ctx context.Context, fn func(Q) error) error {
	t, err := s.reader.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer t.Rollback()
	return fn(&sqliteQ{ctx: ctx, c: t})
}

func (s *sqlite) write(ctx context.Context, fn func(*Tx) error) (*Tx, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.writer.BeginTx(context.Background(), nil)
	if err != nil {
		return nil, err
	}
	defer t.Rollback()
	q := &sqliteQ{ctx: context.Background(), c: t}
	tx := &Tx{engine: SQLite, run: q}
	if err := tx.call(fn); err != nil {
		return nil, err
	}
	if q.err != nil {
		return nil, q.err
	}
	if err := t.Commit(); err != nil {
		return nil, fmt.Errorf("db: commit: %w", err)
	}
	return tx, nil
}

func (s *sqlite) ping(ctx context.Context) error { return s.reader.PingContext(ctx) }

func (s *sqlite) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reader.Close()
	return s.writer.Close()
}
