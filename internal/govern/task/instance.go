package task

import (
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
)

// StepState says how far a step has come.
type StepState string

// The states of a step. What waits for a target or a person is Pending.
const (
	Init    StepState = "INIT" // opened; who decides is about to be found
	Pending StepState = "WAITING"
	Over    StepState = "DONE"
)

// ResultKind says how a step was left.
type ResultKind string

// The ways to leave a step.
const (
	Approved   ResultKind = "approved"
	Refused    ResultKind = "denied"
	Reassigned ResultKind = "reassigned"
	Restarted  ResultKind = "restarted"
	Skipped    ResultKind = "skipped"
	Succeeded  ResultKind = "completed" // of a provision step or a wait
	Errored    ResultKind = "errored"
	Stopped    ResultKind = "cancelled"
	Late       ResultKind = "timedOut"
)

// Result is how a step was left. The step that came in its place, or before it, is named where there is one.
type Result struct {
	Kind ResultKind       `json:"kind"`
	By   directory.UserID `json:"by,omitempty"`  // empty: Interim itself
	For  directory.UserID `json:"for,omitempty"` // whom By stood in for; empty: themself
	At   time.Time        `json:"at"`
	Text string           `json:"text,omitempty"` // the reason, or the error's words
	New  StepID           `json:"new,omitempty"`
}

// Tier says from which of its sources a step has its approvers.
type Tier string

// The tiers, in the order in which they are tried.
const (
	Named      Tier = "named"      // those the step names
	ItemOwners Tier = "itemOwners" // of an approval by slots: who owns the resource of what is asked for
	AppOwners  Tier = "appOwners"  // of an approval by slots: who owns the app
	Fallback   Tier = "fallback"   // those it names for the case that nobody is left
	Admins     Tier = "admins"     // the Super Administrators
	Nobody     Tier = "nobody"     // flagged: the task waits for somebody to be there
)

// tiers are the tiers in their order.
var tiers = []Tier{Named, ItemOwners, AppOwners, Fallback, Admins, Nobody}

// beyond reports whether t comes after other.
func (t Tier) beyond(other Tier) bool { return slices.Index(tiers, t) > slices.Index(tiers, other) }

// Instance is one opening of one step.
type Instance struct {
	ID         StepID              `json:"id"`
	Index      int                 `json:"index"` // in the plan
	Step       policy.Step         `json:"step"`
	Generation policy.GenerationID `json:"generation,omitempty"`
	State      StepState           `json:"state"`
	OpenedAt   time.Time           `json:"openedAt"`
	From       StepID              `json:"from,omitempty"` // the opening that this one came in place of

	// Of a step that people decide.
	AssignedAt time.Time          `json:"assignedAt,omitzero"`
	Slots      []Slot             `json:"slots,omitempty"`    // of the tier Named
	Assigned   bool               `json:"assigned,omitempty"` // Slots are whom somebody reassigned it to
	Tier       Tier               `json:"tier,omitempty"`
	Fixed      []Stand            `json:"fixed,omitempty"`    // who answers instead of whom, as it was when the step opened
	Eligible   []directory.UserID `json:"eligible,omitempty"` // who could decide when the step opened
	Escalated  bool               `json:"escalated,omitempty"`
	Seats      []Seat             `json:"seats,omitempty"` // of a step that wants each of several slots filled; then Slots is empty

	// Of a provision step.
	Means  Means              `json:"means,omitzero"`
	Target app.EntitlementRef `json:"target,omitzero"`
	Moved  bool               `json:"moved,omitempty"` // the grant is as was asked; what is left is for people or a webhook

	DueAt     time.Time `json:"dueAt,omitzero"`     // the escalation, or the end of a wait
	CheckAt   time.Time `json:"checkAt,omitzero"`   // when the condition of a wait is looked at again
	TimeoutAt time.Time `json:"timeoutAt,omitzero"` // when a wait is given up
	Delivery  string    `json:"delivery,omitempty"` // of a webhook that was called

	Error  string  `json:"error,omitempty"` // of a provision step that waits for another attempt
	Result *Result `json:"result,omitempty"`
}

// next is the earliest of the step's times.
func (i Instance) next() time.Time {
	var at time.Time
	for _, t := range []time.Time{i.DueAt, i.CheckAt, i.TimeoutAt} {
		if earlier(t, at) {
			at = t
		}
	}
	return at
}

// approving reports whether people are asked to decide the step now.
func (i *Instance) approving() bool {
	return i != nil && i.Step.Approval != nil && i.State == Pending && i.Step.Approval.Kind != policy.Webhook
}

// manual reports whether a person is asked to confirm what the step wants done.
func (i *Instance) manual() bool { return i.byPeople() && i.State == Pending && i.Error == "" }

// byPeople reports whether people were found to do what the step wants done. A step that is to be done by hand may have a target asked
// first, or alone: the threat is a revocation that somebody confirms while the access is still there.
func (i *Instance) byPeople() bool {
	return i != nil && i.Step.Provision != nil && i.Means.Kind == policy.ByHand && i.Tier != ""
}

// selfApproval reports whether the subject and the opener may decide the step.
func (i *Instance) selfApproval() bool {
	return i != nil && i.Step.Approval != nil && i.Step.Approval.AllowSelfApproval
}
