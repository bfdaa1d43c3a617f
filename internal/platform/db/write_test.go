package db_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

var errMine = errors.New("mine")

func TestAnErrorOfTheClosureRollsBackAndComesBackAsItIs(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		told := false
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			tx.OnCommit(func() { told = true })
			tx.Queue(`insert into notes (id, n) values ('q', 1)`)
			return errors.Join(add(tx, "a"), errMine)
		})
		if !errors.Is(err, errMine) || told {
			t.Errorf("got %v, told %t", err, told)
		}
		wantIDs(t, d)
	})
}

// Many at once, half of which fail: what one does must not touch another.
func TestAFailingWriteTakesNoNeighbourAlong(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		var want []string
		var all sync.WaitGroup
		for i := range 60 {
			id := fmt.Sprintf("n%02d", i)
			if i%2 == 0 {
				want = append(want, id)
			}
			all.Go(func() {
				err := d.Write(t.Context(), func(tx *db.Tx) error {
					if err := add(tx, id); err != nil {
						return err
					}
					switch i % 4 {
					case 1: // an error of its own
						return errMine
					case 3: // an error of SQL
						return add(tx, id)
					}
					return nil
				})
				if (err != nil) != (i%2 == 1) {
					t.Errorf("%s: %v", id, err)
				}
			})
		}
		all.Wait()
		wantIDs(t, d, want...)
	})
}

// PostgreSQL refuses every statement after one that failed; were SQLite to go
// on, it would commit half of a write there.
func TestAFailedStatementLosesTheWriteEvenWhenItsErrorIsSwallowed(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			if err := add(tx, "a"); err != nil {
				return err
			}
			_ = add(tx, "a")
			if err := add(tx, "b"); err == nil {
				t.Error("a statement after the failed one went well")
			}
			return nil
		})
		if err == nil {
			t.Error("the Write went well")
		}
		wantIDs(t, d)
	})
}

func TestAQueuedStatementThatFailsFailsTheWrite(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		for name, then := range map[string]func(tx *db.Tx) error{
			"at the commit":         func(*db.Tx) error { return nil },
			"at the next statement": func(tx *db.Tx) error { return add(tx, "b") },
			"at the next query": func(tx *db.Tx) error {
				return tx.Row(`select n from notes where id = 'a'`).Scan(new(int))
			},
		} {
			t.Run(name, func(t *testing.T) {
				if err := d.Write(t.Context(), func(tx *db.Tx) error {
					if err := add(tx, "a"); err != nil {
						return err
					}
					tx.Queue(`insert into notes (id, n) values ('a', 2)`)
					return then(tx)
				}); err == nil {
					t.Error("the Write went well")
				}
				wantIDs(t, d)
			})
		}
	})
}

func TestQueuedStatementsRunInOrderBeforeTheNextOne(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			tx.Queue(`insert into notes (id, n) values ($1, $2)`, "a", 1)
			tx.Queue(`update notes set n = n * $1 + 3`, 10)
			tx.Queue(`update notes set n = n * $1 + 4`, 10)
			var n int
			if err := tx.Row(`select n from notes`).Scan(&n); err != nil || n != 134 {
				t.Errorf("n = %d, %v", n, err)
			}
			tx.Queue(`update notes set n = n + 1`)
			changed, err := tx.Exec(`update notes set n = n * 10`)
			if changed != 1 {
				t.Errorf("%d changed", changed)
			}
			tx.Queue(`update notes set n = n + 9`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := d.Q(t.Context()).Row(`select n from notes`).Scan(&n); err != nil || n != 1359 {
			t.Errorf("n = %d, %v", n, err)
		}
	})
}

func TestOfManyWritersOfOneVersionExactlyOneWins(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		exec(t, d, `insert into notes (id, n) values ('a', 1)`)
		var won atomic.Int32
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				err := d.Write(t.Context(), func(tx *db.Tx) error {
					changed, err := tx.Exec(`update notes set n = n + 1 where id = $1 and n = $2`, "a", 1)
					if err == nil && changed == 0 {
						return errMine
					}
					return err
				})
				if err == nil {
					won.Add(1)
				} else if !errors.Is(err, errMine) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("%d won", won.Load())
		}
	})
}

func TestLockedKeysAreDecidedOneAfterTheOther(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		exec(t, d, `insert into notes (id, n) values ('a', 0), ('b', 0)`)
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				keys := []string{"note a", "note b"}
				if i%2 == 0 {
					keys = []string{"note b", "note a", "note b"}
				}
				if err := d.Write(t.Context(), func(tx *db.Tx) error {
					if err := tx.Lock(keys...); err != nil {
						return err
					}
					var n int // read, think, write: the lost update the lock prevents
					if err := tx.Row(`select n from notes where id = 'a'`).Scan(&n); err != nil {
						return err
					}
					_, err := tx.Exec(`update notes set n = $1`, n+1)
					return err
				}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		var n int
		if err := d.Q(t.Context()).Row(`select min(n) from notes`).Scan(&n); err != nil || n != 20 {
			t.Errorf("n = %d, %v", n, err)
		}
	})
}

func TestARequestThatHasEndedWritesNothing(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		wantCode(t, d.Write(ctx, func(tx *db.Tx) error { return add(tx, "a") }), fault.Unavailable)
		wantIDs(t, d)
	})
}

// Once begun, the caller is told what became of the write, not that it stopped
// listening.
func TestARequestThatEndsDuringItsWriteStillLearnsTheOutcome(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		if err := d.Write(ctx, func(tx *db.Tx) error {
			cancel()
			tx.Queue(`insert into notes (id, n) values ('q', 1)`)
			return add(tx, "a")
		}); err != nil {
			t.Error(err)
		}
		wantIDs(t, d, "a", "q")
	})
}

func TestAPanicRollsBackAndGoesOnInTheCaller(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		for range 20 { // more often than there are connections
			func() {
				defer func() {
					if r := recover(); r != any(errMine) {
						t.Errorf("recovered %v", r)
					}
				}()
				_ = d.Write(t.Context(), func(tx *db.Tx) error {
					if err := add(tx, "a"); err != nil {
						t.Error(err)
					}
					panic(errMine)
				})
			}()
		}
		wantIDs(t, d)
		exec(t, d, `insert into notes (id, n) values ('b', 1)`)
	})
}

// A test's FailNow does this.
func TestAGoroutineThatEndsInItsWriteRollsBack(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		var all sync.WaitGroup
		all.Go(func() {
			_ = d.Write(t.Context(), func(tx *db.Tx) error {
				if err := add(tx, "a"); err != nil {
					t.Error(err)
				}
				runtime.Goexit()
				return nil
			})
		})
		all.Wait()
		wantIDs(t, d)
		exec(t, d, `insert into notes (id, n) values ('b', 1)`)
	})
}

func TestAWriteInsideAWritePanicsWithAClearMessage(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		func() {
			defer func() {
				if r := recover(); r == nil || fmt.Sprint(r) != "db: Write inside a Write: a function that joins a transaction takes the tx" {
					t.Errorf("recovered %v", r)
				}
			}()
			_ = d.Write(t.Context(), func(*db.Tx) error {
				return deep(20, func() error {
					return d.Write(context.Background(), func(tx *db.Tx) error { return add(tx, "inner") })
				})
			})
		}()
		wantIDs(t, d)
	})
}

// deep calls fn at the end of n frames.
//
//go:noinline
func deep(n int, fn func() error) error {
	if n == 0 {
		return fn()
	}
	return deep(n-1, fn)
}

func TestAWriteAfterTheCommitOfAnotherIsNoNestedOne(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		d.Subscribe("topic", func(string) { exec(t, d, `insert into notes (id, n) values ('subscriber', 1)`) })
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			tx.OnCommit(func() { exec(t, d, `insert into notes (id, n) values ('hook', 1)`) })
			tx.Notify("topic", "x")
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		wantIDs(t, d, "hook", "subscriber")
	})
}

func TestATransactionKeptBeyondItsClosureIsRefused(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		var kept *db.Tx
		if err := d.Write(t.Context(), func(tx *db.Tx) error { kept = tx; return add(tx, "a") }); err != nil {
			t.Fatal(err)
		}
		if err := add(kept, "b"); err == nil {
			t.Error("no error")
		}
		wantIDs(t, d, "a")
	})
}

// The foreign key is looked at by COMMIT and by nothing before it.
func TestACommitThatFailsFailsItsCauseAlone(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		exec(t, d, `create table child (id {{text}} primary key references notes (id) deferrable initially deferred)`)
		var all sync.WaitGroup
		for i := range 12 {
			all.Go(func() {
				err := d.Write(t.Context(), func(tx *db.Tx) error {
					if i == 5 {
						_, err := tx.Exec(`insert into child (id) values ('orphan')`)
						return err
					}
					return add(tx, fmt.Sprintf("n%02d", i))
				})
				if (err != nil) != (i == 5) {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		all.Wait()
		if n := len(ids(t, d)); n != 11 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestAfterCloseNothingIsBegun(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		wantCode(t, d.Write(t.Context(), func(tx *db.Tx) error { return add(tx, "a") }), fault.Unavailable)
		wantCode(t, d.Q(t.Context()).Row(`select 1`).Scan(new(int)), fault.Unavailable)
		wantCode(t, d.Read(t.Context(), func(db.Q) error { return nil }), fault.Unavailable)
		wantCode(t, d.Ping(t.Context()), fault.Unavailable)
		if err := d.Close(); err != nil {
			t.Errorf("closing again: %v", err)
		}
	})
}
