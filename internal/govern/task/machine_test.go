package task_test

import (
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// The people of the tests of the machine.
const (
	ada   directory.UserID = "ada"   // asks, and is whom it is about
	grace directory.UserID = "grace" // decides
	linus directory.UserID = "linus" // decides too
	edith directory.UserID = "edith" // looks after everything
)

func approval(users ...directory.UserID) policy.Step {
	return policy.Step{Approval: &policy.Approval{Kind: policy.Users, UserIDs: users, AllowReassignment: true}}
}

func provision(doc string) policy.Step {
	return policy.Step{Provision: &policy.Provision{Doc: []byte(doc)}}
}

// drive is a task and everything that happened to it.
type drive struct {
	*testing.T

	t       task.Task
	now     time.Time
	facts   task.Facts
	effects []task.Effect // of the last event, and of the answers to it
	all     []task.Effect
	target  bool      // a target has to confirm
	holds   bool      // what conditions of waits answer
	plan    task.Plan // of the policy that comes in the place of another
	deny    string
}

func begin(t *testing.T, tk task.Task, plan ...policy.Step) *drive {
	t.Helper()
	d := &drive{T: t, t: tk, now: noon, plan: task.Plan{Policy: "other", Steps: []policy.Step{approval(linus)}}}
	if d.t.ID == "" {
		d.t.ID = "task"
	}
	if d.t.Kind == "" {
		d.t.Kind = task.Grant
	}
	if d.t.Subject == "" {
		d.t.Subject, d.t.Opener = ada, ada
	}
	d.t.App, d.t.Entitlement, d.t.Account = "app", "entitlement", "account"
	d.facts.People = map[task.Slot][]task.Filler{{Kind: task.ToAdmins}: {{User: edith}}}
	for _, u := range []directory.UserID{ada, grace, linus, edith} {
		d.facts.People[task.Slot{Kind: task.ToUser, User: u}] = []task.Filler{{User: u}}
	}
	d.must(task.Created{By: task.Who{User: ada}, Plan: task.Plan{Policy: "policy", Generation: "generation", Steps: plan}})
	return d
}

// try applies an event and brings the answers that its effects ask for.
func (d *drive) try(e task.Event) error {
	d.effects = nil
	return d.apply(e)
}

func (d *drive) apply(e task.Event) error {
	before := d.t
	after, effects, err := d.t.Apply(e, d.now)
	if err != nil {
		return err
	}
	d.check(before, effects)
	d.t = after
	d.effects, d.all = append(d.effects, effects...), append(d.all, effects...)
	for _, one := range effects {
		var answer task.Event
		switch one := one.(type) {
		case task.Resolve:
			answer = task.Resolved{Step: one.Step, Resolution: d.t.Question(d.t.Current, nil).Resolve(d.facts)}
		case task.GrantAccess:
			answer = task.Carried{Grant: "grant", Over: !d.target && d.deny == "", Error: d.deny, Final: d.deny != ""}
		case task.RevokeAccess:
			answer = task.Carried{Grant: "grant", Over: !d.target}
		case task.Check:
			answer = task.Checked{Step: one.Step, Holds: d.holds}
		case task.Replan:
			answer = task.Planned{Plan: d.plan, Why: one.Why}
		default:
			continue
		}
		if err := d.apply(answer); err != nil {
			return err
		}
	}
	return nil
}

// check is what holds of every change.
func (d *drive) check(before task.Task, effects []task.Effect) {
	d.Helper()
	if before.State == task.Closed && len(effects) > 0 {
		d.Fatalf("a closed task changed: %v", effects)
	}
	audited := slices.ContainsFunc(effects, func(e task.Effect) bool { _, ok := e.(task.Audit); return ok })
	asked := slices.ContainsFunc(effects, func(e task.Effect) bool {
		_, whether := e.(task.Check)
		_, whom := e.(task.Resolve)
		return whether || whom
	})
	if len(effects) > 0 && !audited && !asked {
		d.Fatalf("effects that nobody is told of: %v", effects)
	}
}

func (d *drive) must(e task.Event) {
	d.Helper()
	if err := d.try(e); err != nil {
		d.Fatalf("%T: %v", e, err)
	}
}

func (d *drive) refused(e task.Event, code fault.Code) {
	d.Helper()
	if err := d.try(e); !fault.Is(err, code) {
		d.Fatalf("%T: %v, want %v", e, err, code)
	}
}

// who is somebody as they stand at this moment.
func (d *drive) who(u directory.UserID) task.Who {
	w := task.Who{User: u, Super: u == edith, Urgent: true, Step: d.t.Step()}
	if d.t.Current != nil && (d.t.Current.Step.Approval != nil || d.t.Current.Step.Provision != nil) {
		w.Reasons = d.t.Question(d.t.Current, nil).Resolve(d.facts).Of(u)
	}
	return w
}

func (d *drive) approve(u directory.UserID) task.Event {
	return task.Decision{By: d.who(u), Step: d.t.Step(), Approve: true}
}

func (d *drive) deniedBy(u directory.UserID) task.Event {
	return task.Decision{By: d.who(u), Step: d.t.Step()}
}

func (d *drive) audited(kind task.AuditKind) {
	d.Helper()
	for _, e := range d.effects {
		if a, ok := e.(task.Audit); ok && a.Kind == kind {
			return
		}
	}
	d.Fatalf("no %s among %v", kind, d.effects)
}

func (d *drive) is(state task.State, outcome task.Outcome) {
	d.Helper()
	if d.t.State != state || d.t.Outcome != outcome {
		d.Fatalf("%s %q, want %s %q", d.t.State, d.t.Outcome, state, outcome)
	}
	if (d.t.Current == nil) != (state == task.Closed) {
		d.Fatalf("%s with the step %v", state, d.t.Current)
	}
}

func (d *drive) given() (list []task.GrantAccess) {
	for _, e := range d.all {
		if g, ok := e.(task.GrantAccess); ok {
			list = append(list, g)
		}
	}
	return list
}

func TestAnApprovedRequestIsGivenForAsLongAsWasAskedFromThen(t *testing.T) {
	d := begin(t, task.Task{Duration: time.Hour}, approval(grace), approval(linus), provision(`{"connector":{}}`))
	d.is(task.Open, task.NoOutcome)
	d.now = d.now.Add(3 * time.Hour)
	d.must(d.approve(grace))
	d.is(task.Open, task.NoOutcome)
	d.must(d.approve(linus))
	d.is(task.Closed, task.Granted)
	given := d.given()
	if len(given) != 1 || !given[0].End.Equal(d.now.Add(time.Hour)) || given[0].Of != (app.EntitlementRef{AppID: "app", ID: "entitlement"}) {
		t.Errorf("given %v", given)
	}
	if by, of := d.t.Decider(); by != linus || of != "" {
		t.Errorf("decided by %q for %q", by, of)
	}
}

func TestADenialEndsTheTask(t *testing.T) {
	d := begin(t, task.Task{}, approval(grace), approval(linus), provision(""))
	d.must(d.deniedBy(grace))
	d.is(task.Closed, task.Denied)
	if len(d.given()) != 0 {
		t.Error("something was given")
	}
}

func TestNobodyElseDecides(t *testing.T) {
	d := begin(t, task.Task{}, approval(grace, ada), provision(""))
	d.refused(d.approve(ada), fault.Denied)
	d.refused(d.deniedBy(ada), fault.Denied)
	d.refused(d.approve(linus), fault.Denied)
	d.refused(d.approve(edith), fault.Denied) // looks after the task and was not asked
	d.is(task.Open, task.NoOutcome)
}

func TestADecisionOnAnotherOpeningOfTheStepComesTooLate(t *testing.T) {
	for name, move := range map[string]func(d *drive) task.Event{
		"approved":  func(d *drive) task.Event { return d.approve(grace) },
		"restarted": func(d *drive) task.Event { return task.Again{By: d.who(edith)} },
		"reset":     func(d *drive) task.Event { return task.StartOver{By: d.who(edith), Plan: task.Plan{Steps: d.t.Plan}} },
		"skipped":   func(d *drive) task.Event { return task.Skip{By: d.who(edith), Step: d.t.Step()} },
		"reassigned": func(d *drive) task.Event {
			return task.Reassign{By: d.who(grace), Step: d.t.Step(), To: []directory.UserID{grace}}
		},
		"prolonged": func(d *drive) task.Event {
			return task.SetDuration{By: d.who(ada), Duration: 2 * time.Hour, Plan: task.Plan{Steps: d.t.Plan}}
		},
		"changed": func(d *drive) task.Event {
			return task.SetData{By: d.who(ada), Data: []byte(`{"a":1}`), Plan: task.Plan{Steps: d.t.Plan}}
		},
		"escalated": func(d *drive) task.Event {
			return task.Emergency{By: d.who(ada), Plan: task.Plan{Steps: []policy.Step{approval(grace), provision("")}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := begin(t, task.Task{Duration: time.Hour}, approval(grace), approval(grace), provision(""))
			late := d.approve(grace)
			d.must(move(d))
			d.refused(late, fault.Conflict)
			d.is(task.Open, task.NoOutcome)
			d.must(d.approve(grace))
		})
	}
}

func TestAClosedTaskIsClosed(t *testing.T) {
	d := begin(t, task.Task{}, approval(grace), provision(""))
	step := d.t.Step()
	d.must(task.Cancel{By: d.who(ada), Comment: "no longer needed"})
	d.is(task.Closed, task.Cancelled)
	for _, e := range []task.Event{
		task.Decision{By: d.who(grace), Step: step, Approve: true}, task.Skip{By: d.who(edith), Step: step}, task.Cancel{By: d.who(ada)},
		task.Remark{By: d.who(ada), Text: "still there?"}, task.Again{By: d.who(edith)}, task.StartOver{By: d.who(edith)},
		task.SetDuration{By: d.who(ada), Duration: time.Minute}, task.RetryProvision{By: d.who(ada)}, task.Now{By: d.who(edith)},
		task.Reassign{By: d.who(grace), Step: step}, task.ByPerson{By: d.who(grace), Step: step}, task.Emergency{By: d.who(ada)},
	} {
		d.refused(e, fault.Conflict)
	}
	for _, e := range []task.Event{task.Reached{}, task.Carried{Over: true}, task.Answered{Step: step}, task.Planned{}, task.Ready{}} {
		d.must(e)
		if len(d.effects) > 0 {
			t.Errorf("%T: %v", e, d.effects)
		}
	}
}

func TestStepsThatAskNobody(t *testing.T) {
	t.Run("accept", func(t *testing.T) {
		d := begin(t, task.Task{Kind: task.Revoke}, policy.Step{Accept: &policy.Verdict{Message: "fine"}}, provision(""))
		d.is(task.Closed, task.Revoked)
		d.audited(task.AutoAccepted)
	})
	t.Run("reject", func(t *testing.T) {
		d := begin(t, task.Task{}, policy.Step{Reject: &policy.Verdict{Message: "never"}}, provision(""))
		d.is(task.Closed, task.Denied)
		d.audited(task.AutoRejected)
	})
	t.Run("no provision step", func(t *testing.T) {
		d := begin(t, task.Task{}, policy.Step{Accept: &policy.Verdict{}})
		d.is(task.Closed, task.Granted)
		if len(d.given()) != 1 {
			t.Error("what was accepted was not given")
		}
	})
	t.Run("at the end of a grant", func(t *testing.T) {
		d := begin(t, task.Task{Kind: task.Revoke, Auto: true}, approval(grace), policy.Step{Reject: &policy.Verdict{}},
			policy.Step{Wait: &policy.Wait{Duration: time.Hour}}, provision(""))
		d.is(task.Closed, task.Revoked)
		d.audited(task.PassedByItself)
	})
}
