package task

import (
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/fault"
)

// ask begins an approval step: whoever knows the people is asked who decides, or the webhook is called that does.
func (m *machine) ask() {
	m.Processing, m.Outcome = Working, NoOutcome
	if a := m.Current.Step.Approval; a.Kind == policy.Webhook {
		m.Processing, m.Current.State, m.Current.AssignedAt = Waiting, Pending, m.now
		m.schedule(a)
		m.audit(ApprovalCalled, system, "", map[string]any{"webhookId": a.WebhookID})
		m.do(Deliver{m.Current.ID, a.WebhookID, "approval"})
		return
	}
	m.Current.Seats = m.seats(m.Current.Step.Approval)
	m.do(Resolve{m.Current.ID})
}

// schedule sets when the step escalates.
func (m *machine) schedule(a *policy.Approval) {
	if e := a.Escalation; e != nil && !a.Disabled && !m.Current.Escalated {
		m.Current.DueAt = m.now.Add(e.After)
	}
}

// Resolved says who decides the step that was opened, or what has become of the question.
type Resolved struct {
	Step StepID
	Resolution
	Skip  bool   // an expression named nobody, which skips the step
	Error string // an expression failed; the fallback decides
}

func (e Resolved) apply(m *machine) error {
	if err := m.at(e.Step); err != nil {
		return err
	}
	i := m.Current
	if i.State == Over || i.Step.Approval == nil && i.Step.Provision == nil {
		return nil
	}
	if e.Error != "" {
		m.audit(ExpressionFailed, system, "", map[string]any{"error": e.Error})
	}
	if e.Skip && i.Step.Approval != nil {
		m.audit(StepSkipped, system, "the expression named nobody", nil)
		m.leave(Result{Kind: Skipped, Text: "the expression named nobody"})
		m.forth()
		return nil
	}
	first := i.State == Init
	old := *i
	i.Slots, i.Tier, i.Fixed, i.Eligible = e.Slots, e.Tier, e.Fixed, e.Users()
	i.found(e.Seats)
	i.State, m.Processing = Pending, Waiting
	if first {
		i.AssignedAt = m.now
		if a := i.Step.Approval; a != nil {
			m.schedule(a)
		}
	}
	if first || i.Tier != old.Tier || !slices.Equal(i.Eligible, old.Eligible) || !slices.Equal(i.Fixed, old.Fixed) {
		m.tell(e.Resolution, old.Eligible)
	}
	if gone := without(old.Eligible, i.Eligible); len(gone) > 0 && slices.ContainsFunc(i.Seats, func(s Seat) bool { return s.Filled != nil }) {
		m.do(Spare{gone})
	}
	return nil
}

// without is list without those in other.
func without(list, other []directory.UserID) []directory.UserID {
	return slices.DeleteFunc(slices.Clone(list), func(u directory.UserID) bool { return slices.Contains(other, u) })
}

// tell audits who decides, and asks those to who were not asked before.
func (m *machine) tell(r Resolution, before []directory.UserID) {
	m.audit(ApproversChosen, system, "", map[string]any{"tier": string(r.Tier), "userIds": r.Users()})
	for _, s := range r.Fixed {
		m.audit(GivenToDelegate, system, "", map[string]any{
			"originalAssigneeUserId": string(s.For), "delegatedAssigneeUserId": string(s.User), "delegationId": s.Delegation,
		})
	}
	switch r.Tier {
	case Admins:
		m.audit(FellBackToAdmins, system, "", map[string]any{"userIds": r.Users()})
	case Nobody:
		m.audit(NobodyEligible, system, "", nil)
		if len(r.People) == 0 {
			return
		}
	case Named, Fallback, ItemOwners, AppOwners:
	}
	m.do(Notify{Kind: Decide, Users: without(r.Users(), before), Step: m.Current.ID, For: r.stoodFor()})
}

// Decision is somebody's yes or no to the step that is open. A no ends the task.
type Decision struct {
	By      Who
	Step    StepID
	Approve bool
	Comment string
}

func (e Decision) apply(m *machine) error {
	if err := m.at(e.Step); err != nil {
		return err
	}
	action := Deny
	if e.Approve {
		action = Approve
	}
	if err := m.may(e.By, action); err != nil {
		if fault.Is(err, fault.Denied) && m.tooLate(e.By.User) {
			err = fault.New(fault.Conflict, "what you were asked is approved already")
		}
		return err
	}
	if err := m.wantsReason(e.Approve, e.Comment); err != nil {
		return err
	}
	if e.Approve && len(m.Current.Seats) > 0 {
		m.fill(e)
		return nil
	}
	kind := Refused
	if e.Approve {
		kind = Approved
	}
	m.audit(ApproversChosen, e.By, e.Comment, map[string]any{"outcome": string(kind), "reasons": e.By.why()})
	m.leave(Result{Kind: kind, By: e.By.User, For: e.By.standsFor(), Text: e.Comment})
	if !e.Approve {
		m.end(m.refused(), e.By)
		return nil
	}
	m.forth()
	return nil
}

// wantsReason refuses a decision without the reason that the open step wants.
func (m *machine) wantsReason(yes bool, comment string) error {
	a, action := m.Current.Step.Approval, Deny
	if yes {
		action = Approve
	}
	if a != nil && blank(comment) && (yes && a.RequireApprovalReason || !yes && a.RequireDenialReason) {
		return fault.InvalidField("comment", "a reason is required to %s", action.word())
	}
	return nil
}

// Skip leaves an approval or a wait as if it had passed.
type Skip struct {
	By      Who
	Step    StepID
	Comment string
}

func (e Skip) apply(m *machine) error {
	if err := m.at(e.Step); err != nil {
		return err
	}
	if err := m.may(e.By, SkipStep); err != nil {
		return err
	}
	m.audit(StepSkipped, e.By, e.Comment, nil)
	m.leave(Result{Kind: Skipped, By: e.By.User, Text: e.Comment})
	m.forth()
	return nil
}

// Reassign has others decide the step that is open. It is opened anew.
type Reassign struct {
	By      Who
	Step    StepID
	To      []directory.UserID
	Comment string
}

func (e Reassign) apply(m *machine) error {
	if err := m.at(e.Step); err != nil {
		return err
	}
	if err := m.may(e.By, ReassignStep); err != nil {
		return err
	}
	if err := m.round(); err != nil {
		return err
	}
	a := m.Current.Step.Approval
	switch {
	case len(e.To) == 0:
		return fault.InvalidField("newStepUserIds", "is required")
	case len(e.To) > MaxReassignees:
		return fault.InvalidField("newStepUserIds", "has %d entries; at most %d are allowed", len(e.To), MaxReassignees)
	case a.RequireReassignmentReason && blank(e.Comment):
		return fault.InvalidField("comment", "a reason is required to reassign")
	}
	for _, u := range e.To {
		if len(a.AllowedReassignees) > 0 && !slices.Contains(a.AllowedReassignees, u) {
			return fault.InvalidField("newStepUserIds", "the policy allows reassignment to others only")
		}
		if m.Party(u) && !a.AllowSelfApproval {
			return fault.InvalidField("newStepUserIds", "nobody decides a request of their own")
		}
	}
	var places []int
	if !e.By.supervises() {
		places = e.By.places()
	} else if waiting := len(m.vacancies(m.Current)); waiting > 1 && len(distinct(e.To)) < waiting {
		return fault.InvalidField("newStepUserIds", "%d slots wait, and each is given to somebody else: name as many people", waiting)
	}
	m.reassign(e.By, e.To, e.Comment, places)
	return nil
}

// reassign opens the step anew for the given people. Of a step with seats these are to fill the given ones, or all that wait; approvals
// that filled others stand. Those that are given away with somebody else's leave are each for other people: what a step wants from several
// is not given by one.
func (m *machine) reassign(by Who, to []directory.UserID, comment string, places []int) {
	data := map[string]any{"newStepUserIds": to}
	if len(places) > 0 {
		data["slots"] = places
	}
	m.audit(StepReassigned, by, comment, data)
	seats := m.Current.Seats
	m.again(Result{Kind: Reassigned, By: by.User, For: by.standsFor(), Text: comment})
	if len(seats) > 0 {
		m.assign(seats, places, to)
		return
	}
	m.Current.Assigned, m.Current.Slots = true, users(to)
}

// Look has the approvers of the step found again, since somebody may be gone.
type Look struct{}

func (Look) apply(m *machine) error {
	if m.State == Open && (m.Current.approving() || m.Current.manual()) {
		m.do(Resolve{m.Current.ID})
	}
	return nil
}

// StandsDown is told when somebody's authority to answer for others is over: they answer for themselves again.
type StandsDown struct {
	Step       StepID
	Delegation string
}

func (e StandsDown) apply(m *machine) error {
	if m.stale(e.Step) {
		return nil
	}
	var kept []Stand
	for _, s := range m.Current.Fixed {
		if s.Delegation != e.Delegation {
			kept = append(kept, s)
			continue
		}
		m.audit(StepReassigned, system, "the delegation is over", map[string]any{
			"fromUserId": string(s.User), "newStepUserIds": []directory.UserID{s.For}, "delegationId": s.Delegation,
		})
		m.do(Notify{Kind: Decide, Users: []directory.UserID{s.For}, Step: m.Current.ID})
	}
	m.Current.Fixed = kept
	return nil
}

// escalate does what the policy wants done with an approval that nobody decided in time.
func (m *machine) escalate() {
	e := m.Current.Step.Approval.Escalation
	m.Current.DueAt, m.Current.Escalated = time.Time{}, true
	m.audit(Escalated, system, e.Comment, map[string]any{"kind": string(e.Kind)})
	switch e.Kind {
	case policy.CancelTask:
		m.leave(Result{Kind: Stopped, Text: e.Comment})
		m.end(Cancelled, system)
	case policy.SkipStep:
		m.leave(Result{Kind: Skipped, Text: e.Comment})
		m.forth()
	case policy.ReassignTo:
		m.reassign(system, e.UserIDs, e.Comment, nil)
		m.Current.Escalated, m.Current.DueAt = true, time.Time{}
	case policy.ReplacePolicy:
		if m.replaced() < policy.MaxDepth {
			m.do(Replan{e.PolicyID, Escalated})
		}
	}
}

// replaced is how many policies came in the place of others since nobody decided in time. Policies that escalate to each other would
// go on for ever: after the last the step stays with whom it asks.
func (m *machine) replaced() (n int) {
	for _, i := range m.History {
		if i.Escalated && i.Step.Approval.Escalation.Kind == policy.ReplacePolicy {
			n++
		}
	}
	return n
}
