package policy

import "time"

// ID is the identity of a policy: a UUIDv7 in text form.
type ID string

// GenerationID names one saved state of a policy, which never changes again: tasks keep it.
type GenerationID string

// Kind says what a policy decides on.
type Kind string

// The kinds of policies. The steps that hold where no rule matches are those under [Kind.Baseline].
const (
	Grant   Kind = "GRANT"
	Revoke  Kind = "REVOKE"
	Certify Kind = "CERTIFY"
)

// Policy says who decides, in which order: the steps of the first rule that holds, else the baseline.
type Policy struct {
	ID          ID                `json:"-"`
	Kind        Kind              `json:"kind"`
	DisplayName string            `json:"displayName"`
	Description string            `json:"description,omitempty"`
	BaselineID  ID                `json:"baselineId,omitempty"` // another policy instead of own baseline steps
	Steps       map[string][]Step `json:"steps,omitempty"`      // by key; each at least one step
	Rules       []Rule            `json:"rules,omitempty"`      // at most 16
	Remediate   bool              `json:"certifyRemediateImmediately,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Builtin     bool              `json:"-"`
	Generation  GenerationID      `json:"-"`
	CreatedAt   time.Time         `json:"-"`
	UpdatedAt   time.Time         `json:"-"`
	DeletedAt   time.Time         `json:"-"`
	Version     int64             `json:"-"`
}

// Rule takes the steps under StepKey, or another policy of the same kind, where Condition holds.
type Rule struct {
	Condition string `json:"condition"` // CEL over the subject, the account, the entitlement and the task
	StepKey   string `json:"stepKey,omitempty"`
	PolicyID  ID     `json:"policyId,omitempty"`
}
