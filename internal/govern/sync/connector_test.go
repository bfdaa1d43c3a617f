package sync_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/sync"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

func dbPostgres(t *testing.T, test func(o *office)) {
	t.Helper()
	test(newOffice(t, dbtest.Postgres(t)))
}

// every sets how often the target is read.
func (o *office) every(d time.Duration) {
	o.Helper()
	must(o.sync.Update(o.ctx, o.connector.Ref(), "", func(s *sync.Settings) { s.SyncEvery = d }))(o)
}

func TestATargetIsReadByPlanOrWhenSomebodyAsks(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2)
		o.same("a connector without a plan is due", o.due(), "never")
		o.taken()
		o.same("and stays without one", o.due(), "never")

		o.every(time.Hour)
		o.same("the first run", o.due(), "1h0m0s")
		o.same("started before its time", o.plan(), 0)
		o.clock.Advance(time.Hour)
		o.same("started", o.plan(), 1)
		o.same("the next run", o.due(), "1h0m0s")
		o.clock.Advance(30 * time.Minute)
		o.taken() // one that somebody asks for counts
		o.same("the next run", o.due(), "1h0m0s")
		o.every(time.Minute)
		o.same("the next run", o.due(), "1m0s")
		o.every(0)
		o.same("no more runs", o.due(), "never")
	})
}

func TestAPlanThatChangesDuringARunHoldsAfterIt(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2)
		for _, c := range []struct{ before, during time.Duration }{{0, time.Hour}, {time.Hour, 0}, {time.Hour, time.Minute}} {
			o.every(c.before)
			proceed, over := o.begin()
			o.every(c.during)
			other := o.replica()
			other.clock.Advance(sync.Lease - time.Second)
			o.same("taken over by another", other.plan(), 0)
			proceed()
			o.same("state", over().State, sync.Done)
			want := "never"
			if c.during > 0 {
				want = c.during.String()
			}
			o.same(fmt.Sprint("from ", c.before, " to ", c.during), o.due(), want)
		}
	})
}

func TestAPlannedRunThatChangesNothingIsNoNews(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2)
		o.every(time.Minute)
		news := func(what string, want int) {
			o.Helper()
			before := len(o.events("connector.synced"))
			o.clock.Advance(time.Minute)
			o.same(what+": started", o.plan(), 1)
			o.same(what, len(o.events("connector.synced"))-before, want)
		}
		news("the first", 1)
		news("the same again", 0)
		o.site.give("p1", "r1")
		news("a grant", 1)
		o.site.do(func() { o.site.down = fault.New(fault.Unavailable, "the site is closed") })
		news("down", 1)
		news("still down", 0)
		o.site.do(func() { o.site.down = nil })
		news("up again", 1)
		if last := o.events("connector.synced"); last[0].Actor.Kind != "sync" {
			o.Errorf("the actor of a plan: %+v", last[0].Actor)
		}
	})
}

func TestATargetThatHangsHoldsUpNoOther(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2)
		o.every(time.Minute)
		o.clock.Advance(time.Minute)
		o.ahead(func() { must(o.sync.Planned().Run(o.ctx, o.clock.Now()))(o) })
		o.same("due meanwhile", o.due(), "never")
		// As many as may run at once hang; then nothing more is due, until one is over.
		var proceed func()
		for i := range sync.AtOnce {
			name := fmt.Sprint("site ", i)
			one := newSite().grow(1, 1)
			o.sites.of[name] = one
			c := must(o.sync.Create(o.ctx, o.connector.AppID, "site", name, sync.Settings{DisplayName: name, SyncEvery: time.Minute}))(o)
			o.clock.Advance(time.Minute)
			if i == sync.AtOnce-1 {
				o.same("started beyond the limit", must(o.sync.Planned().Run(o.ctx, o.clock.Now()))(o), 0)
				o.same("due", o.due(), "never")
				proceed()
				for o.due() == "never" { // it is about to be over
				}
				o.same("due", o.due(), "0s")
				break
			}
			hold := make(chan struct{})
			one.hold, proceed = hold, func() { close(hold) }
			o.same("started", must(o.sync.Planned().Run(o.ctx, o.clock.Now()))(o), 1)
			<-one.read
			_ = c
		}
	})
}

func TestADisabledConnectorIsNotRead(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2)
		o.every(time.Minute)
		status := func(s app.ConnectorStatus) {
			o.Helper()
			must(o.apps.UpdateConnector(o.ctx, o.connector.AppID, o.connector.ID, func(c *app.Connector) error { c.Status = s; return nil }))(o)
		}
		proceed, over := o.begin()
		status(app.ConnectorDisabled)
		proceed()
		o.same("the run under way", over().State, sync.Done)
		o.same("the connector", o.row().Status, app.ConnectorDisabled)
		_, err := o.sync.Now(o.ctx, o.connector.Ref(), sync.Accept{})
		o.refused(err, fault.Precondition, "")
		o.clock.Advance(time.Hour)
		o.same("due", o.due(), "never")
		o.same("started", o.plan(), 0)
		status(app.ConnectorOK)
		o.same("started when enabled", o.plan(), 1)
	})
}

func TestAPausedConnectorLetsAccessEndOnTimeAndGoesOnWhereItWas(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2).give("p1", "r1")
		o.taken()
		k := o.key("p1", "r1")
		o.site.do(func() { o.site.down = fault.New(fault.Unavailable, "the site is closed") })
		o.same("the run", o.read().State, sync.Failed)
		o.site.do(func() { o.site.down = nil })
		failed := o.row()
		pause := func(off bool) {
			o.Helper()
			must(o.sync.Update(o.ctx, o.connector.Ref(), "", func(s *sync.Settings) { s.Disabled = off }))(o)
		}
		pause(true)
		o.same("paused", []any{o.row().Status, o.row().StatusText}, []any{app.ConnectorDisabled, ""})
		must(o.sync.Update(o.ctx, o.connector.Ref(), "", func(s *sync.Settings) { s.DisplayName = "Still paused" }))(o)
		o.same("another change", o.row().Status, app.ConnectorDisabled)
		must(o.grants.SetEnd(o.ctx, k, o.clock.Now().Add(time.Minute)))(o)
		o.clock.Advance(time.Minute)
		answer := must(o.grants.Check(o.ctx, grant.Question{App: k.App, Entitlement: k.Entitlement, Account: k.Account}))(o)
		o.same("access past its end", answer.Allowed, false)
		o.settle()
		if len(o.site.memberships()) != 1 {
			o.Error("a paused connector changed its target")
		}
		pause(false)
		o.same("resumed", []any{o.row().Status, o.row().StatusText}, []any{failed.Status, failed.StatusText})
		o.clock.Advance(time.Minute)
		o.settle()
		if len(o.site.memberships()) != 0 {
			o.Error("the target still holds what ended")
		}
	})
}

func TestThePartsOfASecretAreReplacedOneByOne(t *testing.T) {
	o := newOffice(t, sqlite(t))
	ref := o.connector.Ref()
	opened := func() string {
		return must(sync.Opener(o.box)(must(o.sync.Get(o.ctx, ref))(o)))(o)
	}
	none, ours := "", "ours\r\n"
	for _, step := range []struct {
		connection string
		ca         *string
		want       string
	}{
		{"", nil, "the site"},
		{"", &ours, "the site\nours\n"},
		{"site 2", nil, "site 2\nours\n"},
		{"", &none, "site 2"},
		{"site 3", &ours, "site 3\nours\n"},
		{"site 4", &none, "site 4"},
	} {
		secret := must(o.sync.Secret(o.ctx, ref, step.connection, step.ca))(o)
		must(o.sync.Update(o.ctx, ref, secret, func(*sync.Settings) {}))(o)
		o.same("secret", opened(), step.want)
	}
	_, err := o.sync.Secret(o.ctx, ref, "two\nlines", nil)
	o.refused(err, fault.Invalid, "connectionString")
	long := strings.Repeat("x", sync.MaxCA)
	_, err = o.sync.Create(o.ctx, ref.AppID, "site", sync.JoinSecret("x", long), sync.Settings{DisplayName: "long"})
	o.refused(err, fault.Invalid, "caCertificate")
	_, err = o.sync.Secret(o.ctx, app.ConnectorRef{AppID: ref.AppID, ID: "nobody"}, "", &ours)
	o.refused(err, fault.NotFound, "")
}

func TestTheSecretIsSealedForItsRowAndShownNowhere(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2)
		o.sites.of["postgres://s3cret"] = o.site
		c := must(o.sync.Update(o.ctx, o.connector.Ref(), "postgres://s3cret", func(*sync.Settings) {}))(o)
		o.taken()
		shown := must(json.Marshal([]any{o.events(""), o.runs(), must(o.sync.Get(o.ctx, c.Ref()))(o)}))(o)
		if bytes.Contains(shown, []byte("s3cret")) || bytes.Contains(c.Config, []byte("s3cret")) {
			o.Error("the secret is shown")
		}
		open := sync.Opener(o.box)
		if s, err := open(c); err != nil || s != "postgres://s3cret" {
			o.Errorf("opened: %q, %v", s, err)
		}
		stolen := c
		stolen.ID = "another"
		_, err := open(stolen)
		o.refused(err, fault.Unavailable, "")
		deleted := must(o.sync.Delete(o.ctx, c.Ref()))(o)
		if len(deleted.Config) > 0 || len(o.row().Config) > 0 {
			o.Error("a deleted connector keeps its secret")
		}
	})
}

func TestSettingsOverTheirLimitsAreRefused(t *testing.T) {
	o := newOffice(t, sqlite(t))
	in := o.connector.AppID
	for field, try := range map[string]func() error{
		"kind": func() error { _, err := o.sync.Create(o.ctx, in, "pigeon", "x", sync.Settings{}); return err },
		"connectionString": func() error {
			_, err := o.sync.Create(o.ctx, in, "site", strings.Repeat("x", sync.MaxSecret+1), sync.Settings{})
			return err
		},
		"syncEvery": func() error {
			_, err := o.sync.Create(o.ctx, in, "site", "x", sync.Settings{SyncEvery: time.Second})
			return err
		},
		"resourceTypeFilter": func() error {
			_, err := o.sync.Update(o.ctx, o.connector.Ref(), "", func(s *sync.Settings) { s.ResourceTypes = []string{"TEAPOT"} })
			return err
		},
		"displayName": func() error {
			_, err := o.sync.Update(o.ctx, o.connector.Ref(), "", func(s *sync.Settings) { s.DisplayName = strings.Repeat("x", 300) })
			return err
		},
	} {
		o.refused(try(), fault.Invalid, field)
	}
	_, err := o.sync.Update(o.ctx, o.connector.Ref(), "", func(s *sync.Settings) { s.ResourceTypes = make([]string, sync.MaxTypes+1) })
	o.refused(err, fault.Invalid, "resourceTypeFilter")
	_, err = o.sync.Update(o.ctx, o.connector.Ref(), "", func(s *sync.Settings) { s.SyncEvery = -time.Hour })
	o.refused(err, fault.Invalid, "syncEvery")
	_, err = o.sync.Create(o.ctx, in, "site", "x", sync.Settings{})
	o.refused(err, fault.Exists, "") // the app has one called site
	_, err = o.sync.Create(o.ctx, "nowhere", "site", "x", sync.Settings{})
	o.refused(err, fault.NotFound, "")
}

func TestCheckSaysWhatIsWrongAndChangesNothing(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2)
		for want, change := range map[string]func(){
			"true a site":              func() {},
			"false a site":             func() { o.site.blank = true },
			"false the site is closed": func() { o.site.down = fault.New(fault.Unavailable, "the site is closed") },
			"false internal error":     func() { o.site.down = fmt.Errorf("s3cret") },
		} {
			o.site.do(func() { o.site.blank, o.site.down = false, nil; change() })
			o.unchanged(func() {
				ok, said, err := o.sync.Check(o.ctx, o.connector.Ref())
				if err != nil {
					o.Fatal(err)
				}
				o.same("check", fmt.Sprint(ok, " ", said), want)
			})
		}
		_, _, err := o.sync.Check(o.ctx, app.ConnectorRef{AppID: o.connector.AppID, ID: "nobody"})
		o.refused(err, fault.NotFound, "")
	})
}

func TestConnectorsAndRunsAreListedPageByPage(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2)
		var made, read []string
		made = append(made, string(o.connector.ID))
		for i := range 2 {
			o.clock.Advance(time.Second)
			name := fmt.Sprint("site ", i)
			made = append(made, string(must(o.sync.Create(o.ctx, o.connector.AppID, "site", name, sync.Settings{DisplayName: name}))(o).ID))
		}
		for range 3 {
			read = append([]string{string(o.taken().ID)}, read...)
		}
		o.same("connectors", pages(o, func(r page.Request) (page.Page[app.Connector], error) {
			return o.sync.Connectors(o.ctx, o.connector.AppID, r)
		}, func(c app.Connector) string { return string(c.ID) }), made)
		o.same("runs", pages(o, func(r page.Request) (page.Page[sync.Run], error) {
			return o.sync.Runs(o.ctx, o.connector.Ref(), r)
		}, func(r sync.Run) string { return string(r.ID) }), read)
		_, err := o.sync.Connectors(o.ctx, "nowhere", page.Request{Size: 1})
		o.refused(err, fault.NotFound, "")
	})
}

func pages[T any](o *office, list func(page.Request) (page.Page[T], error), id func(T) string) (ids []string) {
	o.Helper()
	var after page.Key
	for {
		p := must(list(page.Request{Size: 2, After: after}))(o)
		for _, v := range p.Items {
			ids = append(ids, id(v))
		}
		if after = p.Next; after == nil {
			return ids
		}
	}
}

func TestGrantsOfADeletedConnectorEndInPlainSight(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(3, 1).give("p1", "r1")
		o.site.give("p2", "r1")
		o.taken()
		held, ending := o.key("p1", "r1"), o.key("p2", "r1")
		must(o.grants.Revoke(o.ctx, ending, ""))(o)
		must(o.grants.Create(o.ctx, o.key("p3", "r1"), time.Time{}))(o)
		must(o.sync.Delete(o.ctx, o.connector.Ref()))(o)
		o.settle()
		o.same("lives", o.lives(), []string{"p1 r1 active", "p2 r1 ended REVOKED", "p3 r1 ended CONNECTOR_DELETED"})
		gone := must(db.Collect(o.db.Q(o.ctx), func(r *db.Rows) (grant.Grant, error) { return grant.Scan(r) },
			`select `+grant.Columns("")+` from grants where state = 'ended'`))(o)
		for _, g := range gone {
			if !g.RemovedAt.IsZero() || !strings.Contains(g.TargetNote, "the target was not called") {
				o.Errorf("removed at %v, %q", g.RemovedAt, g.TargetNote)
			}
		}
		must(o.grants.Revoke(o.ctx, held, ""))(o)
		o.settle()
		o.same("the last", o.lives()[0], "p1 r1 ended REVOKED")
		o.same("still there, since nobody was there to take it", len(o.site.holds), 2)
	})
}
