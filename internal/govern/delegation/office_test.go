package delegation

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// office is the package on one engine, with three people.
type office struct {
	testing.TB
	*Service
	people           *directory.Service
	ctx              context.Context
	clock            *clock.Fake
	ada, grace, joan directory.UserID
	over             []Delegation    // what was told
	notices          []notify.Notice // to whom
}

func each(t *testing.T, test func(o *office)) {
	t.Helper()
	dbtest.Watched(t, func(t *testing.T, d *db.DB) { test(newOffice(t, d, noon)) })
}

// newOffice is an office on d whose clock shows now.
func newOffice(t testing.TB, d *db.DB, now time.Time) *office {
	c := clock.NewFake(now)
	log := audit.New(d, c)
	o := &office{
		TB: t, people: directory.New(d, c, log), clock: c,
		ctx: audit.With(t.Context(), audit.Actor{Kind: audit.KindUser, UserID: "admin", Name: "Admin"}),
	}
	o.Service = New(Deps{DB: d, Clock: c, Audit: log, Notify: o})
	o.Service.Tell(over{o})
	o.people.Tell(o.Service)
	o.ada, o.grace, o.joan = o.person("Ada"), o.person("Grace"), o.person("Joan")
	return o
}

// over listens for an office.
type over struct{ *office }

func (o over) DelegationOver(_ *db.Tx, d Delegation, _ time.Time) error {
	o.over = append(o.over, d)
	return nil
}

// Tell is the office's way to tell people.
func (o *office) Tell(_ *db.Tx, notices ...notify.Notice) error {
	o.notices = append(o.notices, notices...)
	return nil
}

func (o *office) person(name string) directory.UserID {
	o.Helper()
	u, err := o.people.Create(o.ctx, directory.User{DisplayName: name})
	return must(u, err)(o).ID
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatalf("%v (%s)", err, fault.Of(err).Cause())
		}
		return v
	}
}

// instead sets who answers instead of Ada.
func (o *office) instead(delegate directory.UserID, from, until time.Time) Delegation {
	o.Helper()
	return must(o.SetReassign(o.ctx, o.ada, delegate, from, until, ""))(o)
}

// beside makes somebody answer beside Ada.
func (o *office) beside(delegate directory.UserID, from, until time.Time) Delegation {
	o.Helper()
	return must(o.Create(o.ctx, o.ada, delegate, from, until, "on leave"))(o)
}

// answering are those who answer for Ada now.
func (o *office) answering() []directory.UserID {
	o.Helper()
	return o.answeringAt(o.clock.Now())
}

func (o *office) answeringAt(at time.Time) []directory.UserID {
	o.Helper()
	var users []directory.UserID
	for _, s := range must(o.Answering(o.DB.Q(o.ctx), []directory.UserID{o.ada}, at))(o)[o.ada] {
		users = append(users, s.User)
	}
	return users
}

func (o *office) answered(want ...directory.UserID) {
	o.Helper()
	if got := o.answering(); !slices.Equal(got, want) {
		o.Errorf("%v answer for Ada, want %v (Ada %s, Grace %s, Joan %s)", got, want, o.ada, o.grace, o.joan)
	}
}

// end runs the due source until nothing is left, as the loop does.
func (o *office) end() (handled int) {
	o.Helper()
	for {
		n := must(o.Ender().Run(o.ctx, o.clock.Now()))(o)
		if n == 0 {
			return handled
		}
		handled += n
	}
}

// events are those about delegations, oldest first.
func (o *office) events() []audit.Event {
	o.Helper()
	all := must(o.Audit.List(o.ctx, audit.Filter{}, page.Request{Size: 100}))(o)
	return slices.DeleteFunc(all.Items, func(e audit.Event) bool { return e.ObjectType != "delegation" })
}

func (o *office) happened(want ...string) {
	o.Helper()
	var kinds []string
	for _, e := range o.events() {
		kinds = append(kinds, e.Kind)
	}
	if !slices.Equal(kinds, want) {
		o.Errorf("events %v, want %v", kinds, want)
	}
}

func (o *office) told(want ...ID) {
	o.Helper()
	var ids []ID
	for _, d := range o.over {
		ids = append(ids, d.ID)
	}
	if !slices.Equal(ids, want) {
		o.Errorf("told of %v, want %v", ids, want)
	}
}

func (o *office) refused(err error, code fault.Code, field string) {
	o.Helper()
	if f := fault.Of(err); f == nil || f.Code != code || f.Field != field {
		o.Errorf("%v, want code %d naming %q", err, code, field)
	}
}

func (o *office) now(d Delegation) Delegation {
	o.Helper()
	return must(o.Get(o.ctx, d.ID))(o)
}

// quiet tells nobody any more: what was told is not kept for many at once.
func (o *office) quiet() {
	deps := o.Deps
	deps.Notify = nil
	o.Service = New(deps)
}
