package db

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/interim-access/interim/internal/platform/fault"
)

// maxGroup bounds how many writes share a COMMIT, and so how long the first
// of them waits for the others.
const maxGroup = 64

// errAbandoned is a member's error while its closure has not returned; it
// stays when the closure panics or ends its goroutine.
var errAbandoned = errors.New("db: the write did not return")

// writer owns the connection that writes. Its goroutine begins a transaction
// when a member comes, lends the connection to one member after the other as
// long as some wait, commits, and only then tells them.
//
// A member's closure runs in the goroutine that called Write: a panic, or a
// test's FailNow, ends that goroutine and not the writer.
type writer struct {
	conn  *sqliteConn
	queue chan *member
	stop  chan struct{} // closed by close
	gone  chan struct{} // closed when the goroutine has ended
	once  sync.Once
	group []*member // reused
}

// member is one Write.
type member struct {
	fn    func(*Tx) error
	state atomic.Int32
	turn  chan bool     // true: run the closure now; false: the outcome is known
	back  chan struct{} // the closure has ended
	tx    *Tx
	err   error // the closure's, then the outcome
}

// What has become of a member.
const (
	waiting = iota
	started
	withdrawn
)

func startWriter(c *sqliteConn) *writer {
	w := &writer{
		conn:  c,
		queue: make(chan *member, 4*maxGroup),
		stop:  make(chan struct{}),
		gone:  make(chan struct{}),
		group: make([]*member, 0, maxGroup),
	}
	go w.loop()
	return w
}

// do is the caller's side: wait in the queue, run when lent the connection,
// return the outcome.
func (w *writer) do(ctx context.Context, fn func(*Tx) error) (*Tx, error) {
	m := &member{fn: fn, turn: make(chan bool, 1), back: make(chan struct{}, 1)}
	cancelled := ctx.Done()
	select {
	case w.queue <- m:
	case <-cancelled:
		return nil, fault.Of(ctx.Err())
	case <-w.gone:
		return nil, errClosed
	}
	gone := w.gone
	for {
		select {
		case run := <-m.turn:
			if !run {
				return m.tx, m.err
			}
			m.run(w.conn)
		case <-cancelled:
			if m.state.CompareAndSwap(waiting, withdrawn) {
				return nil, fault.Of(ctx.Err())
			}
			cancelled = nil
		case <-gone:
			if m.state.CompareAndSwap(waiting, withdrawn) {
				return nil, errClosed
			}
			gone = nil
		}
	}
}

// run calls the closure. The connection goes back to the writer however the
// closure ends.
func (m *member) run(c *sqliteConn) {
	t := &sqliteTx{conn: c, ctx: context.Background()}
	m.err = errAbandoned
	defer func() {
		t.end()
		m.back <- struct{}{}
	}()
	m.tx = newTx(SQLite, t)
	err := m.tx.call(m.fn)
	if err == nil {
		err = t.err
	}
	m.err = err
}

func (w *writer) loop() {
	defer close(w.gone)
	for {
		select {
		case m := <-w.queue:
			if m.state.CompareAndSwap(waiting, started) {
				w.commit(m)
			}
		case <-w.stop:
			for m := w.next(); m != nil; m = w.next() {
				w.commit(m)
			}
			return
		}
	}
}

// next returns a member that is waiting, or nil.
func (w *writer) next() *member {
	for {
		select {
		case m := <-w.queue:
			if m.state.CompareAndSwap(waiting, started) {
				return m
			}
		default:
			return nil
		}
	}
}

// commit runs a group that begins with m: whoever waits joins until the group
// is full. When the transaction is lost, by a disk that failed or a COMMIT
// that did, nobody has been told anything yet: each member is run once more in
// a transaction of its own, so that one that cannot be committed fails alone.
func (w *writer) commit(m *member) {
	w.group = append(w.group[:0], m)
	err := w.statement("begin immediate")
	for err == nil {
		if err = w.member(m); err != nil || len(w.group) == maxGroup {
			break
		}
		if m = w.next(); m == nil {
			break
		}
		w.group = append(w.group, m)
	}
	if err == nil {
		err = w.statement("commit")
	}
	lost := err != nil
	if lost {
		w.rollback()
	}
	for _, m := range w.group {
		if lost && !errors.Is(m.err, errAbandoned) {
			w.alone(m)
		}
		m.turn <- false
	}
	clear(w.group)
}

// member runs one member in a savepoint. Its own error is its own affair; the
// error returned is that of the transaction, which is lost.
func (w *writer) member(m *member) error {
	if err := w.statement("savepoint member"); err != nil {
		return err
	}
	m.turn <- true
	<-m.back
	if m.err != nil {
		if err := w.statement("rollback to member"); err != nil {
			return err
		}
	}
	return w.statement("release member")
}

// alone runs one member of a lost group in a transaction of its own.
func (w *writer) alone(m *member) {
	if err := w.statement("begin immediate"); err != nil {
		m.err = err
		return
	}
	m.turn <- true
	<-m.back
	if m.err == nil {
		m.err = w.statement("commit")
	}
	if m.err != nil {
		w.rollback()
	}
}

func (w *writer) statement(text string) error {
	_, err := w.conn.exec(text, nil)
	return err
}

// rollback ends the transaction, if SQLite has not done so.
func (w *writer) rollback() { _ = w.statement("rollback") }

// close commits what is queued and closes the connection.
func (w *writer) close() error {
	w.once.Do(func() { close(w.stop) })
	<-w.gone
	return w.conn.close()
}
