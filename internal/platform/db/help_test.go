package db_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
)

// exec runs statements, in the words of the engine, in one Write.
func exec(t testing.TB, d *db.DB, statements ...string) {
	t.Helper()
	if err := d.Write(t.Context(), func(tx *db.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(db.Words(d, s)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// each is dbtest.Each with a table notes(id, n).
func each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		exec(t, d, notes)
		test(t, d)
	})
}

const notes = `create table notes (id {{text}} primary key, n bigint not null)`

// add inserts a row into notes.
func add(tx *db.Tx, id string) error {
	_, err := tx.Exec(`insert into notes (id, n) values ($1, 1)`, id)
	return err
}

func text(r *db.Rows) (s string, err error) { return s, r.Scan(&s) }

// ids are the rows of notes, in order.
func ids(t testing.TB, d *db.DB) []string {
	t.Helper()
	list, err := db.Collect(d.Q(t.Context()), text, `select id from notes order by id`)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func wantIDs(t testing.TB, d *db.DB, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := ids(t, d); !slices.Equal(got, want) {
		t.Errorf("rows are %q, want %q", got, want)
	}
}

func wantCode(t testing.TB, err error, code fault.Code) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Errorf("got %v, want a fault %v", err, code)
	}
}

// file is a path for a SQLite database.
func file(t testing.TB) string { return filepath.Join(t.TempDir(), "interim.db") }

func open(t testing.TB, o db.Options) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("%v: %s", err, fault.Of(err).Cause())
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}
