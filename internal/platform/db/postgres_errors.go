package db

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"github.com/interim-access/interim/internal/platform/fault"
)

// lostRace tells a transaction that may succeed when it is run again.
func lostRace(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}

// postgresError gives the failures of the server and of the way to it a public
// sentence. What remains is a mistake in our SQL and stays what it is.
func postgresError(err error) error {
	var f *fault.Fault
	if err == nil || errors.As(err, &f) {
		return err
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		if says := serverSays(e.Code); says != "" {
			return fault.Wrap(fault.Unavailable, err, "%s", says)
		}
		if lostRace(err) { // as often as was tried
			return fault.Wrap(fault.Conflict, err, "others changed the same at the same time; try again")
		}
		if e.Code == "57014" { // query_canceled: the request ended, or statement_timeout
			return fault.Wrap(fault.Timeout, err, "the database took too long")
		}
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.Of(err)
	}
	if errors.Is(err, puddle.ErrClosedPool) {
		return errClosed
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return fault.Wrap(fault.Unavailable, err, "the database cannot be reached")
	}
	var broken net.Error
	if errors.As(err, &broken) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) {
		return fault.Wrap(fault.Unavailable, err, "the connection to the database was lost")
	}
	return err
}

// serverSays names the SQLSTATEs that are the server's trouble and not ours.
func serverSays(code string) string {
	switch code {
	case "53100":
		return "the database server's disk is full: nothing was written"
	case "25006":
		return "the database is read-only: nothing was written"
	case "57P01", "57P02", "57P03":
		return "the database server is shutting down or starting up"
	case "3D000":
		return "the database does not exist on the server"
	case "28000", "28P01":
		return "the database server refused the user name or password"
	case "XX001", "XX002":
		return "the database server reports damaged data"
	}
	switch code[:min(2, len(code))] {
	case "08":
		return "the connection to the database was lost"
	case "53":
		return "the database server is out of memory or connections"
	case "58":
		return "the database server's disk does not answer as it should"
	}
	return ""
}
