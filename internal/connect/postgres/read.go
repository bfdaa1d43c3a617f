package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/interim-access/interim/internal/govern/sync"
)

// typeID is the external id of the one resource type there is.
const typeID = "role"

type role struct {
	oid         uint32
	name        string
	login       bool
	super       bool
	expired     bool
	description string
	members     int // memberships that give access
}

type member struct {
	role, member uint32
	access       bool
}

// Read answers all roles and memberships, as they are at one moment.
func (t *Target) Read(ctx context.Context) (sync.Snapshot, error) {
	var roles []role
	var members []member
	var cluster string
	err := pgx.BeginTxFunc(ctx, t.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) (err error) {
		if _, err = tx.Exec(ctx, "set local statement_timeout = "+milliseconds(readLimit)); err != nil {
			return err
		}
		cluster = identity(tx.Conn())
		if roles, err = readRoles(ctx, tx); err != nil {
			return err
		}
		members, err = readMembers(ctx, tx)
		return err
	})
	if err != nil {
		return sync.Snapshot{}, plain(err)
	}
	s := snapshot(roles, members)
	s.Identity = cluster
	return s, nil
}

// readRoles answers all roles but pg_database_owner, which cannot be granted.
func readRoles(ctx context.Context, tx pgx.Tx) ([]role, error) {
	rows, err := tx.Query(ctx, `select r.oid, r.rolname, r.rolcanlogin, r.rolsuper, coalesce(r.rolvaliduntil < now(), false),
			coalesce(pg_catalog.shobj_description(r.oid, 'pg_authid'), ''), coalesce(held.members, 0)
		from pg_catalog.pg_roles r
		left join (select m.roleid, count(*) as members from pg_catalog.pg_auth_members m where `+inForce+` group by m.roleid) held
			on held.roleid = r.oid
		where r.rolname <> 'pg_database_owner' order by r.oid limit $1`, sync.MaxObjects+1)
	if err != nil {
		return nil, err
	}
	roles, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r role, err error) {
		return r, row.Scan(&r.oid, &r.name, &r.login, &r.super, &r.expired, &r.description, &r.members)
	})
	if len(roles) > sync.MaxObjects {
		return nil, say("the database has more than %d roles", sync.MaxObjects)
	}
	return roles, err
}

// readMembers answers who is a member of what, through however many grantors.
func readMembers(ctx context.Context, tx pgx.Tx) ([]member, error) {
	rows, err := tx.Query(ctx, `select m.roleid, m.member, bool_or(`+inForce+`) from pg_catalog.pg_auth_members m
		group by 1, 2 order by 1, 2 limit $1`, sync.MaxObjects+1)
	if err != nil {
		return nil, err
	}
	members, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m member, err error) {
		return m, row.Scan(&m.role, &m.member, &m.access)
	})
	if len(members) > sync.MaxObjects {
		return nil, say("the database has more than %d memberships", sync.MaxObjects)
	}
	return members, err
}

// snapshot says what roles and memberships are in Interim's words; see the package comment.
func snapshot(roles []role, members []member) sync.Snapshot {
	s := sync.Snapshot{ResourceTypes: []sync.ResourceType{{ExternalID: typeID, Kind: "ROLE", Name: "Role"}}}
	accounts := map[uint32]bool{}
	for _, r := range roles {
		if r.login {
			accounts[r.oid] = true
			s.Accounts = append(s.Accounts, r.account())
		}
		s.Resources = append(s.Resources, sync.Resource{
			ExternalID: external(r.oid), TypeID: typeID, Name: r.name, Description: r.description, OnlyIfKnown: r.login && r.members == 0,
		})
		s.Entitlements = append(s.Entitlements, sync.Entitlement{
			ExternalID: external(r.oid), ResourceID: external(r.oid), Name: r.name + " member", Slug: "member",
			Description: "Member of the database role " + r.name,
		})
	}
	nested, idle := 0, 0
	for _, m := range members {
		switch {
		case !m.access:
			idle++
		case !accounts[m.member]:
			nested++
		default:
			s.Memberships = append(s.Memberships, sync.Membership{AccountID: external(m.member), EntitlementID: external(m.role)})
		}
	}
	if nested > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("memberships of one group role in another, not shown as grants: %d", nested))
	}
	if idle > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("memberships with neither INHERIT nor SET, not shown as grants: %d", idle))
	}
	return s
}

func (r role) account() sync.Account {
	var details []string
	if r.super {
		details = append(details, "superuser: may do everything without being a member of anything")
	}
	if r.expired {
		details = append(details, "its password has expired")
	}
	return sync.Account{ExternalID: external(r.oid), Name: r.name, Username: r.name, Details: strings.Join(details, "; ")}
}

func external(oid uint32) string { return strconv.FormatUint(uint64(oid), 10) }
