package story

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/interim-access/interim/internal/platform/pgtest"
)

// target is the PostgreSQL that access is given in: a server of its own, with two login roles and a group role.
type target struct {
	t        *testing.T
	instance *pgtest.Instance
}

func newTarget(t *testing.T) *target {
	t.Helper()
	g := &target{t: t, instance: pgtest.Server(t)}
	g.exec(`create role ada login`)
	g.exec(`create role "Grace H." login`) // a name that must be quoted
	g.exec(`create role reporting nologin`)
	return g
}

func (g *target) url() string { return g.instance.URL("postgres") }

func (g *target) exec(sql string) {
	g.t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, g.url())
	if err != nil {
		g.t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, sql); err != nil {
		g.t.Fatalf("%s: %v", sql, err)
	}
}

// members is how many memberships of member in role pg_auth_members holds.
func (g *target) members(role, member string) int {
	g.t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, g.url())
	if err != nil {
		g.t.Fatal(err)
	}
	defer c.Close(ctx)
	var n int
	err = c.QueryRow(ctx, `select count(*) from pg_auth_members m join pg_roles r on r.oid = m.roleid join pg_roles u on u.oid = m.member
		where r.rolname = $1 and u.rolname = $2`, role, member).Scan(&n)
	if err != nil {
		g.t.Fatal(err)
	}
	return n
}

func (g *target) holds(role, member string) bool { g.t.Helper(); return g.members(role, member) > 0 }

func (g *target) down() { g.instance.Stop() }

func (g *target) up() {
	g.t.Helper()
	if err := g.instance.Start(); err != nil {
		g.t.Fatal(err)
	}
}
