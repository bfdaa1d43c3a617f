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

func escalating(e policy.Escalation) policy.Step {
	e.After = time.Hour
	s := approval(grace)
	s.Approval.Escalation = &e
	return s
}

func TestAnApprovalThatNobodyDecidesInTimeEscalates(t *testing.T) {
	start := func(t *testing.T, e policy.Escalation) *drive {
		d := begin(t, task.Task{}, escalating(e), provision(""))
		if at := d.t.DueAt(); !at.Equal(noon.Add(time.Hour)) {
			t.Fatalf("due at %s", at)
		}
		d.now = d.now.Add(time.Hour - time.Microsecond)
		d.must(task.Reached{})
		if len(d.effects) > 0 {
			t.Fatalf("too early: %v", d.effects)
		}
		d.now = noon.Add(time.Hour)
		d.must(task.Reached{})
		d.audited(task.Escalated)
		if !d.t.DueAt().IsZero() {
			t.Errorf("due again at %s", d.t.DueAt())
		}
		return d
	}
	t.Run("cancel", func(t *testing.T) {
		start(t, policy.Escalation{Kind: policy.CancelTask}).is(task.Closed, task.Cancelled)
	})
	t.Run("skip", func(t *testing.T) { start(t, policy.Escalation{Kind: policy.SkipStep}).is(task.Closed, task.Granted) })
	t.Run("reassign", func(t *testing.T) {
		d := start(t, policy.Escalation{Kind: policy.ReassignTo, UserIDs: []directory.UserID{linus}})
		d.refused(d.approve(grace), fault.Denied)
		d.must(d.approve(linus))
		d.is(task.Closed, task.Granted)
	})
	t.Run("replace the policy", func(t *testing.T) {
		d := start(t, policy.Escalation{Kind: policy.ReplacePolicy, PolicyID: "other"})
		d.audited(task.PolicyChanged)
		d.must(d.approve(linus))
		d.is(task.Closed, task.Granted)
	})
	t.Run("not in force", func(t *testing.T) {
		s := escalating(policy.Escalation{Kind: policy.CancelTask})
		s.Approval.Disabled = true
		if d := begin(t, task.Task{}, s); !d.t.DueAt().IsZero() {
			t.Error("it is due")
		}
	})
}

func TestPoliciesThatEscalateToEachOtherComeToRest(t *testing.T) {
	step := escalating(policy.Escalation{Kind: policy.ReplacePolicy, PolicyID: "other", After: time.Second})
	d := begin(t, task.Task{}, step, provision(""))
	d.plan = task.Plan{Policy: "other", Steps: []policy.Step{step, provision("")}}
	for range 100 {
		if at := d.t.DueAt(); !at.IsZero() {
			d.now = at
		}
		d.must(task.Reached{})
	}
	if d.t.Opened > 1+policy.MaxDepth || d.t.State != task.Open {
		t.Errorf("%s after %d openings", d.t.State, d.t.Opened)
	}
	d.must(d.approve(grace))
	d.is(task.Closed, task.Granted)
}

func TestATaskIsNotBegunAgainWithoutEnd(t *testing.T) {
	d := begin(t, task.Task{Duration: time.Hour}, approval(grace), provision(""))
	longer := func() task.SetDuration {
		return task.SetDuration{By: d.who(ada), Duration: d.t.Duration + time.Second, Plan: task.Plan{Steps: d.t.Plan}}
	}
	for d.t.Opened < task.MaxOpenings {
		d.must(longer())
	}
	d.refused(longer(), fault.Precondition)
	d.refused(task.SetData{By: d.who(ada), Data: []byte(`{"why":"again"}`)}, fault.Precondition)
	d.must(task.SetDuration{By: d.who(grace), Duration: time.Minute}) // shorter: nothing begins again
	d.refused(task.Again{By: d.who(grace)}, fault.Precondition)
	d.refused(task.Reassign{By: d.who(grace), Step: d.t.Step(), To: []directory.UserID{linus}}, fault.Precondition)
	d.must(d.approve(grace))
	d.is(task.Closed, task.Granted)
}

func TestReassigning(t *testing.T) {
	d := begin(t, task.Task{}, approval(grace), provision(""))
	to := func(by, u directory.UserID) task.Event {
		return task.Reassign{By: d.who(by), Step: d.t.Step(), To: []directory.UserID{u}}
	}
	d.refused(to(ada, linus), fault.Denied)
	d.refused(to(linus, linus), fault.Denied)
	d.refused(to(grace, ada), fault.Invalid)
	d.refused(task.Reassign{By: d.who(grace), Step: d.t.Step()}, fault.Invalid)
	old := d.t.Step()
	d.must(to(grace, linus))
	d.audited(task.StepReassigned)
	if h := d.t.History[0]; h.ID != old || h.Result.Kind != task.Reassigned || h.Result.New != d.t.Step() {
		t.Errorf("history %+v", h)
	}
	d.refused(d.approve(grace), fault.Denied)
	d.must(to(edith, grace))
	d.must(d.approve(grace))
	d.is(task.Closed, task.Granted)

	t.Run("to those the policy allows", func(t *testing.T) {
		s := approval(grace)
		s.Approval.AllowedReassignees = []directory.UserID{edith}
		d := begin(t, task.Task{}, s, provision(""))
		d.refused(task.Reassign{By: d.who(grace), Step: d.t.Step(), To: []directory.UserID{linus}}, fault.Invalid)
		d.must(task.Reassign{By: d.who(grace), Step: d.t.Step(), To: []directory.UserID{edith}})
	})
	t.Run("not allowed", func(t *testing.T) {
		s := approval(grace)
		s.Approval.AllowReassignment = false
		d := begin(t, task.Task{}, s, provision(""))
		d.refused(task.Reassign{By: d.who(grace), Step: d.t.Step(), To: []directory.UserID{linus}}, fault.Denied)
	})
}

func TestReasonsAreRequiredWhereThePolicySays(t *testing.T) {
	s := approval(grace)
	s.Approval.RequireApprovalReason, s.Approval.RequireDenialReason, s.Approval.RequireReassignmentReason = true, true, true
	d := begin(t, task.Task{}, s, provision(""))
	d.refused(d.approve(grace), fault.Invalid)
	d.refused(d.deniedBy(grace), fault.Invalid)
	d.refused(task.Reassign{By: d.who(grace), Step: d.t.Step(), To: []directory.UserID{linus}}, fault.Invalid)
	d.refused(task.Decision{By: d.who(grace), Step: d.t.Step(), Approve: true, Comment: " \n"}, fault.Invalid)
	d.must(task.Decision{By: d.who(grace), Step: d.t.Step(), Approve: true, Comment: "needed for the release"})
}

func TestWaits(t *testing.T) {
	wait := func(w policy.Wait) []policy.Step { return []policy.Step{{Wait: &w}, provision("")} }
	t.Run("a duration", func(t *testing.T) {
		d := begin(t, task.Task{}, wait(policy.Wait{Duration: time.Hour})...)
		d.now = noon.Add(time.Hour)
		d.must(task.Reached{})
		d.is(task.Closed, task.Granted)
	})
	t.Run("a time of day", func(t *testing.T) {
		d := begin(t, task.Task{}, wait(policy.Wait{Until: &policy.ClockTime{Hours: 8, Minutes: 30, Zone: "Europe/Berlin"}})...)
		want := time.Date(2026, 3, 2, 7, 30, 0, 0, time.UTC)
		if !d.t.DueAt().Equal(want) {
			t.Fatalf("due at %s", d.t.DueAt())
		}
		d.now = want
		d.must(task.Reached{})
		d.is(task.Closed, task.Granted)
	})
	t.Run("a condition", func(t *testing.T) {
		d := begin(t, task.Task{}, wait(policy.Wait{Condition: "subject.ready"})...)
		for range 3 {
			d.now = d.t.DueAt()
			d.must(task.Reached{})
			d.is(task.Open, task.NoOutcome)
		}
		d.holds, d.now = true, d.t.DueAt()
		d.must(task.Reached{})
		d.is(task.Closed, task.Granted)
	})
	t.Run("too long", func(t *testing.T) {
		d := begin(t, task.Task{}, wait(policy.Wait{Condition: "subject.ready", Timeout: 10 * time.Minute})...)
		d.now = noon.Add(10 * time.Minute)
		d.must(task.Reached{})
		d.is(task.Closed, task.TimedOut)
	})
	t.Run("cut short", func(t *testing.T) {
		d := begin(t, task.Task{}, wait(policy.Wait{Duration: time.Hour})...)
		d.refused(task.Now{By: d.who(ada)}, fault.Denied)
		d.must(task.Now{By: d.who(edith)})
		d.is(task.Closed, task.Granted)
	})
}

func TestWhatATargetHasToConfirmWaitsForIt(t *testing.T) {
	d := begin(t, task.Task{}, approval(grace), provision(`{"connector":{}}`))
	d.target = true
	d.must(d.approve(grace))
	d.is(task.Open, task.NoOutcome)
	d.must(task.Carried{Error: "the target did not answer in time"})
	d.is(task.Open, task.Failed)
	d.audited(task.ProvisionFailure)
	step := d.t.Step()
	d.refused(task.RetryProvision{By: d.who(linus)}, fault.Denied)
	d.must(task.RetryProvision{By: d.who(ada), Step: step})
	d.is(task.Open, task.NoOutcome)
	if d.t.Step() == step || len(d.given()) != 1 {
		t.Errorf("the step %s, given %v", d.t.Step(), d.given())
	}
	d.must(task.Carried{Over: true})
	d.is(task.Closed, task.Granted)
}

func TestWhatCannotBeGivenIsTriedAgainByHand(t *testing.T) {
	d := begin(t, task.Task{}, approval(grace), provision(`{"connector":{}}`))
	d.deny = "the account is disabled"
	d.must(d.approve(grace))
	d.is(task.Open, task.Failed)
	d.deny = ""
	d.must(task.RetryProvision{By: d.who(edith)})
	d.is(task.Closed, task.Granted)
}

func TestARequestThatIsCancelledWhileItsTargetIsDownIsUndone(t *testing.T) {
	d := begin(t, task.Task{}, provision(""))
	d.is(task.Closed, task.Granted)
	d = &drive{T: t, target: true, now: noon, t: task.Task{ID: "x", Kind: task.Grant, Subject: ada, Opener: ada}}
	d.must(task.Created{Plan: task.Plan{Steps: []policy.Step{provision("")}}})
	d.must(task.Cancel{By: d.who(ada)})
	d.is(task.Closed, task.Cancelled)
	if !slices.ContainsFunc(d.effects, func(e task.Effect) bool { r, ok := e.(task.RevokeAccess); return ok && r.Undo }) {
		t.Errorf("nothing is undone: %v", d.effects)
	}
}

func TestSomebodyConfirmsWhatIsDoneByHand(t *testing.T) {
	d := begin(t, task.Task{}, provision(`{"manual":{"userIds":["grace","ada"],"instructions":"add them"}}`))
	d.is(task.Open, task.NoOutcome)
	if len(d.given()) != 0 {
		t.Fatal("given before it was done")
	}
	by := func(u directory.UserID, failed bool, text string) task.Event {
		return task.ByPerson{By: d.who(u), Step: d.t.Step(), Failed: failed, Text: text}
	}
	d.refused(by(ada, false, ""), fault.Denied)
	d.refused(by(linus, false, ""), fault.Denied)
	d.refused(by(grace, true, ""), fault.Invalid)
	d.must(by(grace, true, "no seats left"))
	d.is(task.Open, task.Failed)
	d.refused(by(grace, false, ""), fault.Denied)
	d.must(task.RetryProvision{By: d.who(ada)})
	d.must(by(grace, false, "added"))
	d.is(task.Closed, task.Granted)
	if len(d.given()) != 1 {
		t.Errorf("given %v", d.given())
	}
}

func TestARevocationTakesAccessBeforeWhatIsDoneByHand(t *testing.T) {
	d := begin(t, task.Task{Kind: task.Revoke, Auto: true, Opener: edith}, provision(`{"manual":{"userIds":["grace"]}}`))
	d.is(task.Open, task.NoOutcome)
	if !d.t.Asked {
		t.Error("access is still there")
	}
	d.must(task.Carried{Over: true})
	if len(d.effects) > 0 {
		t.Errorf("once more: %v", d.effects)
	}
	d.must(task.ByPerson{By: d.who(grace), Step: d.t.Step()})
	d.is(task.Closed, task.Revoked)
}

func TestAnotherEntitlementIsGivenInstead(t *testing.T) {
	d := begin(t, task.Task{}, provision(`{"delegated":{"appId":"other","entitlementId":"instead"}}`))
	d.is(task.Closed, task.Granted)
	if g := d.given(); len(g) != 1 || g[0].Of != (app.EntitlementRef{AppID: "other", ID: "instead"}) {
		t.Errorf("given %v", g)
	}
	begin(t, task.Task{}, provision(`{"delegated":{}}`)).is(task.Open, task.Failed)
}

func TestTicketsFailInSight(t *testing.T) {
	d := begin(t, task.Task{}, provision(`{"externalTicket":{}}`))
	d.is(task.Open, task.Failed)
	d.must(task.RetryProvision{By: d.who(ada)})
	d.is(task.Open, task.Failed)
	d.must(task.Cancel{By: d.who(ada)})
}

func TestSeveralProvisionStepsGiveAccessOnce(t *testing.T) {
	plan := task.Flatten([]policy.Step{{Provision: &policy.Provision{}}},
		[]byte(`{"multiStep":{"provisionSteps":[{"manual":{"userIds":["grace"]}},{"connector":{}},{"unconfigured":{}}]}}`))
	if len(plan) != 3 {
		t.Fatalf("plan %v", plan)
	}
	for _, tk := range []task.Task{{}, {Kind: task.Revoke}, {Extension: true}} {
		d := begin(t, tk, plan...)
		if d.t.State == task.Open {
			d.must(task.ByPerson{By: d.who(grace), Step: d.t.Step()})
		}
		if d.t.State != task.Closed || len(d.t.History) != 3 || tk.Kind == "" && len(d.given()) != 1 {
			t.Errorf("%s: %v, given %v", d.t.Kind, d.t.State, d.given())
		}
	}
}

func TestAnExtensionMovesAnEndAndNothingElse(t *testing.T) {
	d := begin(t, task.Task{Extension: true, Duration: time.Hour}, approval(grace), provision(`{"manual":{"userIds":["grace"]}}`))
	d.must(d.approve(grace))
	d.is(task.Closed, task.Granted)
	if g := d.given(); len(g) != 1 || !g[0].Extend || !g[0].End.Equal(noon.Add(time.Hour)) {
		t.Errorf("given %v", g)
	}
}

func TestWhatWasAskedForChanges(t *testing.T) {
	start := func(t *testing.T) *drive {
		d := begin(t, task.Task{Duration: 2 * time.Hour}, approval(grace), approval(linus), provision(""))
		d.must(d.approve(grace))
		return d
	}
	t.Run("shorter by an approver", func(t *testing.T) {
		d := start(t)
		step := d.t.Step()
		d.refused(task.SetDuration{By: d.who(grace), Duration: time.Hour}, fault.Denied) // decides no longer
		d.must(task.SetDuration{By: d.who(linus), Duration: time.Hour})
		d.audited(task.DurationUpdated)
		if d.t.Step() != step {
			t.Error("it began again")
		}
		d.must(d.approve(linus))
		if g := d.given(); !g[0].End.Equal(noon.Add(time.Hour)) {
			t.Errorf("given %v", g)
		}
	})
	for name, longer := range map[string]time.Duration{"longer": 3 * time.Hour, "without end": 0} {
		t.Run(name, func(t *testing.T) {
			d := start(t)
			d.must(task.SetDuration{By: d.who(linus), Duration: longer, Plan: task.Plan{Steps: d.t.Plan}})
			if d.t.Current.Index != 0 || len(d.t.Approvers()) != 0 {
				t.Errorf("at step %d, approved by %v", d.t.Current.Index, d.t.Approvers())
			}
		})
	}
	t.Run("data", func(t *testing.T) {
		d := start(t)
		d.refused(task.SetData{By: d.who(linus), Data: []byte(`{}`)}, fault.Denied)
		d.must(task.SetData{By: d.who(ada), Data: []byte(`{"why":"else"}`), Plan: task.Plan{Steps: d.t.Plan}})
		if d.t.Current.Index != 0 {
			t.Errorf("at step %d", d.t.Current.Index)
		}
	})
	t.Run("to nothing new", func(t *testing.T) {
		d := start(t)
		d.must(task.SetDuration{By: d.who(ada), Duration: 2 * time.Hour})
		if len(d.effects) != 0 {
			t.Errorf("effects %v", d.effects)
		}
	})
}

func TestActionsAreWhatTheUseCasesLetThrough(t *testing.T) {
	d := begin(t, task.Task{Duration: time.Hour}, approval(grace), provision(""))
	for u, want := range map[directory.UserID][]task.Action{
		ada:   {task.Comment, task.Close, task.Escalate, task.UpdateDuration, task.UpdateData},
		grace: {task.Approve, task.Deny, task.Comment, task.ReassignStep, task.Restart, task.UpdateDuration},
		edith: {task.Comment, task.Close, task.ReassignStep, task.SkipStep, task.Restart, task.Reset, task.ProcessNow, task.Escalate},
		linus: nil,
		"":    nil,
	} {
		if got := d.t.Actions(d.who(u), d.now); !slices.Equal(got, want) {
			t.Errorf("%s may %v, want %v", u, got, want)
		}
	}
}

func TestADelegateAnswersNoLongerOnceTheWindowIsOver(t *testing.T) {
	s := approval(grace)
	s.Approval.AllowDelegation = true
	d := &drive{T: t, now: noon, t: task.Task{ID: "x", Kind: task.Grant, Subject: ada, Opener: ada}}
	d.facts = task.Facts{
		People: map[task.Slot][]task.Filler{{Kind: task.ToUser, User: grace}: {{User: grace}}},
		Stands: map[directory.UserID][]task.Stand{grace: {{For: grace, User: linus, Delegation: "away", Instead: true}}},
	}
	d.must(task.Created{Plan: task.Plan{Steps: []policy.Step{s, provision("")}}})
	d.audited(task.GivenToDelegate)
	d.refused(d.approve(grace), fault.Denied)
	d.facts.Stands = nil
	d.refused(d.approve(linus), fault.Denied)
	d.must(task.StandsDown{Step: d.t.Step(), Delegation: "away"})
	d.audited(task.StepReassigned)
	d.must(d.approve(grace))
	d.is(task.Closed, task.Granted)
}
