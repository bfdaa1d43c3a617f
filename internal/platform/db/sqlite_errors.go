package db

import (
	"context"
	"errors"

	sqlitedriver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
	zombiezen "zombiezen.com/go/sqlite"

	"github.com/interim-access/interim/internal/platform/fault"
)

// errClosed is the answer after Close.
var errClosed = fault.New(fault.Unavailable, "the server is shutting down")

// sqliteError gives the failures of disk and file a public sentence. What
// remains is a mistake in our SQL and stays what it is.
func sqliteError(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.Of(err)
	}
	code := int(zombiezen.ErrCode(err))
	if e := (*sqlitedriver.Error)(nil); errors.As(err, &e) { // the migrations' is the driver's
		code = e.Code()
	}
	var says string
	switch code & 0xff {
	case sqlite3.SQLITE_FULL:
		says = "the disk is full: nothing was written"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		says = "the database is read-only: nothing was written"
	case sqlite3.SQLITE_IOERR:
		says = "the disk does not answer as it should"
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		says = "the database file is damaged"
	case sqlite3.SQLITE_CANTOPEN:
		says = "the database file cannot be opened"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
		says = "the database is in use by another program"
	case sqlite3.SQLITE_NOMEM:
		says = "the database is out of memory"
	default:
		return err
	}
	return fault.Wrap(fault.Unavailable, err, "%s", says)
}
