package sync_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/govern/sync"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
	"github.com/interim-access/interim/internal/platform/seal"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// office is the services over one database, with Ada at the keyboard, and a site that a connector of an app leads to.
type office struct {
	testing.TB

	ctx       context.Context
	db        *db.DB
	clock     *clock.Fake
	audit     *audit.Log
	people    *directory.Service
	apps      *app.Service
	provision *provision.Service
	grants    *grant.Service
	sync      *sync.Service
	sites     *sites
	box       *seal.Box

	site      *site
	connector app.Connector
}

// each runs test on both engines.
func each(t *testing.T, test func(o *office)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(newOffice(t, d)) })
}

// newOffice opens an office over an empty database. Its connector is read only when somebody asks.
func newOffice(t testing.TB, d *db.DB) *office {
	o := build(t, d, clock.NewFake(noon), &sites{of: map[string]*site{}})
	o.site = newSite()
	o.sites.of["the site"] = o.site
	in := must(o.apps.CreateApp(o.ctx, app.App{DisplayName: "Warehouse"}))(o)
	o.connector = must(o.sync.Create(o.ctx, in.ID, "site", "the site", sync.Settings{}))(o)
	return o
}

// replica is another process at work on the same database, with a clock of its own that shows the same time.
func (o *office) replica() *office {
	r := build(o.TB, o.db, clock.NewFake(o.clock.Now()), o.sites)
	r.site, r.connector = o.site, o.connector
	return r
}

func build(t testing.TB, d *db.DB, c *clock.Fake, targets *sites) *office {
	o := &office{TB: t, db: d, clock: c, sites: targets, box: seal.New([32]byte{1})}
	targets.secret = sync.Opener(o.box)
	o.audit = audit.New(d, c)
	o.people = directory.New(d, c, o.audit)
	o.apps = app.New(d, c, o.audit)
	log := slog.New(slog.DiscardHandler)
	o.provision = provision.New(provision.Deps{DB: d, Clock: c, Log: log, Targets: targets})
	o.grants = grant.New(grant.Deps{DB: d, Clock: c, Audit: o.audit, Provision: o.provision})
	o.provision.Tell(o.grants)
	o.people.Tell(o.grants)
	o.apps.Tell(o.grants)
	o.sync = sync.New(sync.Deps{
		DB: d, Clock: c, Log: log, Audit: o.audit, Apps: o.apps, Grants: o.grants, Sources: targets, Box: o.box,
	})
	t.Cleanup(o.sync.Close)
	o.ctx = audit.With(context.Background(), audit.Actor{Kind: audit.KindUser, UserID: "ada", Name: "Ada", Email: "ada@example.com"})
	return o
}

// must stops the test at an error.
func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// read lets a minute pass and reads the target, however that goes.
func (o *office) read() sync.Run {
	o.Helper()
	o.clock.Advance(time.Minute)
	return must(o.sync.Now(o.ctx, o.connector.Ref(), sync.Accept{}))(o)
}

// taken reads the target and stops the test unless everything was taken over.
func (o *office) taken() sync.Run {
	o.Helper()
	r := o.read()
	if r.State != sync.Done {
		o.Fatalf("the run is %s: %s", r.State, r.Message)
	}
	return r
}

// ahead begins a run and returns when it has its snapshot and waits; proceed lets it go on, and over answers how it ended.
func (o *office) ahead(start func()) (proceed func()) {
	o.Helper()
	hold := make(chan struct{})
	o.site.do(func() { o.site.hold = hold })
	start()
	<-o.site.read
	o.site.do(func() { o.site.hold = nil })
	return func() { close(hold) }
}

// begin is ahead for a run that Ada asks for.
func (o *office) begin() (proceed func(), over func() sync.Run) {
	o.Helper()
	type answer struct {
		run sync.Run
		err error
	}
	answers := make(chan answer, 1)
	proceed = o.ahead(func() {
		go func() {
			r, err := o.sync.Now(o.ctx, o.connector.Ref(), sync.Accept{})
			answers <- answer{r, err}
		}()
	})
	return proceed, func() sync.Run {
		o.Helper()
		a := <-answers
		return must(a.run, a.err)(o)
	}
}

// plan makes what is due begin, and waits until it is over.
func (o *office) plan() (started int) {
	o.Helper()
	n := must(o.sync.Planned().Run(o.ctx, o.clock.Now()))(o)
	o.sync.Idle()
	return n
}

// due is when the next run is planned, "never" if none is.
func (o *office) due() string {
	o.Helper()
	at, ok, err := o.sync.Planned().Next(o.ctx)
	if err != nil {
		o.Fatal(err)
	}
	if !ok {
		return "never"
	}
	return at.Sub(o.clock.Now()).String()
}

// settle does all that is due but runs.
func (o *office) settle() {
	o.Helper()
	for must(o.grants.Ender().Run(o.ctx, o.clock.Now()))(o) > 0 {
	}
	for must(o.provision.Sources()[0].Run(o.ctx, o.clock.Now()))(o) > 0 {
	}
}

// row is the connector as it is stored.
func (o *office) row() app.Connector {
	o.Helper()
	return must(app.ManyConnectors(o.db.Q(o.ctx), []app.ConnectorRef{o.connector.Ref()}))(o)[0]
}

// known are the live objects that were read.
func (o *office) known() app.Known {
	o.Helper()
	return must(app.KnownOf(o.db.Q(o.ctx), o.connector.Ref()))(o)
}

// key names the grant of a role to a person.
func (o *office) key(person, role string) grant.Key {
	o.Helper()
	k := o.known()
	if k.Accounts[person] == "" || k.Entitlements[role] == "" {
		o.Fatalf("no account %s or no entitlement %s", person, role)
	}
	return grant.Key{App: o.connector.AppID, Account: k.Accounts[person], Entitlement: k.Entitlements[role]}
}

// lives are the grants, of all times, in the form "person role state reason", oldest first.
func (o *office) lives() []string {
	o.Helper()
	return must(db.Collect(o.db.Q(o.ctx), func(r *db.Rows) (string, error) {
		var person, role, state, reason string
		err := r.Scan(&person, &role, &state, &reason)
		if reason != "" {
			state += " " + reason
		}
		return person + " " + role + " " + state, err
	}, `select a.external_id, e.external_id, g.state, g.end_reason from grants g
		join account a on a.app_id = g.app_id and a.id = g.account_id
		join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id
		where g.app_id = $1 order by g.created_at, a.external_id, e.external_id`, string(o.connector.AppID)))(o)
}

// active are the memberships that Interim says are there.
func (o *office) active() []string {
	o.Helper()
	var out []string
	for _, l := range o.lives() {
		var person, role, state string
		if _, err := fmt.Sscan(l, &person, &role, &state); err == nil && state == "active" {
			out = append(out, person+" "+role)
		}
	}
	slices.Sort(out)
	return out
}

// events are the audit events of a kind, oldest first; of all kinds for "".
func (o *office) events(kind string) []audit.Event {
	o.Helper()
	var found []audit.Event
	var at page.Key
	for {
		p := must(o.audit.List(o.ctx, audit.Filter{}, page.Request{Size: 100, After: at}))(o)
		for _, e := range p.Items {
			if kind == "" || e.Kind == kind {
				found = append(found, e)
			}
		}
		if at = p.Next; at == nil {
			return found
		}
	}
}

// everything is all that a reading may change, as text, but when grants were last seen.
func (o *office) everything() []string {
	o.Helper()
	var out []string
	for _, q := range []string{
		`'account ' || id || ' ' || external_id || ' ' || display_name || ' ' || status || ' ' || version from account`,
		`'resource_type ' || id || ' ' || external_id || ' ' || version || ' ' || coalesce(deleted_at, 0) from resource_type`,
		`'resource ' || id || ' ' || external_id || ' ' || version || ' ' || coalesce(deleted_at, 0) from resource`,
		`'entitlement ' || id || ' ' || external_id || ' ' || version || ' ' || coalesce(deleted_at, 0) from entitlement`,
		`'grant ' || id || ' ' || state || ' ' || direct || ' ' || version || ' ' || updated_at from grants`,
		`'operation ' || id || ' ' || state || ' ' || version from operation`,
		`'event ' || id || ' ' || kind from event`,
	} {
		out = append(out, must(db.Collect(o.db.Q(o.ctx), func(r *db.Rows) (s string, err error) { return s, r.Scan(&s) },
			`select `+q+` where app_id = $1 order by 1`, string(o.connector.AppID)))(o)...)
	}
	return slices.DeleteFunc(out, func(line string) bool { return strings.HasSuffix(line, " connector.synced") })
}

// unchanged stops the test if fn changes anything that a reading may change.
func (o *office) unchanged(fn func()) {
	o.Helper()
	before := o.everything()
	fn()
	if after := o.everything(); !slices.Equal(before, after) {
		for _, line := range after {
			if !slices.Contains(before, line) {
				o.Errorf("new: %s", line)
			}
		}
		for _, line := range before {
			if !slices.Contains(after, line) {
				o.Errorf("gone: %s", line)
			}
		}
		o.FailNow()
	}
}

// refused stops the test unless err is a fault of that code about that field ("": any).
func (o *office) refused(err error, code fault.Code, field string) {
	o.Helper()
	if !fault.Is(err, code) || field != "" && fault.Of(err).Field != field {
		o.Fatalf("%v, want code %v about %q", err, code, field)
	}
}

func (o *office) same(what string, got, want any) {
	o.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		o.Errorf("%s: got %s, want %s", what, g, w)
	}
}
