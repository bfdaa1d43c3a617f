package task_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestARequestIsDecidedByTheOwnersAndGivenUntilItsEnd(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		asked := o.request()
		if asked.Number == 0 || asked.State != task.Open || asked.Processing != task.Waiting {
			t.Fatalf("asked %+v", asked)
		}
		if got := o.eligible(asked); !slices.Equal(got, []directory.UserID{o.Grace}) {
			t.Fatalf("eligible %v", got)
		}
		byNumber, err := o.Tasks.Get(o.Context(), strconv.FormatInt(asked.Number, 10))
		o.ok(err)
		if byNumber.ID != asked.ID {
			t.Errorf("by number %s", byNumber.ID)
		}
		done := o.approved(o.Grace, asked)
		done = o.is(done, task.Closed, task.Granted)
		g, err := o.Grants.Get(o.Context(), grant.Key{App: done.App, Entitlement: done.Entitlement, Account: done.Account})
		o.ok(err)
		if !g.Live(o.Clock.Now()) || !g.DeprovisionAt.Equal(o.Clock.Now().Add(time.Hour)) || g.Given.Task != string(asked.ID) ||
			g.Given.DecidedBy != o.Grace || g.Direct != grant.Request || g.Given.PolicyVersion == "" {
			t.Errorf("grant %+v", g)
		}
		o.Clock.Advance(time.Hour)
		if o.holds(done) {
			t.Error("access did not end")
		}
		o.pass(o.Grants.Ender(), o.Tasks.Due())
		revoked, err := o.Tasks.Get(o.Context(), strconv.FormatInt(done.Number+1, 10))
		o.ok(err)
		revoked = o.is(revoked, task.Closed, task.Revoked)
		if revoked.Origin != task.ByTime || !revoked.Source.ExpiredAt.Equal(g.DeprovisionAt) || revoked.Subject != o.Ada {
			t.Errorf("revoked %+v", revoked)
		}
		var by string
		o.ok(o.DB.Q(o.Context()).Row(`select ended_task from grants where id = $1`, string(g.ID)).Scan(&by))
		if by != string(revoked.ID) {
			t.Errorf("the grant was ended by task %q, want %q", by, revoked.ID)
		}
		if kinds := o.kinds(revoked); !slices.Contains(kinds, task.PassedByItself) || !slices.Contains(kinds, task.RevokeOutcome) {
			t.Errorf("kinds %v", kinds)
		}
	})
}

func TestWhoMayNotIsRefusedAndNothingChanges(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		asked := o.request()
		for _, u := range []directory.UserID{o.Ada, o.Linus, o.Edith} {
			_, err := o.approve(u, asked)
			o.fails(err, fault.Denied)
		}
		_, err := o.Tasks.Approve(o.as(o.Grace), string(asked.ID), "", "")
		o.fails(err, fault.Invalid)
		_, err = o.Tasks.Approve(o.as(o.Grace), string(asked.ID), "no such step", "")
		o.fails(err, fault.Conflict)
		_, err = o.Tasks.Approve(o.as(o.Grace), string(asked.ID), asked.Step(), strings.Repeat("x", task.MaxComment+1))
		o.fails(err, fault.Invalid)
		_, err = o.Tasks.Deny(o.as(o.Grace), "no such task", asked.Step(), "")
		o.fails(err, fault.NotFound)
		o.is(asked, task.Open, task.NoOutcome)
	})
}

func TestTheSameIsAskedForOnce(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		first := o.request()
		_, err := o.Tasks.RequestGrant(o.as(o.Ada), o.asks())
		o.fails(err, fault.Exists)
		f := fault.Of(err)
		if f.Message != "duplicate ticket found" || len(f.Details) != 1 || f.Details[0].Metadata["taskId"] != string(first.ID) {
			t.Errorf("%+v", f)
		}
		_, err = o.Tasks.Close(o.as(o.Ada), string(first.ID), "")
		o.ok(err)
		o.request()
	})
}

func TestTheSameIsAskedForOnceThoughAnAccountWasMadeMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		first, other := o.request(), o.asks()
		other.Entitlement = o.Entitlement(o.App.ID).ID
		second, err := o.Tasks.RequestGrant(o.as(o.Ada), other)
		o.ok(err)
		if o.approved(o.Grace, second); first.Account != "" || o.is(second, task.Closed, task.Granted).Account == "" {
			t.Fatal("Ada had an account from the beginning")
		}
		_, err = o.Tasks.RequestGrant(o.as(o.Ada), o.asks())
		o.fails(err, fault.Exists)
		if f := fault.Of(err); f.Details[0].Metadata["taskId"] != string(first.ID) {
			t.Errorf("%+v", f)
		}
		d, err := o.Tasks.DryRun(o.as(o.Ada), task.Grant, o.asks())
		o.ok(err)
		if len(d.Warnings) != 1 || !strings.Contains(d.Warnings[0], "asked for already: task #"+strconv.FormatInt(first.Number, 10)) {
			t.Errorf("a dry run warns %q", d.Warnings)
		}
		o.approved(o.Grace, first)
		o.is(first, task.Closed, task.Granted)
	})
}

func TestOfTwoApproversAtOnceOneWins(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.Book.grant[0].Approval = &policy.Approval{Kind: policy.Users, UserIDs: []directory.UserID{o.Grace, o.Linus}}
		for range 5 {
			asked := o.request()
			var all sync.WaitGroup
			errs := make([]error, 2)
			for i, u := range []directory.UserID{o.Grace, o.Linus} {
				all.Go(func() { _, errs[i] = o.Tasks.Approve(o.as(u), string(asked.ID), asked.Step(), "") })
			}
			all.Wait()
			if (errs[0] == nil) == (errs[1] == nil) || !fault.Is(errs[0], fault.Conflict) && !fault.Is(errs[1], fault.Conflict) {
				t.Fatalf("%v and %v", errs[0], errs[1])
			}
			done := o.is(asked, task.Closed, task.Granted)
			_, err := o.Grants.Revoke(o.Ctx, grant.Key{App: done.App, Entitlement: done.Entitlement, Account: done.Account}, "")
			o.ok(err)
		}
	})
}

func TestARequestSaysWhatIsWrongWithIt(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, err := o.Apps.UpdateEntitlement(o.Ctx, o.App.ID, o.Of.ID, func(e *app.Entitlement) error { e.MaxGrant = time.Hour; return nil })
		o.ok(err)
		for name, c := range map[string]struct {
			change func(a *task.Ask)
			code   fault.Code
		}{
			"too long":          {func(a *task.Ask) { a.Duration = 2 * time.Hour }, fault.Invalid},
			"negative":          {func(a *task.Ask) { a.Duration = -1 }, fault.Invalid},
			"nobody":            {func(a *task.Ask) { a.Subject = "" }, fault.Invalid},
			"unknown user":      {func(a *task.Ask) { a.Subject = "nobody" }, fault.NotFound},
			"unknown object":    {func(a *task.Ask) { a.Entitlement = "nothing" }, fault.NotFound},
			"unknown account":   {func(a *task.Ask) { a.Account = "nothing" }, fault.NotFound},
			"a long text":       {func(a *task.Ask) { a.Description = strings.Repeat("x", 1<<20) }, fault.Invalid},
			"data":              {func(a *task.Ask) { a.Data = []byte("[]") }, fault.Invalid},
			"no emergency":      {func(a *task.Ask) { a.Emergency = true }, fault.Precondition},
			"nothing to extend": {func(a *task.Ask) { a.Extension = true }, fault.Precondition},
		} {
			a := o.asks()
			c.change(&a)
			if _, err := o.Tasks.RequestGrant(o.as(o.Ada), a); !fault.Is(err, c.code) {
				t.Errorf("%s: %v", name, err)
			}
			if name == "too long" {
				_, err := o.Tasks.RequestGrant(o.as(o.Ada), a)
				if !strings.Contains(err.Error(), "grant duration must be less than or equal to max provision time)") {
					t.Errorf("%v", err)
				}
			}
		}
		_, err = o.Tasks.RequestRevoke(o.as(o.Ada), o.asks())
		o.fails(err, fault.NotFound)
	})
}

func TestARevocationTakesAndAnExtensionMovesTheEnd(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		given := o.approved(o.Grace, o.request())
		more := o.asks()
		more.Extension, more.Duration = true, 3*time.Hour
		extension, err := o.Tasks.RequestGrant(o.as(o.Ada), more)
		o.ok(err)
		o.Clock.Advance(10 * time.Minute)
		o.approved(o.Grace, extension)
		g, err := o.Grants.Get(o.Context(), grant.Key{App: given.App, Entitlement: given.Entitlement, Account: given.Account})
		o.ok(err)
		if !g.DeprovisionAt.Equal(o.Clock.Now().Add(3 * time.Hour)) {
			t.Errorf("ends at %s", g.DeprovisionAt)
		}
		revoked, err := o.Tasks.RequestRevoke(o.as(o.Ada), o.asks())
		o.ok(err)
		o.is(revoked, task.Closed, task.Revoked)
		if o.holds(given) {
			t.Error("it is still held")
		}
	})
}

func TestAnExtensionThatNobodyDecidedInTimeIsInNobodysWay(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		given := o.approved(o.Grace, o.request())
		more := o.asks()
		more.Extension, more.Duration = true, 3*time.Hour
		extension, err := o.Tasks.RequestGrant(o.as(o.Ada), more)
		o.ok(err)
		o.Clock.Advance(24 * time.Hour)
		o.pass(o.Grants.Ender(), o.Tasks.Due())
		o.is(extension, task.Closed, task.Cancelled)
		o.approved(o.Grace, o.request())
		if !o.holds(given) {
			t.Error("it is not held again")
		}
	})
}

func TestATargetThatIsDownShowsOnTheTask(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		c := o.Connected(1)
		o.Book.grant = []policy.Step{{Provision: &policy.Provision{}}}
		o.Target.Down(errors.New("no answer"))
		asked, err := o.Tasks.RequestGrant(o.as(c.Users[0]), task.Ask{
			App: c.Connector.AppID, Entitlement: c.Entitlement, Subject: c.Users[0], Duration: time.Hour,
		})
		o.ok(err)
		o.is(asked, task.Open, task.NoOutcome)
		o.run()
		o.is(asked, task.Open, task.Failed)
		o.Target.Down(nil)
		_, err = o.Tasks.RetryProvisioning(o.as(c.Users[0]), string(asked.ID), "", "is it back?")
		o.ok(err)
		o.Clock.Advance(time.Minute)
		o.run()
		done := o.is(asked, task.Closed, task.Granted)
		if !o.holds(done) {
			t.Error("it is not held")
		}
		o.Clock.Advance(time.Hour)
		o.pass(o.Grants.Ender())
		revoked, err := o.Tasks.Get(o.Context(), strconv.FormatInt(asked.Number+1, 10))
		o.ok(err)
		o.is(revoked, task.Open, task.NoOutcome)
		o.Clock.Advance(time.Minute)
		o.run()
		o.is(revoked, task.Closed, task.Revoked)
	})
}

// run has all operations that are due carried out.
func (o *office) run() { o.pass(o.Provision.Sources()...) }

func TestStepsEscalateAndWaitsEndInTheirTime(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.Book.grant = []policy.Step{
			{Approval: &policy.Approval{Kind: policy.AppOwners, Escalation: &policy.Escalation{
				After: time.Hour, Kind: policy.ReassignTo, UserIDs: []directory.UserID{o.Linus},
			}}},
			{Wait: &policy.Wait{Condition: "subject.ready", Timeout: time.Hour}},
			{Approval: &policy.Approval{Kind: policy.Expression, Expressions: []string{"nobody"}}},
			{Approval: &policy.Approval{Kind: policy.Expression, Expressions: []string{"linus"}}},
			{Approval: &policy.Approval{Kind: policy.Expression, Expressions: []string{"wrong"}}},
			{Provision: &policy.Provision{}},
		}
		o.Book.answers = map[string][]directory.UserID{"nobody": nil, "linus": {o.Linus}}
		asked := o.request()
		at, ok, err := o.Tasks.Due().Next(o.Context())
		o.ok(err)
		if !ok || !at.Equal(o.Clock.Now().Add(time.Hour)) {
			t.Fatalf("due at %s", at)
		}
		o.Clock.Advance(time.Hour)
		o.pass(o.Tasks.Due())
		if got := o.eligible(asked); !slices.Equal(got, []directory.UserID{o.Linus}) {
			t.Fatalf("eligible %v", got)
		}
		waiting := o.approved(o.Linus, asked)
		if waiting.Current.Step.Wait == nil {
			t.Fatalf("at %+v", waiting.Current)
		}
		o.Book.holds = true
		o.Clock.Advance(task.Recheck)
		o.pass(o.Tasks.Due())
		if got := o.eligible(asked); !slices.Equal(got, []directory.UserID{o.Linus}) {
			t.Fatalf("eligible %v", got)
		}
		o.approved(o.Linus, asked)
		if got := o.eligible(asked); !slices.Equal(got, []directory.UserID{o.Edith}) { // the expression cannot be worked out
			t.Fatalf("eligible %v", got)
		}
		o.approved(o.Edith, asked)
		o.is(asked, task.Closed, task.Granted)
		for _, want := range []task.AuditKind{task.Escalated, task.WaitOver, task.StepSkipped, task.ExpressionFailed, task.FellBackToAdmins} {
			if !slices.Contains(o.kinds(asked), want) {
				t.Errorf("no %s in %v", want, o.kinds(asked))
			}
		}
	})
}
