package db

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/interim-access/interim/internal/platform/fault"
)

// maxGroup bounds how many writes share a COMMIT, and so how long the first
// of them waits for the others.
const maxGroup = 64

// wariness is for how many groups members are kept apart from each other after
// one of them has cost the others a second run: whoever fails on purpose slows
// a group in so many at most.
const wariness = 32

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
	log   *mover
	queue chan *member
	stop  chan struct{} // closed by close
	gone  chan struct{} // closed when the goroutine has ended
	once  sync.Once
	group []*member // reused
	wary  int       // for how many groups more members are kept apart
}

// member is one Write.
type member struct {
	fn    func(*Tx) error
	state atomic.Int32
	turn  chan bool     // true: run the closure now; false: the outcome is known
	back  chan struct{} // the closure has ended
	tx    *Tx
	err   error // the closure's, then the outcome
	dirty bool  // the closure changed something, or a statement of it failed
}

// What has become of a member.
const (
	waiting = iota
	started
	withdrawn
)

func startWriter(c *sqliteConn, log *mover) *writer {
	w := &writer{
		conn:  c,
		log:   log,
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
		m.dirty = t.dirty || t.err != nil
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
				w.log.tend(w.conn)
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
// is full. A savepoint for each member costs a copy of every page it changes,
// so there are none until a member fails that has changed something: then the
// whole group is run again with them, and so are the groups of the next while.
// When the transaction is lost, by a disk that failed or a COMMIT that did,
// each member is run once more in a transaction of its own, so that one that
// cannot be committed fails alone. Nobody has been told anything before.
func (w *writer) commit(m *member) {
	w.group = append(w.group[:0], m)
	run := w.member
	if w.wary > 0 {
		w.wary--
		run = w.apart
	}
	err := w.statement("begin immediate")
	for err == nil {
		if err = run(m); err != nil || len(w.group) == maxGroup {
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
	if err != nil {
		w.again(err)
	}
	for _, m := range w.group {
		m.turn <- false
	}
	clear(w.group)
}

// errSpoiled is what a member has made of its group that failed after it had
// changed something.
var errSpoiled = errors.New("db: a member of the group failed")

// again runs the members of a group once more whose transaction ended with
// err, but for those whose goroutine has ended.
func (w *writer) again(err error) {
	gone := w.statement("rollback") != nil // SQLite has ended it by itself
	w.group = slices.DeleteFunc(w.group, func(m *member) bool {
		if errors.Is(m.err, errAbandoned) {
			m.turn <- false
			return true
		}
		return false
	})
	if errors.Is(err, errSpoiled) && !gone {
		if len(w.group) == 1 && w.group[0].spoils() { // it was alone
			return
		}
		w.wary = wariness
		if err = w.all(); err == nil {
			return
		}
		w.rollback()
	}
	for _, m := range w.group {
		if !errors.Is(m.err, errAbandoned) {
			w.alone(m)
		}
	}
}

// all runs the members of the group in one transaction, apart from each other.
func (w *writer) all() error {
	err := w.statement("begin immediate")
	for _, m := range w.group {
		if err == nil {
			err = w.apart(m)
		}
	}
	if err == nil {
		err = w.statement("commit")
	}
	return err
}

// lend has a member run its closure.
func (m *member) lend() {
	m.turn <- true
	<-m.back
}

// spoils reports whether the member failed and has left something behind, or
// may have.
func (m *member) spoils() bool { return m.err != nil && m.dirty }

// member runs one member. The error returned is that of the transaction.
func (w *writer) member(m *member) error {
	m.lend()
	if m.spoils() {
		return errSpoiled
	}
	return nil
}

// apart runs one member in a savepoint. Its own error is its own affair; the
// error returned is that of the transaction, which is lost.
func (w *writer) apart(m *member) error {
	if err := w.statement("savepoint member"); err != nil {
		return err
	}
	m.lend()
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
	m.lend()
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

// close commits what is queued and closes the connections. alone says that there are no others.
func (w *writer) close(alone bool) error {
	w.once.Do(func() { close(w.stop) })
	<-w.gone
	err := errors.Join(w.log.stop(), w.conn.close())
	if alone {
		err = errors.Join(err, w.log.close())
	}
	return err
}
