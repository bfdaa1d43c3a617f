package task

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/fault"
)

// provision begins a provision step and reports whether it was over at once. Access is given or taken once for a task: at the step
// that reaches the target, or where none does, at the last.
func (m *machine) provision() bool {
	i := m.Current
	i.Means, i.State = ParseMeans(i.Step.Provision.Doc), Pending
	i.Target = app.EntitlementRef{AppID: m.App, ID: m.Entitlement}
	if i.Means.Kind == policy.ByDelegate && i.Means.Delegate.ID != "" {
		i.Target = i.Means.Delegate
	}
	m.Processing = Working
	if m.Kind == Certify || m.Kind == Offboarding {
		m.leave(Result{Kind: Succeeded})
		return true
	}
	if m.Extension { // an end moves; whatever the step would do was done when the access was given
		if m.Asked {
			m.leave(Result{Kind: Succeeded})
			return true
		}
		m.audit(ProvisionStarted, system, "", map[string]any{"extension": true})
		m.carry()
		return false
	}
	if m.Kind == Revoke && !m.Asked { // what is decided to go goes at once; who has still something to do by hand does it after
		m.audit(ProvisionStarted, system, "", map[string]any{"means": string(i.Means.Kind)})
		m.carry()
		return false
	}
	return m.begin()
}

// begin does what the step's means want done first.
func (m *machine) begin() bool {
	i := m.Current
	switch i.Means.Kind {
	case policy.ByHand:
		i.State = Init
		m.audit(ProvisionStarted, system, i.Means.Instructions, map[string]any{"means": string(i.Means.Kind)})
		m.do(Resolve{i.ID})
	case policy.ByWebhook:
		m.Processing = Waiting
		m.audit(ProvisionCalled, system, "", map[string]any{"webhookId": i.Means.Webhook})
		m.do(Deliver{i.ID, i.Means.Webhook, "provision"})
	case policy.ByTicket, policy.InSteps:
		m.fail("external tickets are not served")
	case policy.ByDelegate, policy.ByConnector, policy.ByEntitlement, policy.Unconfigured:
		if i.Means.Kind == policy.ByDelegate && i.Means.Delegate.ID == "" {
			m.fail("the entitlement to be given instead is not named")
			return false
		}
		if m.Asked { // another step reached the target before
			m.leave(Result{Kind: Succeeded})
			return true
		}
		m.audit(ProvisionStarted, system, "", map[string]any{"means": string(i.Means.Kind)})
		m.carry()
	}
	return false
}

// carry gives or takes the access. It does so once, see [Task.Asked].
func (m *machine) carry() {
	if m.Asked {
		return
	}
	m.Asked = true
	i := m.Current
	if m.Kind == Revoke {
		m.do(RevokeAccess{Step: i.ID, Of: i.Target})
		return
	}
	var end time.Time
	if m.Duration > 0 {
		end = m.now.Add(m.Duration)
	}
	m.do(GrantAccess{Step: i.ID, Of: i.Target, End: end, Extend: m.Extension})
}

// done is the end of what the step's means wanted done first: access follows if no later step gives it.
func (m *machine) done(by Who, text string) {
	if m.Asked || m.later() {
		m.audit(ProvisionEnded, by, text, nil)
		m.leave(Result{Kind: Succeeded, By: by.User, For: by.standsFor(), Text: text})
		m.forth()
		return
	}
	m.audit(ProvisionEnded, by, text, nil)
	m.Current.Means.Kind, m.Processing = policy.ByConnector, Working
	m.carry()
}

// later reports whether a provision step comes after the one that is open.
func (m *machine) later() bool {
	for _, s := range m.Plan[m.Current.Index+1:] {
		if s.Provision != nil {
			return true
		}
	}
	return false
}

// fail leaves the task open at the step, with the error shown, until somebody has it tried again.
func (m *machine) fail(text string) {
	m.Outcome, m.OutcomeAt, m.Processing = Failed, m.now, Waiting
	m.Current.State, m.Current.Error = Pending, text
	m.audit(ProvisionFailure, system, text, nil)
}

// Carried says what has become of the grant. Over is true once the target, where there is one, has confirmed it.
type Carried struct {
	Grant grant.ID  `json:"grant,omitempty"`
	Over  bool      `json:"over,omitempty"`
	Until time.Time `json:"until,omitzero"`  // of what a group holds now: its end
	Error string    `json:"error,omitempty"` // it could not be done, or a call of the target failed; that one is made again by itself
	Final bool      `json:"final,omitempty"` // with Error: nothing goes on by itself
}

func (e Carried) apply(m *machine) error {
	i := m.Current
	if m.State != Open || i == nil || i.Step.Provision == nil || !m.Asked {
		return nil
	}
	if e.Grant != "" {
		m.Grant = e.Grant
	}
	switch {
	case e.Over:
		return m.carried(e.Until)
	case e.Error == "":
		if m.Outcome != Failed { // the target is being called
			m.audit(StateChanged, system, "", map[string]any{"processing": string(Working), "grantId": string(m.Grant)})
		}
		m.Processing = Working
	default:
		if e.Final { // nothing was given, so that another attempt may
			m.Asked = false
		}
		m.fail(e.Error)
	}
	return nil
}

// carried goes on once the grant is as was asked.
func (m *machine) carried(until time.Time) error {
	i := m.Current
	if i.Moved {
		return nil
	}
	m.Outcome, m.OutcomeAt, i.Error, i.Moved = NoOutcome, time.Time{}, "", true
	if m.Kind == Revoke && (i.Means.Kind == policy.ByHand || i.Means.Kind == policy.ByWebhook) {
		m.begin()
		return nil
	}
	if m.Group.there() {
		m.audit(ProvisionEnded, system, "", map[string]any{"groupId": string(m.Group.ID), "until": shown(until)})
	} else {
		m.audit(ProvisionEnded, system, "", map[string]any{"grantId": string(m.Grant)})
	}
	m.leave(Result{Kind: Succeeded})
	m.forth()
	return nil
}

// ByPerson is what somebody says who was asked to do something by hand: it is done, or it cannot be.
type ByPerson struct {
	By     Who
	Step   StepID
	Failed bool
	Text   string // required where it failed
}

func (e ByPerson) apply(m *machine) error {
	if err := m.at(e.Step); err != nil {
		return err
	}
	action := CompleteManual
	if e.Failed {
		action = FailManual
	}
	if err := m.may(e.By, action); err != nil {
		return err
	}
	if !e.Failed {
		m.done(e.By, e.Text)
		return nil
	}
	if blank(e.Text) {
		return fault.InvalidField("comment", "say why it cannot be done")
	}
	m.Outcome, m.OutcomeAt = Failed, m.now
	m.Current.Error = e.Text
	m.audit(ProvisionFailure, e.By, e.Text, nil)
	return nil
}

// RetryProvision opens a provision step that failed anew.
type RetryProvision struct {
	By      Who
	Step    StepID // empty: whichever is open
	Comment string
}

func (e RetryProvision) apply(m *machine) error {
	if e.Step != "" {
		if err := m.at(e.Step); err != nil {
			return err
		}
	}
	if err := m.open(); err != nil {
		return err
	}
	if err := m.may(e.By, Retry); err != nil {
		return err
	}
	if err := m.round(); err != nil {
		return err
	}
	m.audit(ProvisionAgain, e.By, e.Comment, nil)
	m.Outcome, m.OutcomeAt = NoOutcome, time.Time{}
	old := *m.Current
	if m.Asked && !old.byPeople() { // the grant is there and waits for its target
		m.leave(Result{Kind: Errored, By: e.By.User, Text: old.Error})
		m.Opened++
		old.ID, old.From, old.Error, old.Result, old.OpenedAt = m.stepID(), old.ID, "", nil, m.now
		m.History[len(m.History)-1].Result.New = old.ID
		m.Current, m.Processing = &old, Working
		m.do(Hurry{})
		return nil
	}
	m.again(Result{Kind: Errored, By: e.By.User, Text: old.Error})
	if m.Current != nil {
		m.Current.Moved = old.Moved
	}
	return nil
}
