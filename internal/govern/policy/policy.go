package policy

import (
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
)

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

// Baseline is the key of the steps that hold where no rule matches.
func (k Kind) Baseline() string { return strings.ToLower(string(k)) }

// Limits of a policy; texts are counted in characters.
const (
	MaxRules       = 16
	MaxDepth       = 5  // references in a chain of policies
	MaxLists       = 32 // lists of steps
	MaxSteps       = 32 // steps in a list
	MaxUsers       = 32 // users in a list of them, groups too
	MaxSlots       = 66 // of one approval
	MaxExpressions = 16 // of one approval
	MaxMessage     = 2048
	MaxKey         = 64
	MaxDoc         = 256 << 10 // bytes of all of it
	MaxWait        = 10 * 365 * 24 * time.Hour
)

// ScopeSlot is what a policy with a scope is for.
type ScopeSlot string

// Emergency is for emergency access.
const Emergency ScopeSlot = "EMERGENCY"

// Scope is the app, or the entitlement in it, whose own policy one is.
type Scope struct {
	App         app.ID            `json:"app,omitempty"`
	Entitlement app.EntitlementID `json:"entitlement,omitempty"`
	Slot        ScopeSlot         `json:"slot,omitempty"`
}

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
	Remediates  bool              `json:"hasCertifyRemediateImmediately,omitempty"` // Remediate was said, be it false
	Annotations map[string]string `json:"annotations,omitempty"`
	Scope       Scope             `json:"scope,omitzero"` // zero: it may be used everywhere
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
