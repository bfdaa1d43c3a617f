package task

import (
	"fmt"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// Event is something that happens to a task: somebody does something, a time has come, an answer is there.
type Event interface{ apply(m *machine) error }

// Apply is the whole state machine: what becomes of t when e happens at now, and what has to happen with it. It is pure; t stays
// as it is. An error means that nothing happened: Conflict for what comes too late, Denied for who may not, Invalid for what is
// missing.
//
// Every change brings at least one [Audit].
func (t Task) Apply(e Event, now time.Time) (Task, []Effect, error) {
	m := &machine{Task: t, now: now}
	m.History = slices.Clone(t.History)
	if t.Current != nil {
		current := *t.Current
		m.Current = &current
	}
	if err := e.apply(m); err != nil {
		return t, nil, err
	}
	if len(m.effects) == 0 {
		return t, nil, nil
	}
	m.UpdatedAt = now
	if at := m.DueAt(); !at.IsZero() && !at.Equal(t.DueAt()) {
		m.effects = append(m.effects, WakeAt{at})
	}
	return m.Task, m.effects, nil
}

// machine is one event being applied.
type machine struct {
	Task

	now     time.Time
	effects []Effect
}

func (m *machine) do(e ...Effect) { m.effects = append(m.effects, e...) }

// audit writes an entry about the step that is open.
func (m *machine) audit(kind AuditKind, by Who, comment string, data map[string]any) {
	m.do(Audit{Kind: kind, Step: m.Step(), By: by.User, For: by.standsFor(), Comment: comment, Data: data})
}

// system is Interim itself.
var system = Who{}

// open refuses what happens to a task that is closed.
func (m *machine) open() error {
	if m.State != Open {
		return fault.New(fault.Conflict, "task is closed")
	}
	return nil
}

// at refuses what somebody wants done with another step than the one that is open.
func (m *machine) at(step StepID) error {
	switch {
	case m.State != Open:
		return m.open()
	case step == "" || m.Step() != step:
		return fault.New(fault.Conflict, "the action is no longer available because the request moved to a new step")
	}
	return nil
}

// stale reports whether what is told of a step comes too late.
func (m *machine) stale(step StepID) bool {
	return m.State != Open || step == "" || m.Step() != step || m.outwaited(m.now)
}

// may refuses who may not do that now, in upstream's words, and everybody once the request has waited for as long as it may.
func (m *machine) may(who Who, a Action) error {
	if m.outwaited(m.now) {
		return fault.New(fault.Conflict, "the request has waited for as long as requests may, and is about to be closed")
	}
	if !m.May(who, a) {
		return fault.New(fault.Denied, "action not permitted")
	}
	return nil
}

// round refuses people to begin a step once more who have gone round in circles.
func (m *machine) round() error {
	if m.Opened >= MaxOpenings {
		return fault.New(fault.Precondition, "the task has opened %d steps and opens none again: decide it, or close it and ask anew", m.Opened)
	}
	return nil
}

// enter opens the step of the plan with the given index, in place of the given opening if it is not empty. Steps that pass by
// themselves are gone through at once; after the last the task ends.
func (m *machine) enter(index int, from StepID) {
	for ; index < len(m.Plan); index, from = index+1, "" {
		m.Opened++
		m.Current = &Instance{
			ID: m.stepID(), Index: index, Step: m.Plan[index], Generation: m.Generation, State: Init, OpenedAt: m.now, From: from,
		}
		if !m.passes() {
			return
		}
	}
	m.Current = nil
	m.finish()
}

// stepID is the id of the step that was opened last. It follows from the task, so that the machine needs no chance.
func (m *machine) stepID() StepID {
	return StepID(id.Static(fmt.Sprintf("task.%s.step.%d", m.ID, m.Opened)))
}

// passes begins the step that was just opened and reports whether it was over at once.
func (m *machine) passes() bool {
	step := m.Current.Step
	switch {
	case m.Auto && step.Provision == nil:
		m.audit(PassedByItself, system, "", nil)
		m.leave(Result{Kind: Approved})
		return true
	case step.Accept != nil:
		m.audit(AutoAccepted, system, step.Accept.Message, nil)
		m.leave(Result{Kind: Approved, Text: step.Accept.Message})
		return true
	case step.Reject != nil:
		m.audit(AutoRejected, system, step.Reject.Message, nil)
		m.leave(Result{Kind: Refused, Text: step.Reject.Message})
		m.end(m.refused(), system)
		return false
	case step.Approval != nil:
		m.ask()
		return false
	case step.Wait != nil:
		return m.wait()
	case step.Provision != nil:
		return m.provision()
	default: // a step that this release does not know asks nobody and gives nothing
		m.fail("the step's kind is not known")
		return false
	}
}

// leave closes the step that is open.
func (m *machine) leave(r Result) {
	r.At = m.now
	m.Current.State, m.Current.Result = Over, &r
	m.Current.DueAt, m.Current.CheckAt, m.Current.TimeoutAt = time.Time{}, time.Time{}, time.Time{}
	m.History = append(m.History, *m.Current)
}

// again opens the step that is open anew, under another id.
func (m *machine) again(r Result) {
	old := *m.Current
	r.New = StepID(id.Static(fmt.Sprintf("task.%s.step.%d", m.ID, m.Opened+1)))
	m.leave(r)
	m.enter(old.Index, old.ID)
}

// forth goes on to the next step.
func (m *machine) forth() { m.enter(m.Current.Index+1, "") }

// start goes through the plan from its first step.
func (m *machine) start() {
	m.Processing = Working
	m.enter(0, "")
}

// finish ends a task whose steps are all over. Access that no step gave or took is given or taken now: no task says that it was, if
// it was not.
func (m *machine) finish() {
	if (m.Kind == Grant || m.Kind == Revoke) && !m.Asked {
		m.Plan = append(slices.Clone(m.Plan), policy.Step{Provision: &policy.Provision{}})
		m.enter(len(m.Plan)-1, "")
		return
	}
	switch m.Kind {
	case Revoke:
		m.end(Revoked, system)
	case Certify:
		m.end(Certified, system)
	case Offboarding:
		m.end(Completed, system)
	case Grant:
		m.end(Granted, system)
	}
}

// end closes the task.
func (m *machine) end(o Outcome, by Who) {
	m.Current = nil
	m.State, m.Processing, m.Outcome, m.OutcomeAt = Closed, Done, o, m.now
	m.do(
		Audit{Kind: m.outcomeKind(), By: by.User, For: by.standsFor(), Data: map[string]any{"outcome": string(o)}},
		Closing{},
	)
	if people := m.parties(); len(people) > 0 && !m.Auto {
		m.do(Notify{Kind: Decided, Users: people})
	}
}

// outcomeKind is the entry that tells of the task's end.
func (m *machine) outcomeKind() AuditKind {
	switch m.Kind {
	case Revoke:
		return RevokeOutcome
	case Certify:
		return CertifyOutcome
	case Offboarding:
		return OffboardingOutcome
	case Grant:
		return GrantOutcome
	default:
		return StateChanged
	}
}

// refused is what a denial makes of the task.
func (m *machine) refused() Outcome {
	if m.Kind == Certify {
		return Decertified
	}
	return Denied
}

// parties are the people whom the outcome concerns.
func (m *machine) parties() []directory.UserID {
	var list []directory.UserID
	for _, u := range []directory.UserID{m.Opener, m.Subject} {
		if u != "" && !slices.Contains(list, u) {
			list = append(list, u)
		}
	}
	return list
}

// steps is a plan as the history tells of it.
func steps(plan []policy.Step) []string {
	list := make([]string, len(plan))
	for i, s := range plan {
		switch {
		case s.Approval != nil:
			list[i] = "approval " + string(s.Approval.Kind)
		case s.Provision != nil:
			list[i] = "provision"
		case s.Accept != nil:
			list[i] = "accept"
		case s.Reject != nil:
			list[i] = "reject"
		case s.Wait != nil:
			list[i] = "wait"
		}
	}
	return list
}
