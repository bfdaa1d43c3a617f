package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	sqlitedriver "modernc.org/sqlite"
)

// sqliteConn is one connection. It is used by one goroutine at a time, reads
// one result at a time, and keeps what it prepared.
//
// It stands on the driver itself and not on database/sql, whose pool, locks
// and per-call goroutine cost as much as a point read does.
type sqliteConn struct {
	conn  driver.ConnPrepareContext
	stmts statements
	args  []driver.NamedValue // reused
	vals  []driver.Value      // reused
	open  *sqliteRows         // the result being read, if any
}

func connectSQLite(ctx context.Context, dsn string) (*sqliteConn, error) {
	connector, err := sqlitedriver.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return nil, sqliteError(err)
	}
	prepare, ok := conn.(driver.ConnPrepareContext)
	if !ok {
		return nil, errors.Join(errors.New("db: the SQLite driver does not prepare"), conn.Close())
	}
	return &sqliteConn{conn: prepare}, nil
}

// exec runs a statement to its end. It takes no context: see the package's
// invariants.
func (c *sqliteConn) exec(text string, args []any) (int64, error) {
	s, err := c.bind(text, args)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(context.Background(), c.args)
	if err != nil {
		return 0, sqliteError(err)
	}
	return res.RowsAffected()
}

// query starts a result. A ctx that can end interrupts the first step, which
// is where a sort or a search without a hit spends its time, and is looked at
// between rows.
func (c *sqliteConn) query(ctx context.Context, text string, args []any) (*sqliteRows, error) {
	s, err := c.bind(text, args)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, c.args)
	if err != nil {
		return nil, sqliteError(err)
	}
	n := len(rows.Columns())
	if cap(c.vals) < n {
		c.vals = make([]driver.Value, n)
	}
	c.open = &sqliteRows{conn: c, rows: rows, vals: c.vals[:n], ctx: ctx}
	return c.open, nil
}

// bind prepares the statement and fills c.args.
func (c *sqliteConn) bind(text string, args []any) (statement, error) {
	if c.open != nil {
		return nil, errOpen
	}
	p, err := c.stmts.get(text, c.prepare)
	if err != nil {
		return nil, sqliteError(err)
	}
	c.args = c.args[:0]
	for i, n := range p.order {
		if n < 1 || n > len(args) {
			return nil, fmt.Errorf("db: a statement with $%d was given %d values", n, len(args))
		}
		v, err := plain(args[n-1])
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return p.stmt, nil
}

func (c *sqliteConn) prepare(text string) (statement, error) {
	s, err := c.conn.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, err
	}
	both, ok := s.(statement)
	if !ok {
		return nil, errors.New("db: the SQLite driver lost its statement interfaces")
	}
	return both, nil
}

// endRows closes a result that was left open.
func (c *sqliteConn) endRows() {
	if c.open != nil {
		c.open.Close()
	}
}

func (c *sqliteConn) close() error {
	c.endRows()
	return errors.Join(c.stmts.close(), c.conn.(io.Closer).Close())
}

// sqliteRows implements cursor.
type sqliteRows struct {
	conn     *sqliteConn
	rows     driver.Rows
	vals     []driver.Value
	ctx      context.Context // of the query, looked at between its rows
	err      error
	giveBack chan<- *sqliteConn // where a pooled connection goes after the last row
	lose     *sqliteTx          // the transaction that an error loses
	changes  bool               // its first row tells that the transaction has changed something
}

// Next implements cursor.
func (r *sqliteRows) Next() bool {
	if r.conn == nil {
		return false
	}
	err := r.ctx.Err()
	if err == nil {
		err = r.rows.Next(r.vals)
	}
	if err == nil {
		r.changes = false
		return true
	}
	if !errors.Is(err, io.EOF) {
		r.fail(err)
	} else if r.changes { // a statement that returns what it changed, and has returned nothing
		r.lose.dirty = false
	}
	r.Close()
	return false
}

// Scan implements cursor.
func (r *sqliteRows) Scan(dest ...any) error {
	err := r.scan(dest)
	if err != nil { // ends the rows, as pgx does
		r.fail(err)
		r.Close()
	}
	return err
}

func (r *sqliteRows) scan(dest []any) error {
	if r.conn == nil || len(dest) != len(r.vals) {
		return fmt.Errorf("db: %d columns scanned into %d", len(r.vals), len(dest))
	}
	for i, d := range dest {
		if err := assign(d, r.vals[i]); err != nil {
			return fmt.Errorf("db: column %d: %w", i+1, err)
		}
	}
	return nil
}

// Err implements cursor.
func (r *sqliteRows) Err() error { return r.err }

// Close implements cursor.
func (r *sqliteRows) Close() {
	c := r.conn
	if c == nil {
		return
	}
	r.conn, c.open = nil, nil
	if err := r.rows.Close(); err != nil {
		r.fail(err)
	}
	clear(c.vals)
	if r.giveBack != nil {
		r.giveBack <- c
	}
}

func (r *sqliteRows) fail(err error) {
	if r.err == nil {
		r.err = sqliteError(err)
	}
	if r.lose != nil {
		_ = r.lose.note(r.err)
	}
}
