package db

import (
	"context"
	"errors"
	"fmt"

	zombiezen "zombiezen.com/go/sqlite"

	"github.com/interim-access/interim/internal/platform/fault"
)

// sqliteConn is one connection. It is used by one goroutine at a time, reads
// one result at a time, and keeps what it prepared.
type sqliteConn struct {
	conn  *zombiezen.Conn
	stmts statements
	args  []any         // reused
	open  *sqliteRows   // the result being read, if any
	stop  chan struct{} // closed to interrupt the statement that runs
	guard *statement    // see attend
	heeds bool          // guard is under way
}

// connectSQLite opens a connection with the pragmas given.
func connectSQLite(path string, pragmas ...string) (*sqliteConn, error) {
	conn, err := zombiezen.OpenConn(path, zombiezen.OpenReadWrite, zombiezen.OpenCreate)
	if err != nil {
		return nil, sqliteError(err)
	}
	c := &sqliteConn{conn: conn}
	c.interruptible()
	for _, p := range pragmas {
		if _, err := c.exec("pragma "+p, nil); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	return c, errors.Join(c.stmts.close())
}

// exec runs a statement to its end. It takes no context: see the package's
// invariants.
func (c *sqliteConn) exec(text string, args []any) (int64, error) {
	s, err := c.bind(text, args)
	if err != nil {
		return 0, err
	}
	for more := true; more; {
		if more, err = s.Step(); err != nil {
			return 0, sqliteError(err)
		}
	}
	return int64(c.conn.Changes()), s.Reset()
}

// query starts a result. A ctx that can end interrupts the first step, which
// is where a sort or a search without a hit spends its time, and is looked at
// between rows.
func (c *sqliteConn) query(ctx context.Context, text string, args []any) (*sqliteRows, error) {
	if err := ctx.Err(); err != nil {
		return nil, fault.Of(err)
	}
	s, err := c.bind(text, args)
	if err != nil {
		return nil, err
	}
	more, err := c.stepUntil(ctx, s)
	if err != nil {
		return nil, sqliteError(err)
	}
	c.open = &sqliteRows{conn: c, stmt: s, ctx: ctx, first: more, over: !more}
	return c.open, nil
}

// stepUntil is Step, ended when ctx is.
func (c *sqliteConn) stepUntil(ctx context.Context, s *statement) (bool, error) {
	if ctx.Done() == nil {
		return s.Step()
	}
	if err := c.attend(); err != nil {
		return false, err
	}
	gone := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		close(c.stop)
		close(gone)
	})
	more, err := s.Step()
	if !stop() { // it must not interrupt who uses the connection next
		<-gone
		c.interruptible()
		if err != nil {
			err = ctx.Err()
		}
	}
	return more, err
}

// attend has the connection remember an interruption that comes just before a
// statement's first step. SQLite forgets it unless a statement is under way,
// and would run that of a request that is gone to its end; so one is, which
// touches no table and therefore holds nothing.
func (c *sqliteConn) attend() (err error) {
	if c.heeds {
		return nil
	}
	if c.guard == nil {
		if c.guard, err = prepare(c.conn, "select 1 union all select 2"); err != nil {
			return err
		}
	}
	c.heeds, err = c.guard.Step()
	return err
}

// interruptible has the connection look at a new stop, and forget what the last did.
func (c *sqliteConn) interruptible() {
	if c.heeds {
		c.heeds = false
		_ = c.guard.Reset() // says what Step said
	}
	c.stop = make(chan struct{})
	c.conn.SetInterrupt(c.stop)
}

// bind prepares the statement and gives it its values.
func (c *sqliteConn) bind(text string, args []any) (*statement, error) {
	if c.open != nil {
		return nil, errOpen
	}
	p, err := c.stmts.get(text, func(plain string) (*statement, error) { return prepare(c.conn, plain) })
	if err != nil {
		return nil, sqliteError(err)
	}
	c.args = c.args[:0]
	for _, n := range p.order {
		if n < 1 || n > len(args) {
			return nil, fmt.Errorf("db: a statement with $%d was given %d values", n, len(args))
		}
		v, err := plain(args[n-1])
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, v)
	}
	p.stmt.bind(c.args)
	clear(c.args)
	return p.stmt, nil
}

// endRows closes a result that was left open.
func (c *sqliteConn) endRows() {
	if c.open != nil {
		c.open.Close()
	}
}

func (c *sqliteConn) close() error {
	c.endRows()
	var err error
	if c.guard != nil {
		err = c.guard.Finalize()
	}
	return errors.Join(err, c.stmts.close(), c.conn.Close())
}

// sqliteRows implements cursor.
type sqliteRows struct {
	conn     *sqliteConn
	stmt     *statement
	ctx      context.Context // of the query, looked at between its rows
	first    bool            // the statement is at its first row, which nobody has asked for
	over     bool            // it has ended
	err      error
	giveBack *idle     // where a pooled connection goes after the last row
	lose     *sqliteTx // the transaction that an error loses
	changes  bool      // its first row tells that the transaction has changed something
}

// Next implements cursor.
func (r *sqliteRows) Next() bool {
	if r.conn == nil {
		return false
	}
	more, err := r.step()
	if more {
		r.changes = false
		return true
	}
	switch {
	case err != nil:
		r.fail(err)
	case r.changes: // a statement that returns what it changed, and has returned nothing
		r.lose.dirty = false
	}
	r.Close()
	return false
}

func (r *sqliteRows) step() (more bool, err error) {
	if err := r.ctx.Err(); err != nil {
		return false, err
	}
	if r.first || r.over {
		more, r.first = r.first, false
		return more, nil
	}
	more, err = r.stmt.Step()
	r.over = !more
	return more, err
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
	if r.conn == nil || r.first || r.over || len(dest) != r.stmt.columns {
		return fmt.Errorf("db: %d columns scanned into %d", r.stmt.columns, len(dest))
	}
	for i, d := range dest {
		if err := r.stmt.scan(i, d); err != nil {
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
	_ = r.stmt.Reset() // says what Step said
	if r.giveBack != nil {
		r.giveBack.put(c)
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
