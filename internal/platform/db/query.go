package db

import (
	"errors"
)

// ErrNoRows is what Row.Scan and One answer when there is nothing.
var ErrNoRows = errors.New("db: no rows")

// Q runs single statements. It carries its own context: that of the request
// for DB.Q and DB.Read, none for a Tx.
//
// Values and destinations are strings, integers, booleans, floats and []byte,
// types of these kinds, pointers to them (nil is NULL), driver.Valuer and
// sql.Scanner. A text with a NUL character, which PostgreSQL cannot hold, is
// fault.Invalid on both engines.
type Q interface {
	// Exec runs a statement and returns how many rows it changed.
	Exec(sql string, args ...any) (rowsAffected int64, err error)
	// Query returns rows that must be closed, or read to their end, before the
	// next statement of the same transaction; outside one they hold a
	// connection. Collect does that.
	Query(sql string, args ...any) (*Rows, error)
	// Row returns the first row. It must be scanned; an error waits for that. It
	// is for what a key finds or an index counts: on SQLite the end of the
	// context does not interrupt it once it has begun.
	Row(sql string, args ...any) *Row
}

// runner is what an engine runs statements on: a pool or a transaction.
type runner interface {
	exec(sql string, args []any) (int64, error)
	query(sql string, args []any) (cursor, error)
	row(sql string, args []any) (cursor, error) // query, of which one row is read
}

// cursor is an engine's result. Close may be called again.
type cursor interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

// session makes a Q of a runner.
type session struct{ run runner }

// Exec implements Q.
func (s session) Exec(sql string, args ...any) (int64, error) { return s.run.exec(sql, args) }

// Query implements Q.
func (s session) Query(sql string, args ...any) (*Rows, error) {
	c, err := s.run.query(sql, args)
	if err != nil {
		return nil, err
	}
	return &Rows{c}, nil
}

// Row implements Q.
func (s session) Row(sql string, args ...any) *Row {
	c, err := s.run.row(sql, args)
	return &Row{c, err}
}

// Rows is a result being read. It is not safe for concurrent use.
type Rows struct{ c cursor }

// Next moves to the next row; at the end, or at an error, it returns false and
// the rows are closed.
func (r *Rows) Next() bool { return r.c.Next() }

// Scan copies the row's columns to dest.
func (r *Rows) Scan(dest ...any) error { return r.c.Scan(dest...) }

// Err is what ended the rows early, if anything did.
func (r *Rows) Err() error { return r.c.Err() }

// Close ends the rows; closing again is harmless.
func (r *Rows) Close() { r.c.Close() }

// Row is the first row of a result.
type Row struct {
	c   cursor
	err error
}

// Scan copies the row's columns to dest and ends the result. It returns
// ErrNoRows when the result is empty.
func (r *Row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.c.Close()
	return first(r.c, func() error { return r.c.Scan(dest...) })
}

// first runs scan on the first row. An error of the statement may come after
// its first row, so the result is ended before it is believed.
func first(c cursor, scan func() error) error {
	if !c.Next() {
		if err := c.Err(); err != nil {
			return err
		}
		return ErrNoRows
	}
	if err := scan(); err != nil {
		return err
	}
	c.Close()
	return c.Err()
}

// Collect runs a query and returns what scan makes of each row.
func Collect[T any](q Q, scan func(*Rows) (T, error), sql string, args ...any) ([]T, error) {
	rows, err := q.Query(sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// One runs a query and returns what scan makes of its first row, or
// ErrNoRows.
func One[T any](q Q, scan func(*Rows) (T, error), sql string, args ...any) (T, error) {
	var v, none T
	rows, err := q.Query(sql, args...)
	if err != nil {
		return none, err
	}
	defer rows.Close()
	err = first(rows.c, func() error {
		var err error
		v, err = scan(rows)
		return err
	})
	if err != nil {
		return none, err
	}
	return v, nil
}
