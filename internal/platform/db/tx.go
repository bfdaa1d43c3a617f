package db

import (
	"runtime"
	"strings"
)

// Tx is a transaction under way. It is good until the closure it was given to
// returns, and is not safe for concurrent use.
type Tx struct {
	engine Engine
	run    runner
	done   []func()
	notes  []note
}

// runner is a transaction as its engine sees it.
type runner interface {
	exec(sql string, args []any) (int64, error)
	query(sql string, args []any) (cursor, error)
	queue(sql string, args []any)
	lock(keys []string) error
	notify(n note)
}

// Exec implements Q.
func (tx *Tx) Exec(sql string, args ...any) (int64, error) { return tx.run.exec(sql, args) }

// Query implements Q.
func (tx *Tx) Query(sql string, args ...any) (*Rows, error) {
	c, err := tx.run.query(sql, args)
	if err != nil {
		return nil, err
	}
	return &Rows{c}, nil
}

// Row implements Q.
func (tx *Tx) Row(sql string, args ...any) *Row {
	c, err := tx.run.query(sql, args)
	return &Row{c, err}
}

// Queue runs a statement whose result nobody needs, such as the audit row of a
// write. PostgreSQL gets it together with the next statement or the COMMIT, in
// one round trip; SQLite runs it at once. Its error surfaces there, at the
// latest from Write.
func (tx *Tx) Queue(sql string, args ...any) { tx.run.queue(sql, args) }

// Lock makes whoever locks one of the keys wait until this transaction ends,
// over all replicas. Take all keys in one call: they are locked in one order,
// so that two callers cannot wait for each other. SQLite has one writer and
// does nothing.
func (tx *Tx) Lock(keys ...string) error { return tx.run.lock(keys) }

// Skip is Engine.Skip.
func (tx *Tx) Skip() string { return tx.engine.Skip() }

// OnCommit calls fn in the goroutine of Write after COMMIT, before Write
// returns.
func (tx *Tx) OnCommit(fn func()) { tx.done = append(tx.done, fn) }

// Notify tells the subscribers of the topic after COMMIT, in every replica.
// The payload is at most 7 KiB and not empty.
func (tx *Tx) Notify(topic, payload string) {
	n := note{topic, payload}
	tx.notes = append(tx.notes, n)
	tx.run.notify(n)
}

// call runs a closure. refuseNested finds it by name on the stack.
//
//go:noinline
func (tx *Tx) call(fn func(*Tx) error) error { return fn(tx) }

// refuseNested panics when a closure of Write is on this goroutine's stack.
// The threat: on SQLite the inner Write waits for the writer the outer one
// holds, for ever; on PostgreSQL it commits what the outer one may roll back.
func refuseNested() {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		if strings.HasSuffix(f.Function, "platform/db.(*Tx).call") {
			panic("db: Write inside a Write: take the tx instead")
		}
		if !more {
			return
		}
	}
}
