package c1

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	policyv1 "github.com/interim-access/interim/gen/c1/api/policy/v1"
	taskv1 "github.com/interim-access/interim/gen/c1/api/task/v1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/id"
)

// failures are the kinds of lines that tell of an error.
var failures = map[task.AuditKind]bool{
	task.ProvisionFailure: true, task.ExpressionFailed: true, task.NobodyEligible: true, task.ApprovalUnanswered: true,
	task.ApprovalTried: true, task.ApprovalMisread: true, task.ProvisionTried: true,
}

// parts shows one line of a task's history as upstream's lines: what somebody did and why are two of them there, and so are the rules
// of a policy that were tried at once. Nothing of that is kept twice: the parts have the identities that follow on that of the line.
func (s story) parts(e task.Entry) []*taskv1.TaskAuditView {
	if tried := s.tried(e); len(tried) > 0 {
		return tried
	}
	list := []*taskv1.TaskAuditView{s.line(e)}
	if e.Spoken() {
		words := e
		words.ID, words.Kind, words.Data = id.Beside(e.ID, 1), task.Commented, nil
		list = append(list, s.line(words))
	}
	return list
}

// line shows one line of a task's history.
func (s story) line(e task.Entry) *taskv1.TaskAuditView {
	v := &taskv1.TaskAuditView{
		Id: KSUID(e.ID), TicketId: KSUID(e.Task), UserId: KSUID(e.User), Created: Moment(e.At), CurrentState: encodeTaskState(e.State),
		EventType: taskv1.TaskAuditEventType_TASK_AUDIT_EVENT_TYPE_NEUTRAL, Source: taskv1.Source_SOURCE_C1,
		Metadata: &taskv1.TaskAuditMetaData{User: s.user(e.User)},
	}
	if failures[e.Kind] {
		v.EventType = taskv1.TaskAuditEventType_TASK_AUDIT_EVENT_TYPE_ERROR
	}
	if i, ok := s.steps[e.Step]; ok {
		v.WorkflowStep = number(i.Index)
	}
	if !s.typ(v, e) && !s.stepTyp(v, e) {
		s.waitTyp(v, e)
	}
	return v
}

// typ shows what happened to the task as a whole. It reports whether the kind of the line is one of those.
func (s story) typ(v *taskv1.TaskAuditView, e task.Entry) bool {
	switch e.Kind {
	case task.TaskCreated:
		v.Typ = &taskv1.TaskAuditView_TaskCreated{TaskCreated: &taskv1.TaskAuditNewTask{}}
	case task.Commented:
		v.Typ = &taskv1.TaskAuditView_Comment{
			Comment: &taskv1.TaskAuditComment{Comment: e.Comment, UpdatedAt: Moment(e.At), UpdatedBy: KSUID(e.User)},
		}
	case task.DefaultsApplied:
		v.Typ = &taskv1.TaskAuditView_RequestDefaultsApplied{RequestDefaultsApplied: &taskv1.TaskAuditRequestDefaultsApplied{
			AppId: KSUID(s.task.App), Source: taskv1.AppliedSettingsSource_APPLIED_SETTINGS_SOURCE_APP_DEFAULT,
		}}
	case task.PolicyEvaluated:
		v.Typ = &taskv1.TaskAuditView_ConditionalPolicyExecutionResult{ConditionalPolicyExecutionResult: s.trace(e)}
	case task.PolicyChanged:
		v.Typ = &taskv1.TaskAuditView_PolicyChanged{PolicyChanged: &taskv1.TaskAuditPolicyChanged{
			OldPolicyId: KSUID(s.policyOf(e)), NewPolicyId: KSUID(word(e, "policyId")),
		}}
	case task.TaskEscalated:
		v.Typ = &taskv1.TaskAuditView_TaskEscalated{TaskEscalated: &taskv1.TaskAuditEscalateToEmergencyAccess{
			OldPolicyId: KSUID(s.policyOf(e)), OldPolicyStepId: KSUID(e.Step),
		}}
	case task.HardReset:
		v.Typ = &taskv1.TaskAuditView_HardReset{HardReset: &taskv1.TaskAuditHardReset{OldPolicyStepId: KSUID(e.Step)}}
	case task.TaskRestarted:
		v.Typ = &taskv1.TaskAuditView_TaskRestarted{TaskRestarted: &taskv1.TaskAuditRestart{OldPolicyStepId: KSUID(e.Step)}}
	case task.DurationUpdated:
		v.Typ = &taskv1.TaskAuditView_GrantDurationUpdated{GrantDurationUpdated: &taskv1.TaskAuditGrantDurationUpdated{Duration: spanAt(e, "to")}}
	case task.DataUpdated:
		v.Typ = &taskv1.TaskAuditView_FormInstanceChange{FormInstanceChange: &taskv1.TaskAuditFormInstanceChange{IsValid: true}}
	case task.StateChanged:
		v.Typ = &taskv1.TaskAuditView_StateChange{
			StateChange: &taskv1.TaskAuditStateChange{PreviousState: taskv1.TaskState_TASK_STATE_OPEN},
		}
	case task.GrantOutcome:
		v.Typ = &taskv1.TaskAuditView_GrantOutcome{GrantOutcome: &taskv1.TaskAuditGrantOutcome{Outcome: encodeGrantOutcome(ended(e))}}
	case task.RevokeOutcome:
		v.Typ = &taskv1.TaskAuditView_RevokeOutcome{RevokeOutcome: &taskv1.TaskAuditRevokeOutcome{Outcome: encodeRevokeOutcome(ended(e))}}
	case task.CertifyOutcome:
		v.Typ = &taskv1.TaskAuditView_CertifyOutcome{CertifyOutcome: &taskv1.TaskAuditCertifyOutcome{Outcome: encodeCertifyOutcome(ended(e))}}
	case task.OffboardingOutcome:
		v.Typ = &taskv1.TaskAuditView_ActionResult{ActionResult: encodeOffboarded(ended(e))}
	default:
		return false
	}
	return true
}

// stepTyp shows what happened to an approval or a provision step. It reports whether the kind of the line is one of those.
func (s story) stepTyp(v *taskv1.TaskAuditView, e task.Entry) bool {
	switch e.Kind {
	case task.ApproversChosen:
		v.Typ = &taskv1.TaskAuditView_ApprovalInstanceChange{
			ApprovalInstanceChange: &taskv1.TaskAuditApprovalInstanceChange{Instance: s.approval(e)},
		}
	case task.AutoAccepted:
		v.Typ = &taskv1.TaskAuditView_ApprovalAutoAcceptedByPolicy{
			ApprovalAutoAcceptedByPolicy: &taskv1.TaskAuditApprovalAutoAcceptedByPolicy{},
		}
	case task.AutoRejected:
		v.Typ = &taskv1.TaskAuditView_ApprovalAutoRejectedByPolicy{
			ApprovalAutoRejectedByPolicy: &taskv1.TaskAuditApprovalAutoRejectedByPolicy{},
		}
	case task.PassedByItself:
		v.Typ = &taskv1.TaskAuditView_ApprovedAutomatically{ApprovedAutomatically: &taskv1.TaskAuditApprovalHappenedAutomatically{}}
	case task.StepReassigned:
		to := usersAt(e, "newStepUserIds")
		v.Typ = &taskv1.TaskAuditView_ApprovalReassigned{ApprovalReassigned: &taskv1.TaskAuditPolicyApprovalReassigned{
			OldPolicyStepId: KSUID(e.Step), NewPolicyStepId: KSUID(s.next[e.Step]), NewUsers: KSUIDs(to), Users: s.users(to),
		}}
	case task.GivenToDelegate:
		from, to := directory.UserID(word(e, "originalAssigneeUserId")), directory.UserID(word(e, "delegatedAssigneeUserId"))
		v.Typ = &taskv1.TaskAuditView_ReassignedToDelegate{ReassignedToDelegate: &taskv1.TaskAuditReassignedToDelegate{
			OriginalAssigneeUserId: KSUID(from), OriginalAssigneeUser: s.user(from),
			DelegatedAssigneeUserId: KSUID(to), DelegatedAssigneeUser: s.user(to),
		}}
	case task.FellBackToAdmins:
		to := usersAt(e, "userIds")
		v.Typ = &taskv1.TaskAuditView_ReassignmentFallbackToAdmin{
			ReassignmentFallbackToAdmin: &taskv1.TaskAuditReassignmentFallbackToAdmin{AdminUserIds: KSUIDs(to), AdminUsers: s.users(to)},
		}
	case task.NobodyEligible:
		v.Typ = &taskv1.TaskAuditView_ReassignmentListError{
			ReassignmentListError: &taskv1.TaskAuditReassignmentListError{ErrorMessage: "nobody is eligible to decide"},
		}
	case task.ExpressionFailed:
		v.Typ = &taskv1.TaskAuditView_ExpressionPolicyStepError{
			ExpressionPolicyStepError: &taskv1.TaskAuditExpressionPolicyStepError{Error: word(e, "error")},
		}
	case task.StepSkipped:
		v.Typ = &taskv1.TaskAuditView_StepSkipped{StepSkipped: &taskv1.TaskAuditStepSkipped{SkippedBy: KSUID(e.User)}}
	case task.Escalated:
		v.Typ = &taskv1.TaskAuditView_SlaEscalation{SlaEscalation: &taskv1.TaskAuditSLAEscalation{Message: e.Comment}}
	default:
		return s.provisionTyp(v, e)
	}
	return true
}

func (s story) provisionTyp(v *taskv1.TaskAuditView, e task.Entry) bool {
	switch e.Kind {
	case task.ProvisionStarted:
		v.Typ = &taskv1.TaskAuditView_ConnectorActionsStart{
			ConnectorActionsStart: &taskv1.TaskAuditStartedConnectorActions{PolicyStepId: KSUID(e.Step)},
		}
	case task.ProvisionEnded:
		v.Typ = &taskv1.TaskAuditView_ConnectorActionsEnd{
			ConnectorActionsEnd: &taskv1.TaskAuditFinishedConnectorActions{PolicyStepId: KSUID(e.Step)},
		}
	case task.ProvisionFailure:
		v.Typ = &taskv1.TaskAuditView_ProvisionError{ProvisionError: &taskv1.TaskAuditPolicyProvisionError{Error: e.Comment}}
	case task.ProvisionGivenUp:
		v.Typ = &taskv1.TaskAuditView_ProvisionCancelled{
			ProvisionCancelled: &taskv1.TaskAuditPolicyProvisionCancelled{CancelReason: e.Comment},
		}
	case task.ProvisionAgain:
		v.Typ = &taskv1.TaskAuditView_ProvisionReassigned{ProvisionReassigned: &taskv1.TaskAuditPolicyProvisionReassigned{
			OldPolicyStepId: KSUID(e.Step), NewPolicyStepId: KSUID(s.next[e.Step]),
		}}
	default:
		return s.webhookTyp(v, e)
	}
	return true
}

// waitTyp shows what happened to a wait.
func (s story) waitTyp(v *taskv1.TaskAuditView, e task.Entry) {
	condition := ""
	if w := s.steps[e.Step].Step.Wait; w != nil {
		condition = w.Condition
	}
	switch e.Kind {
	case task.WaitBegan:
		v.Typ = &taskv1.TaskAuditView_WaitStepWaiting{
			WaitStepWaiting: &taskv1.TaskAuditWaitStepWaiting{StepId: KSUID(e.Step), Condition: condition},
		}
	case task.WaitUntil:
		until, _ := time.Parse(time.RFC3339Nano, word(e, "until"))
		v.Typ = &taskv1.TaskAuditView_WaitStepUntilTime{
			WaitStepUntilTime: &taskv1.TaskAuditWaitStepUntilTime{StepId: KSUID(e.Step), UntilTime: Moment(until)},
		}
	case task.WaitOver:
		v.Typ = &taskv1.TaskAuditView_WaitStepSuccess{
			WaitStepSuccess: &taskv1.TaskAuditWaitStepSuccess{StepId: KSUID(e.Step), Condition: condition, SucceededAt: Moment(e.At)},
		}
	case task.WaitTimedOut:
		v.Typ = &taskv1.TaskAuditView_WaitStepTimedOut{
			WaitStepTimedOut: &taskv1.TaskAuditWaitStepTimedOut{StepId: KSUID(e.Step), Condition: condition, TimedOutAt: Moment(e.At)},
		}
	default: // of a later release
	}
}

// approval shows the step that a line speaks of: as it was left where the line tells of a decision, else as it waited.
func (s story) approval(e task.Entry) *policyv1.ApprovalInstance {
	i, ok := s.steps[e.Step]
	if !ok || i.Step.Approval == nil { // of a step that somebody does by hand
		return nil
	}
	if word(e, "outcome") == "" {
		i.State, i.Result = task.Pending, nil
	}
	if len(i.Seats) > 0 && word(e, "outcome") == string(task.Approved) { // one of several approvals
		i.State, i.Result = task.Over, &task.Result{Kind: task.Approved, By: e.User, For: e.For, At: e.At, Text: e.Comment}
	}
	return encodeApprovalInstance(s.task, i, s.next[e.Step])
}

// policyOf is the policy of which the step is that a line speaks of.
func (s story) policyOf(e task.Entry) policy.ID { return s.policies[s.steps[e.Step].Generation] }

func word(e task.Entry, name string) string {
	s, _ := e.Data[name].(string)
	return s
}

func ended(e task.Entry) task.Outcome { return task.Outcome(word(e, "outcome")) }

// spanAt reads a duration as the history spells it; null for none.
func spanAt(e task.Entry, name string) *durationpb.Duration {
	d, err := time.ParseDuration(word(e, name))
	if err != nil {
		return nil
	}
	return span(d)
}

// encodeOffboarded shows what became of an offboarding, for which upstream has no kind of line of its own.
func encodeOffboarded(o task.Outcome) *taskv1.TaskAuditConnectorActionResult {
	switch o {
	case task.Completed:
		return &taskv1.TaskAuditConnectorActionResult{
			Result: &taskv1.TaskAuditConnectorActionResult_Success{Success: &appv1.TaskAuditSuccessResult{}},
		}
	case task.Failed:
		return &taskv1.TaskAuditConnectorActionResult{
			Result: &taskv1.TaskAuditConnectorActionResult_Error{Error: &appv1.TaskAuditErrorResult{
				ErrorReason: "something is held still: its revocation was denied or closed",
			}},
		}
	default:
		return &taskv1.TaskAuditConnectorActionResult{
			Result: &taskv1.TaskAuditConnectorActionResult_Cancelled{Cancelled: &appv1.TaskAuditCancelledResult{}},
		}
	}
}
