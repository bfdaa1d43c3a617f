// Package granttest builds what tests about grants stand on: people, an app, a target that is a set of memberships, and the services
// over one database.
package granttest

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// Noon is when a house opens.
var Noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// House is the services over one database at a time that stands still until it is moved.
type House struct {
	testing.TB

	DB        *db.DB
	Clock     *clock.Fake
	Audit     *audit.Log
	Directory *directory.Service
	Apps      *app.Service
	Provision *provision.Service
	Grants    *grant.Service
	Target    *Set // of every connector
	Metrics   *prometheus.Registry
	Ctx       context.Context // Ada, an administrator
	n         int
}

// New opens a house over d.
func New(t testing.TB, d *db.DB) *House { return Reopen(t, d, clock.NewFake(Noon), NewSet()) }

// Reopen is New as after a restart: with the memory gone, over a database and a target that are as they were left.
func Reopen(t testing.TB, d *db.DB, c *clock.Fake, target *Set) *House {
	h := build(t, d, c, target)
	if err := h.Provision.Recover(h.Ctx); err != nil {
		t.Fatal(err)
	}
	return h
}

// Replica is another process at work on the same database and target.
func (h *House) Replica() *House { return build(h.TB, h.DB, h.Clock, h.Target) }

func build(t testing.TB, d *db.DB, c *clock.Fake, target *Set) *House {
	h := &House{TB: t, DB: d, Clock: c, Target: target, Metrics: prometheus.NewRegistry()}
	h.Audit = audit.New(d, c)
	h.Directory = directory.New(d, c, h.Audit)
	h.Apps = app.New(d, c, h.Audit)
	h.Provision = provision.New(provision.Deps{
		DB: d, Clock: c, Log: slog.New(slog.DiscardHandler), Targets: target, Registerer: h.Metrics,
	})
	h.Grants = grant.New(grant.Deps{DB: d, Clock: c, Audit: h.Audit, Apps: h.Apps, Provision: h.Provision, Registerer: h.Metrics})
	h.Provision.Tell(h.Grants)
	h.Directory.Tell(h.Grants)
	h.Apps.Tell(h.Grants)
	h.Ctx = audit.With(t.Context(), audit.Actor{Kind: audit.KindUser, UserID: "ada", Name: "Ada", Email: "ada@example.com"})
	return h
}

// SuperAdmin is a context in which an unscoped Super Administrator acts.
func (h *House) SuperAdmin() context.Context { return iam.AsSystem(h.Ctx) }

// Must stops the test at an error.
func Must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// next is a number that no object of the house had before.
func (h *House) next() int { h.n++; return h.n }

// User adds a person.
func (h *House) User() directory.User {
	h.Helper()
	n := h.next()
	return Must(h.Directory.Create(h.Ctx, directory.User{
		DisplayName: fmt.Sprintf("Person %d", n), Email: fmt.Sprintf("person%d@example.com", n),
	}))(h)
}

// App adds an app without a connector.
func (h *House) App() app.App {
	h.Helper()
	return Must(h.Apps.CreateApp(h.Ctx, app.App{DisplayName: fmt.Sprintf("App %d", h.next())}))(h)
}

// Account adds a person's account to an app without a connector.
func (h *House) Account(in app.ID, of directory.UserID) app.Account {
	h.Helper()
	return Must(h.Apps.CreateAccount(h.Ctx, app.Account{AppID: in, UserID: of, Username: fmt.Sprintf("account%d", h.next())}))(h)
}

// Entitlement adds an entitlement to an app without a connector.
func (h *House) Entitlement(in app.ID) app.Entitlement {
	h.Helper()
	n := h.next()
	return Must(h.Apps.CreateEntitlement(h.Ctx, app.Entitlement{
		AppID: in, TypeID: app.CredentialType, ResourceID: app.AccessResource,
		DisplayName: fmt.Sprintf("Entitlement %d", n), Slug: fmt.Sprintf("slug%d", n), Purpose: app.PurposeAssignment,
	}))(h)
}

// Key is a new person's account in a new app, and an entitlement that asks no target.
func (h *House) Key() grant.Key {
	h.Helper()
	a := h.App()
	return grant.Key{App: a.ID, Entitlement: h.Entitlement(a.ID).ID, Account: h.Account(a.ID, h.User().ID).ID}
}

// Connected is an app with a connector, and what its target holds: accounts of new people, and one entitlement.
type Connected struct {
	Connector   app.Connector
	Accounts    []app.AccountID
	Users       []directory.UserID
	Entitlement app.EntitlementID
}

// Key names the grant of the i-th account.
func (c Connected) Key(i int) grant.Key {
	return grant.Key{App: c.Connector.AppID, Entitlement: c.Entitlement, Account: c.Accounts[i]}
}

// Connected adds an app with a connector and n accounts.
func (h *House) Connected(n int) Connected {
	h.Helper()
	a := h.App()
	c := Connected{Connector: Must(h.Apps.CreateConnector(h.Ctx, app.Connector{
		AppID: a.ID, Kind: "set", Config: []byte("sealed"),
	}))(h)}
	var seen []app.SeenAccount
	for range n {
		u := h.User()
		c.Users = append(c.Users, u.ID)
		seen = append(seen, app.SeenAccount{ExternalID: fmt.Sprintf("a%d", h.next()), Username: u.DisplayName, Email: u.Email})
	}
	h.Write(func(tx *db.Tx) error {
		ids, _, err := h.Apps.UpsertAccounts(tx, c.Connector.Ref(), seen)
		if err != nil {
			return err
		}
		c.Accounts = c.Accounts[:0]
		for _, s := range seen {
			c.Accounts = append(c.Accounts, ids[s.ExternalID])
		}
		types, _, err := h.Apps.UpsertResourceTypes(tx, c.Connector.Ref(), []app.SeenResourceType{{ExternalID: "role", Kind: "ROLE"}})
		if err != nil {
			return err
		}
		resources, _, err := h.Apps.UpsertResources(tx, c.Connector.Ref(),
			[]app.SeenResource{{ExternalID: "r", TypeID: types["role"], DisplayName: "readers"}})
		if err != nil {
			return err
		}
		entitlements, _, err := h.Apps.UpsertEntitlements(tx, c.Connector.Ref(), []app.SeenEntitlement{{
			ExternalID: "e", TypeID: types["role"], ResourceID: resources["r"], DisplayName: "member", Slug: "member",
			Purpose: app.PurposeAssignment,
		}})
		c.Entitlement = entitlements["e"]
		return err
	})
	return c
}

// Write runs fn in a transaction.
func (h *House) Write(fn func(tx *db.Tx) error) {
	h.Helper()
	if err := h.DB.Write(h.Ctx, fn); err != nil {
		h.Fatal(err)
	}
}

// Settle does all that is due: ends, then operations, until nothing is left to do at this moment.
func (h *House) Settle() {
	h.Helper()
	h.End()
	for h.Provide() > 0 {
	}
}

// End moves the grants that are past their end.
func (h *House) End() {
	h.Helper()
	for Must(h.Grants.Ender().Run(h.Ctx, h.Clock.Now()))(h) > 0 {
	}
}

// Provide carries out due operations and returns how many.
func (h *House) Provide() int {
	h.Helper()
	return Must(h.Provision.Sources()[0].Run(h.Ctx, h.Clock.Now()))(h)
}

// Check asks whether the account of k has access now.
func (h *House) Check(k grant.Key) grant.Answer {
	h.Helper()
	return Must(h.Grants.Check(h.Ctx, grant.Question{App: k.App, Entitlement: k.Entitlement, Account: k.Account}))(h)
}

// Lives are all grants that k ever had, oldest first.
func (h *House) Lives(k grant.Key) []grant.Grant {
	h.Helper()
	return Must(db.Collect(h.DB.Q(h.Ctx), func(r *db.Rows) (grant.Grant, error) { return grant.Scan(r) },
		`select `+grant.Columns("")+` from grants where app_id = $1 and entitlement_id = $2 and account_id = $3 order by id`,
		k.App, k.Entitlement, k.Account))(h)
}

// Last is the newest of Lives.
func (h *House) Last(k grant.Key) grant.Grant {
	h.Helper()
	lives := h.Lives(k)
	if len(lives) == 0 {
		h.Fatal("there never was such a grant")
	}
	return lives[len(lives)-1]
}

// Events are the kinds of the events about grants, oldest first.
func (h *House) Events() []string {
	h.Helper()
	var kinds []string
	var at page.Key
	for {
		p := Must(h.Audit.List(h.Ctx, audit.Filter{}, page.Request{Size: 100, After: at}))(h)
		for _, e := range p.Items {
			if e.ObjectType == "grant" {
				kinds = append(kinds, e.Kind)
			}
		}
		if at = p.Next; at == nil {
			return kinds
		}
	}
}

// Actor is who acts in Ctx.
func (h *House) Actor() audit.Actor { return audit.From(h.Ctx) }

// Forget makes Events begin anew.
func (h *House) Forget() {
	h.Helper()
	h.Write(func(tx *db.Tx) error { _, err := tx.Exec(`delete from event`); return err })
}

// Plan returns how the engine would answer, one step on each line. PostgreSQL reads small tables whole, so it is told not to where
// it has a choice.
func (h *House) Plan(sql string, args ...any) string {
	h.Helper()
	var lines []string
	h.Write(func(tx *db.Tx) (err error) {
		explain, scan := "explain query plan ", func(r *db.Rows) (line string, err error) {
			var a, b, c int
			return line, r.Scan(&a, &b, &c, &line)
		}
		if h.DB.Engine() == db.Postgres {
			for _, method := range []string{"seqscan", "bitmapscan", "sort", "incremental_sort"} {
				if _, err := tx.Exec("set local enable_" + method + " = off"); err != nil {
					return err
				}
			}
			explain, scan = "explain (costs off) ", func(r *db.Rows) (line string, err error) { return line, r.Scan(&line) }
		}
		lines, err = db.Collect(tx, scan, explain+sql, args...)
		return err
	})
	return strings.Join(lines, "\n")
}

// ReadsWhole reports whether a plan reads a whole table.
func ReadsWhole(plan string) bool {
	for line := range strings.Lines(plan) {
		if strings.Contains(line, "Seq Scan") {
			return true
		}
		if strings.Contains(line, "SCAN") && !strings.Contains(line, "INDEX") && !strings.Contains(line, "CONSTANT ROW") && !strings.Contains(line, "VALUES CLAUSE") &&
			!strings.Contains(line, "ready") && !strings.Contains(line, "SUBQUERY") {
			return true
		}
	}
	return false
}

// Sorts reports whether a plan sorts what it has read.
func Sorts(plan string) bool {
	return strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "Sort")
}

// Gauges are the metrics by name: the value of a gauge, the number of observations of a histogram.
func (h *House) Gauges() map[string]float64 {
	h.Helper()
	all := map[string]float64{}
	for _, f := range Must(h.Metrics.Gather())(h) {
		for _, m := range f.GetMetric() {
			if g := m.GetGauge(); g != nil {
				all[f.GetName()] = g.GetValue()
			}
			if s := m.GetHistogram(); s != nil {
				all[f.GetName()] = float64(s.GetSampleCount())
			}
		}
	}
	return all
}
