package task_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// club is an office with a group, for which Ada asks.
type club struct {
	*office

	Crew     app.Entitlement // what its members hold
	Bindings *automation.Service
	people   map[directory.UserID]app.Account
}

func clubs(t *testing.T, test func(t *testing.T, o *club)) {
	t.Helper()
	each(t, func(t *testing.T, o *office) {
		c := &club{office: o, people: map[directory.UserID]app.Account{}}
		c.Bindings = automation.New(automation.Deps{DB: o.DB, Clock: o.Clock, Audit: o.Audit, Grants: o.Grants})
		t.Cleanup(c.Bindings.Close)
		o.Grants.Watch(c.Bindings)
		o.Tasks.Bindings = c.Bindings
		kind, err := o.Apps.CreateResourceType(o.Ctx, app.ResourceType{AppID: o.App.ID, DisplayName: "Group", Kind: app.KindGroup})
		o.ok(err)
		crew, err := o.Apps.CreateResource(o.Ctx, app.Resource{AppID: o.App.ID, TypeID: kind.ID, DisplayName: "Crew"})
		o.ok(err)
		c.Crew, err = o.Apps.CreateEntitlement(o.Ctx, app.Entitlement{
			AppID: o.App.ID, TypeID: kind.ID, ResourceID: crew.ID, DisplayName: "Crew", Slug: "member", Purpose: app.PurposeAssignment,
		})
		o.ok(err)
		test(t, c)
	})
}

// joins makes somebody a member of the group.
func (o *club) joins(u directory.UserID) grant.Key {
	o.Helper()
	a, ok := o.people[u]
	if !ok {
		a = o.Account(o.App.ID, u)
		o.people[u] = a
	}
	k := grant.Key{App: o.App.ID, Entitlement: o.Crew.ID, Account: a.ID}
	_, err := o.Grants.Create(o.Ctx, k, time.Time{})
	o.ok(err)
	return k
}

func (o *club) leaves(k grant.Key) {
	o.Helper()
	_, err := o.Grants.Revoke(o.Ctx, k, "")
	o.ok(err)
}

// wish is a request of Ada's for the group, for an hour.
func (o *club) wish() task.Ask {
	a := o.asks()
	a.Subject, a.Group = "", task.Group{ID: o.Crew.ResourceID, Members: o.Crew.Ref()}
	return a
}

func (o *club) wishes() task.Task {
	o.Helper()
	t, err := o.Tasks.RequestGrant(o.as(o.Ada), o.wish())
	o.ok(err)
	return t
}

func (o *club) bound() []automation.Proxy {
	o.Helper()
	list, err := o.Bindings.Bound(o.DB.Q(o.Context()), o.Crew.Ref())
	o.ok(err)
	return list
}

func TestWhatIsApprovedForAGroupItHoldsOnceAndForTheTimeAsked(t *testing.T) {
	clubs(t, func(t *testing.T, o *club) {
		o.joins(o.Linus)
		asked := o.wishes()
		if asked.Subject != "" || asked.Account != "" || asked.Group.Members != o.Crew.Ref() || asked.DisplayName != o.Of.DisplayName+" for the group Crew" {
			t.Fatalf("%+v", asked)
		}
		if len(o.bound()) != 0 {
			t.Fatal("held before it was approved")
		}
		o.Clock.Advance(5 * time.Minute)
		o.approved(o.Grace, asked)
		done := o.is(asked, task.Closed, task.Granted)
		list := o.bound()
		if len(list) != 1 || list[0].Destination != o.Of.Ref() || !list[0].Until.Equal(o.Clock.Now().Add(time.Hour)) || list[0].Task != string(asked.ID) {
			t.Fatalf("held %+v", list)
		}
		o.pass(o.Bindings.Keeper())
		k := grant.Key{App: o.App.ID, Entitlement: o.Of.ID, Account: o.people[o.Linus].ID}
		g, err := o.Grants.Get(o.Context(), k)
		o.ok(err)
		if !g.Live(o.Clock.Now()) || g.Live(o.Clock.Now().Add(time.Hour)) {
			t.Errorf("grant %+v", g)
		}
		for _, want := range []task.AuditKind{task.TaskCreated, task.ApproversChosen, task.ProvisionEnded, task.GrantOutcome} {
			if !slices.Contains(o.kinds(done), want) {
				t.Errorf("no %s in %v", want, o.kinds(done))
			}
		}
		events, err := o.Audit.List(o.Ctx, audit.Filter{}, page.Request{Size: 100})
		o.ok(err)
		if n := slices.IndexFunc(events.Items, func(e audit.Event) bool { return e.Kind == "proxy.created" }); n < 0 ||
			events.Items[n].Data["taskId"] != string(asked.ID) || events.Items[n].Actor.UserID != string(o.Grace) {
			t.Errorf("no event of the binding that names the task and who approved: %+v", events.Items)
		}
	})
}

func TestAMemberOfTheGroupDecidesAsLittleAsWhoAsked(t *testing.T) {
	clubs(t, func(t *testing.T, o *club) {
		grace := o.joins(o.Grace) // who owns the app
		asked := o.wishes()
		if got := o.eligible(asked); !slices.Equal(got, []directory.UserID{o.Edith}) {
			t.Fatalf("eligible %v", got)
		}
		_, err := o.approve(o.Grace, asked)
		o.fails(err, fault.Denied)
		for _, yes := range []bool{true, false} {
			_, err = o.Tasks.DecideTogether(o.as(o.Grace), asked.ID, task.BatchDecision{Approve: yes, Comment: "mine", Override: true})
			o.fails(err, fault.Denied)
		}
		_, err = o.Tasks.SkipStep(o.as(o.Grace), string(asked.ID), asked.Step(), "")
		o.fails(err, fault.Denied)
		_, err = o.Tasks.Reassign(o.as(o.Grace), string(asked.ID), asked.Step(), []directory.UserID{o.Linus}, "")
		o.fails(err, fault.Denied)
		_, err = o.Tasks.Reset(o.as(o.Grace), string(asked.ID), "")
		o.fails(err, fault.Denied)
		_, err = o.Tasks.Reassign(o.as(o.Edith), string(asked.ID), asked.Step(), []directory.UserID{o.Grace}, "")
		o.fails(err, fault.Invalid)
		o.leaves(grace)
		if got := o.eligible(asked); !slices.Equal(got, []directory.UserID{o.Grace}) {
			t.Fatalf("after she left eligible are %v", got)
		}
		grace = o.joins(o.Grace)
		if got := o.eligible(asked); !slices.Equal(got, []directory.UserID{o.Edith}) {
			t.Fatalf("after she came back eligible are %v", got)
		}
		edith := o.joins(o.Edith)
		if got := o.eligible(asked); len(got) != 0 {
			t.Fatalf("with all of them in it eligible are %v", got)
		}
		o.leaves(edith)
		o.leaves(grace)
		o.approved(o.Grace, asked)
		o.is(asked, task.Closed, task.Granted)
	})
}

func TestNobodyStandsInForAMemberNorAMemberForAnybody(t *testing.T) {
	clubs(t, func(t *testing.T, o *club) {
		o.ok(o.Owners.Set(o.Ctx, owner.OfApp(o.App.ID), owner.Primary, []directory.UserID{o.Grace, o.Linus}, nil))
		_, err := o.Delegations.Create(o.Ctx, o.Grace, o.Linus, o.Clock.Now(), time.Time{}, "")
		o.ok(err)
		linus := o.joins(o.Linus)
		asked := o.wishes()
		if got := o.eligible(asked); !slices.Equal(got, []directory.UserID{o.Grace}) {
			t.Fatalf("a member in place of an owner: eligible %v", got)
		}
		o.leaves(linus)
		o.joins(o.Grace)
		if got := o.eligible(asked); !slices.Equal(got, []directory.UserID{o.Linus}) {
			t.Fatalf("eligible %v", got)
		}
		now, err := o.Tasks.Get(o.Context(), string(asked.ID))
		o.ok(err)
		r, err := o.Tasks.Eligible(o.Context(), now)
		o.ok(err)
		for _, why := range r.Of(o.Linus) {
			if why.For != "" {
				t.Errorf("Linus decides for %s, who is a member", why.For)
			}
		}
	})
}

func TestAStepThatLetsPeopleDecideAboutThemselvesLetsMembers(t *testing.T) {
	clubs(t, func(_ *testing.T, o *club) {
		o.Book.grant[0].Approval = &policy.Approval{Kind: policy.AppOwners, AllowSelfApproval: true, AllowReassignment: true}
		o.joins(o.Grace)
		asked := o.wishes()
		o.eligible(asked)
		o.approved(o.Grace, asked)
		o.is(asked, task.Closed, task.Granted)
	})
}

func TestAManagerAndOneselfAreNobodyForAGroup(t *testing.T) {
	clubs(t, func(t *testing.T, o *club) {
		for _, kind := range []policy.ApproverKind{policy.Manager, policy.Self} {
			o.Book.grant[0].Approval = &policy.Approval{Kind: kind}
			asked := o.wishes()
			if got := o.eligible(asked); !slices.Equal(got, []directory.UserID{o.Edith}) {
				t.Errorf("%s: eligible %v", kind, got)
			}
			_, err := o.Tasks.Close(o.as(o.Ada), string(asked.ID), "")
			o.ok(err)
		}
	})
}

func TestWhatAGroupCannotHoldIsRefusedAtOnce(t *testing.T) {
	clubs(t, func(t *testing.T, o *club) {
		other := o.Entitlement(o.App.ID)
		_, err := o.Bindings.Bind(o.Ctx, automation.Binding{Source: o.Of.Ref(), Destination: o.Crew.Ref()}, time.Time{})
		o.ok(err)
		for name, c := range map[string]struct {
			change func(a *task.Ask)
			code   fault.Code
		}{
			"a circle":         {func(*task.Ask) {}, fault.Precondition},
			"itself":           {func(a *task.Ask) { a.Entitlement = o.Crew.ID }, fault.Precondition},
			"for a person too": {func(a *task.Ask) { a.Subject, a.Entitlement = o.Ada, other.ID }, fault.Invalid},
			"an account too":   {func(a *task.Ask) { a.Account, a.Entitlement = "a", other.ID }, fault.Invalid},
			"an extension":     {func(a *task.Ask) { a.Extension, a.Entitlement = true, other.ID }, fault.Invalid},
			"no such group":    {func(a *task.Ask) { a.Group.Members.ID, a.Entitlement = "nothing", other.ID }, fault.NotFound},
			"another's id":     {func(a *task.Ask) { a.Group.ID, a.Entitlement = other.ResourceID, other.ID }, fault.NotFound},
			"nothing there":    {func(a *task.Ask) { a.Entitlement = "nothing" }, fault.NotFound},
		} {
			a := o.wish()
			c.change(&a)
			_, err := o.Tasks.RequestGrant(o.as(o.Ada), a)
			_, dry := o.Tasks.DryRun(o.as(o.Ada), task.Grant, a)
			if !fault.Is(err, c.code) || !fault.Is(dry, c.code) {
				t.Errorf("%s: %v, %v", name, err, dry)
			}
		}
		a := o.wish()
		a.Entitlement = other.ID
		d, err := o.Tasks.DryRun(o.as(o.Ada), task.Grant, a)
		o.ok(err)
		if len(d.Steps) != 1 || !slices.Equal(d.Steps[0].Users(), []directory.UserID{o.Grace}) || d.Task.Group != a.Group {
			t.Errorf("%+v", d)
		}
	})
}

// What is asked for while it can be held, and cannot be when it is approved, is given to nobody; the task says so and can be tried again.
func TestWhatAGroupCannotHoldAnyMoreShowsOnTheTask(t *testing.T) {
	clubs(t, func(t *testing.T, o *club) {
		asked := o.wishes()
		back := automation.Binding{Source: o.Of.Ref(), Destination: o.Crew.Ref()}
		_, err := o.Bindings.Bind(o.Ctx, back, time.Time{})
		o.ok(err)
		o.approved(o.Grace, asked)
		o.is(asked, task.Open, task.Failed)
		if len(o.bound()) != 0 {
			t.Fatal("it is held")
		}
		o.ok(o.Bindings.Unbind(o.Ctx, back))
		o.pass(o.Bindings.Keeper())
		_, err = o.Tasks.RetryProvisioning(o.as(o.Ada), string(asked.ID), "", "")
		o.ok(err)
		o.is(asked, task.Closed, task.Granted)
	})
}

func TestAGroupThatIsGoneEndsWhatWasAskedForIt(t *testing.T) {
	for name, end := range map[string]func(o *club) error{
		"the group": func(o *club) error {
			return o.Apps.DeleteResource(o.Ctx, o.App.ID, o.Crew.TypeID, o.Crew.ResourceID)
		},
		"its level":   func(o *club) error { return o.Apps.DeleteEntitlement(o.Ctx, o.App.ID, o.Crew.ID) },
		"what it was": func(o *club) error { return o.Apps.DeleteEntitlement(o.Ctx, o.App.ID, o.Of.ID) },
		"the app":     func(o *club) error { return o.Apps.DeleteApp(o.Ctx, o.App.ID) },
	} {
		t.Run(name, func(t *testing.T) {
			clubs(t, func(t *testing.T, o *club) {
				asked := o.wishes()
				o.ok(end(o))
				o.is(asked, task.Closed, task.Cancelled)
				if kinds := o.kinds(asked); !slices.Contains(kinds, task.StateChanged) || !slices.Contains(kinds, task.GrantOutcome) {
					t.Errorf("kinds %v", kinds)
				}
				_, err := o.Tasks.Approve(o.as(o.Grace), string(asked.ID), asked.Step(), "")
				o.fails(err, fault.Conflict)
			})
		})
	}
}

// The group may be of another app than what is asked for.
func TestTheAppOfAGroupThatIsGoneEndsWhatWasAskedForIt(t *testing.T) {
	clubs(t, func(_ *testing.T, o *club) {
		elsewhere := o.Entitlement(o.House.App().ID)
		a := o.wish()
		a.Group = task.Group{ID: elsewhere.ResourceID, Members: elsewhere.Ref()}
		asked, err := o.Tasks.RequestGrant(o.as(o.Ada), a)
		o.ok(err)
		o.ok(o.Apps.DeleteApp(o.Ctx, elsewhere.AppID))
		o.is(asked, task.Closed, task.Cancelled)
	})
}

func TestOfTwoWhoApproveForAGroupAtOnceOneWinsAndItHoldsItOnce(t *testing.T) {
	clubs(t, func(t *testing.T, o *club) {
		o.Book.grant[0].Approval = &policy.Approval{Kind: policy.Users, UserIDs: []directory.UserID{o.Grace, o.Linus}}
		asked := o.wishes()
		var all sync.WaitGroup
		errs := make([]error, 2)
		for i, u := range []directory.UserID{o.Grace, o.Linus} {
			all.Go(func() { _, errs[i] = o.Tasks.Approve(o.as(u), string(asked.ID), asked.Step(), "") })
		}
		all.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("%v and %v", errs[0], errs[1])
		}
		o.is(asked, task.Closed, task.Granted)
		if len(o.bound()) != 1 {
			t.Errorf("held %v", o.bound())
		}
	})
}

// Two ask at the same time: one task, whatever races.
func TestTheSameIsAskedForAGroupOnce(t *testing.T) {
	clubs(t, func(t *testing.T, o *club) {
		var all sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			all.Go(func() { _, errs[i] = o.Tasks.RequestGrant(o.as(o.Ada), o.wish()) })
		}
		all.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else if !fault.Is(err, fault.Exists) {
				t.Error(err)
			}
		}
		if made != 1 {
			t.Errorf("%d were made", made)
		}
		_, err := o.Tasks.RequestGrant(o.as(o.Ada), o.asks()) // for oneself is something else
		o.ok(err)
	})
}

func TestToCancelWhatIsHalfGivenToAGroupTakesWhatTheTaskGave(t *testing.T) {
	clubs(t, func(t *testing.T, o *club) {
		o.Book.grant = []policy.Step{
			{Approval: &policy.Approval{Kind: policy.AppOwners}}, {Provision: &policy.Provision{}},
			{Provision: &policy.Provision{Doc: []byte(`{"manual":{"userIds":["` + string(o.Linus) + `"]}}`)}},
		}
		asked := o.wishes()
		o.approved(o.Grace, asked)
		if now := o.is(asked, task.Open, task.NoOutcome); !now.Asked || len(o.bound()) != 1 {
			t.Fatalf("%+v, held %v", now.Current, o.bound())
		}
		_, err := o.Tasks.Close(o.as(o.Ada), string(asked.ID), "not any more")
		o.ok(err)
		o.is(asked, task.Closed, task.Cancelled)
		if len(o.bound()) != 0 {
			t.Error("it is still held")
		}
		o.pass(o.Bindings.Keeper())
		_, err = o.Bindings.Bind(o.Ctx, automation.Binding{Source: o.Crew.Ref(), Destination: o.Of.Ref()}, time.Time{})
		o.ok(err)
		again := o.wishes()
		o.approved(o.Grace, again)
		_, err = o.Tasks.Close(o.as(o.Ada), string(again.ID), "")
		o.ok(err)
		if list := o.bound(); len(list) != 1 || !list[0].Until.IsZero() {
			t.Errorf("what it held before is %v", list)
		}
	})
}

// told are the notices that people got.
type told struct{ list []notify.Notice }

func (n *told) Tell(_ *db.Tx, list ...notify.Notice) error {
	n.list = append(n.list, list...)
	return nil
}

func (*told) Cancel(*db.Tx, string, notify.Kind) {}

func (*told) Spare(*db.Tx, string, notify.Kind, []directory.UserID) error { return nil }

func TestWhoIsAskedByMailIsToldOfTheGroup(t *testing.T) {
	clubs(t, func(t *testing.T, o *club) {
		told := &told{}
		o.Tasks.Notices = told
		asked := o.wishes()
		o.approved(o.Grace, asked)
		var texts []string
		for _, n := range told.list {
			texts = append(texts, fmt.Sprintf("%s %s for %s by %s", n.User, n.Kind, n.Data.Subject, n.Data.By))
		}
		want := []string{
			fmt.Sprintf("%s DECIDE for %s by %s", o.Grace, asked.Names.Subject, o.Ada), fmt.Sprintf("%s DECIDED for %s by %s", o.Ada, asked.Names.Subject, o.Grace),
		}
		if !slices.Equal(texts, want) {
			t.Errorf("told %q, want %q", texts, want)
		}
	})
}

func TestWhichMembersAreAmongPeopleIsLookedUpByThePeople(t *testing.T) {
	o := open(t, dbtest.SQLite(t))
	o.crowd(2000)
	o.fromThePerson(t, task.MembersSQL(2, 1), []any{clock.Micros(o.Clock.Now()), string(o.Ada), string(o.Grace), string(o.App.ID), string(o.Of.ID)})
}
