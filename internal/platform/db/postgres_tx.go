package db

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// postgresTx is a transaction on one connection. BEGIN, queued statements and
// COMMIT wait for company: each round trip costs more than the statement.
type postgresTx struct {
	ctx     context.Context // of the transaction, not of the request
	conn    *pgx.Conn       // nil once it has ended
	pending *pgx.Batch      // not sent yet
	sent    bool            // BEGIN was
	open    *postgresRows   // the result being read, if any
	err     error           // the first; the transaction is lost
	retry   bool            // running it again may help, and nothing was kept
}

func beginPostgres(ctx context.Context, c *pgx.Conn, begin string) *postgresTx {
	t := &postgresTx{ctx: ctx, conn: c, pending: &pgx.Batch{}}
	t.pending.Queue(begin)
	return t
}

func (t *postgresTx) exec(text string, args []any) (int64, error) {
	vals, err := t.prepare(args)
	if err != nil {
		return 0, err
	}
	if t.pending.Len() == 0 {
		tag, err := t.conn.Exec(t.ctx, text, vals...)
		return tag.RowsAffected(), t.fail(err)
	}
	tag, err := t.flush(text, vals)
	return tag.RowsAffected(), err
}

// flush sends what is pending with one more statement, and returns what that
// one did.
func (t *postgresTx) flush(text string, vals []any) (tag pgconn.CommandTag, err error) {
	res, n := t.send(text, vals)
	for range n {
		if tag, err = res.Exec(); err != nil {
			break
		}
	}
	return tag, t.fail(closed(res, err))
}

func (t *postgresTx) query(text string, args []any) (cursor, error) {
	vals, err := t.prepare(args)
	if err != nil {
		return nil, err
	}
	if t.pending.Len() == 0 {
		rows, err := t.conn.Query(t.ctx, text, vals...)
		if err != nil {
			return nil, t.fail(err)
		}
		t.open = &postgresRows{rows: rows, tx: t}
		return t.open, nil
	}
	res, n := t.send(text, vals)
	for range n - 1 {
		if _, err := res.Exec(); err != nil {
			return nil, t.fail(closed(res, err))
		}
	}
	rows, err := res.Query()
	if err != nil {
		return nil, t.fail(closed(res, err))
	}
	t.open = &postgresRows{rows: rows, tx: t, batch: res}
	return t.open, nil
}

func (t *postgresTx) row(text string, args []any) (cursor, error) { return t.query(text, args) }

// send sends what is pending and one more statement, in one round trip. There
// are n results to read.
func (t *postgresTx) send(text string, vals []any) (res pgx.BatchResults, n int) {
	t.pending.Queue(text, vals...)
	n = t.pending.Len()
	res = t.conn.SendBatch(t.ctx, t.pending)
	t.pending, t.sent = &pgx.Batch{}, true
	return res, n
}

// closed ends a batch and returns the first error.
func closed(res pgx.BatchResults, err error) error {
	if end := res.Close(); err == nil {
		return end
	}
	return err
}

// prepare checks that a statement may be sent and makes its values plain.
func (t *postgresTx) prepare(args []any) ([]any, error) {
	switch {
	case t.conn == nil:
		return nil, errEnded
	case t.err != nil:
		return nil, t.err
	case t.open != nil:
		return nil, t.fail(errOpen)
	}
	vals, err := plainAll(args)
	return vals, t.fail(err)
}

func (t *postgresTx) queue(text string, args []any) {
	if vals, err := t.prepare(args); err == nil {
		t.pending.Queue(text, vals...)
	}
}

func (t *postgresTx) lock(keys []string) {
	ids := make([]int64, len(keys))
	for i, k := range keys {
		h := fnv.New64a()
		_, _ = h.Write([]byte(k))
		ids[i] = int64(h.Sum64())
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		t.queue("select pg_advisory_xact_lock($1)", []any{id})
	}
}

// fail remembers the first error. Before COMMIT was sent every lost race and
// every lost connection has kept nothing.
func (t *postgresTx) fail(err error) error {
	if err == nil {
		return nil
	}
	if t.err == nil {
		t.err = postgresError(err)
		t.retry = lostRace(err) || t.conn.IsClosed() && t.ctx.Err() == nil
	}
	return t.err
}

// commit sends what is pending with the COMMIT. A transaction that ran no
// statement has nothing to send.
func (t *postgresTx) commit() error {
	if t.conn == nil || t.err != nil {
		return t.err
	}
	if t.open != nil {
		t.open.Close()
		if t.err != nil {
			return t.err
		}
	}
	if !t.sent && t.pending.Len() == 1 {
		t.conn = nil
		return nil
	}
	tag, err := t.flush("commit", nil)
	if err != nil {
		if t.conn.IsClosed() {
			t.retry = false // the COMMIT may have arrived
		}
		return err
	}
	if tag.String() != "COMMIT" {
		return t.fail(fmt.Errorf("db: commit was answered by %q", tag))
	}
	t.conn = nil
	return nil
}

// rollback ends a transaction that was not committed. A connection that cannot
// even do that is closed by the pool.
func (t *postgresTx) rollback() {
	if t.conn == nil {
		return
	}
	if t.open != nil {
		t.open.Close()
	}
	if t.sent {
		_, _ = t.conn.Exec(t.ctx, "rollback")
	}
	t.conn = nil
}

// postgresRows implements cursor.
type postgresRows struct {
	rows  pgx.Rows
	tx    *postgresTx      // nil outside a transaction
	batch pgx.BatchResults // to be closed after the rows, if they came in one
	err   error
	ended bool
}

// Next implements cursor.
func (r *postgresRows) Next() bool {
	if r.ended {
		return false
	}
	if r.rows.Next() {
		return true
	}
	r.Close()
	return false
}

// Scan implements cursor.
func (r *postgresRows) Scan(dest ...any) error { return postgresError(r.rows.Scan(dest...)) }

// Err implements cursor.
func (r *postgresRows) Err() error { return r.err }

// Close implements cursor.
func (r *postgresRows) Close() {
	if r.ended {
		return
	}
	r.ended = true
	r.rows.Close()
	r.err = r.rows.Err()
	if r.batch != nil {
		r.err = closed(r.batch, r.err)
	}
	if r.tx != nil {
		r.tx.open = nil
		r.err = r.tx.fail(r.err)
		return
	}
	r.err = postgresError(r.err)
}
