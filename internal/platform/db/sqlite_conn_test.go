package db

import (
	"path/filepath"
	"testing"

	zombiezen "zombiezen.com/go/sqlite"
)

// Whoever asked may go between the moment in which the library looks whether a
// statement is still wanted and the moment in which SQLite begins with it.
func TestAnInterruptionBeforeTheFirstStepIsRemembered(t *testing.T) {
	c := connected(t, filepath.Join(t.TempDir(), "a.db"))
	for range 3 {
		s, err := c.bind("select 1", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.attend(); err != nil {
			t.Fatal(err)
		}
		c.interrupt()
		if _, err := s.Step(); zombiezen.ErrCode(err) != zombiezen.ResultInterrupt {
			t.Fatalf("a statement nobody waits for answered %v", err)
		}
		c.interruptible()
		if more, err := c.stepUntil(t.Context(), s); err != nil || !more {
			t.Fatalf("the next statement answered %v, %v", more, err)
		}
		if !c.heeds {
			t.Fatal("an interruption of the next would have been forgotten")
		}
		if err := s.Reset(); err != nil {
			t.Fatal(err)
		}
	}
}

// What heeds interruptions reads nothing: the log is moved past it, and what comes next is what others have written.
func TestHeedingInterruptionsHoldsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	reader, writer := connected(t, path), connected(t, path)
	exec := func(text string) {
		t.Helper()
		if _, err := writer.exec(text, nil); err != nil {
			t.Fatal(err)
		}
	}
	answer := func(c *sqliteConn, text string) (n int64) {
		t.Helper()
		rows, err := c.query(t.Context(), text, nil)
		if err != nil || !rows.Next() {
			t.Fatal(err)
		}
		if err := rows.stmt.scan(0, &n); err != nil {
			t.Fatal(err)
		}
		rows.Close()
		return n
	}
	exec("create table a (n integer)")
	for n := range int64(3) {
		if got := answer(reader, "select count(*) from a"); got != n || !reader.heeds {
			t.Errorf("read %d of %d, heeds %v", got, n, reader.heeds)
		}
		exec("insert into a values (1)")
		if busy := answer(writer, "pragma wal_checkpoint(truncate)"); busy != 0 {
			t.Error("the log is held")
		}
	}
}

func connected(t *testing.T, path string) *sqliteConn {
	t.Helper()
	c, err := connectSQLite(path, pragmas...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// interrupt interrupts SQLite, and leaves the library none to see: it sends
// what is otherwise closed, and waits until that is dealt with.
func (c *sqliteConn) interrupt() {
	stop := make(chan struct{})
	c.conn.SetInterrupt(stop)
	stop <- struct{}{}
	c.conn.SetInterrupt(nil)
}
