package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/interim-access/interim/internal/govern/provision"
)

// Target is one PostgreSQL server. It is safe for concurrent use, and connects when first needed.
type Target struct{ pool *pgxpool.Pool }

// Open prepares the target that the connection string names, without connecting. Close it.
func Open(ctx context.Context, connection string) (*Target, error) {
	c, err := ParseConfig(connection)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, plain(err)
	}
	return &Target{pool: pool}, nil
}

// Close ends all connections, once what is under way is over.
func (t *Target) Close() { t.pool.Close() }

// Grant makes the account a member of the role. A member already is fine; the note says so.
func (t *Target) Grant(ctx context.Context, c provision.Change) (note string, err error) {
	return t.change(ctx, c, grant)
}

// Revoke ends the account's membership of the role. No member any more, and a role or account that is gone, or that was made by
// people in Interim and never found in the database, are fine; the note says so.
func (t *Target) Revoke(ctx context.Context, c provision.Change) (note string, err error) {
	if c.Account.ExternalID == "" || c.Resource.ExternalID == "" {
		return "the account or role was never found in the database: there is nothing to take back", nil
	}
	return t.change(ctx, c, revoke)
}

// change works on OIDs from beginning to end; names only stand in the statements, and what those did is read back by OID in the same
// transaction, so that a rename or a namesake in between cannot make it act on another role unnoticed.
func (t *Target) change(
	ctx context.Context, c provision.Change, apply func(context.Context, pgx.Tx, pair) (string, error),
) (note string, err error) {
	role, err := oid(c.Resource.ExternalID)
	if err != nil {
		return "", provision.Permanent(err)
	}
	account, err := oid(c.Account.ExternalID)
	if err != nil {
		return "", provision.Permanent(err)
	}
	err = pgx.BeginFunc(ctx, t.pool, func(tx pgx.Tx) error {
		if err := same(tx.Conn(), c.Target); err != nil {
			return err
		}
		p, err := find(ctx, tx, role, account)
		if err == nil {
			note, err = apply(ctx, tx, p)
		}
		return err
	})
	return note, plain(err)
}

func grant(ctx context.Context, tx pgx.Tx, p pair) (string, error) {
	switch {
	case p.roleName == "":
		return "", provision.Permanent(say("the role with OID %d is not there any more", p.role))
	case p.accountName == "":
		return "", provision.Permanent(say("the role with OID %d, which is the account, is not there any more", p.account))
	}
	held, err := p.grantors(ctx, tx)
	if err != nil {
		return "", err
	}
	if len(held) > 0 {
		return "was a member already", nil
	}
	if err := p.exec(ctx, tx, "grant %s to %s"); err != nil {
		return "", err
	}
	if held, err = p.grantors(ctx, tx); err != nil || len(held) > 0 {
		return "", err
	}
	// The grantor had given a membership without access before, which a plain GRANT leaves as it is.
	if err := p.exec(ctx, tx, "grant %s to %s with inherit true, set true"); err != nil {
		return "", err
	}
	if held, err = p.grantors(ctx, tx); err == nil && len(held) == 0 {
		err = say("the database accepted GRANT and shows no membership")
	}
	return "", err
}

func revoke(ctx context.Context, tx pgx.Tx, p pair) (string, error) {
	if p.roleName == "" || p.accountName == "" {
		return "the role or the account is not there any more", nil
	}
	held, err := p.grantors(ctx, tx)
	if err != nil {
		return "", err
	}
	if len(held) == 0 {
		return "was no member any more", nil
	}
	if err := p.exec(ctx, tx, "revoke %s from %s"); err != nil {
		return "", err
	}
	if held, err = p.grantors(ctx, tx); err != nil {
		return "", err
	}
	var refused error
	for _, grantor := range held {
		if err := p.revokeFor(ctx, tx, grantor); err != nil {
			refused = err
		}
	}
	if held, err = p.grantors(ctx, tx); err != nil || len(held) == 0 {
		return "", err
	}
	why := "this connection may not take that back"
	if refused != nil {
		why = plain(refused).Error()
	}
	return "", provision.Permanent(say("still a member: granted by %s; %s", brief(strings.Join(held, ", ")), why))
}

// revokeFor takes back what one grantor gave, in that grantor's name. That it is not allowed leaves the transaction as it was.
func (p pair) revokeFor(ctx context.Context, tx pgx.Tx, grantor string) error {
	return pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
		return p.exec(ctx, tx, "revoke %s from %s granted by "+strings.ReplaceAll(quote(grantor), "%", "%%"))
	})
}

// pair is the two ends of a membership, found by OID. A name is empty where the role is not there.
type pair struct {
	role, account         uint32
	roleName, accountName string
}

func find(ctx context.Context, tx pgx.Tx, role, account uint32) (pair, error) {
	p := pair{role: role, account: account}
	rows, err := tx.Query(ctx, `select oid, rolname from pg_catalog.pg_roles where oid = any($1)`, []uint32{role, account})
	if err != nil {
		return p, err
	}
	var (
		o    uint32
		name string
	)
	_, err = pgx.ForEachRow(rows, []any{&o, &name}, func() error {
		if o == role {
			p.roleName = name
		}
		if o == account {
			p.accountName = name
		}
		return nil
	})
	return p, err
}

// exec runs a statement about the role and the account, in this order.
func (p pair) exec(ctx context.Context, tx pgx.Tx, format string) error {
	_, err := tx.Exec(ctx, fmt.Sprintf(format, quote(p.roleName), quote(p.accountName)))
	return err
}

// inForce are the rows of pg_auth_members, called m, that give access. The two options exist since PostgreSQL 16; before, every
// membership does.
const inForce = `coalesce((to_jsonb(m)->>'inherit_option')::boolean, true) or coalesce((to_jsonb(m)->>'set_option')::boolean, true)`

// grantors answers through whom the account has the role; nobody if it has not.
func (p pair) grantors(ctx context.Context, tx pgx.Tx) ([]string, error) {
	rows, err := tx.Query(ctx, `select coalesce(g.rolname, m.grantor::text)
		from pg_catalog.pg_auth_members m left join pg_catalog.pg_roles g on g.oid = m.grantor
		where m.roleid = $1 and m.member = $2 and (`+inForce+`) order by 1`, p.role, p.account)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func oid(external string) (uint32, error) {
	n, err := strconv.ParseUint(external, 10, 32)
	if err != nil || n == 0 {
		return 0, say("the external id is not an OID: the account or role was not read from the database")
	}
	return uint32(n), nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
