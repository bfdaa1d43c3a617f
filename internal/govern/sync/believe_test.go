package sync_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/sync"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
)

func sqlite(t *testing.T) *db.DB { t.Helper(); return dbtest.SQLite(t) }

func TestATargetThatShowsNothingRevokesNothing(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2).give("p1", "r1")
		o.taken()
		o.site.do(func() { o.site.blank = true })
		for _, accept := range []bool{false, true} {
			o.unchanged(func() {
				run := must(o.sync.Now(o.ctx, o.connector.Ref(), sync.Accept{Losses: accept}))(o)
				o.same("run", []any{run.State, run.Message}, []any{sync.Refused, "the target shows nothing at all; nothing was changed"})
			})
		}
		row := o.row()
		o.same("connector", []any{row.Status, row.StatusText}, []any{app.ConnectorError, "the target shows nothing at all; nothing was changed"})
		events := o.events("connector.synced")
		if last := events[len(events)-1]; !last.Failed || last.Data["state"] != "refused" || last.Actor.Name != "Ada" {
			o.Errorf("the event: %+v", last)
		}
		o.site.do(func() { o.site.blank = false })
		o.taken()
		if row := o.row(); row.Status != app.ConnectorOK || row.StatusText != "" {
			o.Errorf("the connector is %s: %s", row.Status, row.StatusText)
		}
	})
}

func TestATargetThatShowsNoneOfAKindRevokesNothing(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(3, 2).give("p1", "r1")
		o.taken()
		for want, also := range map[string]func(s *sync.Snapshot){
			"the target shows none of the 3 known accounts":     func(s *sync.Snapshot) { s.Accounts = nil },
			"the target shows none of the 2 known resources":    func(s *sync.Snapshot) { s.Resources = nil },
			"the target shows none of the 2 known entitlements": func(s *sync.Snapshot) { s.Entitlements = nil },
		} {
			o.site.do(func() { o.site.also = also })
			o.unchanged(func() {
				if run := o.read(); run.State != sync.Refused || !strings.HasPrefix(run.Message, want) {
					o.Errorf("%s: %s", run.State, run.Message)
				}
			})
		}
	})
}

// what a target of 100 people and roles loses, and whether a reading of it is believed.
var losses = []struct {
	name            string
	people, roles   int
	take            int
	said            string // "": it is believed
	known, knownNow int    // accounts, where it is believed
}{
	{"a fifth of the accounts", 20, 0, 0, "", 100, 80},
	{"more than a fifth of the accounts", 21, 0, 0, "21 of the 100 known accounts", 0, 0},
	{"a fifth of the roles", 0, 20, 0, "", 100, 100},
	{"more than a fifth of the roles", 0, 21, 0, "21 of the 100 known resources", 0, 0},
	{"a fifth of the grants", 0, 0, 20, "", 100, 100},
	{"more than a fifth of the grants", 0, 0, 21, "21 of the 100 known grants", 0, 0},
}

func TestAReadingThatLosesMoreThanAFifthIsRefused(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(100, 100)
		for i := range 100 {
			o.site.give(fmt.Sprint("p", i+1), fmt.Sprint("r", i+1))
		}
		o.taken()
		people, roles, holds := o.site.people, o.site.roles, o.site.holds
		for _, l := range losses {
			if l.said == "" {
				continue
			}
			o.site.do(func() {
				o.site.people, o.site.roles, o.site.holds = maps.Clone(people), maps.Clone(roles), maps.Clone(holds)
			})
			for i := range max(l.people, l.roles, l.take) {
				n := fmt.Sprint(i + 1)
				if i < l.people {
					o.site.do(func() { delete(o.site.people, "p"+n) })
				}
				if i < l.roles {
					o.site.do(func() { delete(o.site.roles, "r"+n) })
				}
				if i < l.take {
					o.site.take("p"+n, "r"+n)
				}
			}
			o.site.grow(0, 0)
			o.site.do(func() { o.site.people["new"] = "Newcomer" }) // what is new is not taken over either
			o.unchanged(func() {
				run := o.read()
				if run.State != sync.Refused || !strings.HasPrefix(run.Message, l.said) || !strings.HasSuffix(run.Message, "nothing was changed") {
					o.Errorf("%s: %s: %s", l.name, run.State, run.Message)
				}
			})
		}
		o.same("active", len(o.active()), 100)
	})
}

func TestAReadingThatLosesAFifthIsBelieved(t *testing.T) {
	for _, l := range losses {
		if l.said != "" {
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			o := newOffice(t, sqlite(t))
			o.site.grow(100, 100)
			for i := range 100 {
				o.site.give(fmt.Sprint("p", i+1), fmt.Sprint("r", i+1))
			}
			o.taken()
			for i := range 20 {
				n := fmt.Sprint(i + 1)
				switch {
				case l.people > 0:
					o.site.drop("p" + n)
				case l.roles > 0:
					o.site.drop("r" + n)
				default:
					o.site.take("p"+n, "r"+n)
				}
			}
			o.taken()
			o.same("active", len(o.active()), 80)
			o.same("accounts", len(o.known().Accounts), l.knownNow)
		})
	}
}

func TestFewThingsMayGoAllAtOnce(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(99, 2)
		for i := range 99 {
			o.site.give(fmt.Sprint("p", i+1), "r1")
		}
		o.taken()
		for i := range 99 {
			o.site.take(fmt.Sprint("p", i+1), "r1")
		}
		o.same("removed", o.taken().Removed, 99)
	})
}

func TestLossesAreBelievedOnceWhenSomebodyAcceptsThem(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(100, 2)
		o.taken()
		for i := range 50 {
			o.site.drop(fmt.Sprint("p", i+1))
		}
		o.same("refused", o.read().State, sync.Refused)
		run := must(o.sync.Now(o.ctx, o.connector.Ref(), sync.Accept{Losses: true}))(o)
		o.same("accepted", []any{run.State, len(o.known().Accounts)}, []any{sync.Done, 50})
		events := o.events("connector.synced")
		last := events[len(events)-1]
		o.same("event", []any{last.Actor.Name, last.Data["acceptLosses"], last.Failed}, []any{"Ada", true, false})
	})
}

func TestATargetThatCannotBeReadRevokesNothingAndSaysWhy(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2).give("p1", "r1")
		o.taken()
		for want, err := range map[string]error{
			"the site is closed": fault.New(fault.Unavailable, "the site is closed"),
			"the target could not be read; the server's log says why": fmt.Errorf("dial 10.1.2.3 with s3cret"),
		} {
			o.site.do(func() { o.site.down = err })
			o.unchanged(func() {
				run := o.read()
				o.same("run", []any{run.State, run.Message}, []any{sync.Failed, want})
				o.same("connector", []any{o.row().Status, o.row().StatusText}, []any{app.ConnectorError, want})
			})
		}
	})
}

func TestATargetThatPanicsFailsItsRunAndNothingElse(t *testing.T) {
	each(t, func(o *office) {
		o.site.grow(2, 2).give("p1", "r1")
		o.taken()
		o.site.do(func() { o.site.also = func(*sync.Snapshot) { panic("a driver's mistake") } })
		o.unchanged(func() {
			run := o.read()
			o.same("run", []any{run.State, run.Message}, []any{sync.Failed, "the target could not be read; the server's log says why"})
		})
		o.site.do(func() { o.site.also = nil })
		o.same("the next run", o.read().State, sync.Done)
	})
}
