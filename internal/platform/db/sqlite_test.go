package db_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
)

// group runs the writes in one group of the writer: the first waits, as its
// first member, until all others are queued. It must be called in a synctest
// bubble that opened d.
func group(t *testing.T, d *db.DB, ctx func(i int) context.Context, writes ...func(tx *db.Tx) error) []error {
	t.Helper()
	errs := make([]error, len(writes))
	hold := make(chan struct{})
	var all sync.WaitGroup
	for i, fn := range writes {
		all.Go(func() {
			errs[i] = errAway // stays when the goroutine ends
			defer func() {
				if r := recover(); r != nil {
					errs[i] = fmt.Errorf("panic: %v", r)
				}
			}()
			errs[i] = d.Write(ctx(i), func(tx *db.Tx) error {
				if i == 0 {
					<-hold
				}
				return fn(tx)
			})
		})
		synctest.Wait()
	}
	close(hold)
	all.Wait()
	return errs
}

var errAway = errors.New("the goroutine ended")

// bubble runs a test on SQLite in which a group can be put together without
// sleeping.
func bubble(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := dbtest.SQLite(t)
		exec(t, d, notes)
		test(t, d)
	})
}

func always(ctx context.Context) func(int) context.Context {
	return func(int) context.Context { return ctx }
}

func adding(id string) func(*db.Tx) error { return func(tx *db.Tx) error { return add(tx, id) } }

func TestAMembersErrorRollsBackThatMemberOnly(t *testing.T) {
	bubble(t, func(t *testing.T, d *db.DB) {
		errs := group(t, d, always(t.Context()),
			adding("a"),
			func(tx *db.Tx) error { return errors.Join(add(tx, "b"), errMine) },
			adding("c"),
			func(tx *db.Tx) error { return errors.Join(add(tx, "d"), add(tx, "a")) },
			func(tx *db.Tx) error { _ = add(tx, "e"); panic("gone") },
			func(tx *db.Tx) error { _ = add(tx, "f"); runtime.Goexit(); return nil },
			adding("g"),
		)
		if errs[0] != nil || errs[2] != nil || errs[6] != nil {
			t.Errorf("a neighbour failed: %v", errs)
		}
		if !errors.Is(errs[1], errMine) || errs[3] == nil || errs[4] == nil || !errors.Is(errs[5], errAway) {
			t.Errorf("a failed member was acknowledged: %v", errs)
		}
		wantIDs(t, d, "a", "c", "g")
	})
}

// The threat: SQLite rolls back the whole transaction when a statement in it
// is interrupted, and with it everybody who shares the COMMIT.
func TestACancelledRequestTakesNoNeighbourAlong(t *testing.T) {
	bubble(t, func(t *testing.T, d *db.DB) {
		running, stopRunning := context.WithCancel(t.Context())
		queued, stopQueued := context.WithCancel(t.Context())
		ran := false
		errs := group(t, d, func(i int) context.Context {
			return map[int]context.Context{0: t.Context(), 1: running, 2: queued, 3: t.Context()}[i]
		},
			func(tx *db.Tx) error { stopQueued(); synctest.Wait(); return add(tx, "a") },
			func(tx *db.Tx) error {
				stopRunning()
				synctest.Wait()
				if _, err := tx.Exec(`with recursive r(i) as (select 1 union all select i + 1 from r where i < 10000)
					insert into notes (id, n) select 'r' || i, i from r`); err != nil {
					return err
				}
				_, err := tx.Exec(`delete from notes where id like 'r%' and n <> 1`)
				return err
			},
			func(*db.Tx) error { ran = true; return nil },
			adding("c"),
		)
		if errs[0] != nil || errs[1] != nil || errs[3] != nil {
			t.Errorf("a write that was begun failed: %v", errs)
		}
		wantCode(t, errs[2], fault.Unavailable)
		if ran {
			t.Error("a write was begun for a request that had ended")
		}
		wantIDs(t, d, "a", "c", "r1")
	})
}

func TestAGroupSharesOneCommit(t *testing.T) {
	bubble(t, func(t *testing.T, d *db.DB) {
		seen := 0
		var writes []func(*db.Tx) error
		for i := range db.MaxGroup + 3 {
			writes = append(writes, func(tx *db.Tx) error {
				// Another connection sees the state before the group's commit.
				n := len(ids(t, d))
				if want := 0; i < db.MaxGroup && n != want || i >= db.MaxGroup && n != db.MaxGroup {
					t.Errorf("member %d: %d rows are committed", i, n)
				}
				seen++
				return add(tx, fmt.Sprintf("n%03d", i))
			})
		}
		for i, err := range group(t, d, always(t.Context()), writes...) {
			if err != nil {
				t.Errorf("member %d: %v", i, err)
			}
		}
		if seen != len(writes) {
			t.Errorf("%d closures ran", seen)
		}
	})
}

// Each of these loses the transaction under members that did nothing wrong.
func TestMembersOfALostTransactionAreRunOnceMore(t *testing.T) {
	for name, cause := range map[string]string{
		"a commit that fails":         `insert into child (id) values ('orphan')`,
		"a rollback by a constraint":  `insert or rollback into notes (id, n) values ('a', 1)`,
		"a disk that is full":         `insert into child (id) values (null), (hex(zeroblob(3000000)))`,
		"a statement nobody may send": `rollback`,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, d *db.DB) {
				exec(t, d, `create table child (id text references notes (id) deferrable initially deferred)`)
				if err := db.OnWriter(d, `pragma max_page_count = 400`); err != nil {
					t.Fatal(err)
				}
				var before, after atomic.Int32
				errs := group(t, d, always(t.Context()),
					adding("a"),
					func(tx *db.Tx) error { before.Add(1); return add(tx, "b") },
					func(tx *db.Tx) error { _, err := tx.Exec(cause); return err },
					func(tx *db.Tx) error { after.Add(1); return add(tx, "d") },
				)
				if errs[0] != nil || errs[1] != nil || errs[3] != nil {
					t.Errorf("a neighbour failed: %v", errs)
				}
				if errs[2] == nil {
					t.Error("the cause was acknowledged")
				}
				if b, a := before.Load(), after.Load(); b < 1 || b > 2 || a < 1 || a > 2 {
					t.Errorf("the neighbours ran %d and %d times", b, a)
				}
				wantIDs(t, d, "a", "b", "d")
			})
		})
	}
}

func TestAFullDiskIsReportedAndLosesNothing(t *testing.T) {
	d := dbtest.SQLite(t)
	exec(t, d, notes, `insert into notes (id, n) values ('a', 1)`)
	if err := db.OnWriter(d, `pragma max_page_count = 1`); err != nil { // as many as there are
		t.Fatal(err)
	}
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into notes (id, n) values (hex(zeroblob(100000)), 1)`)
		return err
	})
	wantCode(t, err, fault.Unavailable)
	if err == nil || err.Error() != "the disk is full: nothing was written" {
		t.Errorf("it says %v", err)
	}
	wantIDs(t, d, "a")
	if err := db.OnWriter(d, `pragma max_page_count = 100000`); err != nil {
		t.Fatal(err)
	}
	exec(t, d, `insert into notes (id, n) values ('b', 1)`)
	wantIDs(t, d, "a", "b")
}

func TestAReadOnlyDiskIsReportedAndLosesNothing(t *testing.T) {
	d := dbtest.SQLite(t)
	exec(t, d, notes, `insert into notes (id, n) values ('a', 1)`)
	if err := db.OnWriter(d, `pragma query_only = 1`); err != nil {
		t.Fatal(err)
	}
	err := d.Write(t.Context(), adding("b"))
	wantCode(t, err, fault.Unavailable)
	if err == nil || err.Error() != "the database is read-only: nothing was written" {
		t.Errorf("it says %v", err)
	}
	wantIDs(t, d, "a")
}

// What is on disk when Write returns is what a crash leaves.
func TestAnAcknowledgedWriteIsOnDisk(t *testing.T) {
	path := file(t)
	d := open(t, db.Options{Path: path})
	exec(t, d, notes)
	var all sync.WaitGroup
	for i := range 30 {
		all.Go(func() { exec(t, d, fmt.Sprintf(`insert into notes (id, n) values ('%d', 1)`, i)) })
	}
	all.Wait()
	crashed := filepath.Join(t.TempDir(), "copy.db")
	for _, suffix := range []string{"", "-wal"} {
		raw, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(crashed+suffix, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(ids(t, open(t, db.Options{Path: crashed}))); n != 30 {
		t.Errorf("%d rows after the crash", n)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(ids(t, open(t, db.Options{Path: path}))); n != 30 {
		t.Errorf("%d rows after reopening", n)
	}
}

func TestTheWriterIsAsDurableAsItSays(t *testing.T) {
	d := dbtest.SQLite(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			var got any
			if err := tx.Row(`select * from pragma_` + pragma).Scan(&got); err != nil {
				return err
			}
			if fmt.Sprint(got) != want {
				t.Errorf("%s is %v, want %s", pragma, got, want)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheFilesAreForNobodyElseToRead(t *testing.T) {
	path := file(t)
	exec(t, open(t, db.Options{Path: path}), notes)
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%q has mode %v", suffix, info.Mode())
		}
	}
}

func TestASecondOpenOfAFileIsRefusedUntilTheFirstIsClosed(t *testing.T) {
	path := file(t)
	first := open(t, db.Options{Path: path})
	_, err := db.Open(t.Context(), db.Options{Path: path})
	wantCode(t, err, fault.Unavailable)
	if err == nil || err.Error() != "data folder in use by another process" {
		t.Errorf("it says %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, db.Options{Path: path})
}

func TestAFileThatCannotBeOpenedIsAClearFault(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("this is no database ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "folder.db")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{
		garbage:                                "the database file is damaged",
		folder:                                 "the database file cannot be opened",
		filepath.Join(dir, "none", "a.db"):     "the data folder does not exist",
		filepath.Join(garbage, "no-folder.db"): "the data folder cannot be written",
	} {
		_, err := db.Open(t.Context(), db.Options{Path: path})
		wantCode(t, err, fault.Unavailable)
		if err == nil || err.Error() != says {
			t.Errorf("%s: it says %v, want %s", filepath.Base(path), err, says)
		}
	}
	if raw, err := os.ReadFile(garbage); err != nil || !strings.HasPrefix(string(raw), "this is no database") {
		t.Error("the damaged file was changed")
	}
}

func TestDamageInsideTheFileIsReportedWhereItIsRead(t *testing.T) {
	path := file(t)
	d := open(t, db.Options{Path: path})
	exec(t, d, notes, `insert into notes (id, n) values (hex(zeroblob(50000)), 1)`)
	var page int64
	if err := d.Q(t.Context()).Row(`select rootpage from sqlite_schema where name = 'notes'`).Scan(&page); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte(strings.Repeat("x", 4096)), (page-1)*4096); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	d = open(t, db.Options{Path: path})
	wantCode(t, d.Q(t.Context()).Row(`select n from notes`).Scan(new(int)), fault.Unavailable)
	wantCode(t, d.Write(t.Context(), adding("a")), fault.Unavailable)
	if err := d.Ping(t.Context()); err != nil {
		t.Errorf("what is whole cannot be read: %v", err)
	}
}

func TestPreparedStatementsAreKeptAndBounded(t *testing.T) {
	d := dbtest.SQLite(t)
	for i := range db.MaxStatements + 100 {
		for range 4 {
			var n int
			if err := d.Q(t.Context()).Row(fmt.Sprintf(`select %d + $1`, i), 1).Scan(&n); err != nil || n != i+1 {
				t.Fatal(n, err)
			}
		}
	}
	if n := db.Prepared(d); n == 0 || n > db.MaxStatements {
		t.Errorf("%d statements are kept", n)
	}
}

func TestAPreparedStatementFollowsAChangeOfTheSchema(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		exec(t, d, `insert into notes (id, n) values ('a', 1)`)
		for i := range 3 {
			if err := d.Q(t.Context()).Row(`select id, n from notes`).Scan(new(string), new(int)); err != nil {
				t.Fatal(err)
			}
			exec(t, d, fmt.Sprintf(`alter table notes add column extra%d bigint`, i))
		}
	})
}

func TestCloseWaitsForRowsBeingRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dbtest.SQLite(t)
		rows, err := d.Q(t.Context()).Query(`select 1`)
		if err != nil {
			t.Fatal(err)
		}
		closed := make(chan error, 1)
		go func() { closed <- d.Close() }()
		synctest.Wait()
		select {
		case err := <-closed:
			t.Errorf("closed under the reader: %v", err)
		default:
		}
		rows.Close()
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}
