package c1

import (
	"testing"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	policyv1 "github.com/interim-access/interim/gen/c1/api/policy/v1"
	taskv1 "github.com/interim-access/interim/gen/c1/api/task/v1"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
)

// Every kind of line that occurs is shown as the member of the same name; one that this door does not know is shown without any.
func TestEveryKindOfLineIsShownUnderItsName(t *testing.T) {
	kinds := []task.AuditKind{
		task.TaskCreated, task.PolicyEvaluated, task.ApproversChosen, task.AutoAccepted, task.AutoRejected, task.PassedByItself,
		task.StepReassigned, task.GivenToDelegate, task.FellBackToAdmins, task.NobodyEligible, task.ExpressionFailed, task.StepSkipped,
		task.TaskRestarted, task.HardReset, task.TaskEscalated, task.Escalated, task.PolicyChanged, task.Commented, task.DurationUpdated,
		task.DataUpdated, task.StateChanged, task.ProvisionStarted, task.ProvisionEnded, task.ProvisionFailure, task.ProvisionGivenUp,
		task.ProvisionAgain, task.WaitBegan, task.WaitUntil, task.WaitOver, task.WaitTimedOut, task.ApprovalCalled, task.ApprovalAnswered,
		task.ApprovalUnanswered, task.ProvisionCalled, task.ProvisionAnswered, task.GrantOutcome, task.RevokeOutcome, task.CertifyOutcome,
		task.OffboardingOutcome,
	}
	of := (&taskv1.TaskAuditView{}).ProtoReflect().Descriptor().Oneofs().ByName("typ")
	shown := func(k task.AuditKind) protoreflect.FieldDescriptor {
		return story{}.line(task.Entry{Kind: k, At: time.Unix(0, 0), State: task.Open}).ProtoReflect().WhichOneof(of)
	}
	for _, k := range kinds {
		if f := shown(k); f == nil || f.JSONName() != string(k) {
			t.Errorf("%s is shown as %v", k, f)
		}
	}
	if f := shown("ofALaterRelease"); f != nil {
		t.Errorf("what is not known is shown as %v", f)
	}
}

// Clients read state, processing and outcome without asking whether they are there, of every task.
func TestEveryWordOfATaskHasItsValueOnTheWire(t *testing.T) {
	for _, o := range []task.Outcome{task.Granted, task.Denied, task.Failed, task.Cancelled, task.TimedOut} {
		if encodeGrantOutcome(o) == 0 {
			t.Errorf("%s has no value", o)
		}
	}
	for _, o := range []task.Outcome{task.Revoked, task.Denied, task.Failed, task.Cancelled, task.TimedOut} {
		if encodeRevokeOutcome(o) == 0 {
			t.Errorf("%s has no value", o)
		}
	}
	for _, o := range []task.Outcome{task.Certified, task.Decertified, task.Failed, task.Cancelled, task.TimedOut} {
		if encodeCertifyOutcome(o) == 0 {
			t.Errorf("%s has no value", o)
		}
	}
	for _, o := range []task.Outcome{task.InProgress, task.Completed, task.Failed, task.Cancelled} {
		v := EncodeTask(task.Task{Kind: task.Offboarding, Outcome: o, State: task.Open, Processing: task.Working}, task.Sight{}, nil)
		if v.GetType().GetOffboarding().GetOutcome() == 0 || v.GetState() == 0 || v.GetProcessing() == 0 || v.GetPolicy() != nil {
			t.Errorf("%s: %v", o, v)
		}
	}
	for _, o := range []task.Origin{task.ByAPI, task.ByConsole, task.ByTime, task.ByAutomation, task.ByReview, task.ByDeletion} {
		if EncodeTask(task.Task{Kind: task.Grant, Origin: o}, task.Sight{}, nil).GetOrigin() == 0 {
			t.Errorf("%s has no value", o)
		}
	}
	for _, a := range []task.Action{
		task.Approve, task.Deny, task.Comment, task.Close, task.ReassignStep, task.SkipStep, task.Restart, task.Reset, task.ProcessNow,
		task.Escalate, task.UpdateDuration, task.UpdateData, task.Retry, task.CompleteManual, task.FailManual,
	} {
		v := EncodeTask(task.Task{Kind: task.Grant}, task.Sight{Actions: []task.Action{a}}, nil)
		if v.GetActions()[0] == 0 {
			t.Errorf("%s has no value", a)
		}
	}
}

func TestEveryWayToLeaveAStepIsShown(t *testing.T) {
	at := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	left := func(s policy.Step, k task.ResultKind) *policyv1.PolicyStepInstance {
		return encodeStepInstance(task.Task{}, task.Instance{ID: "x", Step: s, State: task.Over, Result: &task.Result{Kind: k, At: at}}, "y")
	}
	outcome := func(m protoreflect.ProtoMessage) string {
		r := m.ProtoReflect()
		if f := r.WhichOneof(r.Descriptor().Oneofs().ByName("outcome")); f != nil {
			return f.JSONName()
		}
		return ""
	}
	approval := policy.Step{Approval: &policy.Approval{Kind: policy.Manager}}
	for k, want := range map[task.ResultKind]string{
		task.Approved: "approved", task.Refused: "denied", task.Reassigned: "reassigned", task.Restarted: "restarted", task.Skipped: "skipped",
		task.Stopped: "",
	} {
		if got := outcome(left(approval, k).GetApproval()); got != want {
			t.Errorf("an approval that is %s is shown as %q", k, got)
		}
	}
	provision := policy.Step{Provision: &policy.Provision{}}
	for k, want := range map[task.ResultKind]string{
		task.Succeeded: "completed", task.Errored: "errored", task.Stopped: "cancelled", task.Skipped: "skipped", task.Restarted: "cancelled",
	} {
		if got := outcome(left(provision, k).GetProvision()); got != want {
			t.Errorf("a provision step that is %s is shown as %q", k, got)
		}
	}
	for _, w := range []policy.Wait{{Condition: "true", Timeout: time.Hour}, {Duration: time.Hour}, {Until: &policy.ClockTime{Hours: 9}}} {
		for k, want := range map[task.ResultKind]string{
			task.Succeeded: "succeeded", task.Late: "timedOut", task.Skipped: "skipped", task.Approved: "succeeded", task.Stopped: "",
		} {
			if got := outcome(left(policy.Step{Wait: &w}, k).GetWait()); got != want {
				t.Errorf("a wait that is %s is shown as %q", k, got)
			}
		}
	}
	for _, s := range []policy.Step{{Accept: &policy.Verdict{Message: "m"}}, {Reject: &policy.Verdict{Message: "m"}}} {
		v := left(s, task.Approved)
		if v.GetAccept().GetAcceptMessage()+v.GetReject().GetRejectMessage() != "m" || v.GetState() != policyv1.PolicyStepState_POLICY_STEP_STATE_DONE {
			t.Errorf("%v", v)
		}
	}
	for _, k := range []policy.EscalationKind{policy.ReplacePolicy, policy.ReassignTo, policy.CancelTask, policy.SkipStep} {
		a := &policy.Approval{Kind: policy.Manager, Escalation: &policy.Escalation{Kind: k, Comment: "late"}}
		e := encodeStepInstance(task.Task{}, task.Instance{Step: policy.Step{Approval: a}, DueAt: at}, "").GetApproval().GetEscalationInstance()
		if e.GetEscalationPolicy() == nil || e.GetExpiresAt() == nil || e.GetEscalationComment() != "late" {
			t.Errorf("%s: %v", k, e)
		}
	}
}
