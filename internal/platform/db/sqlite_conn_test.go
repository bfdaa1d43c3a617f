package db

import (
	"path/filepath"
	"testing"

	zombiezen "zombiezen.com/go/sqlite"
)

// Whoever asked may go between the moment in which the library looks whether a
// statement is still wanted and the moment in which SQLite begins with it.
func TestAnInterruptionBeforeTheFirstStepIsRemembered(t *testing.T) {
	c, err := connectSQLite(filepath.Join(t.TempDir(), "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	}()
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
		if err := s.Reset(); err != nil {
			t.Fatal(err)
		}
	}
}

// interrupt interrupts SQLite, and leaves the library none to see: it sends
// what is otherwise closed, and waits until that is dealt with.
func (c *sqliteConn) interrupt() {
	stop := make(chan struct{})
	c.conn.SetInterrupt(stop)
	stop <- struct{}{}
	c.conn.SetInterrupt(nil)
}
