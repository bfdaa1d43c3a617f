// Package dbtest opens databases for tests: the current schema, empty, one of
// its own for each test.
package dbtest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/pgtest"
)

// Each runs the test on SQLite and on PostgreSQL.
func Each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// SQLite returns an empty database in the test's temporary folder, closed at
// its end.
func SQLite(t testing.TB) *db.DB {
	t.Helper()
	file, err := migratedFile()
	if err != nil {
		t.Fatalf("prepare the database file: %v", err)
	}
	path := filepath.Join(t.TempDir(), "interim.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return open(t, db.Options{Path: path})
}

// migratedFile is what a first start leaves. The migrations take longer than most tests, so they run once in a process.
var migratedFile = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "interim-dbtest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "interim.db")
	d, err := db.Open(context.Background(), db.Options{Path: path})
	if err != nil {
		return nil, err
	}
	if err := d.Close(); err != nil { // which moves the log into the file
		return nil, err
	}
	return os.ReadFile(path)
})

// Postgres returns an empty database on a real PostgreSQL, dropped at the end
// of the test.
func Postgres(t testing.TB) *db.DB {
	t.Helper()
	return open(t, db.Options{URL: URL(t)})
}

// URL returns the address of such a database, for a server that opens it.
func URL(t testing.TB) string {
	t.Helper()
	return pgtest.Clone(t, "migrated", migrated)
}

// migrated brings a template database up to the current schema.
func migrated(url string) error {
	d, err := db.Open(context.Background(), db.Options{URL: url})
	if err != nil {
		return err
	}
	return d.Close()
}

func open(t testing.TB, o db.Options) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("open the database: %v: %s", err, fault.Of(err).Cause())
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	return d
}
