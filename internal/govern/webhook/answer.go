package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/text"
)

// Verdict is what a receiver decided.
type Verdict string

// The verdicts. An approval step is answered by one of the first four, a provision step by Complete or Errored, anything else by
// Received.
const (
	Approve       Verdict = "approve"
	Deny          Verdict = "deny"
	Reassign      Verdict = "reassign"
	ReplacePolicy Verdict = "replacePolicy"
	Complete      Verdict = "complete"
	Errored       Verdict = "errored"
	Received      Verdict = "received"
)

// Limits of an answer.
const (
	MaxComment  = 1024 // characters
	MaxReassign = 32   // users a step is reassigned to
	MaxSteps    = 32   // steps of a policy that replaces another
)

// Answer is what a receiver said.
type Answer struct {
	Verdict Verdict
	Comment string
	Users   []directory.UserID // of Reassign: 1 to MaxReassign; whether they exist is not known here
	// Steps are of ReplacePolicy: a JSON list of 1 to MaxSteps steps, in the words of the API or, once [Words] turned them, of policy.
	Steps json.RawMessage
}

// reply is every reply there is: members of the message c1.webhooks.v1.Response… of the event.
type reply struct {
	Version       string   `json:"version"`
	Approve       *verdict `json:"approve"`
	Deny          *verdict `json:"deny"`
	Reassign      *verdict `json:"reassign"`
	ReplacePolicy *verdict `json:"replacePolicy"`
	Complete      *verdict `json:"complete"`
	Errored       *verdict `json:"errored"`

	ReplacePolicySnake *verdict `json:"replace_policy"`
}

type verdict struct {
	Comment          string            `json:"comment"`
	NewStepUserIDs   []string          `json:"newStepUserIds"`
	NewStepUserSnake []string          `json:"new_step_user_ids"`
	PolicySteps      []json.RawMessage `json:"policySteps"`
	PolicyStepsSnake []json.RawMessage `json:"policy_steps"`
}

// ParseAnswer reads the reply to a message, or what was sent to its callback address. Invalid, naming the member, for what is no answer
// to that event. Messages that ask nothing may be answered with an empty body.
func ParseAnswer(event Event, body []byte) (Answer, error) {
	if len(body) > MaxBody {
		return Answer{}, fault.New(fault.TooLarge, "the answer has more than %d bytes", MaxBody)
	}
	asks := event == EventApproval || event == EventProvision
	if !asks {
		return Answer{Verdict: Received}, nil // nothing in it would change anything
	}
	var r reply
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return Answer{}, fault.New(fault.Invalid, "the answer cannot be read: %s", briefly(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Answer{}, fault.New(fault.Invalid, "the answer goes on after its end")
	}
	if r.Version != "" && r.Version != version {
		return Answer{}, fault.InvalidField("version", "must be %q", version)
	}
	return r.answer(event)
}

// briefly says what is wrong with a JSON text without repeating it.
func briefly(err error) string {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("%s is not to be a %s", t.Field, t.Value)
	}
	if _, ok := errors.AsType[*json.SyntaxError](err); ok || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it is not JSON"
	}
	return "it has a member that is not known"
}

// answer takes the one verdict there is.
func (r reply) answer(event Event) (Answer, error) {
	if r.ReplacePolicy == nil {
		r.ReplacePolicy = r.ReplacePolicySnake
	}
	var found []Verdict
	var said *verdict
	for _, c := range []struct {
		name  Verdict
		of    Event
		value *verdict
	}{
		{Approve, EventApproval, r.Approve},
		{Deny, EventApproval, r.Deny},
		{Reassign, EventApproval, r.Reassign},
		{ReplacePolicy, EventApproval, r.ReplacePolicy},
		{Complete, EventProvision, r.Complete},
		{Errored, EventProvision, r.Errored},
	} {
		if c.value == nil {
			continue
		}
		if c.of != event {
			return Answer{}, fault.InvalidField(string(c.name), "is no answer to this event")
		}
		found, said = append(found, c.name), c.value
	}
	if len(found) != 1 {
		return Answer{}, fault.New(fault.Invalid, "the answer holds %d verdicts; exactly one is wanted", len(found))
	}
	return said.answer(found[0])
}

func (v verdict) answer(name Verdict) (Answer, error) {
	a := Answer{Verdict: name, Comment: v.Comment}
	if err := most(string(name)+".comment", v.Comment, MaxComment); err != nil {
		return Answer{}, err
	}
	if err := text.Block(string(name)+".comment", v.Comment); err != nil {
		return Answer{}, err
	}
	users, steps := slices.Concat(v.NewStepUserIDs, v.NewStepUserSnake), slices.Concat(v.PolicySteps, v.PolicyStepsSnake)
	if len(users) > 0 && name != Reassign {
		return Answer{}, fault.InvalidField(string(name)+".newStepUserIds", "is of reassign only")
	}
	if len(steps) > 0 && name != ReplacePolicy {
		return Answer{}, fault.InvalidField(string(name)+".policySteps", "is of replacePolicy only")
	}
	var err error
	switch name {
	case Reassign:
		a.Users, err = parseUsers(users)
	case ReplacePolicy:
		a.Steps, err = parseSteps(steps)
	default:
	}
	return a, err
}

func parseUsers(ids []string) ([]directory.UserID, error) {
	const field = "reassign.newStepUserIds"
	if len(ids) == 0 || len(ids) > MaxReassign {
		return nil, fault.InvalidField(field, "has %d values; 1 to %d are allowed", len(ids), MaxReassign)
	}
	users := make([]directory.UserID, len(ids))
	for i, s := range ids {
		u, err := id.FromKSUID(s)
		if errors.Is(err, id.ErrForeign) {
			return nil, fault.InvalidField(field, "user not found: %s", s)
		}
		if err != nil {
			return nil, fault.InvalidField(field, "must match the pattern %s", id.Pattern)
		}
		users[i] = directory.UserID(u)
	}
	return users, nil
}

func parseSteps(steps []json.RawMessage) (json.RawMessage, error) {
	if len(steps) == 0 || len(steps) > MaxSteps {
		return nil, fault.InvalidField("replacePolicy.policySteps", "has %d values; 1 to %d are allowed", len(steps), MaxSteps)
	}
	return json.Marshal(steps)
}
