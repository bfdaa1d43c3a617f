package connect_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/interim-access/interim/internal/connect"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/govern/sync"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/pgtest"
	"github.com/interim-access/interim/internal/platform/seal"
)

// warehouse is the services over one database, with a connector that leads to a real PostgreSQL.
type warehouse struct {
	testing.TB

	ctx       context.Context
	db        *db.DB
	clock     *clock.Fake
	apps      *app.Service
	provision *provision.Service
	grants    *grant.Service
	sync      *sync.Service
	target    *pgtest.Instance
	connector app.Connector
}

func newWarehouse(t testing.TB, d *db.DB, statements ...string) *warehouse {
	w := &warehouse{
		TB: t, ctx: context.Background(), db: d, clock: clock.NewFake(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), target: pgtest.Server(t),
	}
	w.exec(statements...)
	box, log, quiet := seal.New([32]byte{1}), audit.New(d, w.clock), slog.New(slog.DiscardHandler)
	targets := connect.NewRegistry(sync.Opener(box))
	w.apps = app.New(d, w.clock, log)
	w.provision = provision.New(provision.Deps{DB: d, Clock: w.clock, Log: quiet, Targets: targets})
	w.grants = grant.New(grant.Deps{DB: d, Clock: w.clock, Audit: log, Provision: w.provision})
	w.provision.Tell(w.grants)
	w.apps.Tell(w.grants)
	w.sync = sync.New(sync.Deps{
		DB: d, Clock: w.clock, Log: quiet, Audit: log, Apps: w.apps, Grants: w.grants, Sources: targets, Box: box,
	})
	t.Cleanup(targets.Close)
	t.Cleanup(w.sync.Close)
	in := must(w.apps.CreateApp(w.ctx, app.App{DisplayName: "Warehouse"}))(t)
	w.connector = must(w.sync.Create(w.ctx, in.ID, "postgres", w.target.URL("postgres"), sync.Settings{}))(t)
	return w
}

func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// exec runs statements in the target, behind Interim's back.
func (w *warehouse) exec(statements ...string) {
	w.Helper()
	c := must(pgx.Connect(w.ctx, w.target.URL("postgres")))(w)
	defer c.Close(w.ctx)
	for _, s := range statements {
		if _, err := c.Exec(w.ctx, s); err != nil {
			w.Fatalf("%s: %v", s, err)
		}
	}
}

// read reads the target, which must be taken over.
func (w *warehouse) read() sync.Run {
	w.Helper()
	w.clock.Advance(time.Minute)
	r := must(w.sync.Now(w.ctx, w.connector.Ref(), sync.Accept{}))(w)
	if r.State != sync.Done {
		w.Fatalf("the run is %s: %s", r.State, r.Message)
	}
	return r
}

// settle carries out what is to be done in the target.
func (w *warehouse) settle() {
	w.Helper()
	w.clock.Advance(time.Hour)
	for must(w.grants.Ender().Run(w.ctx, w.clock.Now()))(w) > 0 {
	}
	for must(w.provision.Sources()[0].Run(w.ctx, w.clock.Now()))(w) > 0 {
	}
}

// lives are the grants of all times of people's roles, as "account in role: state reason", sorted.
func (w *warehouse) lives() []string {
	w.Helper()
	all := must(db.Collect(w.db.Q(w.ctx), func(r *db.Rows) (string, error) {
		var account, role, state, reason string
		err := r.Scan(&account, &role, &state, &reason)
		return strings.TrimSpace(account + " in " + role + ": " + state + " " + reason), err
	}, `select a.display_name, r.display_name, g.state, g.end_reason from grants g
		join account a on a.app_id = g.app_id and a.id = g.account_id
		join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id
		join resource r on r.app_id = e.app_id and r.id = e.resource_id`))(w)
	slices.Sort(all)
	return all
}

// key names the grant of a role to an account.
func (w *warehouse) key(role, account string) grant.Key {
	w.Helper()
	k := grant.Key{App: w.connector.AppID}
	err := w.db.Q(w.ctx).Row(`select a.id, e.id from account a, entitlement e join resource r on r.app_id = e.app_id and r.id = e.resource_id
		where a.display_name = $1 and r.display_name = $2 and a.deleted_at is null and e.deleted_at is null`, account, role).
		Scan(&k.Account, &k.Entitlement)
	if err != nil {
		w.Fatalf("no account %s or no role %s: %v", account, role, err)
	}
	return k
}

func (w *warehouse) same(what string, got, want any) {
	w.Helper()
	if g, x := fmt.Sprint(got), fmt.Sprint(want); g != x {
		w.Errorf("%s: got %s, want %s", what, g, x)
	}
}

func TestWhatHappensInTheDatabaseIsSeenAndWhatIsDecidedHappensThere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWarehouse(t, d, `create role ada login`, `create role "Grace; drop role ada" login`, `create role reporting`,
			`create role "audit "" logs"`, `grant reporting to ada`)
		w.read()
		w.same("found", w.lives(), []string{"ada in reporting: active"})

		must(w.grants.Create(w.ctx, w.key(`audit " logs`, "Grace; drop role ada"), time.Time{}))(w)
		w.settle()
		w.exec(`revoke reporting from ada`)
		w.same("removed", w.read().Removed, 1)
		w.same("after a revoke there and a grant here", w.lives(),
			[]string{`Grace; drop role ada in audit " logs: active`, "ada in reporting: ended REMOVED_IN_TARGET"})

		before := w.key(`audit " logs`, "Grace; drop role ada")
		w.exec(`alter role "Grace; drop role ada" rename to grace`, `alter role "audit "" logs" rename to logs`)
		run := w.read()
		w.same("renamed", []any{run.Added, run.Removed, w.key("logs", "grace")}, []any{0, 0, before})

		must(w.grants.Revoke(w.ctx, before, ""))(w)
		w.settle()
		w.exec(`grant logs to grace; grant logs to ada`, `drop role grace`, `create role grace login`)
		w.read()
		w.same("after the drop", w.lives(), []string{
			"ada in logs: active", "ada in reporting: ended REMOVED_IN_TARGET", "grace in logs: ended REVOKED",
		})
		if w.key("logs", "grace").Account == before.Account {
			w.Error("a role made again under the same name is the same account")
		}
	})
}

func TestADatabaseThatIsDownEndsNothing(t *testing.T) {
	w := newWarehouse(t, dbtest.SQLite(t), `create role ada login`, `create role reporting`, `grant reporting to ada`)
	w.read()
	w.target.Stop()
	run := must(w.sync.Now(w.ctx, w.connector.Ref(), sync.Accept{}))(w)
	if run.State != sync.Failed || !strings.HasPrefix(run.Message, "the database ") || strings.Contains(run.Message, "127.0.0.1") {
		t.Errorf("the run is %s: %s", run.State, run.Message)
	}
	ok, said, err := w.sync.Check(w.ctx, w.connector.Ref())
	w.same("check", []any{ok, said, err}, []any{false, "the database refused the connection or is out of reach", nil})
	w.same("lives", w.lives(), []string{"ada in reporting: active"})
	if err := w.target.Start(); err != nil {
		t.Fatal(err)
	}
	w.same("removed", w.read().Removed, 0)
}

func TestANewConnectionStringIsUsedFromThenOn(t *testing.T) {
	w := newWarehouse(t, dbtest.SQLite(t), `create role ada login`, `create role reporting`, `create role weak login`)
	w.read()
	to := strings.Replace(w.target.URL("postgres"), "postgres@", "weak@", 1)
	must(w.sync.Update(w.ctx, w.connector.Ref(), to, func(*sync.Settings) {}))(w)
	if ok, said, err := w.sync.Check(w.ctx, w.connector.Ref()); ok || err != nil || !strings.Contains(said, "connected as weak") {
		t.Errorf("%v %q %v", ok, said, err)
	}
	w.read()
}

// How long a large database takes: the first reading, one that finds nothing new, and one that finds all memberships gone and as
// many others there. It prints seconds, and asserts none.
func BenchmarkReadingTenThousandRolesAndTwentyThousandMemberships(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				w := newWarehouse(b, open(b), `do $$ begin
					for i in 1..8000 loop execute format('create role person_%s login', i); end loop;
					for i in 1..2000 loop execute format('create role group_%s', i); end loop;
					for i in 1..8000 loop for j in 0..(case when i % 2 = 0 then 2 else 1 end) loop
						execute format('grant group_%s to person_%s', 1 + (i * 7 + j * 613) % 2000, i);
					end loop; end loop;
				end $$`)
				b.StartTimer()
				timed := func(what string) sync.Run {
					before := b.Elapsed()
					r := w.read()
					b.ReportMetric((b.Elapsed() - before).Seconds(), "s/"+what)
					return r
				}
				first := timed("first")
				if first.Grants < 20000 {
					b.Fatalf("%d memberships", first.Grants)
				}
				timed("again")
				b.StopTimer()
				w.exec(`do $$ begin for i in 1..1600 loop
					execute format('revoke group_%s from person_%s', 1 + (i * 7) % 2000, i);
					execute format('grant group_%s to person_%s', 1 + (i * 7 + 1000) % 2000, i);
				end loop; end $$`)
				b.StartTimer()
				timed("changed")
			}
		})
	}
}

// The two clusters have the same people and roles under the same OIDs, as two that were set up by one script have.
func TestAConnectorPointedAtAnotherClusterEndsAndGrantsNothingThere(t *testing.T) {
	roles := []string{`create role ada login`, `create role grace login`, `create role reporting`}
	w := newWarehouse(t, dbtest.SQLite(t), append(roles, `grant reporting to ada`)...)
	w.read()
	ref, first := w.connector.Ref(), w.target
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // the next one is no copy: it has a system identifier of its own
	w.target = pgtest.Server(t)
	w.exec(append(roles, `grant reporting to ada, grace`)...)
	must(w.sync.Update(w.ctx, ref, w.target.URL("postgres"), func(*sync.Settings) {}))(w)

	w.clock.Advance(time.Minute)
	run := must(w.sync.Now(w.ctx, ref, sync.Accept{}))(w)
	if run.State != sync.Refused || !strings.Contains(run.Message, "another target") {
		t.Errorf("the run is %s: %s", run.State, run.Message)
	}
	ok, said, err := w.sync.Check(w.ctx, ref)
	if ok || err != nil || !strings.Contains(said, "another database cluster") {
		t.Errorf("check: %v %q %v", ok, said, err)
	}
	w.same("lives", w.lives(), []string{"ada in reporting: active"})
	must(w.grants.Revoke(w.ctx, w.key("reporting", "ada"), ""))(w)
	w.settle()
	w.same("lives", w.lives(), []string{"ada in reporting: ending REVOKED"})
	w.exec(`do $$ begin assert (select count(*) = 2 from pg_auth_members where roleid = 'reporting'::regrole), 'changed'; end $$`)

	must(w.sync.Update(w.ctx, ref, first.URL("postgres"), func(*sync.Settings) {}))(w)
	w.settle()
	w.same("pointed back", w.lives(), []string{"ada in reporting: ended REVOKED"})
	w.clock.Advance(time.Minute)
	must(w.sync.Update(w.ctx, ref, w.target.URL("postgres"), func(*sync.Settings) {}))(w)
	run = must(w.sync.Now(w.ctx, ref, sync.Accept{Target: true}))(w)
	w.same("accepted", run.State, sync.Done)
	w.same("lives", w.lives(), []string{
		"ada in reporting: active", "ada in reporting: ended REVOKED", "grace in reporting: active",
	})
}
