package task

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
)

// Effect is something that a step of a task's life asks for beside the task's new values. It happens in the same transaction.
type Effect interface{ effect() }

type (
	// Audit is an entry in the task's own history, and in the audit.
	Audit struct {
		Kind    AuditKind
		Step    StepID
		By      directory.UserID // empty: Interim itself
		For     directory.UserID // whom By stood in for
		Comment string
		Data    map[string]any
	}
	// Resolve asks who decides the step that was opened; the answer is the event [Resolved].
	Resolve struct{ Step StepID }
	// Check asks whether the condition of a wait holds; the answer is the event [Checked].
	Check struct {
		Step      StepID
		Condition string
	}
	// Replan asks for the steps of another policy; the answer is the event [Planned].
	Replan struct {
		Policy policy.ID
		Why    AuditKind
	}
	// GrantAccess asks for the grant, or for a group, that it holds the access. There is one such effect in the life of a task; the answer
	// is the event [Carried].
	GrantAccess struct {
		Step   StepID
		Of     app.EntitlementRef
		End    time.Time // zero: without end
		Extend bool      // what is held already and nothing else
	}
	// RevokeAccess asks for the grant's end; the answer is the event [Carried]. Undo is true where a request is cancelled whose grant
	// no target has confirmed: only the grant that was made for the task is taken then.
	RevokeAccess struct {
		Step StepID
		Of   app.EntitlementRef
		Undo bool
	}
	// Hurry asks that the target is called again at once.
	Hurry struct{}
	// Deliver calls a webhook; the answer is the event [Answered].
	Deliver struct {
		Step    StepID
		Webhook string
		Event   string // "approval" or "provision"
	}
	// Notify tells people.
	Notify struct {
		Kind  NoticeKind
		Users []directory.UserID
		Step  StepID
		For   map[directory.UserID]directory.UserID // of those who decide for somebody else alone: for whom
	}
	// Spare tells that people need not decide any more what they were asked to, since somebody else did in their place.
	Spare struct{ Users []directory.UserID }
	// WakeAt is when something happens to the task by itself.
	WakeAt struct{ At time.Time }
	// Closing tells that the task is closed, for what waits for it.
	Closing struct{}
)

func (Audit) effect()        {}
func (Resolve) effect()      {}
func (Check) effect()        {}
func (Replan) effect()       {}
func (GrantAccess) effect()  {}
func (RevokeAccess) effect() {}
func (Hurry) effect()        {}
func (Deliver) effect()      {}
func (Notify) effect()       {}
func (Spare) effect()        {}
func (WakeAt) effect()       {}
func (Closing) effect()      {}

// NoticeKind says what people are told.
type NoticeKind string

// What people are told by tasks.
const (
	Decide  NoticeKind = "DECIDE"  // you are asked to decide
	Decided NoticeKind = "DECIDED" // what you asked for, or what is about you, was decided
)

// AuditKind is the kind of an entry in a task's history. The names are those of the API's task audit (c1-api.md, section 6.4).
type AuditKind string

// The kinds that occur.
const (
	TaskCreated        AuditKind = "taskCreated"
	DefaultsApplied    AuditKind = "requestDefaultsApplied"
	PolicyEvaluated    AuditKind = "conditionalPolicyExecutionResult"
	ApproversChosen    AuditKind = "approvalInstanceChange"
	AutoAccepted       AuditKind = "approvalAutoAcceptedByPolicy"
	AutoRejected       AuditKind = "approvalAutoRejectedByPolicy"
	PassedByItself     AuditKind = "approvedAutomatically"
	StepReassigned     AuditKind = "approvalReassigned"
	GivenToDelegate    AuditKind = "reassignedToDelegate"
	FellBackToAdmins   AuditKind = "reassignmentFallbackToAdmin"
	NobodyEligible     AuditKind = "reassignmentListError"
	ExpressionFailed   AuditKind = "expressionPolicyStepError"
	StepSkipped        AuditKind = "stepSkipped"
	TaskRestarted      AuditKind = "taskRestarted"
	HardReset          AuditKind = "hardReset"
	TaskEscalated      AuditKind = "taskEscalated"
	Escalated          AuditKind = "slaEscalation"
	PolicyChanged      AuditKind = "policyChanged"
	Commented          AuditKind = "comment"
	DurationUpdated    AuditKind = "grantDurationUpdated"
	DataUpdated        AuditKind = "formInstanceChange"
	StateChanged       AuditKind = "stateChange"
	ProvisionStarted   AuditKind = "connectorActionsStart"
	ProvisionEnded     AuditKind = "connectorActionsEnd"
	ProvisionFailure   AuditKind = "provisionError"
	ProvisionGivenUp   AuditKind = "provisionCancelled"
	ProvisionAgain     AuditKind = "provisionReassigned"
	WaitBegan          AuditKind = "waitStepWaiting"
	WaitUntil          AuditKind = "waitStepUntilTime"
	WaitOver           AuditKind = "waitStepSuccess"
	WaitTimedOut       AuditKind = "waitStepTimedOut"
	ApprovalCalled     AuditKind = "webhookApprovalTriggered"
	ApprovalAnswered   AuditKind = "webhookApprovalSuccess"
	ApprovalTried      AuditKind = "webhookApprovalAttempt"
	ApprovalMisread    AuditKind = "webhookApprovalBadResponse"
	ApprovalUnanswered AuditKind = "webhookApprovalFatalError"
	ProvisionCalled    AuditKind = "webhookTriggered"
	ProvisionTried     AuditKind = "webhookAttempt"
	ProvisionAnswered  AuditKind = "webhookSuccess"
	GrantOutcome       AuditKind = "grantOutcome"
	RevokeOutcome      AuditKind = "revokeOutcome"
	CertifyOutcome     AuditKind = "certifyOutcome"
	OffboardingOutcome AuditKind = "actionResult"
)
