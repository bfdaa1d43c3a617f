package task_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// asked says who may decide, and nobody else has it among their work.
func (o *office) asked(t task.Task, want ...directory.UserID) {
	o.Helper()
	slices.Sort(want)
	if got := o.eligible(t); !slices.Equal(got, want) && len(got)+len(want) > 0 {
		o.Fatalf("eligible %v, want %v", got, want)
	}
}

func TestWindowsOfDelegates(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		now := o.Clock.Now()
		set := func(from, until time.Time) {
			_, err := o.Delegations.SetReassign(o.Ctx, o.Grace, o.Linus, from, until, "away")
			o.ok(err)
		}
		again := o.request
		closing := func(t task.Task) { _, err := o.Tasks.Close(o.as(o.Ada), string(t.ID), ""); o.ok(err) }

		set(now.Add(time.Hour), now.Add(2*time.Hour)) // not yet open
		before := again()
		o.asked(before, o.Grace)
		o.Clock.Advance(time.Hour) // opens while the step is open, which stays where it is
		o.asked(before, o.Grace)
		closing(before)

		during := again()
		o.asked(during, o.Linus)
		if !slices.Contains(o.kinds(during), task.GivenToDelegate) {
			t.Errorf("kinds %v", o.kinds(during))
		}
		o.Clock.Advance(time.Hour) // closes while the step is open
		o.asked(during, o.Grace)
		o.pass(o.Delegations.Ender())
		o.asked(during, o.Grace)
		if !slices.Contains(o.kinds(during), task.StepReassigned) {
			t.Errorf("kinds %v", o.kinds(during))
		}
		_, err := o.approve(o.Linus, during)
		o.fails(err, fault.Denied)
		closing(during)

		after := again() // just closed
		o.asked(after, o.Grace)
		closing(after)

		set(o.Clock.Now(), time.Time{})
		removed := again()
		o.asked(removed, o.Linus)
		_, err = o.Delegations.SetReassign(o.Ctx, o.Grace, o.Edith, o.Clock.Now(), time.Time{}, "")
		o.ok(err)
		o.asked(removed, o.Grace) // the other delegate acts on steps that open from now on
		closing(removed)

		o.Book.grant[0].Approval.AllowDelegation = false
		forbidden := again()
		o.asked(forbidden, o.Grace)
		closing(forbidden)
	})
}

func TestADelegateDecidesForSomebodyAndNeverForThemself(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, err := o.Delegations.Create(o.Ctx, o.Grace, o.Linus, o.Clock.Now(), time.Time{}, "")
		o.ok(err)
		_, err = o.Delegations.Create(o.Ctx, o.Grace, o.Ada, o.Clock.Now(), time.Time{}, "")
		o.ok(err)
		asked := o.request()
		o.asked(asked, o.Grace, o.Linus)
		done := o.approved(o.Linus, asked)
		if by, of := done.Decider(); by != o.Linus || of != o.Grace {
			t.Errorf("%s for %s", by, of)
		}
		g, err := o.Grants.Get(o.Context(), grant.Key{App: done.App, Entitlement: done.Entitlement, Account: done.Account})
		o.ok(err)
		if g.Given.DecidedFor != o.Grace {
			t.Errorf("given %+v", g.Given)
		}
	})
}

func TestHoldersOfAnEntitlementOwnWhileTheyHoldIt(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		group := o.Entitlement(o.App.ID)
		k := grant.Key{App: o.App.ID, Entitlement: group.ID, Account: o.Account(o.App.ID, o.Linus).ID}
		_, err := o.Grants.Create(o.Ctx, k, o.Clock.Now().Add(time.Hour))
		o.ok(err)
		o.ok(o.Owners.Set(o.Ctx, owner.OfApp(o.App.ID), owner.Primary, nil, []app.EntitlementRef{group.Ref()}))
		asked := o.request()
		o.asked(asked, o.Linus)
		r, err := o.Tasks.Eligible(o.Context(), asked)
		o.ok(err)
		if r.Of(o.Linus)[0].Via != group.Ref() {
			t.Errorf("reasons %v", r.Of(o.Linus))
		}
		o.Clock.Advance(time.Hour)
		if r, err := o.Tasks.Eligible(o.Context(), asked); err != nil || !slices.Equal(r.Users(), []directory.UserID{o.Edith}) {
			t.Errorf("eligible %v %v", r.Users(), err)
		}
		_, err = o.approve(o.Linus, asked)
		o.fails(err, fault.Denied)
		_, err = o.approve(o.Edith, asked)
		o.ok(err)
	})
}

func TestManagersAndGroupsDecide(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		o.Book.grant[0].Approval.Kind = policy.Manager
		_, err := o.Directory.Update(o.Ctx, o.Ada, func(u *directory.User) error { u.ManagerIDs = []directory.UserID{o.Linus}; return nil })
		o.ok(err)
		asked := o.request()
		o.asked(asked, o.Linus)
		_, err = o.Tasks.Close(o.as(o.Ada), string(asked.ID), "")
		o.ok(err)

		group := o.Entitlement(o.App.ID)
		o.Book.grant[0].Approval.Kind, o.Book.grant[0].Approval.Group = policy.Group, group.Ref()
		for _, u := range []directory.UserID{o.Grace, o.Linus} {
			_, err := o.Grants.Create(o.Ctx, grant.Key{App: o.App.ID, Entitlement: group.ID, Account: o.Account(o.App.ID, u).ID}, time.Time{})
			o.ok(err)
		}
		o.asked(o.request(), o.Grace, o.Linus)
	})
}

func TestWhoIsDisabledIsAskedNoLonger(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		asked := o.request()
		_, err := o.Directory.Disable(o.Ctx, o.Grace, "")
		o.ok(err)
		o.pass(o.Tasks.Due())
		o.asked(asked, o.Edith)
		if !slices.Contains(o.kinds(asked), task.FellBackToAdmins) {
			t.Errorf("kinds %v", o.kinds(asked))
		}
		_, err = o.Directory.Disable(o.Ctx, o.Ada, "")
		o.ok(err)
		o.is(asked, task.Closed, task.Cancelled)
	})
}

func TestNobodyAtAllLeavesTheTaskOpenAndFlagged(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.ok(o.Owners.Set(o.Ctx, owner.OfApp(o.App.ID), owner.Primary, []directory.UserID{o.Edith}, nil))
		a := o.asks()
		a.Subject = o.Edith
		asked, err := o.Tasks.RequestGrant(o.as(o.Edith), a)
		o.ok(err)
		o.asked(asked)
		if asked.Current.Tier != task.Nobody || !slices.Contains(o.kinds(asked), task.NobodyEligible) {
			t.Errorf("%s, kinds %v", asked.Current.Tier, o.kinds(asked))
		}
		d, err := o.Tasks.DryRun(o.as(o.Edith), task.Grant, a)
		o.ok(err)
		if len(d.Warnings) != 2 || len(d.Steps) != 1 || d.Steps[0].Tier != task.Nobody { // and that it is asked for already
			t.Errorf("%+v", d)
		}
		o.ok(o.Owners.Set(o.Ctx, owner.OfApp(o.App.ID), owner.Primary, []directory.UserID{o.Grace}, nil))
		o.asked(asked, o.Grace) // somebody is there again
		o.approved(o.Grace, asked)
	})
}

func TestSelfApprovalAndDistinctApprovers(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		o.ok(o.Owners.Set(o.Ctx, owner.OfApp(o.App.ID), owner.Primary, []directory.UserID{o.Ada, o.Grace}, nil))
		o.Book.grant = []policy.Step{
			{Approval: &policy.Approval{Kind: policy.Self}},
			{Approval: &policy.Approval{Kind: policy.AppOwners, AllowSelfApproval: true}},
			{Approval: &policy.Approval{Kind: policy.AppOwners, RequireDistinctApprovers: true}},
		}
		asked := o.request()
		o.asked(asked, o.Ada)
		o.approved(o.Ada, asked)
		o.asked(asked, o.Ada, o.Grace)
		o.approved(o.Grace, asked)
		o.asked(asked, o.Edith) // Grace approved before, and Ada asks
		o.approved(o.Edith, asked)
		o.is(asked, task.Closed, task.Granted)
	})
}

// The threat: the account passes to the one who decides, or to anybody else for whom nobody decided.
func TestWhatWasDecidedForOnePersonIsNotGivenToTheNextHolderOfTheirAccount(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		account := o.Account(o.App.ID, o.Ada)
		asked := o.request()
		for _, next := range []directory.UserID{o.Grace, ""} {
			_, err := o.Apps.UpdateAccount(o.Ctx, o.App.ID, account.ID, func(a *app.Account) error { a.UserID = next; return nil })
			o.ok(err)
			if asked.Outcome == task.NoOutcome {
				asked = o.approved(o.Grace, asked)
			} else {
				asked, err = o.Tasks.RetryProvisioning(o.as(o.Ada), string(asked.ID), asked.Step(), "")
				o.ok(err)
			}
			o.is(asked, task.Open, task.Failed)
			if o.holds(asked) {
				o.Errorf("%q holds what was decided for Ada", next)
			}
		}
		_, err := o.Apps.UpdateAccount(o.Ctx, o.App.ID, account.ID, func(a *app.Account) error { a.UserID = o.Ada; return nil })
		o.ok(err)
		_, err = o.Tasks.RetryProvisioning(o.as(o.Ada), string(asked.ID), asked.Step(), "")
		o.ok(err)
		o.is(asked, task.Closed, task.Granted)
	})
}

func TestOffboardingTakesEverything(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		given := o.approved(o.Grace, o.request())
		c := o.Connected(1)
		_, err := o.Grants.Create(o.Ctx, c.Key(0), time.Time{})
		o.ok(err)
		o.run()
		_, err = o.Apps.UpdateAccount(o.Ctx, c.Connector.AppID, c.Accounts[0], func(a *app.Account) error { a.UserID = o.Ada; return nil })
		o.ok(err)
		off, err := o.Tasks.RequestOffboarding(o.as(o.Edith), task.Ask{Subject: o.Ada, Description: "leaves"})
		o.ok(err)
		if off.Outcome != task.InProgress {
			t.Fatalf("%+v", off)
		}
		o.pass(o.Tasks.Due())
		o.is(off, task.Open, task.InProgress)
		o.run()
		o.is(off, task.Closed, task.Completed)
		if o.holds(given) {
			t.Error("something is left")
		}
	})
}

func TestAnOffboardingIsDoneWhenNothingIsHeldAnyMore(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		given := o.approved(o.Grace, o.request())
		o.Clock.Advance(time.Minute)
		o.Book.revoke = []policy.Step{{Approval: &policy.Approval{Kind: policy.AppOwners}}, {Provision: &policy.Provision{}}}
		off := func() task.Task {
			t, err := o.Tasks.RequestOffboarding(o.as(o.Edith), task.Ask{Subject: o.Ada, Description: "leaves"})
			o.ok(err)
			o.pass(o.Tasks.Due())
			return o.is(t, task.Open, task.InProgress)
		}
		ask := o.asks()
		ask.Duration = 0
		taking, err := o.Tasks.RequestRevoke(o.as(o.Edith), ask)
		o.ok(err)
		first := off() // which finds that somebody takes it already
		_, err = o.Tasks.Deny(o.as(o.Grace), string(taking.ID), taking.Step(), "she needs it to hand over")
		o.ok(err)
		o.is(first, task.Closed, task.Failed)

		second := off()
		one, err := db.One(o.DB.Q(o.Context()), func(r *db.Rows) (id string, err error) { return id, r.Scan(&id) },
			`select id from task where parent_id = $1`, string(second.ID))
		o.ok(err)
		if !o.holds(given) {
			o.Error("it was taken though nobody has said yes")
		}
		o.approved(o.Grace, task.Task{ID: task.ID(one)})
		o.is(second, task.Closed, task.Completed)
		if o.holds(given) {
			o.Error("something is left")
		}
	})
}

func TestEmergencyAccessHasItsOwnPolicy(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		asked := o.request()
		_, err := o.Tasks.Escalate(o.as(o.Ada), string(asked.ID), asked.Step(), "it burns")
		o.fails(err, fault.Precondition)
		o.Book.emergency = []policy.Step{{Approval: &policy.Approval{Kind: policy.Users, UserIDs: []directory.UserID{o.Linus}}}}
		urgent, err := o.Tasks.Escalate(o.as(o.Ada), string(asked.ID), asked.Step(), "it burns")
		o.ok(err)
		if !urgent.Emergency || !slices.Contains(o.kinds(asked), task.TaskEscalated) {
			t.Errorf("%+v", urgent)
		}
		o.asked(urgent, o.Linus)
		o.approved(o.Linus, urgent)
		o.is(urgent, task.Closed, task.Granted)
	})
}

func TestSomethingByHandIsConfirmedByWhoWasAsked(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.Book.grant = []policy.Step{{Provision: &policy.Provision{Doc: []byte(fmt.Sprintf(`{"manual":{"userIds":["%s"]}}`, o.Linus))}}}
		asked := o.request()
		o.asked(asked, o.Linus)
		_, err := o.Tasks.CompleteManual(o.as(o.Grace), string(asked.ID), asked.Step(), "")
		o.fails(err, fault.Denied)
		_, err = o.Tasks.FailManual(o.as(o.Linus), string(asked.ID), asked.Step(), "no seats")
		o.ok(err)
		failed := o.is(asked, task.Open, task.Failed)
		_, err = o.Tasks.RetryProvisioning(o.as(o.Ada), string(asked.ID), failed.Step(), "there are now")
		o.ok(err)
		_, err = o.Tasks.CompleteManual(o.as(o.Linus), string(asked.ID), "", "done")
		o.ok(err)
		done := o.is(asked, task.Closed, task.Granted)
		if !o.holds(done) {
			t.Error("it is not held")
		}
	})
}

func TestEveryUseCaseLeavesItsTraceInTheAudit(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		asked := o.request()
		ref := string(asked.ID)
		steps := []struct {
			name string
			do   func() (task.Task, error)
		}{
			{"comment", func() (task.Task, error) { return o.Tasks.Comment(o.as(o.Grace), ref, "why?") }},
			{"shorter", func() (task.Task, error) { return o.Tasks.UpdateDuration(o.as(o.Grace), ref, 30*time.Minute) }},
			{"longer", func() (task.Task, error) { return o.Tasks.UpdateDuration(o.as(o.Ada), ref, 2*time.Hour) }},
			{"data", func() (task.Task, error) { return o.Tasks.UpdateData(o.as(o.Ada), ref, []byte(`{"a":1}`)) }},
			{"restart", func() (task.Task, error) { return o.Tasks.Restart(o.as(o.Edith), ref, "", "again") }},
			{"reset", func() (task.Task, error) { return o.Tasks.Reset(o.as(o.Edith), ref, "from the start") }},
			{"process", func() (task.Task, error) { return o.Tasks.Process(o.as(o.Edith), ref) }},
			{"reassign", func() (task.Task, error) {
				return o.Tasks.Reassign(o.as(o.Grace), ref, "", []directory.UserID{o.Linus}, "you know them")
			}},
			{"skip", func() (task.Task, error) {
				now, err := o.Tasks.Get(o.Context(), ref)
				o.ok(err)
				return o.Tasks.SkipStep(o.as(o.Edith), ref, now.Step(), "no time")
			}},
		}
		before := len(o.kinds(asked))
		for _, s := range steps {
			after, err := s.do()
			if err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
			p, err := o.Tasks.Events(o.Context(), task.HistoryFilter{Tasks: []task.ID{asked.ID}}, page.Request{Size: 100})
			o.ok(err)
			if len(p.Items) <= before {
				t.Errorf("%s left no trace", s.name)
			}
			before = len(p.Items)
			if after.ID != asked.ID {
				t.Errorf("%s answered %v", s.name, after)
			}
		}
		o.is(asked, task.Closed, task.Granted)
		_, err := o.Tasks.Comment(o.as(o.Ada), ref, "thanks")
		o.fails(err, fault.Conflict)
		p, err := o.Tasks.Events(o.Context(), task.HistoryFilter{Tasks: []task.ID{asked.ID}, Comments: true}, page.Request{Size: 100})
		o.ok(err)
		if len(p.Items) != 1 || p.Items[0].Comment != "why?" || p.Items[0].User != o.Grace {
			t.Errorf("comments %+v", p.Items)
		}
	})
}
