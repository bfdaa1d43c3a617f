package task_test

import (
	"testing"

	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestWebhooksDecideAndProvision(t *testing.T) {
	hook := policy.Step{Approval: &policy.Approval{Kind: policy.Webhook, WebhookID: "hook"}}
	d := begin(t, task.Task{}, hook, provision(`{"webhook":{"webhookId":"hook"}}`))
	d.refused(task.Decision{By: d.who(grace), Step: d.t.Step(), Approve: true}, fault.Denied)
	d.must(task.Answered{Step: d.t.Step(), Approve: true})
	d.must(task.Answered{Step: d.t.Step(), Approve: true})
	d.is(task.Closed, task.Granted)
	if len(d.given()) != 1 {
		t.Errorf("given %v", d.given())
	}
	d = begin(t, task.Task{}, hook, provision(""))
	d.must(task.Answered{Step: d.t.Step()})
	d.is(task.Closed, task.Denied)
}

func hooked() (approve, do policy.Step) {
	return policy.Step{Approval: &policy.Approval{Kind: policy.Webhook, WebhookID: "hook"}}, provision(`{"webhook":{"webhookId":"hook"}}`)
}

func TestWhereAWebhookGivesNoAnswerPeopleDecide(t *testing.T) {
	hook, _ := hooked()
	d := begin(t, task.Task{}, hook, provision(""))
	old := d.t.Step()
	d.must(task.Answered{Step: old, GaveUp: true, Text: "no answer"})
	d.audited(task.ApprovalUnanswered)
	d.audited(task.FellBackToAdmins)
	d.is(task.Open, task.NoOutcome)
	if h := d.t.History[0]; h.Result.Kind != task.Errored || h.Result.New != d.t.Step() || d.t.Step() == old {
		t.Errorf("history %+v, now %s", h, d.t.Step())
	}
	d.must(task.Answered{Step: old, Approve: true})
	d.is(task.Open, task.NoOutcome)
	d.refused(d.approve(grace), fault.Denied)
	d.must(d.approve(edith))
	d.is(task.Closed, task.Granted)
}

func TestWhatAWebhookDoesNotProvisionPeopleDoByHand(t *testing.T) {
	_, do := hooked()
	for name, kind := range map[string]task.Kind{"given": task.Grant, "taken": task.Revoke} {
		for why, e := range map[string]task.Answered{"gave up": {GaveUp: true, Text: "gone"}, "errored": {Text: "disk full"}} {
			t.Run(name+" "+why, func(t *testing.T) {
				d := begin(t, task.Task{Kind: kind}, do)
				e.Step = d.t.Step()
				d.must(e)
				d.audited(task.ProvisionFailure)
				d.is(task.Open, task.NoOutcome)
				if m := d.t.Current.Means; m.Kind != policy.ByHand || m.Instructions != e.Text {
					t.Fatalf("%+v", m)
				}
				d.must(task.ByPerson{By: d.who(edith), Step: d.t.Step()})
				if d.t.State != task.Closed || len(d.given()) > 1 {
					t.Errorf("%s %s, given %v", d.t.State, d.t.Outcome, d.given())
				}
			})
		}
	}
}

func TestAWebhookHasOtherStepsDecide(t *testing.T) {
	hook, _ := hooked()
	d := begin(t, task.Task{}, hook, approval(edith), provision(""))
	d.must(task.Answered{Step: d.t.Step(), Steps: []policy.Step{approval(linus), provision("")}, Text: "ask Linus"})
	d.audited(task.PolicyChanged)
	d.refused(d.approve(edith), fault.Denied)
	d.must(d.approve(linus))
	d.is(task.Closed, task.Granted)
	if len(d.given()) != 1 || d.t.Policy != "policy" {
		t.Errorf("given %v under %s", d.given(), d.t.Policy)
	}
}

func TestATryOfAWebhookThatFailedStandsInTheHistory(t *testing.T) {
	hook, do := hooked()
	d := begin(t, task.Task{}, hook, do)
	d.must(task.Tried{Step: d.t.Step(), Text: "status 500"})
	d.audited(task.ApprovalTried)
	d.must(task.Tried{Step: d.t.Step(), Bad: true, Text: "no JSON"})
	d.audited(task.ApprovalMisread)
	d.must(task.Answered{Step: d.t.Step(), Approve: true})
	d.must(task.Tried{Step: d.t.Step(), Text: "status 500"})
	d.audited(task.ProvisionTried)
	d.is(task.Open, task.NoOutcome)
}
