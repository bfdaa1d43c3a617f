package db

import (
	"bytes"
	"context"
	"io/fs"
	"text/template"
)

// What the tests of package db_test, which stand on dbtest, need to see.

// Words renders a statement in the engine's words.
func Words(d *DB, text string) string {
	var b bytes.Buffer
	if err := template.Must(template.New("").Funcs(dialects[d.engine]).Parse(text)).Execute(&b, nil); err != nil {
		panic(err)
	}
	return b.String()
}

// OnWriter runs a statement on SQLite's write connection while no group runs.
func OnWriter(d *DB, text string) error {
	_, err := d.backend.(*sqlite).writer.conn.exec(text, nil)
	return err
}

// LimitLog has SQLite's log moved when it has so many pages. Nobody writes yet.
func LimitLog(d *DB, pages uint32) { d.backend.(*sqlite).writer.log.limit = pages }

// LogLength is how many pages SQLite's log has.
func LogLength(d *DB) uint32 { return d.backend.(*sqlite).writer.log.length() }

// Prepared is how many statements a reader of SQLite keeps.
func Prepared(d *DB) int {
	s := d.backend.(*sqlite)
	<-s.idle.free
	c := s.idle.taken()
	defer s.idle.put(c)
	return c.stmts.order.Len()
}

// Readers is how many readers of SQLite are free.
func Readers(d *DB) int { return len(d.backend.(*sqlite).idle.free) }

// Render renders migrations.
func Render(from fs.FS, e Engine) (fs.FS, error) { return render(from, e) }

// Migrations are the embedded files.
var Migrations fs.FS = migrations

// Limits of the package.
const (
	MaxStatements = maxStatements
	MaxGroup      = maxGroup
	Wariness      = wariness
	MaxAttempts   = maxAttempts
	MaxNote       = maxNote
	MaxPending    = maxPending
)

// Nested is what Write does first; its cost is measured.
func Nested(context.Context) { refuseNested() }
