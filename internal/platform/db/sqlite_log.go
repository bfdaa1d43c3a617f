package db

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
)

// logPages is how long SQLite's log grows, 64 MiB, before it is moved into the file: what is changed often is written there once for
// many changes.
const logPages = 16384

// move has as much of the log moved into the file as no reader needs in it.
const move = "pragma wal_checkpoint(passive)"

// mover moves the log into the file beside the writer, which would else stop for it in the middle of a burst. What has come to the log
// meanwhile is little after some passes; the writer moves that between two groups, so that the log begins anew with the next, and is
// held up by as much as the mover is behind. Where the mover fails, wal_autocheckpoint has the writer move everything.
type mover struct {
	limit uint32 // pages
	conn  *sqliteConn
	index *os.File // of the log, only for its length
	begin chan struct{}
	gone  chan struct{} // closed when the goroutine has ended
	state atomic.Int32
}

// What the mover is doing.
const (
	resting = iota
	moving
	moved
)

func startMover(path string) (_ *mover, err error) {
	m := &mover{limit: logPages, begin: make(chan struct{}, 1), gone: make(chan struct{})}
	if m.conn, err = connectSQLite(path, pragmas...); err != nil {
		return nil, err
	}
	if path, err = filepath.EvalSymlinks(path); err == nil { // SQLite puts it beside the file itself
		m.index, err = os.Open(path + "-shm")
	}
	if err != nil {
		return nil, errors.Join(err, m.conn.close())
	}
	go m.loop()
	return m, nil
}

// passes bounds how often the mover follows what the writer has added meanwhile.
const passes = 3

func (m *mover) loop() {
	defer close(m.gone)
	for range m.begin {
		for range passes {
			before := m.length()
			_, err := m.conn.exec(move, nil)
			if after := m.length(); err != nil || after < before+m.limit/16 {
				break
			}
		}
		m.state.Store(moved)
	}
}

// length is how many pages the log has: mxFrame of the header of the wal-index, https://www.sqlite.org/walformat.html. 0: not known.
func (m *mover) length() uint32 {
	var n [4]byte
	if _, err := m.index.ReadAt(n[:], 16); err != nil {
		return 0
	}
	return binary.NativeEndian.Uint32(n[:])
}

// tend is called by the writer after each group.
func (m *mover) tend(writer *sqliteConn) {
	switch m.state.Load() {
	case moved:
		_, _ = writer.exec(move, nil) // a disk that fails is told of by whoever writes
		m.state.Store(resting)
	case resting:
		if m.length() >= m.limit {
			m.state.Store(moving)
			m.begin <- struct{}{}
		}
	}
}

// stop ends the mover; the writer is gone already.
func (m *mover) stop() error {
	close(m.begin)
	<-m.gone
	return m.conn.close()
}

// close is for when every connection is closed: closing any descriptor of a file drops the locks that this process has on it. Where one
// is not, the index is left open until the process ends.
func (m *mover) close() error { return m.index.Close() }
