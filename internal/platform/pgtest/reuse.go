package pgtest

import (
	"context"
	_ "embed"
	"sync"

	"github.com/jackc/pgx/v5"
)

// Copying a template costs 100 ms and more, most of a short test. So a test's
// database is emptied after it and given to the next, provided that it can be
// shown to be as the template was: same shape, same rows, nobody connected.
var (
	//go:embed remember.sql
	remember string // run in a template: notes what it is like
	//go:embed reset.sql
	reset string // run in a copy: makes it so again, and says whether it is
)

// template is a database that tests get copies of.
type template struct {
	make func() (name string, err error) // once

	mu   sync.Mutex
	free []string // copies that were made as new
}

// take returns a copy that is free, or "".
func (m *template) take() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.free) == 0 {
		return ""
	}
	last := m.free[len(m.free)-1]
	m.free = m.free[:len(m.free)-1]
	return last
}

// give takes a copy back after its test, or drops it.
func (m *template) give(admin, name string) error {
	if asNew(in(admin, name)) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.free = append(m.free, name)
		return nil
	}
	return run(admin, drop(name))
}

func asNew(address string) (yes bool) {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, address)
	if err != nil {
		return false
	}
	defer c.Close(ctx)
	results, err := c.PgConn().Exec(ctx, reset).ReadAll()
	if err != nil || len(results) == 0 {
		return false
	}
	last := results[len(results)-1]
	return last.Err == nil && len(last.Rows) == 1 && string(last.Rows[0][0]) == "t"
}

func drop(name string) string { return "drop database " + name + " with (force)" }
