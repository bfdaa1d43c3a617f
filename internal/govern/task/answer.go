package task

import (
	"encoding/json"
	"slices"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
)

// Answered is what a webhook said that was asked to approve or to provision.
type Answered struct {
	Step     StepID             `json:"step"`
	Delivery string             `json:"delivery,omitempty"`
	Approve  bool               `json:"approve,omitempty"` // or: it is done
	To       []directory.UserID `json:"to,omitempty"`      // others shall decide
	Steps    []policy.Step      `json:"steps,omitempty"`   // other steps shall be gone through, written out by [Flatten]
	Text     string             `json:"text,omitempty"`
	GaveUp   bool               `json:"gaveUp,omitempty"` // it never answered
}

// apply lets the answer count once. Access does not hang on a receiver that is gone: where it gives no answer, people decide instead,
// and where it does not provision, they do it by hand.
func (e Answered) apply(m *machine) error {
	if !m.calls(e.Step) {
		return nil // it answered too late, and is told so by nobody
	}
	told := map[string]any{"deliveryId": e.Delivery}
	switch approval := m.Current.Step.Approval != nil; {
	case approval && e.GaveUp:
		m.audit(ApprovalUnanswered, system, e.Text, told)
		m.handOver(nil, Errored, e.Text)
	case approval && len(e.Steps) > 0:
		m.audit(ApprovalAnswered, system, e.Text, told)
		m.replace(e.Steps, e.Text)
	case approval && len(e.To) > 0:
		m.audit(ApprovalAnswered, system, e.Text, told)
		m.handOver(e.To, Reassigned, e.Text)
	case approval && e.Approve:
		m.audit(ApprovalAnswered, system, e.Text, told)
		m.leave(Result{Kind: Approved, Text: e.Text})
		m.forth()
	case approval:
		m.audit(ApprovalAnswered, system, e.Text, told)
		m.leave(Result{Kind: Refused, Text: e.Text})
		m.end(m.refused(), system)
	case e.GaveUp || !e.Approve:
		m.audit(ProvisionFailure, system, e.Text, told)
		m.byHand(e.Text)
	default:
		m.audit(ProvisionAnswered, system, e.Text, told)
		m.done(system, e.Text)
	}
	return nil
}

// calls reports whether the step that is open is that one, and waits for a webhook.
func (m *machine) calls(step StepID) bool {
	if m.stale(step) {
		return false
	}
	i := m.Current
	if a := i.Step.Approval; a != nil {
		return a.Kind == policy.Webhook
	}
	// an extension moves an end and calls no webhook, whatever the step says
	return i.Step.Provision != nil && i.Means.Kind == policy.ByWebhook && i.State == Pending && !m.Extension
}

// handOver opens the step of a webhook anew for people; for the Super Administrators where none are named.
func (m *machine) handOver(to []directory.UserID, how ResultKind, comment string) {
	a := *m.Current.Step.Approval
	a.Kind, a.UserIDs, a.WebhookID = policy.Users, to, ""
	m.instead(policy.Step{Approval: &a}, Result{Kind: how, Text: comment})
}

// byHand opens the step of a webhook that did not provision anew, for people to do it.
func (m *machine) byHand(why string) {
	moved := m.Current.Moved
	text, err := json.Marshal(why)
	if err != nil {
		text = []byte(`""`)
	}
	doc := json.RawMessage(`{"manual":{"instructions":` + string(text) + `}}`)
	m.instead(policy.Step{Provision: &policy.Provision{Doc: doc}}, Result{Kind: Errored, Text: why})
	m.Current.Moved = moved
}

// instead opens the step anew as another one, which stands in the plan from now on.
func (m *machine) instead(s policy.Step, r Result) {
	m.Plan = slices.Clone(m.Plan)
	m.Plan[m.Current.Index] = s
	m.again(r)
}

// replace has other steps take the place of all that were still to come. The policy of the task stays the one it began with.
func (m *machine) replace(with []policy.Step, comment string) {
	m.audit(PolicyChanged, system, comment,
		map[string]any{"policyId": string(m.Policy), "why": string(ApprovalAnswered), "steps": steps(with)})
	m.leave(Result{Kind: Reassigned, Text: comment})
	m.take(Plan{Policy: m.Policy, Generation: m.Generation, Key: m.StepKey, Steps: with})
	m.start()
}

// Tried says that a webhook was called and did not answer, or not with what can be taken. It is called again by itself.
type Tried struct {
	Step     StepID
	Delivery string
	Bad      bool // it answered
	Text     string
}

func (e Tried) apply(m *machine) error {
	if !m.calls(e.Step) {
		return nil
	}
	kind := ProvisionTried
	switch approval := m.Current.Step.Approval != nil; {
	case approval && e.Bad:
		kind = ApprovalMisread
	case approval:
		kind = ApprovalTried
	}
	m.audit(kind, system, e.Text, map[string]any{"deliveryId": e.Delivery})
	return nil
}
