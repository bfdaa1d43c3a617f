package db

import (
	"context"
	"log/slog"
	"sync/atomic"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Options say which database to open. Path or URL is set, not both.
type Options struct {
	Path   string       // SQLite: the file, made when missing, in a folder that exists
	URL    string       // PostgreSQL: postgres://…
	Log    *slog.Logger // nil: slog.Default
	Clock  clock.Clock  // paces attempts to reconnect and to write again; nil: the machine's
	Binary int          // the schema reader version of this binary; 0: Reader
	UpTo   int64        // the last migration that is made, for tests of upgrades; 0: all
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	engine   Engine
	backend  backend
	topics   *topics
	recorder atomic.Pointer[func(Statement)]
}

// Open opens the database and brings its schema up to date. It answers
// fault.Unavailable when the database cannot be used: out of reach, damaged,
// read-only, in use by another process (SQLite), or written by a release this
// binary cannot read. The folder of a SQLite file is locked until Close.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Clock == nil {
		o.Clock = clock.System(clock.FromMicros(0))
	}
	if o.Binary == 0 {
		o.Binary = Reader
	}
	d := &DB{topics: &topics{}}
	var err error
	switch {
	case (o.Path == "") == (o.URL == ""):
		return nil, fault.New(fault.Invalid, "give either a database file or a database URL")
	case o.Path != "":
		d.engine = SQLite
		d.backend, err = openSQLite(ctx, o)
	default:
		d.engine = Postgres
		d.backend, err = openPostgres(ctx, o, d.topics)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// Engine says which database is underneath.
func (d *DB) Engine() Engine { return d.engine }

// Skip is Engine.Skip.
func (d *DB) Skip() string { return d.engine.Skip() }

// Q runs single statements outside a transaction. They may only read.
func (d *DB) Q(ctx context.Context) Q { return session{d.recorded(d.backend.pool(ctx))} }

// Read runs fn on one snapshot: what others commit meanwhile is not seen. fn
// may only read; it uses q and not the DB, whose connections it might wait for
// in vain, and must not keep q.
func (d *DB) Read(ctx context.Context, fn func(q Q) error) error {
	return d.backend.read(ctx, func(r runner) error { return fn(session{d.recorded(r)}) })
}

// Write runs fn in a transaction and returns after COMMIT. fn may be run more
// than once, so it does SQL and Tx.OnCommit and nothing else; it uses the tx
// and not the DB, and must not keep the tx. It runs in the caller's goroutine.
// An error of fn rolls back and is returned as it is; a panic rolls back and
// goes on.
//
// A ctx that ends before fn was started prevents it; afterwards the caller
// waits for the outcome. A Write inside a Write panics: functions that join a
// transaction take the tx.
func (d *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	refuseNested()
	if err := ctx.Err(); err != nil {
		return fault.Of(err)
	}
	tx, err := d.backend.write(ctx, d.recordedTx(fn))
	if err != nil {
		return err
	}
	for _, done := range tx.done {
		done()
	}
	for _, n := range tx.notes {
		d.topics.tell(n.topic, n.payload)
	}
	d.backend.publish(tx.notes)
	return nil
}

// Subscribe calls fn for every notice of the topic: those of this process
// before the Write that sent them returns, those of other replicas a moment
// later. The payload "" means that notices may have been missed: read
// everything again. fn must be quick and safe for concurrent use.
func (d *DB) Subscribe(topic string, fn func(payload string)) (cancel func()) {
	return d.topics.subscribe(topic, fn)
}

// Ping tells whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.backend.ping(ctx) }

// Close waits for what is under way and closes the database. What comes later
// is answered fault.Unavailable.
func (d *DB) Close() error { return d.backend.close() }
