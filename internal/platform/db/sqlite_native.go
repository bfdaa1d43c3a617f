package db

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// native is a connection of SQLite's C interface. It stands on that and not on
// the driver for database/sql, which takes a lock for each call, copies every
// value to memory of its own and asks for the names of all columns: a tenth of
// what a write costs, and more of a read.
//
// The threat: SQLite is told not to lock the connection, so one goroutine uses
// it at a time. interrupt alone may be called beside that.
type native struct {
	tls *libc.TLS
	db  uintptr
	out uintptr // room for an answer of two pointers

	// What is bound lies here, since one statement runs at a time and each is
	// given all of its values before it does.
	bound uintptr
	room  int
}

// keepRoom bounds what a connection keeps for values to bind.
const keepRoom = 1 << 20

// openNative opens the file at an absolute path, which is made when missing.
func openNative(path string) (_ *native, err error) {
	n := &native{tls: libc.NewTLS()}
	defer func() {
		if err != nil {
			_ = n.close()
		}
	}()
	if n.out = libc.Xmalloc(n.tls, 16); n.out == 0 {
		return nil, errMemory
	}
	name, err := libc.CString(path)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(n.tls, name)
	rc := sqlite3.Xsqlite3_open_v2(n.tls, name, n.out,
		sqlite3.SQLITE_OPEN_READWRITE|sqlite3.SQLITE_OPEN_CREATE|sqlite3.SQLITE_OPEN_NOMUTEX|sqlite3.SQLITE_OPEN_EXRESCODE, 0)
	n.db = n.answer()
	if rc != sqlite3.SQLITE_OK {
		return nil, n.fault(rc)
	}
	for _, option := range []int32{sqlite3.SQLITE_DBCONFIG_DQS_DML, sqlite3.SQLITE_DBCONFIG_DQS_DDL} { // "x" is a name, never a text
		if rc := sqlite3.Xsqlite3_db_config(n.tls, n.db, option, libc.VaList(n.out, int32(0), uintptr(0))); rc != sqlite3.SQLITE_OK {
			return nil, n.fault(rc)
		}
	}
	return n, nil
}

// answer is the pointer that a call left in out.
func (n *native) answer() (p uintptr) {
	for i, b := range libc.GoBytes(n.out, 8) {
		p |= uintptr(b) << (8 * i)
	}
	return p
}

var errMemory = errors.New("db: SQLite is out of memory")

// nativeError is what SQLite says.
type nativeError struct {
	code int
	text string
}

// Error implements error.
func (e *nativeError) Error() string { return fmt.Sprintf("sqlite: %s (%d)", e.text, e.code) }

// Code is SQLite's extended result code.
func (e *nativeError) Code() int { return e.code }

func (n *native) fault(rc int32) error {
	text := "no connection"
	if n.db != 0 {
		text = libc.GoString(sqlite3.Xsqlite3_errmsg(n.tls, n.db))
	}
	return &nativeError{int(rc), text}
}

// prepare makes a statement of a text that has one.
func (n *native) prepare(text string) (*nativeStmt, error) {
	sql, err := libc.CString(text)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(n.tls, sql)
	rest := n.out + 8
	if rc := sqlite3.Xsqlite3_prepare_v3(n.tls, n.db, sql, int32(len(text)), sqlite3.SQLITE_PREPARE_PERSISTENT, n.out, rest); rc != sqlite3.SQLITE_OK {
		return nil, n.fault(rc)
	}
	s := &nativeStmt{on: n, stmt: n.answer()}
	n.out, rest = rest, n.out
	used := int(n.answer() - sql)
	n.out = rest
	if s.stmt == 0 || strings.TrimSpace(text[used:]) != "" {
		return nil, errors.Join(errors.New("db: a text is one statement"), s.Close())
	}
	s.columns = int(sqlite3.Xsqlite3_column_count(n.tls, s.stmt))
	return s, nil
}

// interrupt ends the statement that runs, from another goroutine.
func (n *native) interrupt() {
	tls := libc.NewTLS()
	sqlite3.Xsqlite3_interrupt(tls, n.db)
	tls.Close()
}

func (n *native) close() error {
	var err error
	if n.db != 0 {
		if rc := sqlite3.Xsqlite3_close_v2(n.tls, n.db); rc != sqlite3.SQLITE_OK {
			err = n.fault(rc)
		}
	}
	libc.Xfree(n.tls, n.out)
	libc.Xfree(n.tls, n.bound)
	n.tls.Close()
	n.db, n.out, n.bound = 0, 0, 0
	return err
}

// hold makes room for so many bytes to bind.
func (n *native) hold(size int) error {
	if size < n.room && (n.room <= keepRoom || size > keepRoom) {
		return nil
	}
	libc.Xfree(n.tls, n.bound)
	n.room = max(4096, size+size/2)
	if n.bound = libc.Xmalloc(n.tls, libc.Tsize_t(n.room)); n.bound == 0 {
		n.room = 0
		return errMemory
	}
	return nil
}

// nativeStmt is a prepared statement.
type nativeStmt struct {
	on      *native
	stmt    uintptr
	columns int
}

// bind gives the statement its values, which are nil, string, int64, float64,
// bool or []byte.
func (s *nativeStmt) bind(values []any) error {
	n, size := s.on, 1 // an empty text lies somewhere, too
	for _, v := range values {
		switch v := v.(type) {
		case string:
			size += len(v)
		case []byte:
			size += len(v)
		}
	}
	if err := n.hold(size); err != nil {
		return err
	}
	at, room := n.bound, libc.GoBytes(n.bound, n.room)
	for i, v := range values {
		place, rc := int32(i+1), int32(sqlite3.SQLITE_OK)
		switch v := v.(type) {
		case string:
			used := copy(room, v)
			rc = sqlite3.Xsqlite3_bind_text(n.tls, s.stmt, place, at, int32(used), sqlite3.SQLITE_STATIC)
			at, room = at+uintptr(used), room[used:]
		case []byte:
			if v == nil {
				rc = sqlite3.Xsqlite3_bind_null(n.tls, s.stmt, place)
				break
			}
			used := copy(room, v)
			rc = sqlite3.Xsqlite3_bind_blob(n.tls, s.stmt, place, at, int32(used), sqlite3.SQLITE_STATIC)
			at, room = at+uintptr(used), room[used:]
		case int64:
			rc = sqlite3.Xsqlite3_bind_int64(n.tls, s.stmt, place, v)
		case bool:
			var one int64
			if v {
				one = 1
			}
			rc = sqlite3.Xsqlite3_bind_int64(n.tls, s.stmt, place, one)
		case float64:
			rc = sqlite3.Xsqlite3_bind_double(n.tls, s.stmt, place, v)
		default:
			rc = sqlite3.Xsqlite3_bind_null(n.tls, s.stmt, place)
		}
		if rc != sqlite3.SQLITE_OK {
			return n.fault(rc)
		}
	}
	return nil
}

// step goes to the next row and reports whether there is one. An error resets
// the statement.
func (s *nativeStmt) step() (bool, error) {
	switch rc := sqlite3.Xsqlite3_step(s.on.tls, s.stmt); rc {
	case sqlite3.SQLITE_ROW:
		return true, nil
	case sqlite3.SQLITE_DONE:
		return false, nil
	default:
		err := s.on.fault(rc)
		s.reset()
		return false, err
	}
}

// insist is how often a statement is interrupted that has not ended: SQLite
// forgets an interruption that comes before the statement has begun.
const insist = 5 * time.Millisecond

// stepUntil is step, ended when ctx is.
func (s *nativeStmt) stepUntil(ctx context.Context) (bool, error) {
	if ctx.Done() == nil {
		return s.step()
	}
	over, gone := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(gone)
		for {
			s.on.interrupt()
			select {
			case <-over:
				return
			case <-time.After(insist):
			}
		}
	})
	more, err := s.step()
	close(over)
	if !stop() {
		<-gone // it must not interrupt who uses the connection next
		if err != nil {
			err = ctx.Err()
		}
	}
	return more, err
}

// changes is how many rows the statement that ran last has changed.
func (n *native) changes() int64 { return sqlite3.Xsqlite3_changes64(n.tls, n.db) }

// reset makes the statement ready to run again. What it says is what step said.
func (s *nativeStmt) reset() { sqlite3.Xsqlite3_reset(s.on.tls, s.stmt) }

// Close frees the statement.
func (s *nativeStmt) Close() error {
	sqlite3.Xsqlite3_finalize(s.on.tls, s.stmt)
	s.stmt = 0
	return nil
}

// value is a column of the row: nil, int64, float64, string or []byte.
func (s *nativeStmt) value(i int) any {
	switch sqlite3.Xsqlite3_column_type(s.on.tls, s.stmt, int32(i)) {
	case sqlite3.SQLITE_INTEGER:
		return sqlite3.Xsqlite3_column_int64(s.on.tls, s.stmt, int32(i))
	case sqlite3.SQLITE_FLOAT:
		return sqlite3.Xsqlite3_column_double(s.on.tls, s.stmt, int32(i))
	case sqlite3.SQLITE_TEXT:
		return s.text(i)
	case sqlite3.SQLITE_BLOB:
		p := sqlite3.Xsqlite3_column_blob(s.on.tls, s.stmt, int32(i))
		b := make([]byte, sqlite3.Xsqlite3_column_bytes(s.on.tls, s.stmt, int32(i)))
		copy(b, libc.GoBytes(p, len(b)))
		return b
	default:
		return nil
	}
}

func (s *nativeStmt) text(i int) string {
	p := sqlite3.Xsqlite3_column_text(s.on.tls, s.stmt, int32(i))
	return string(libc.GoBytes(p, int(sqlite3.Xsqlite3_column_bytes(s.on.tls, s.stmt, int32(i)))))
}

// scan stores a column of the row in what dest points to, and spares what is
// read most the way through an interface.
func (s *nativeStmt) scan(i int, dest any) error {
	switch kind := sqlite3.Xsqlite3_column_type(s.on.tls, s.stmt, int32(i)); d := dest.(type) {
	case *string:
		if kind == sqlite3.SQLITE_TEXT {
			*d = s.text(i)
			return nil
		}
	case *int64:
		if kind == sqlite3.SQLITE_INTEGER {
			*d = sqlite3.Xsqlite3_column_int64(s.on.tls, s.stmt, int32(i))
			return nil
		}
	case *bool:
		if kind == sqlite3.SQLITE_INTEGER {
			*d = sqlite3.Xsqlite3_column_int64(s.on.tls, s.stmt, int32(i)) != 0
			return nil
		}
	}
	return assign(dest, s.value(i))
}
