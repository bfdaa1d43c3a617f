package db_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

func TestTheLogBeginsAnewWhileOthersWriteAndRead(t *testing.T) {
	d := dbtest.SQLite(t)
	const limit, rounds = 200, 3
	db.LimitLog(d, limit)
	exec(t, d, notes)
	writes, anew, before := 0, 0, db.LogLength(d)
	for ; anew < rounds; writes++ {
		if writes == 200_000 {
			t.Fatalf("after %d writes the log has begun anew %d times, and has %d pages", writes, anew, db.LogLength(d))
		}
		exec(t, d, `insert into notes (id, n) values (hex(randomblob(2000)), 1)`)
		after := db.LogLength(d)
		if after < before {
			anew++
		}
		if before = after; after > limit {
			runtime.Gosched() // the mover has its turn sooner
		}
	}
	var n int
	if err := d.Q(t.Context()).Row(`select count(*) from notes where length(id) = 4000`).Scan(&n); err != nil || n != writes {
		t.Fatalf("%d of %d rows are there: %v", n, writes, err)
	}
}

// Whoever reads a snapshot needs the log as it was; it goes on growing, and nobody who writes waits for the reader.
func TestAReaderKeepsTheLogAndStopsNobody(t *testing.T) {
	d := dbtest.SQLite(t)
	const limit = 50
	db.LimitLog(d, limit)
	exec(t, d, notes)
	exec(t, d, `insert into notes (id, n) values ('first', 1)`)
	err := d.Read(t.Context(), func(q db.Q) error {
		count := func() (n int, err error) { return n, q.Row(`select count(*) from notes`).Scan(&n) }
		if n, err := count(); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		for range 20 * limit {
			exec(t, d, `insert into notes (id, n) values (hex(randomblob(2000)), 1)`)
		}
		if pages := db.LogLength(d); pages < 20*limit {
			t.Errorf("the log begins anew under a reader: %d pages", pages)
		}
		if n, err := count(); err != nil || n != 1 {
			t.Errorf("the reader sees %d rows: %v", n, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// SQLite puts its log beside the file itself, wherever a link to it is.
func TestADatabaseBehindALinkIsOpened(t *testing.T) {
	link := filepath.Join(t.TempDir(), "interim.db")
	if err := os.Symlink(filepath.Join(t.TempDir(), "elsewhere.db"), link); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{0, 1} {
		d, err := db.Open(t.Context(), db.Options{Path: link})
		if err != nil {
			t.Fatal(err)
		}
		if want == 0 {
			exec(t, d, notes)
		}
		var n int
		if err := d.Q(t.Context()).Row(`select count(*) from notes`).Scan(&n); err != nil || n != want {
			t.Errorf("%d rows, %v; want %d", n, err, want)
		}
		exec(t, d, `insert into notes (id, n) values (hex(randomblob(8)), 1)`)
		if db.LogLength(d) == 0 {
			t.Error("the length of its log is not known")
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
