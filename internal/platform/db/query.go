package db

import (
	"errors"
	"strconv"
)

// ErrNoRows is what Row.Scan and One answer when there is nothing.
var ErrNoRows = errors.New("db: no rows")

// Q runs single statements. It carries its own context: that of the request
// for DB.Q and DB.Read, none for a Tx.
type Q interface {
	// Exec runs a statement and returns how many rows it changed.
	Exec(sql string, args ...any) (rowsAffected int64, err error)
	// Query returns rows that must be closed, or read to their end, before the
	// next statement of the same transaction.
	Query(sql string, args ...any) (*Rows, error)
	// Row returns the first row; an error waits for its Scan.
	Row(sql string, args ...any) *Row
}

// Engine says which database is underneath.
type Engine int

// The engines.
const (
	SQLite Engine = iota + 1
	Postgres
)

func (e Engine) String() string {
	switch e {
	case SQLite:
		return "sqlite"
	case Postgres:
		return "postgres"
	default:
		return "engine(" + strconv.Itoa(int(e)) + ")"
	}
}

// Skip is appended to a subquery that claims rows: on PostgreSQL it locks them
// and passes over those another replica holds; SQLite has one writer and needs
// nothing.
func (e Engine) Skip() string {
	if e == Postgres {
		return " for update skip locked"
	}
	return ""
}

// cursor is what the engines give for a result: pgx.Rows is one.
type cursor interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

// Rows is a result being read. It is not safe for concurrent use.
type Rows struct{ c cursor }

// Next moves to the next row; at the end, or at an error, it returns false and
// closes the rows.
func (r *Rows) Next() bool { return r.c.Next() }

// Scan copies the row's columns to dest.
func (r *Rows) Scan(dest ...any) error { return r.c.Scan(dest...) }

// Err is what ended the rows early, if anything did.
func (r *Rows) Err() error { return r.c.Err() }

// Close ends the rows; closing twice is harmless.
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
	if !r.c.Next() {
		if err := r.c.Err(); err != nil {
			return err
		}
		return ErrNoRows
	}
	if err := r.c.Scan(dest...); err != nil {
		return err
	}
	r.c.Close()
	return r.c.Err()
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
	var none T
	rows, err := q.Query(sql, args...)
	if err != nil {
		return none, err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return none, err
		}
		return none, ErrNoRows
	}
	v, err := scan(rows)
	if err != nil {
		return none, err
	}
	rows.Close()
	return v, rows.Err()
}

