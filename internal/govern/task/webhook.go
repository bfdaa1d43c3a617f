package task

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

const refPrefix = "task:"

// refOf is what a delivery is about, in our words.
func refOf(t ID, s StepID) string { return refPrefix + string(t) + ":" + string(s) }

// OfDelivery is the task and the step that a webhook is asked about; false for a delivery that is about something else.
func OfDelivery(d webhook.Delivery) (ID, StepID, bool) {
	ref, ours := strings.CutPrefix(d.Ref, refPrefix)
	t, step, both := strings.Cut(ref, ":")
	return ID(t), StepID(step), ours && both
}

// MaxReplaced is how often webhooks may replace the policy of one task: each may name another that does.
const MaxReplaced = 8

// WebhookAnswered implements [webhook.Notice].
func (s *Service) WebhookAnswered(tx *db.Tx, d webhook.Delivery, a webhook.Answer, _ time.Time) error {
	id, _, ours := OfDelivery(d)
	if !ours {
		return nil
	}
	e := Answered{
		Delivery: string(d.ID), Approve: a.Verdict == webhook.Approve || a.Verdict == webhook.Complete, Text: a.Comment, To: a.Users,
	}
	if err := present(tx, a.Users); err != nil {
		return err
	}
	if a.Verdict == webhook.ReplacePolicy {
		var err error
		if e.Steps, err = s.replacing(tx, id, a.Steps); err != nil {
			return err
		}
	}
	return s.answered(tx, d, func(step StepID) Event { e.Step = step; return e })
}

// WebhookTried implements [webhook.Notice].
func (s *Service) WebhookTried(tx *db.Tx, d webhook.Delivery, why string, bad bool, _ time.Time) error {
	return s.answered(tx, d, func(step StepID) Event { return Tried{Step: step, Delivery: string(d.ID), Bad: bad, Text: why} })
}

// WebhookGaveUp implements [webhook.Notice].
func (s *Service) WebhookGaveUp(tx *db.Tx, d webhook.Delivery, why string, _ time.Time) error {
	return s.answered(tx, d, func(step StepID) Event { return Answered{Step: step, Delivery: string(d.ID), GaveUp: true, Text: why} })
}

func (s *Service) answered(tx *db.Tx, d webhook.Delivery, event func(StepID) Event) error {
	id, step, ours := OfDelivery(d)
	if !ours {
		return nil
	}
	return s.inside(tx, audit.System(), `id = $1`, []any{string(id)}, func(*turn) Event { return event(step) })
}

// present refuses to have somebody decide who is not there.
func present(q db.Q, users []directory.UserID) error {
	if len(users) == 0 {
		return nil
	}
	found, err := directory.Many(q, users)
	if err != nil {
		return err
	}
	there := map[directory.UserID]bool{}
	for _, u := range found {
		there[u.ID] = u.Status == directory.Enabled
	}
	for _, u := range users {
		if !there[u] {
			return fault.InvalidField("reassign.newStepUserIds", "there is no such user, or they are disabled: %s", u)
		}
	}
	return nil
}

// replacing are the steps that take the place of a task's, as [webhook.Words] turned them.
func (s *Service) replacing(tx *db.Tx, id ID, doc json.RawMessage) ([]policy.Step, error) {
	var plan []policy.Step
	if err := json.Unmarshal(doc, &plan); err != nil { //nolint:musttag // as package policy writes steps
		return nil, fault.InvalidField("replacePolicy.policySteps", "cannot be read")
	}
	t, err := Get(tx, string(id))
	if err != nil {
		return nil, err
	}
	replaced := 0
	for _, i := range t.History {
		if a := i.Step.Approval; a != nil && a.Kind == policy.Webhook && i.Result.Kind == Reassigned {
			replaced++
		}
	}
	if replaced >= MaxReplaced {
		return nil, fault.InvalidField("replacePolicy", "the policy of this task was replaced %d times; it cannot be replaced again", MaxReplaced)
	}
	e, err := app.GetEntitlement(tx, t.App, t.Entitlement)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	own := e.Provision
	if t.Kind == Revoke {
		own = e.Deprovision
	}
	return Flatten(plan, own), nil
}
