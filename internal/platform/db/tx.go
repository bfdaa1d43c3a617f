package db

import (
	"errors"
	"reflect"
	"runtime"
)

// errEnded is the answer to a statement on a transaction that is over.
var errEnded = errors.New("db: the transaction has ended")

// errOpen is the answer to a statement while a result is still being read: a
// PostgreSQL connection does one thing at a time, and SQLite follows.
var errOpen = errors.New("db: rows of an earlier statement are still open")

// Tx is a transaction under way. It is good until the closure it was given to
// returns, and is not safe for concurrent use. One failed statement loses it.
type Tx struct {
	session
	engine Engine
	run    txRunner
	done   []func()
	notes  []note
}

// txRunner is a transaction as its engine sees it.
type txRunner interface {
	runner
	queue(sql string, args []any)
	lock(keys []string)
}

func newTx(e Engine, run txRunner) *Tx { return &Tx{session: session{run}, engine: e, run: run} }

// Queue runs a statement whose result nobody needs, such as the audit row of a
// write. PostgreSQL gets it together with the next statement or the COMMIT, in
// one round trip; SQLite runs it at once. Its error surfaces there, at the
// latest from Write.
func (tx *Tx) Queue(sql string, args ...any) { tx.run.queue(sql, args) }

// Lock makes whoever locks one of the keys wait until this transaction ends,
// over all replicas. Take all keys in one call: they are locked in one order,
// so that two callers cannot wait for each other. On PostgreSQL it travels
// with the next statement, which runs once the locks are held; its error
// surfaces there. SQLite has one writer and does nothing.
func (tx *Tx) Lock(keys ...string) error {
	tx.run.lock(keys)
	return nil
}

// Skip is Engine.Skip.
func (tx *Tx) Skip() string { return tx.engine.Skip() }

// Analyze lets the engine look at a table again that has grown at once, before
// its idea of the table is so wrong that it plans badly. PostgreSQL would do so
// by itself, a minute later; SQLite plans without. The table is named by the
// code, never by a client.
func (tx *Tx) Analyze(table string) error {
	if tx.engine == SQLite {
		return nil
	}
	_, err := tx.Exec("analyze " + table)
	return err
}

// OnCommit calls fn in the goroutine of Write after COMMIT, before Write
// returns.
func (tx *Tx) OnCommit(fn func()) { tx.done = append(tx.done, fn) }

// Notify tells the subscribers of the topic after COMMIT: those of this process
// before Write returns, those of other replicas a moment later, one notice for
// several that say the same. A process that dies in that moment has told
// nobody, so what hangs on a notice must also look by itself now and then. The
// payload is not empty; topic and payload together are at most 7 KiB.
func (tx *Tx) Notify(topic, payload string) {
	n := note{topic, payload}
	n.check()
	tx.notes = append(tx.notes, n)
}

// call runs a closure of Write; refuseNested looks for it on the stack.
//
//go:noinline
func (tx *Tx) call(fn func(*Tx) error) error { return fn(tx) }

// callEntry is where the code of call begins.
var callEntry = reflect.ValueOf((*Tx).call).Pointer()

// refuseNested panics when a closure of Write is on this goroutine's stack.
// The threat: on SQLite the inner Write waits for the writer the outer one
// holds, for ever; on PostgreSQL it commits what the outer one may roll back.
func refuseNested() {
	var pcs [64]uintptr
	for _, pc := range pcs[:runtime.Callers(3, pcs[:])] {
		if f := runtime.FuncForPC(pc - 1); f != nil && f.Entry() == callEntry {
			panic("db: Write inside a Write: a function that joins a transaction takes the tx")
		}
	}
}
