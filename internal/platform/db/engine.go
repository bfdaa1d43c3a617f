package db

import (
	"context"
	"strconv"
)

// Engine says which database is underneath.
type Engine int

// The engines.
const (
	SQLite Engine = iota + 1
	Postgres
)

// String returns "sqlite" or "postgres".
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

// backend is what an engine does for a DB.
type backend interface {
	// pool runs single statements that only read.
	pool(ctx context.Context) runner
	// read runs fn on one snapshot.
	read(ctx context.Context, fn func(runner) error) error
	// write runs fn in a transaction and returns the Tx that was committed.
	write(ctx context.Context, fn func(*Tx) error) (*Tx, error)
	// publish tells other replicas what was committed; it does not wait.
	publish(notes []note)
	ping(ctx context.Context) error
	close() error
}
