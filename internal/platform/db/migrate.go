package db

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"path"
	"text/template"

	"github.com/pressly/goose/v3"

	"github.com/interim-access/interim/internal/platform/fault"
)

// Reader is the schema this binary can read: a database whose
// schema_info.min_reader is above it is refused. Raise it together with a
// migration that raises min_reader.
const Reader = 1

//go:embed migrations/*.sql
var migrations embed.FS

// dialects name the types that differ, for the migrations.
var dialects = map[Engine]template.FuncMap{
	SQLite:   words(SQLite, "text", "text", "blob", "integer primary key autoincrement", "without rowid"),
	Postgres: words(Postgres, `text collate "C"`, "jsonb", "bytea", "bigint generated always as identity primary key", ""),
}

// words are the engine's; clustered is what keeps a table in the order of its primary key, where an engine can, and in one tree.
// {{if postgres}} is for what the other engine has by itself.
func words(e Engine, text, json, blob, identity, clustered string) template.FuncMap {
	say := func(s string) func() string { return func() string { return s } }
	return template.FuncMap{
		"text": say(text), "json": say(json), "blob": say(blob), "identity": say(identity), "clustered": say(clustered),
		"postgres": func() bool { return e == Postgres },
	}
}

// rendered are the migrations in the engine's words.
type rendered struct {
	fs.FS
	words template.FuncMap
}

func render(from fs.FS, e Engine) (fs.FS, error) {
	files, err := fs.Sub(from, "migrations")
	return rendered{files, dialects[e]}, err
}

// Open implements fs.FS.
func (r rendered) Open(name string) (fs.File, error) {
	f, err := r.FS.Open(name)
	if err != nil || path.Ext(name) != ".sql" {
		return f, err
	}
	raw, err := io.ReadAll(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	t, err := template.New(name).Funcs(r.words).Parse(string(raw))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	text := &bytes.Buffer{}
	if err := t.Execute(text, nil); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return migration{f, text}, nil
}

// migration is a file of which the text was rendered.
type migration struct {
	fs.File
	text *bytes.Buffer
}

// Read implements fs.File.
func (m migration) Read(p []byte) (int, error) { return m.text.Read(p) }

// migrate brings the schema up to date. The caller keeps other processes out.
func migrate(ctx context.Context, conn *sql.DB, e Engine, o Options) error {
	if err := checkReader(ctx, conn, e, o.Binary); err != nil {
		return err
	}
	files, err := render(migrations, e)
	if err != nil {
		return err
	}
	dialect := goose.DialectSQLite3
	if e == Postgres {
		dialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, conn, files, goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return err
	}
	if o.UpTo > 0 {
		_, err = p.UpTo(ctx, o.UpTo)
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// checkReader refuses a database that only later releases understand, before
// anything in it is touched.
func checkReader(ctx context.Context, conn *sql.DB, e Engine, reader int) error {
	find := "select count(*) from sqlite_schema where name = 'schema_info'"
	if e == Postgres {
		find = "select count(*) from pg_catalog.pg_class where oid = to_regclass('schema_info')"
	}
	var n, need int
	if err := conn.QueryRowContext(ctx, find).Scan(&n); err != nil || n == 0 {
		return err
	}
	if err := conn.QueryRowContext(ctx, "select min_reader from schema_info").Scan(&need); err != nil {
		return err
	}
	if need > reader {
		return fault.New(fault.Unavailable,
			"the database needs a newer release: its schema asks for reader %d and this binary is reader %d", need, reader)
	}
	return nil
}
