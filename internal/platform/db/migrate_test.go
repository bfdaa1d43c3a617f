package db_test

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/pgtest"
)

func TestASchemaThatAsksForANewerReaderIsRefused(t *testing.T) {
	for name, o := range map[string]db.Options{
		"sqlite":   {Path: file(t)},
		"postgres": {URL: pgtest.URL(t)},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := db.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			exec(t, d, notes, `insert into notes (id, n) values ('a', 1)`, `update schema_info set min_reader = 7`)
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			o.Binary = 6
			_, err = db.Open(t.Context(), o)
			wantCode(t, err, fault.Unavailable)
			if err == nil || err.Error() != "the database needs a newer release: its schema asks for reader 7 and this binary is reader 6" {
				t.Errorf("it says %v", err)
			}
			o.Binary = 7
			wantIDs(t, open(t, o), "a")
		})
	}
}

func TestReplicasThatStartTogetherMigrateOnce(t *testing.T) {
	address := pgtest.URL(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			d, err := db.Open(t.Context(), db.Options{URL: address})
			if err != nil {
				t.Errorf("%v: %s", err, fault.Of(err).Cause())
				return
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var n int
	if err := open(t, db.Options{URL: address}).Q(t.Context()).Row(`select count(*) from schema_info`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestOptionsNameExactlyOneDatabase(t *testing.T) {
	for _, o := range []db.Options{{}, {Path: "a", URL: "postgres://b"}} {
		_, err := db.Open(t.Context(), o)
		wantCode(t, err, fault.Invalid)
	}
}

func TestMigrationsAreRenderedInTheWordsOfTheEngine(t *testing.T) {
	from := fstest.MapFS{"migrations/0001_x.sql": {Data: []byte("{{text}}|{{json}}|{{blob}}|{{identity}}|{{clustered}}")}}
	for e, want := range map[db.Engine]string{
		db.SQLite:   "text|text|blob|integer primary key autoincrement|without rowid",
		db.Postgres: `text collate "C"|jsonb|bytea|bigint generated always as identity primary key|`,
	} {
		out, err := db.Render(from, e)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := fs.ReadFile(out, "0001_x.sql"); err != nil || string(got) != want {
			t.Errorf("%s: %s, %v", e, got, err)
		}
	}
	from["migrations/0001_x.sql"].Data = []byte("{{uuid}}")
	out, err := db.Render(from, db.SQLite)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs.ReadFile(out, "0001_x.sql"); err == nil {
		t.Error("an unknown word was accepted")
	}
}

// A plain text column is sorted by the server's language on PostgreSQL; the
// other types exist on one engine only, or mean two things.
var outlawed = regexp.MustCompile(`(?i)\b(text|varchar|char|jsonb?|bytea|blob|serial|bigserial|timestamp|timestamptz|date|uuid|numeric|autoincrement|collate)\b`)

func TestMigrationsKeepTheRulesOfTheHouse(t *testing.T) {
	names, err := fs.Glob(db.Migrations, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	form := regexp.MustCompile(`^\d{4}_[a-z_]+\.sql$`)
	word := regexp.MustCompile(`\{\{(text|json|blob|identity)\}\}`)
	literal := regexp.MustCompile(`'[^']*'|--.*`)
	for _, name := range names {
		raw, err := fs.ReadFile(db.Migrations, name)
		if err != nil {
			t.Fatal(err)
		}
		if !form.MatchString(path.Base(name)) {
			t.Errorf("%s is not named NNNN_name.sql", name)
		}
		if !strings.Contains(string(raw), "-- +goose Up\n") || strings.Contains(string(raw), "+goose Down") {
			t.Errorf("%s does not go forward only", name)
		}
		bare := literal.ReplaceAllString(word.ReplaceAllString(string(raw), ""), "")
		if bad := outlawed.FindString(bare); bad != "" {
			t.Errorf("%s says %s where it should use a word of the engine", name, bad)
		}
	}
}
