package task_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
)

func waitsFor(span time.Duration) task.Task {
	return task.Task{CreatedAt: noon, GiveUpAt: noon.Add(span)}
}

func TestARequestThatNobodyDecidesInTimeIsClosedAtThatMomentAndNotBefore(t *testing.T) {
	d := begin(t, waitsFor(time.Hour), approval(grace), provision(""))
	if at := d.t.DueAt(); !at.Equal(noon.Add(time.Hour)) {
		t.Fatalf("due at %s", at)
	}
	d.now = noon.Add(time.Hour - time.Microsecond)
	d.must(task.Reached{})
	d.is(task.Open, task.NoOutcome)
	d.now = noon.Add(time.Hour)
	d.must(task.Reached{})
	d.is(task.Closed, task.TimedOut)
	d.audited(task.Escalated)
	d.audited(task.GrantOutcome)
	told := false
	for _, e := range d.effects {
		n, ok := e.(task.Notify)
		told = told || ok && n.Kind == task.Decided && n.Users[0] == ada
	}
	if !told {
		t.Errorf("who asked is not told: %v", d.effects)
	}
}

func TestNothingIsDecidedOnceTheRequestHasWaitedTooLong(t *testing.T) {
	d := begin(t, waitsFor(time.Hour), approval(grace), provision(""))
	d.now = noon.Add(time.Hour)
	step := d.t.Step()
	for _, e := range []task.Event{
		d.approve(grace), d.deniedBy(grace), task.Skip{By: d.who(edith), Step: step}, task.StartOver{By: d.who(edith)},
		task.Again{By: d.who(edith)}, task.SetDuration{By: d.who(ada), Duration: time.Minute}, task.Cancel{By: d.who(ada)},
	} {
		d.refused(e, fault.Conflict)
	}
	d.is(task.Open, task.NoOutcome)
}

func TestTheAnswerOfAWebhookComesTooLateForARequestThatHasWaitedTooLong(t *testing.T) {
	d := begin(t, waitsFor(time.Hour), policy.Step{Approval: &policy.Approval{Kind: policy.Webhook, WebhookID: "hook"}}, provision(""))
	d.now = noon.Add(time.Hour)
	d.must(task.Answered{Step: d.t.Step(), Approve: true})
	d.is(task.Open, task.NoOutcome)
	if len(d.given()) > 0 {
		t.Error("it was given")
	}
}

func TestWhatIsBeingGivenIsNotGivenUp(t *testing.T) {
	d := begin(t, waitsFor(time.Hour), approval(grace), provision(`{"connector":{}}`))
	d.target = true
	d.must(d.approve(grace))
	d.now = noon.Add(2 * time.Hour)
	d.must(task.Reached{})
	d.is(task.Open, task.NoOutcome)
	d.must(task.Carried{Grant: "grant", Over: true})
	d.is(task.Closed, task.Granted)
}

func TestHowLongRequestsMayWaitIsSetForThoseToCome(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		c := catalog.New(catalog.Deps{DB: o.DB, Clock: o.Clock, Audit: o.Audit, Apps: o.Apps})
		o.Tasks.Offers = item.Offers{Service: c}
		old := o.request()
		o.ok(func() error { _, err := o.Tasks.Close(o.as(o.Ada), string(old.ID), ""); return err }())
		_, err := c.SetRequestSettings(o.Ctx, func(v *catalog.RequestSettings) { v.MaxWait = time.Second })
		o.fails(err, fault.Invalid)
		_, err = c.SetRequestSettings(o.Ctx, func(v *catalog.RequestSettings) { v.MaxWait = time.Hour })
		o.ok(err)
		asked := o.request()
		if !old.GiveUpAt.IsZero() || !asked.GiveUpAt.Equal(o.Clock.Now().Add(time.Hour)) {
			t.Errorf("waits until %s, and the earlier one until %s", asked.GiveUpAt, old.GiveUpAt)
		}
		next, due, err := o.Tasks.Due().Next(o.Context())
		o.ok(err)
		if !due || !next.Equal(asked.GiveUpAt) {
			t.Errorf("due at %s", next)
		}
		o.Clock.Set(asked.GiveUpAt)
		o.pass(o.Tasks.Due())
		o.is(asked, task.Closed, task.TimedOut)
	})
}
