package task

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// Plan is what a policy resolved to: the steps that a task goes through.
type Plan struct {
	Policy     policy.ID
	Generation policy.GenerationID
	Key        string
	Steps      []policy.Step
	Trace      []policy.Tried // how it was found, for the history
}

func (m *machine) take(p Plan) {
	m.Policy, m.Generation, m.StepKey, m.Plan = p.Policy, p.Generation, p.Key, p.Steps
	carries := func(s policy.Step) bool { return s.Provision != nil }
	if (m.Kind == Grant || m.Kind == Revoke) && !slices.ContainsFunc(m.Plan, carries) { // what is approved is carried out
		m.Plan = append(slices.Clone(m.Plan), policy.Step{Provision: &policy.Provision{}})
	}
	if len(p.Trace) > 0 || p.Policy == "" && p.Key != "" { // the latter by how the item is configured
		m.audit(PolicyEvaluated, system, "", map[string]any{"policyId": string(p.Policy), "key": p.Key, "trace": p.Trace})
	}
}

// Created is the first event of every task.
type Created struct {
	By       Who
	Plan     Plan
	Defaults []string // what the request defaults of the app filled in, as the API names it
	Later    bool     // the plan is not known yet; [Begin] brings it
}

func (e Created) apply(m *machine) error {
	if m.Opened > 0 || m.State == Closed {
		return fault.New(fault.Conflict, "task has begun")
	}
	m.State, m.Processing = Open, Working
	m.audit(TaskCreated, e.By, m.Description, map[string]any{
		"origin": string(m.Origin), "steps": steps(e.Plan.Steps), "giveUpAt": shown(m.GiveUpAt),
	})
	if len(e.Defaults) > 0 {
		m.audit(DefaultsApplied, system, "", map[string]any{"defaults": e.Defaults})
	}
	if e.Later {
		m.do(WakeAt{m.now})
		return nil
	}
	m.take(e.Plan)
	if m.Kind == Offboarding {
		m.Outcome = InProgress
		m.do(WakeAt{m.now})
		return nil
	}
	m.start()
	return nil
}

// Begin brings the plan of a task that was created without one.
type Begin struct{ Plan Plan }

func (e Begin) apply(m *machine) error {
	if m.State != Open || m.Opened > 0 || m.Kind == Offboarding {
		return nil
	}
	m.take(e.Plan)
	m.start()
	return nil
}

// Planned brings the steps of another policy, which take the place of all that were still to come. The answer to [Replan].
type Planned struct {
	Plan Plan
	Why  AuditKind
}

func (e Planned) apply(m *machine) error {
	if m.State != Open || m.Current == nil || m.Asked {
		return nil
	}
	m.audit(PolicyChanged, system, "", map[string]any{"policyId": string(e.Plan.Policy), "why": string(e.Why), "steps": steps(e.Plan.Steps)})
	m.leave(Result{Kind: Reassigned, Text: string(e.Why)})
	m.take(e.Plan)
	m.start()
	return nil
}

// Emergency makes an open request one for emergency access; the plan is that of the emergency policy.
type Emergency struct {
	By      Who
	Step    StepID // empty: whichever is open
	Plan    Plan
	Comment string
}

func (e Emergency) apply(m *machine) error {
	if err := m.either(e.Step, e.By, Escalate); err != nil {
		return err
	}
	m.audit(TaskEscalated, e.By, e.Comment, map[string]any{"policyId": string(e.Plan.Policy), "steps": steps(e.Plan.Steps)})
	m.Emergency = true
	m.leave(Result{Kind: Reassigned, By: e.By.User, Text: e.Comment})
	m.take(e.Plan)
	m.start()
	return nil
}

// either refuses a stale step, where one is named, a closed task, and who may not.
func (m *machine) either(step StepID, by Who, a Action) error {
	if err := m.open(); err != nil {
		return err
	}
	if step != "" {
		if err := m.at(step); err != nil {
			return err
		}
	}
	return m.may(by, a)
}

// Again opens the step that is open anew, which finds its approvers again.
type Again struct {
	By      Who
	Step    StepID // empty: whichever is open
	Comment string
}

func (e Again) apply(m *machine) error {
	if err := m.either(e.Step, e.By, Restart); err != nil {
		return err
	}
	if err := m.round(); err != nil {
		return err
	}
	m.audit(TaskRestarted, e.By, e.Comment, nil)
	m.again(Result{Kind: Restarted, By: e.By.User, For: e.By.standsFor(), Text: e.Comment})
	return nil
}

// StartOver goes through the policy from its first step; what was approved is approved no longer. Plan is the policy resolved again.
type StartOver struct {
	By      Who
	Plan    Plan
	Comment string
}

func (e StartOver) apply(m *machine) error {
	if err := m.either("", e.By, Reset); err != nil {
		return err
	}
	m.audit(HardReset, e.By, e.Comment, nil)
	m.take(e.Plan)
	return m.over(e.By, e.Comment)
}

// over starts again at step one. The decisions that were taken stand in the history, and count no more.
func (m *machine) over(by Who, why string) error {
	if err := m.round(); err != nil {
		return err
	}
	m.leave(Result{Kind: Restarted, By: by.User, Text: why})
	for n := range m.History {
		if r := m.History[n].Result; r.Kind == Approved {
			undone := *r
			undone.Kind = Restarted
			m.History[n].Result = &undone
		}
	}
	m.start()
	return nil
}

// Now has a wait end, or the approvers of a step found again.
type Now struct{ By Who }

func (e Now) apply(m *machine) error {
	if err := m.either("", e.By, ProcessNow); err != nil {
		return err
	}
	if m.Current.Step.Wait != nil {
		m.waited(e.By, "processed now")
		return nil
	}
	m.audit(StateChanged, e.By, "", map[string]any{"processed": true})
	if m.Current.Step.Approval.Kind == policy.Webhook {
		m.do(Deliver{m.Current.ID, m.Current.Step.Approval.WebhookID, "approval"})
	} else {
		m.do(Resolve{m.Current.ID})
	}
	return nil
}

// Cancel ends the task without a decision.
type Cancel struct {
	By      Who
	Comment string
	Forced  bool // Interim does it, since what the task is about is gone
}

func (e Cancel) apply(m *machine) error {
	if err := m.open(); err != nil {
		return err
	}
	if !e.Forced {
		if err := m.may(e.By, Close); err != nil {
			return err
		}
	}
	m.audit(StateChanged, e.By, e.Comment, map[string]any{"outcome": string(Cancelled)})
	if i := m.Current; i != nil {
		if m.Asked && m.Kind == Grant && !m.Extension {
			m.do(RevokeAccess{Step: i.ID, Of: m.given(), Undo: true})
		}
		if i.Step.Provision != nil {
			m.audit(ProvisionGivenUp, e.By, e.Comment, nil)
		}
		m.leave(Result{Kind: Stopped, By: e.By.User, Text: e.Comment})
	}
	m.end(Cancelled, e.By)
	return nil
}

// given is what the provision step gave that asked for the access: the last one that was opened.
func (m *machine) given() app.EntitlementRef {
	if m.Current.Step.Provision != nil {
		return m.Current.Target
	}
	for _, i := range slices.Backward(m.History) {
		if i.Step.Provision != nil {
			return i.Target
		}
	}
	return app.EntitlementRef{AppID: m.App, ID: m.Entitlement}
}

// Remark is a comment.
type Remark struct {
	By   Who
	Text string
}

func (e Remark) apply(m *machine) error {
	if err := m.either("", e.By, Comment); err != nil {
		return err
	}
	if blank(e.Text) {
		return fault.InvalidField("comment", "is required")
	}
	m.Comments++
	m.audit(Commented, e.By, e.Text, nil)
	return nil
}

// SetDuration changes how long the access is to last. An approver who shortens it stays where they are; whatever else changes what
// was asked is decided again, from the first step of what the policy says of it.
type SetDuration struct {
	By       Who
	Duration time.Duration // 0: without end
	Plan     Plan          // where [SetDuration.asksAgain]
}

// shortens reports whether less is asked for than before.
func (e SetDuration) shortens(t Task) bool {
	return e.Duration != 0 && (t.Duration == 0 || e.Duration < t.Duration)
}

// asksAgain reports whether the policy has a word in it. The threat: a rule for long access is passed by with a short request that is
// made longer, or one for short access with a long one.
func (e SetDuration) asksAgain(t Task) bool {
	return e.Duration != t.Duration && (!e.shortens(t) || len(e.By.Reasons) == 0)
}

func (e SetDuration) apply(m *machine) error {
	if err := m.either("", e.By, UpdateDuration); err != nil {
		return err
	}
	if e.Duration == m.Duration {
		return nil
	}
	again, shorter := e.asksAgain(m.Task), e.shortens(m.Task)
	m.audit(DurationUpdated, e.By, "", map[string]any{"from": m.Duration.String(), "to": e.Duration.String()})
	m.Duration = e.Duration
	if again && (!shorter || !m.under(e.Plan)) {
		return m.replan(e.Plan, e.By, "the duration was changed")
	}
	return nil
}

// SetData changes what the requester filled in, which is decided again, from the first step of what the policy says of it.
type SetData struct {
	By   Who
	Data json.RawMessage
	Plan Plan
}

// same reports whether nothing is changed.
func (e SetData) same(t Task) bool { return bytes.Equal(e.Data, t.Data) }

func (e SetData) apply(m *machine) error {
	if err := m.either("", e.By, UpdateData); err != nil {
		return err
	}
	if e.same(m.Task) {
		return nil
	}
	m.audit(DataUpdated, e.By, "", nil)
	m.Data = e.Data
	return m.replan(e.Plan, e.By, "the request was changed")
}

// under reports whether m goes by that plan already.
func (m *machine) under(p Plan) bool {
	return m.Policy == p.Policy && m.Generation == p.Generation && m.StepKey == p.Key
}

// replan starts again at step one of a plan that was found anew.
func (m *machine) replan(p Plan, by Who, why string) error {
	if !m.under(p) {
		m.audit(PolicyChanged, system, why, map[string]any{"policyId": string(p.Policy), "why": why, "steps": steps(p.Steps)})
	}
	m.take(p)
	return m.over(by, why)
}

// Spreading says that the tasks of an offboarding were made, and how many.
type Spreading struct{ Tasks int }

func (e Spreading) apply(m *machine) error {
	if m.State != Open || m.Kind != Offboarding || m.Spread {
		return nil
	}
	m.Spread = true
	m.audit(StateChanged, system, "", map[string]any{"tasks": e.Tasks})
	return nil
}

// Ready says that no task of an offboarding is open any more, and how much the subject holds all the same: of what was not taken, by
// whomever it was denied or closed, nobody says that it was.
type Ready struct{ Held int }

func (e Ready) apply(m *machine) error {
	switch {
	case m.State != Open || m.Kind != Offboarding || !m.Spread:
	case e.Held > 0:
		m.audit(StateChanged, system, "", map[string]any{"held": e.Held})
		m.end(Failed, system)
	default:
		m.audit(StateChanged, system, "", nil)
		m.end(Completed, system)
	}
	return nil
}

// blank reports whether a reason says nothing.
func blank(s string) bool { return strings.TrimSpace(s) == "" }

// checkText refuses what is too long, and what no text of several lines may hold: people read it in mails and on terminals. field is its
// name at the door.
func checkText(field, s string, limit int) error {
	if n := utf8.RuneCountInString(s); n > limit {
		return fault.InvalidField(field, "has %d characters; at most %d are allowed", n, limit)
	}
	return text.Block(field, s)
}
