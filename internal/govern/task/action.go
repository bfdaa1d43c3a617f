package task

import (
	"slices"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
)

// Action is something that people do with a task.
type Action string

// The actions, under the names of the API.
const (
	Approve        Action = "APPROVE"
	Deny           Action = "DENY"
	Comment        Action = "COMMENT"
	Close          Action = "CLOSE"
	ReassignStep   Action = "REASSIGN"
	SkipStep       Action = "SKIP_STEP"
	Restart        Action = "RESTART"
	Reset          Action = "HARD_RESET"
	ProcessNow     Action = "PROCESS_NOW"
	Escalate       Action = "ESCALATE_TO_EMERGENCY_ACCESS"
	UpdateDuration Action = "UPDATE_GRANT_DURATION"
	UpdateData     Action = "UPDATE_REQUEST_DATA"
	Retry          Action = "RETRY_PROVISIONING"
	CompleteManual Action = "PROVISION_COMPLETE"
	FailManual     Action = "PROVISION_ERRORED"
)

var actions = []Action{
	Approve, Deny, Comment, Close, ReassignStep, SkipStep, Restart, Reset, ProcessNow, Escalate, UpdateDuration, UpdateData, Retry,
	CompleteManual, FailManual,
}

func (a Action) word() string { return strings.ToLower(strings.ReplaceAll(string(a), "_", " ")) }

// Who is somebody who wants to do something, and what makes them somebody for this task at this moment. The zero Who is Interim.
type Who struct {
	User  directory.UserID
	Super bool // a Super Administrator
	Owner bool // a primary owner of the app

	Sides bool // a member of the group it is about, or a service or an agent that the subject, the opener or a member owns

	Step    StepID   // the step for which Reasons were found
	Reasons []Reason // why they may decide that step at this moment; none: they may not
	Urgent  bool     // the entitlement may be asked for in an emergency
}

// supervises reports whether w looks after tasks about the app.
func (w Who) supervises() bool { return w.Super || w.Owner }

// standsFor is for whom w decides: nobody else where they may do so for themself.
func (w Who) standsFor() directory.UserID {
	for _, r := range w.Reasons {
		if r.For == "" {
			return ""
		}
	}
	if len(w.Reasons) > 0 {
		return w.Reasons[0].For
	}
	return ""
}

// why is what makes w a decider, for the history.
func (w Who) why() []string {
	list := make([]string, len(w.Reasons))
	for i, r := range w.Reasons {
		list[i] = r.String()
	}
	return list
}

// decidesAlone reports whether the open step asks u about themself.
func (t Task) decidesAlone(u directory.UserID) bool {
	return u == t.Subject && t.Current.Step.Approval.Kind == policy.Self
}

// against reports whether t is about taking what w has, or who owns w, and somebody else's wish: to close it would be to keep it.
func (t Task) against(w Who) bool {
	return t.Kind != Grant && w.User != t.Opener && (w.User == t.Subject || w.Sides)
}

// WasAsked reports whether u could decide a step, or fill a slot of the open one, that is over: they were told of the task, and may see
// what becomes of it.
func (t Task) WasAsked(u directory.UserID) bool {
	over := func(s Seat) bool { return s.Filled != nil && slices.Contains(s.Eligible, u) }
	if t.Current != nil && slices.ContainsFunc(t.Current.Seats, over) {
		return true
	}
	return slices.ContainsFunc(t.History, func(i Instance) bool { return slices.Contains(i.Asked(), u) })
}

// StoodFor reports whether somebody else was asked in u's place: they see what their deputy decides for them, and do not decide it.
func (t Task) StoodFor(u directory.UserID) bool {
	of := func(i Instance) bool { return slices.ContainsFunc(i.Fixed, func(s Stand) bool { return s.For == u }) }
	return slices.ContainsFunc(t.History, of) || t.Current != nil && of(*t.Current)
}

// permits refuses who may not take the action at that moment, as the event that does it would. It is asked before anything is answered
// that only those may know who may.
func (t Task) permits(now time.Time, step StepID, w Who, a Action) error {
	return (&machine{Task: t, now: now}).either(step, w, a)
}

// Actions are those that w may take at that moment, which is what the use cases let through.
func (t Task) Actions(w Who, now time.Time) []Action {
	var list []Action
	m := &machine{Task: t, now: now}
	for _, a := range actions {
		if m.may(w, a) == nil && (!slices.Contains(opening, a) || m.round() == nil) {
			list = append(list, a)
		}
	}
	return list
}

// opening are the actions that open steps anew, whatever is wanted with them.
var opening = []Action{ReassignStep, Restart, Reset, Retry, UpdateData}

// May reports whether w may take the action now. Whether w may see the task at all is judged before.
//
// Approving, denying, skipping, processing, resetting, restarting and reassigning are decisions: neither the subject, a member of the
// group it is about, nor the opener takes them, whatever else they are, unless the step that is open lets them.
func (t Task) May(w Who, a Action) bool {
	if t.State != Open || w.User == "" {
		return false
	}
	i := t.Current
	eligible := len(w.Reasons) > 0 && w.Step == t.Step()
	party := t.Party(w.User)
	barred := (party || w.Sides) && !i.selfApproval()
	asks := i != nil && i.Step.Approval != nil
	waits := asks || i != nil && i.Step.Wait != nil
	concerned := party || w.supervises()
	asked := t.Kind == Grant && !t.Asked && i != nil // what was asked for may still change
	switch a {
	case Approve, Deny:
		return i.approving() && eligible && (!barred || t.decidesAlone(w.User))
	case Comment:
		return concerned || eligible || t.WasAsked(w.User)
	case Close:
		return concerned && (!t.Asked || t.Kind != Revoke) && t.Kind != Offboarding && !t.against(w)
	case ReassignStep:
		return i.approving() && !barred && (eligible && i.Step.Approval.AllowReassignment || w.supervises())
	case SkipStep, ProcessNow:
		return waits && !barred && w.supervises()
	case Restart:
		return asks && !barred && (eligible || w.supervises())
	case Reset:
		return i != nil && !t.Asked && !barred && w.supervises()
	case Escalate:
		return asked && !t.Emergency && w.Urgent && concerned
	case UpdateDuration:
		return asked && (party || eligible)
	case UpdateData:
		return asked && party
	case Retry:
		return i != nil && i.Step.Provision != nil && t.Outcome == Failed && concerned
	case CompleteManual, FailManual:
		return i.manual() && eligible
	default:
		return false
	}
}
