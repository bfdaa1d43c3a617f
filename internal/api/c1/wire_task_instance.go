package c1

import (
	"time"

	policyv1 "github.com/interim-access/interim/gen/c1/api/policy/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
)

// encodePolicyInstance shows the policy a task runs under, as it was when the task took it, and how far the task has come in it.
func encodePolicyInstance(t task.Task, p *policy.Policy) *policyv1.PolicyInstance {
	v := &policyv1.PolicyInstance{}
	if p != nil {
		v.Policy = EncodePolicy(*p)
	}
	for n, i := range t.History {
		v.History = append(v.History, encodeStepInstance(t, i, openedAfter(t, n)))
	}
	if t.Current != nil {
		v.Current = encodeStepInstance(t, *t.Current, "")
		v.Next = EncodePolicySteps(t.Plan[min(t.Current.Index+1, len(t.Plan)):])
	}
	return v
}

// openedAfter is the step that was opened when the n-th of the history was over; "" if none was.
func openedAfter(t task.Task, n int) task.StepID {
	if n+1 < len(t.History) {
		return t.History[n+1].ID
	}
	return t.Step()
}

// encodeStepInstance shows one opening of one step; next is the one that was opened after it.
func encodeStepInstance(t task.Task, i task.Instance, next task.StepID) *policyv1.PolicyStepInstance {
	v := &policyv1.PolicyStepInstance{
		Id: KSUID(i.ID), PolicyGenerationId: KSUID(i.Generation), State: policyv1.PolicyStepState_POLICY_STEP_STATE_ACTIVE,
	}
	if i.State == task.Over {
		v.State = policyv1.PolicyStepState_POLICY_STEP_STATE_DONE
	}
	switch s := i.Step; {
	case s.Approval != nil:
		v.Instance = &policyv1.PolicyStepInstance_Approval{Approval: encodeApprovalInstance(t, i, next)}
	case s.Provision != nil:
		v.Instance = &policyv1.PolicyStepInstance_Provision{Provision: encodeProvisionInstance(t, i, next)}
	case s.Wait != nil:
		v.Instance = &policyv1.PolicyStepInstance_Wait{Wait: encodeWaitInstance(i, next)}
	case s.Accept != nil:
		v.Instance = &policyv1.PolicyStepInstance_Accept{Accept: &policyv1.AcceptInstance{AcceptMessage: s.Accept.Message}}
	case s.Reject != nil:
		v.Instance = &policyv1.PolicyStepInstance_Reject{Reject: &policyv1.RejectInstance{RejectMessage: s.Reject.Message}}
	}
	return v
}

func encodeApprovalInstance(t task.Task, i task.Instance, next task.StepID) *policyv1.ApprovalInstance {
	v := &policyv1.ApprovalInstance{
		Approval: EncodeApproval(*i.Step.Approval), AssignedAt: Moment(i.AssignedAt), EscalationInstance: encodeEscalationInstance(i),
		State: policyv1.ApprovalInstanceState_APPROVAL_INSTANCE_STATE_DONE,
	}
	v.Approval.Assigned = !i.AssignedAt.IsZero()
	switch i.State {
	case task.Init:
		v.State = policyv1.ApprovalInstanceState_APPROVAL_INSTANCE_STATE_INIT
	case task.Pending:
		v.State = policyv1.ApprovalInstanceState_APPROVAL_INSTANCE_STATE_WAITING
	case task.Over:
	}
	r := i.Result
	if r == nil {
		return v
	}
	by, at := KSUID(r.By), Moment(r.At)
	switch r.Kind {
	case task.Approved:
		v.Outcome = &policyv1.ApprovalInstance_Approved{Approved: &policyv1.ApprovedAction{
			UserId: by, ApprovedAt: at, Entitlements: EncodeReferences([]app.EntitlementRef{{AppID: t.App, ID: t.Entitlement}}),
		}}
	case task.Refused:
		v.Outcome = &policyv1.ApprovalInstance_Denied{Denied: &policyv1.DeniedAction{UserId: by, DeniedAt: at}}
	case task.Reassigned:
		v.Outcome = &policyv1.ApprovalInstance_Reassigned{
			Reassigned: &policyv1.ReassignedAction{UserId: by, ReassignedAt: at, NewPolicyStepId: KSUID(next)},
		}
	case task.Restarted:
		v.Outcome = &policyv1.ApprovalInstance_Restarted{
			Restarted: &policyv1.RestartAction{UserId: by, RestartedAt: at, OldPolicyStepId: KSUID(i.ID)},
		}
	case task.Skipped:
		v.Outcome = &policyv1.ApprovalInstance_Skipped{Skipped: skipped(r, next)}
	case task.Errored: // a webhook did not answer, and people are asked instead
		v.Outcome = &policyv1.ApprovalInstance_ReassignedByError{ReassignedByError: &policyv1.ReassignedByErrorAction{
			Description: r.Text, ErroredAt: at, ReassignedAt: at, NewPolicyStepId: KSUID(next),
		}}
	case task.Succeeded, task.Stopped, task.Late: // of other kinds of steps, or of a task that was closed
	}
	return v
}

func skipped(r *task.Result, next task.StepID) *policyv1.SkippedAction {
	return &policyv1.SkippedAction{UserId: KSUID(r.By), SkippedAt: Moment(r.At), NewPolicyStepId: KSUID(next)}
}

// encodeEscalationInstance shows what happens when nobody decides in time; null where the policy has nothing happen.
func encodeEscalationInstance(i task.Instance) *policyv1.EscalationInstance {
	e := i.Step.Approval.Escalation
	if e == nil || i.Step.Approval.Disabled {
		return nil
	}
	v := &policyv1.EscalationInstance{AlreadyEscalated: i.Escalated, ExpiresAt: Moment(i.DueAt), EscalationComment: e.Comment}
	switch e.Kind {
	case policy.ReplacePolicy:
		v.EscalationPolicy = &policyv1.EscalationInstance_ReplacePolicy_{
			ReplacePolicy: &policyv1.EscalationInstance_ReplacePolicy{PolicyId: KSUID(e.PolicyID)},
		}
	case policy.ReassignTo:
		v.EscalationPolicy = &policyv1.EscalationInstance_ReassignToApprovers_{
			ReassignToApprovers: &policyv1.EscalationInstance_ReassignToApprovers{ApproverIds: KSUIDs(e.UserIDs)},
		}
	case policy.CancelTask:
		v.EscalationPolicy = &policyv1.EscalationInstance_CancelTicket_{CancelTicket: &policyv1.EscalationInstance_CancelTicket{}}
	case policy.SkipStep:
		v.EscalationPolicy = &policyv1.EscalationInstance_SkipStep_{SkipStep: &policyv1.EscalationInstance_SkipStep{}}
	}
	return v
}

func encodeProvisionInstance(t task.Task, i task.Instance, next task.StepID) *policyv1.ProvisionInstance {
	v := &policyv1.ProvisionInstance{
		Provision: EncodeProvision(*i.Step.Provision), WebhookId: KSUID(i.Means.Webhook), WebhookInstanceId: KSUID(i.Delivery),
		State: policyv1.ProvisionInstanceState_PROVISION_INSTANCE_STATE_DONE,
	}
	v.Provision.Assigned = !i.AssignedAt.IsZero()
	v.Provision.ProvisionTarget = &policyv1.ProvisionTarget{
		AppId: KSUID(i.Target.AppID), AppEntitlementId: KSUID(i.Target.ID), AppUserId: KSUID(t.Account), GrantDuration: span(t.Duration),
	}
	switch {
	case i.State == task.Over:
	case i.Means.Kind == policy.ByWebhook && i.Error == "":
		v.State = policyv1.ProvisionInstanceState_PROVISION_INSTANCE_STATE_WEBHOOK_WAITING
	case i.State == task.Init && i.Means.Kind == policy.ByHand:
		v.State = policyv1.ProvisionInstanceState_PROVISION_INSTANCE_STATE_INIT
	default:
		v.State = policyv1.ProvisionInstanceState_PROVISION_INSTANCE_STATE_WAITING
	}
	if i.Error != "" && i.Result == nil {
		v.Outcome = &policyv1.ProvisionInstance_Errored{
			Errored: &policyv1.ErroredAction{Description: i.Error, ErroredAt: Moment(t.OutcomeAt)},
		}
	}
	r := i.Result
	if r == nil {
		return v
	}
	by, at := KSUID(r.By), Moment(r.At)
	switch r.Kind {
	case task.Succeeded:
		v.Outcome = &policyv1.ProvisionInstance_Completed{Completed: &policyv1.CompletedAction{
			UserId: by, CompletedAt: at, Entitlements: EncodeReferences([]app.EntitlementRef{i.Target}),
		}}
	case task.Errored:
		if i.Means.Kind == policy.ByWebhook { // people do it instead
			v.Outcome = &policyv1.ProvisionInstance_ReassignedByError{ReassignedByError: &policyv1.ReassignedByErrorAction{
				Description: r.Text, ErroredAt: at, ReassignedAt: at, NewPolicyStepId: KSUID(next),
			}}
			break
		}
		v.Outcome = &policyv1.ProvisionInstance_Errored{Errored: &policyv1.ErroredAction{Description: r.Text, ErroredAt: at}}
	case task.Skipped:
		v.Outcome = &policyv1.ProvisionInstance_Skipped{Skipped: skipped(r, next)}
	default:
		v.Outcome = &policyv1.ProvisionInstance_Cancelled{Cancelled: &policyv1.CancelledAction{CancelledByUserId: by, CancelledAt: at}}
	}
	return v
}

func encodeWaitInstance(i task.Instance, next task.StepID) *policyv1.WaitInstance {
	w := i.Step.Wait
	v := &policyv1.WaitInstance{
		Name: w.Name, CommentOnFirstWait: w.CommentOnFirst, CommentOnTimeout: w.CommentOnTimeout, StartedWaitingAt: Moment(i.OpenedAt),
		TimeoutDuration: span(w.Timeout), State: policyv1.WaitInstanceState_WAIT_INSTANCE_STATE_WAITING,
	}
	if w.Timeout > 0 {
		v.Timeout = Moment(i.OpenedAt.Add(w.Timeout))
	}
	if w.Condition != "" {
		v.Until = &policyv1.WaitInstance_Condition{Condition: &policyv1.WaitConditionInstance{Condition: w.Condition}}
	} else {
		v.Until = &policyv1.WaitInstance_UntilTime{
			UntilTime: &policyv1.WaitUntilTimeInstance{DurationIfExists: span(w.Duration), UntilTime: Moment(waitsUntil(i))},
		}
	}
	r := i.Result
	if r == nil {
		return v
	}
	v.State = policyv1.WaitInstanceState_WAIT_INSTANCE_STATE_COMPLETED
	switch r.Kind {
	case task.Succeeded, task.Approved: // the latter at the end of a grant, which waits for nothing
		v.Outcome = &policyv1.WaitInstance_Succeeded{Succeeded: &policyv1.WaitInstance_ConditionSucceeded{SucceededAt: Moment(r.At)}}
	case task.Late:
		v.State = policyv1.WaitInstanceState_WAIT_INSTANCE_STATE_TIMED_OUT
		v.Outcome = &policyv1.WaitInstance_TimedOut{TimedOut: &policyv1.WaitInstance_ConditionTimedOut{TimedOutAt: Moment(r.At)}}
	case task.Skipped:
		v.Outcome = &policyv1.WaitInstance_Skipped{Skipped: skipped(r, next)}
	default:
	}
	return v
}

// waitsUntil is the end of a wait for a time; of one that is over, as far as it can still be told.
func waitsUntil(i task.Instance) time.Time {
	switch w := i.Step.Wait; {
	case !i.DueAt.IsZero():
		return i.DueAt
	case w.Duration > 0:
		return i.OpenedAt.Add(w.Duration)
	case i.Result != nil && i.Result.Kind == task.Succeeded:
		return i.Result.At
	default:
		return time.Time{}
	}
}
