package task_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

var errDown = errors.New("the database does not answer")

// waiting counts the events that wait for the due loop.
func (o *office) waiting() (n int) {
	o.Helper()
	o.ok(o.DB.Q(o.Context()).Row(`select count(*) from task_later`).Scan(&n))
	return n
}

// given is a task whose grant the target has taken while nobody can say who decides the step that follows: its event waits.
func (o *office) given(c granttest.Connected) task.Task {
	o.Helper()
	o.Book.grant = []policy.Step{
		{Provision: &policy.Provision{}}, {Approval: &policy.Approval{Kind: policy.Expression, Expressions: []string{"linus"}}},
	}
	o.Book.answers = map[string][]directory.UserID{"linus": {o.Linus}}
	asked, err := o.Tasks.RequestGrant(o.as(c.Users[0]), task.Ask{
		App: c.Connector.AppID, Entitlement: c.Entitlement, Subject: c.Users[0], Duration: time.Hour,
	})
	o.ok(err)
	o.Book.down = errDown
	o.run()
	if o.waiting() != 1 {
		o.Fatalf("%d events wait, want that the target has taken the grant", o.waiting())
	}
	return asked
}

func TestAnEventThatWaitsOutlastsWhateverIsInItsWay(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		asked := o.given(o.Connected(1))
		for range 3 {
			o.pass(o.Tasks.Due())
			if o.waiting() != 1 {
				t.Fatal("the event is lost")
			}
			at, ok, err := o.Tasks.Due().Next(o.Context())
			o.ok(err)
			if !ok || !at.Equal(o.Clock.Now().Add(time.Minute)) {
				t.Fatalf("tried again at %s", at)
			}
			o.Clock.Advance(time.Minute)
		}
		o.Book.down = nil
		o.pass(o.Tasks.Due())
		if now := o.is(asked, task.Open, task.NoOutcome); now.Current.Step.Approval == nil || o.waiting() != 0 {
			t.Errorf("at %+v, %d events wait", now.Current, o.waiting())
		}
		o.approved(o.Linus, asked)
		o.is(asked, task.Closed, task.Granted)
	})
}

func TestAnEventThatAlwaysLeadsToAnErrorHoldsUpTheOthersForAWhileOnly(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		asked := o.given(o.Connected(1))
		o.ok(o.DB.Write(o.Context(), func(tx *db.Tx) error { // nobody can read the one that waits; another is behind it
			tx.Queue(`update task_later set event = '{"carried":5}'`)
			tx.Queue(`insert into task_later (task_id, event, due_at) values ($1, '{"cancel":"it is gone"}', 0)`, string(asked.ID))
			return nil
		}))
		o.Book.down = nil
		for n := range 10 {
			if o.waiting() != 2 {
				t.Fatalf("%d events wait after %d tries", o.waiting(), n)
			}
			o.pass(o.Tasks.Due())
			o.Clock.Advance(time.Minute)
		}
		o.pass(o.Tasks.Due())
		o.is(asked, task.Closed, task.Cancelled)
		if o.waiting() != 0 || o.aside() != 1 {
			t.Errorf("%d events wait, %d were put aside", o.waiting(), o.aside())
		}
		if !slices.Contains(o.kinds(asked), task.StateChanged) {
			t.Errorf("the history says nothing of it: %v", o.kinds(asked))
		}
	})
}

func TestAnEventIsNotPutAsideForAnOutageOfLessThanADay(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		asked := o.given(o.Connected(1))
		tried := func(n int) {
			o.ok(o.DB.Write(o.Context(), func(tx *db.Tx) error { _, err := tx.Exec(`update task_later set tries = $1`, n); return err }))
		}
		tried(1438)
		o.pass(o.Tasks.Due())
		if o.waiting() != 1 || o.aside() != 0 {
			t.Fatal("put aside within the day")
		}
		o.Clock.Advance(time.Minute)
		o.pass(o.Tasks.Due())
		if o.waiting() != 0 || o.aside() != 1 {
			t.Fatal("never put aside")
		}
		o.is(asked, task.Open, task.NoOutcome)
	})
}

// aside counts the events that were put aside.
func (o *office) aside() (n int) {
	o.Helper()
	o.ok(o.DB.Q(o.Context()).Row(`select count(*) from task_aside`).Scan(&n))
	return n
}

// Whoever is gone has requests cancelled: of more than a transaction may hold up, the rest right after, behind what waits already.
func TestAnEventTakesItsPlaceBehindTheOneThatWaits(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		c := o.Connected(1)
		var all []task.Task
		for range task.AtOnce + 2 {
			ask := o.asks()
			ask.Subject, ask.Entitlement = c.Users[0], o.Entitlement(o.App.ID).ID
			asked, err := o.Tasks.RequestGrant(o.as(c.Users[0]), ask)
			o.ok(err)
			all = append(all, asked)
		}
		given := o.given(c)
		_, err := o.Directory.Disable(o.as(o.Edith), c.Users[0], "")
		o.ok(err)
		o.is(all[0], task.Closed, task.Cancelled)
		o.is(all[task.AtOnce], task.Open, task.NoOutcome)
		if o.waiting() != 4 {
			t.Fatalf("%d events wait, want two of the last task and one of each of two others", o.waiting())
		}
		o.pass(o.Tasks.Due())
		o.is(all[task.AtOnce+1], task.Closed, task.Cancelled)
		o.is(given, task.Open, task.NoOutcome)
		if o.waiting() != 2 {
			t.Fatalf("%d events wait", o.waiting())
		}
		o.Book.down = nil
		o.Clock.Advance(time.Minute)
		o.pass(o.Tasks.Due())
		o.is(given, task.Closed, task.Cancelled)
		if o.waiting() != 0 {
			t.Errorf("%d events wait", o.waiting())
		}
		if o.holds(given) {
			t.Error("what was given for a request that is cancelled is still held")
		}
		var n int
		o.ok(o.DB.Q(o.Context()).Row(`select count(*) from event where actor_id = $1 and object_type = 'task' and object_id = $2`,
			string(o.Edith), string(all[task.AtOnce].ID)).Scan(&n))
		if n == 0 {
			t.Error("the audit does not say who cancelled")
		}
	})
}

func TestADelegationThatIsOverReturnsManyTasks(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, err := o.Delegations.SetReassign(o.Ctx, o.Grace, o.Linus, time.Time{}, time.Time{}, "")
		o.ok(err)
		var all []task.Task
		for range task.AtOnce + 3 {
			ask := o.asks()
			ask.Entitlement = o.Entitlement(o.App.ID).ID
			asked, err := o.Tasks.RequestGrant(o.as(o.Ada), ask)
			o.ok(err)
			all = append(all, asked)
		}
		_, err = o.Delegations.RemoveReassign(o.Ctx, o.Grace)
		o.ok(err)
		last := all[len(all)-1]
		o.asksNow(all[0], task.Named, o.Linus) // whom it asked is what it says until it is looked at again
		if slices.Contains(o.kinds(last), task.StepReassigned) || !slices.Contains(o.kinds(all[0]), task.StepReassigned) {
			t.Errorf("the oldest %v, the newest %v", o.kinds(all[0]), o.kinds(last))
		}
		_, err = o.approve(o.Linus, last) // what is not returned yet is no authority
		if err == nil {
			t.Error("a deputy decides whose time is over")
		}
		o.pass(o.Tasks.Due())
		if o.waiting() != 0 || !slices.Contains(o.kinds(last), task.StepReassigned) {
			t.Errorf("%d events wait; the newest %v", o.waiting(), o.kinds(last))
		}
		o.asked(last, o.Grace)
	})
}

// fewFirst are the steps of a plan that go through what was found before, all of which is wanted.
var fewFirst = regexp.MustCompile(`(?m)^\s*SCAN (?:who|of|w|a)$`)

// Each grant that begins or ends asks which open tasks that concerns, under the writer: by an index, however many tasks are open.
func TestWhomAChangeConcernsIsFoundByAnIndex(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.crowd(2000)
		for name, one := range task.Spreads() {
			args := make([]any, one.Args)
			for i := range args {
				args[i] = fmt.Sprint("x", i)
			}
			plan := fewFirst.ReplaceAllString(o.Plan(one.SQL, args...), "")
			if granttest.ReadsWhole(plan) || strings.Contains(plan, "task_state") || strings.Contains(plan, "AUTOMATIC") {
				t.Errorf("%s:\n%s", name, plan)
			}
			if strings.Contains(name, "holder") && strings.Count(plan, "task_slot_object") < 2 {
				t.Errorf("%s does not go by the object:\n%s", name, plan)
			}
		}
	})
}

func TestAGrantThatNobodyAsksForCostsOneQuestion(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := open(t, d)
		group, account := o.Entitlement(o.App.ID), o.Account(o.App.ID, o.Linus)
		o.request()
		var asks []string
		stop := d.Record(func(s db.Statement) {
			if strings.Contains(s.SQL, "task_slot") || strings.Contains(s.SQL, "task_later") {
				asks = append(asks, s.SQL)
			}
		})
		_, err := o.Grants.Create(o.Ctx, grant.Key{App: o.App.ID, Entitlement: group.ID, Account: account.ID}, time.Time{})
		stop()
		o.ok(err)
		if len(asks) != 1 {
			t.Errorf("%d statements look for steps, want 1:\n%s", len(asks), strings.Join(asks, "\n"))
		}
	})
}
