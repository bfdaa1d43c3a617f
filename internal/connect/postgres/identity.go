package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/interim-access/interim/internal/govern/provision"
)

// identified is what a connection's custom data has of the cluster at its other end.
const identified = "system_identifier"

// forbidden are the SQLSTATEs of a question that this role, or this kind of server, may not be asked.
var forbidden = []string{"42501", "42883"}

// identify asks every new connection which cluster it leads to. An address may lead elsewhere from one connection to the next, and
// two clusters give the same OIDs to different roles. The database is not part of it: roles are the cluster's. Where the question is
// forbidden the answer is "".
func identify(ctx context.Context, c *pgx.Conn) error {
	var id string
	err := c.QueryRow(ctx, `select system_identifier::text from pg_catalog.pg_control_system()`).Scan(&id)
	if said, ok := errors.AsType[*pgconn.PgError](err); ok && slices.Contains(forbidden, said.Code) {
		err = nil
	}
	c.PgConn().CustomData()[identified] = id
	return err
}

// identity is the cluster that a connection leads to; "" if that cannot be told.
func identity(c *pgx.Conn) string {
	id, _ := c.PgConn().CustomData()[identified].(string)
	return id
}

// same refuses a connection to another cluster than the one that was read, or to one that cannot be told from it. Where none was read,
// or could not be told then, every one is taken.
func same(c *pgx.Conn, known string) error {
	switch id := identity(c); {
	case known == "" || id == known:
		return nil
	case id == "":
		return provision.Permanent(say("it cannot be told whether this is the database cluster that was read before: %s", remedy(c)))
	default:
		return provision.Permanent(say("this is another database cluster (system identifier %s) than the one that was read before (%s): "+
			"roles there may have the same OIDs and be others; point the connector back, or accept the new cluster with a sync", id, known))
	}
}

// remedy says how the connection gets the right to be told from another cluster.
func remedy(c *pgx.Conn) string {
	return "run there: grant execute on function pg_catalog.pg_control_system() to " + brief(quote(c.Config().User))
}
