package postgres

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/govern/sync"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/pgtest"
)

// place is a PostgreSQL server with roles, and our target on it.
type place struct {
	*Target
	t        *testing.T
	instance *pgtest.Instance
}

func newPlace(t *testing.T, statements ...string) *place {
	t.Helper()
	p := &place{t: t, instance: pgtest.Server(t)}
	p.exec(statements...)
	target, err := Open(context.Background(), p.instance.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(target.Close)
	p.Target = target
	return p
}

func (p *place) conn() *pgx.Conn {
	p.t.Helper()
	c, err := pgx.Connect(context.Background(), p.instance.URL("postgres"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func (p *place) exec(statements ...string) {
	p.t.Helper()
	c := p.conn()
	for _, s := range statements {
		if _, err := c.Exec(context.Background(), s); err != nil {
			p.t.Fatalf("%s: %v", s, err)
		}
	}
}

// as is another target on the same server, connected as that role.
func (p *place) as(user string) *Target {
	p.t.Helper()
	target, err := Open(context.Background(), strings.Replace(p.instance.URL("postgres"), "postgres@", user+"@", 1))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(target.Close)
	return target
}

func (p *place) snapshot() sync.Snapshot {
	p.t.Helper()
	s, err := p.Read(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

// membership is the change that makes account a member of role, found by name.
func (p *place) membership(role, account string) provision.Change {
	p.t.Helper()
	s := p.snapshot()
	r := slices.IndexFunc(s.Resources, func(r sync.Resource) bool { return r.Name == role })
	a := slices.IndexFunc(s.Accounts, func(a sync.Account) bool { return a.Name == account })
	if r < 0 || a < 0 {
		p.t.Fatalf("no role %q or no account %q", role, account)
	}
	return provision.Change{
		Account:     provision.Ref{ExternalID: s.Accounts[a].ExternalID, Name: account},
		Resource:    provision.Ref{ExternalID: s.Resources[r].ExternalID, Name: role},
		Entitlement: provision.Ref{ExternalID: s.Resources[r].ExternalID, Name: "member"},
	}
}

func (p *place) holds(c provision.Change) bool {
	p.t.Helper()
	return slices.Contains(p.snapshot().Memberships,
		sync.Membership{AccountID: c.Account.ExternalID, EntitlementID: c.Entitlement.ExternalID})
}

func TestGrantAndRevokeAreDoneWhenTheCatalogueSaysSo(t *testing.T) {
	ctx := context.Background()
	// Names that would change the statement if they were not quoted.
	p := newPlace(t, `create role "ada; drop role x" login`, `create role "re""porting"`)
	c := p.membership(`re"porting`, "ada; drop role x")
	for range 2 { // the second call finds it done
		if _, err := p.Grant(ctx, c); err != nil || !p.holds(c) {
			t.Fatalf("grant: %v, holds %v", err, p.holds(c))
		}
	}
	for range 2 {
		if _, err := p.Revoke(ctx, c); err != nil || p.holds(c) {
			t.Fatalf("revoke: %v, holds %v", err, p.holds(c))
		}
	}
}

// An account that people made in Interim was never given anything in the database: its grant waits visibly, and ends when it shall.
func TestAnAccountThatTheDatabaseDoesNotKnowIsGivenNothingAndHasNothingToLose(t *testing.T) {
	p := newPlace(t, `create role zoe login`, `create role readers`)
	known := p.membership("readers", "zoe")
	c := known
	c.Account.ExternalID = "" // the name alone is no identity
	if _, err := p.Grant(t.Context(), c); !provision.IsPermanent(err) || p.holds(known) {
		t.Errorf("grant: %v", err)
	}
	p.exec(`grant readers to zoe`)
	if note, err := p.Revoke(t.Context(), c); err != nil || note == "" || !p.holds(known) {
		t.Errorf("revoke: %q, %v", note, err)
	}
}

func TestManyChangesAtOnceAllHappen(t *testing.T) {
	ctx := context.Background()
	p := newPlace(t, `create role ada login`, `create role grace login`, `create role a`, `create role b`, `create role c`)
	var g errgroup.Group
	for _, role := range []string{"a", "b", "c"} {
		for _, account := range []string{"ada", "grace"} {
			c := p.membership(role, account)
			g.Go(func() error { _, err := p.Grant(ctx, c); return err })
		}
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := len(p.snapshot().Memberships); n < 6 {
		t.Errorf("%d memberships, want 6", n)
	}
}

func TestARoleMadeAgainUnderTheSameNameIsAnotherOne(t *testing.T) {
	ctx := context.Background()
	p := newPlace(t, `create role ada login`, `create role reporting`)
	c := p.membership("reporting", "ada")
	p.exec(`drop role ada`, `create role ada login`)
	if _, err := p.Grant(ctx, c); err == nil || !provision.IsPermanent(err) {
		t.Errorf("the new ada was given the old one's role: %v", err)
	}
	if p.holds(p.membership("reporting", "ada")) {
		t.Error("the new ada holds the role")
	}
	if note, err := p.Revoke(ctx, c); err != nil || note == "" {
		t.Errorf("revoke from a role that is gone: %q %v", note, err)
	}
}

func TestARenamedRoleStaysWhatItIs(t *testing.T) {
	p := newPlace(t, `create role ada login`, `create role reporting`)
	c := p.membership("reporting", "ada")
	p.exec(`alter role ada rename to countess`, `alter role reporting rename to reports`)
	if _, err := p.Grant(context.Background(), c); err != nil || !p.holds(c) {
		t.Errorf("%v, holds %v", err, p.holds(c))
	}
}

func TestAServerThatIsDownSaysSoAndLeaksNothing(t *testing.T) {
	p := newPlace(t, `create role ada login`, `create role reporting`)
	c := p.membership("reporting", "ada")
	p.instance.Stop()
	_, err := p.Grant(context.Background(), c)
	if !fault.Is(err, fault.Unavailable) || provision.IsPermanent(err) || strings.Contains(fault.Of(err).Message, "127.0.0.1") {
		t.Fatalf("down: %v", err)
	}
	if _, err := p.Read(context.Background()); err == nil {
		t.Error("a server that is down was read as holding nothing")
	}
	if err := p.instance.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Grant(context.Background(), c); err != nil || !p.holds(c) {
		t.Errorf("up again: %v", err)
	}
}

func TestWhatTheConnectionMayNotDoIsSaid(t *testing.T) {
	ctx := context.Background()
	p := newPlace(t, `create role weak login`, `create role ada login`, `create role reporting`)
	c := p.membership("reporting", "ada")
	weak := p.as("weak")
	if ok, said, err := weak.Check(ctx, ""); ok || err != nil || !strings.Contains(said, "may grant no role") {
		t.Errorf("check: %v %q %v", ok, said, err)
	}
	if _, err := weak.Grant(ctx, c); err == nil || !provision.IsPermanent(err) {
		t.Errorf("grant without the right: %v", err)
	}
	p.exec(`grant reporting to weak with admin option`)
	if ok, said, err := weak.Check(ctx, ""); !ok || err != nil || !strings.Contains(said, "the roles it has ADMIN OPTION on: 1") {
		t.Errorf("check: %v %q %v", ok, said, err)
	}
	if _, err := weak.Grant(ctx, c); err != nil || !p.holds(c) {
		t.Errorf("grant with the right: %v, holds %v", err, p.holds(c))
	}
	if ok, said, err := p.Check(ctx, ""); !ok || err != nil || !strings.Contains(said, "superuser") {
		t.Errorf("check of the superuser: %v %q %v", ok, said, err)
	}
}

func TestACircleOfRolesIsRefusedForGood(t *testing.T) {
	p := newPlace(t, `create role ada login`, `create role reporting`, `grant ada to reporting`)
	if _, err := p.Grant(context.Background(), p.membership("reporting", "ada")); err == nil || !provision.IsPermanent(err) {
		t.Errorf("%v, permanent %v", err, provision.IsPermanent(err))
	}
}

func TestAStatementThatWaitsForALockGivesUp(t *testing.T) {
	ctx := context.Background()
	p := newPlace(t, `create role ada login`, `create role reporting`)
	c := p.membership("reporting", "ada")
	tx, err := p.conn().Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, `lock table pg_catalog.pg_auth_members in access exclusive mode`); err != nil {
		t.Fatal(err)
	}
	config, err := ParseConfig(p.instance.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.RuntimeParams["lock_timeout"] = "20" // milliseconds
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	_, err = (&Target{pool}).Grant(ctx, c)
	if err == nil || provision.IsPermanent(err) || !strings.Contains(err.Error(), "lock timeout") {
		t.Errorf("%v", err)
	}
}

func TestAReadingTellsPeopleFromRolesAndSaysWhatItLeavesOut(t *testing.T) {
	p := newPlace(t, `create role ada login`, `create role grace login superuser valid until '2001-01-01'`, `create role reporting`,
		`create role analysts`, `comment on role reporting is 'May read the reports'`, `grant reporting to analysts`, `grant analysts to ada`,
		`grant grace to ada`)
	s := p.snapshot()
	names := map[string]string{}
	for _, r := range s.Resources {
		names[r.ExternalID] = r.Name
		switch {
		case r.Name == "ada" && !r.OnlyIfKnown, r.Name == "grace" && r.OnlyIfKnown, r.Name == "reporting" && r.OnlyIfKnown:
			t.Errorf("%s only if known: %v", r.Name, r.OnlyIfKnown)
		case r.Name == "reporting" && r.Description != "May read the reports":
			t.Errorf("described as %q", r.Description)
		case r.Name == "pg_database_owner":
			t.Error("a role that cannot be granted is shown")
		}
	}
	for _, a := range s.Accounts {
		names[a.ExternalID] = a.Name
		if a.Name == "reporting" || a.Name == "analysts" {
			t.Errorf("the group %s is an account", a.Name)
		}
		if a.Name == "grace" && a.Details != "superuser: may do everything without being a member of anything; its password has expired" {
			t.Errorf("details: %q", a.Details)
		}
	}
	var held []string
	for _, m := range s.Memberships {
		held = append(held, names[m.AccountID]+" in "+names[m.EntitlementID])
	}
	slices.Sort(held)
	if !slices.Equal(held, []string{"ada in analysts", "ada in grace"}) {
		t.Errorf("memberships: %v", held)
	}
	// PostgreSQL nests three of its own roles in another.
	if len(s.Notes) != 1 || !strings.HasPrefix(s.Notes[0], "memberships of one group role in another, not shown as grants: ") {
		t.Errorf("notes: %q", s.Notes)
	}
}
