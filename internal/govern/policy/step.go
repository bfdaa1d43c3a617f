package policy

import (
	"encoding/json"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
)

// Step is one step of a policy: exactly one member is set.
type Step struct {
	Approval  *Approval  `json:"approval,omitempty"`
	Provision *Provision `json:"provision,omitempty"`
	Accept    *Verdict   `json:"accept,omitempty"` // passes by itself
	Reject    *Verdict   `json:"reject,omitempty"` // ends the task as denied by itself
	Wait      *Wait      `json:"wait,omitempty"`
}

// Verdict is a step that decides without asking anybody.
type Verdict struct {
	Message string `json:"message,omitempty"`
}

// ApproverKind says who decides an approval step.
type ApproverKind string

// The kinds of approvers.
const (
	Users             ApproverKind = "users"             // Approval.UserIDs
	Manager           ApproverKind = "manager"           // the managers of the subject
	AppOwners         ApproverKind = "appOwners"         // the primary owners of the app
	EntitlementOwners ApproverKind = "entitlementOwners" // the primary owners of the entitlement
	ResourceOwners    ApproverKind = "resourceOwners"    // the primary owners of the entitlement's resource
	Group             ApproverKind = "group"             // who holds Approval.Group
	Self              ApproverKind = "self"              // the subject
	Expression        ApproverKind = "expression"        // the users that Approval.Expressions answer
	Webhook           ApproverKind = "webhook"           // whatever answers Approval.WebhookID
	Slots             ApproverKind = "slots"             // those whom Approval.Slots name, as Approval.Quorum says
)

// Approval is a step that somebody has to decide. One approval is enough, unless the quorum is [AllSlots]; a denial ends the task.
type Approval struct {
	Kind        ApproverKind       `json:"kind"`
	UserIDs     []directory.UserID `json:"userIds,omitempty"` // 1 to 32, of kind Users
	Group       app.EntitlementRef `json:"group,omitzero"`
	Expressions []string           `json:"expressions,omitempty"` // CEL, over the subject, the owners of the app, the entitlement and the task
	WebhookID   string             `json:"webhookId,omitempty"`
	Slots       []Slot             `json:"slots,omitempty"`    // 1 to 66, of kind Slots
	Quorum      Quorum             `json:"quorum,omitempty"`   // of kind Slots; empty: AnySlot
	Fallback    *Fallback          `json:"fallback,omitempty"` // nil: none is set

	AllowSelfApproval        bool `json:"allowSelfApproval,omitempty"`        // the subject and the opener may decide
	RequireDistinctApprovers bool `json:"requireDistinctApprovers,omitempty"` // who approved an earlier step of the task may not decide this one

	AllowDelegation    bool               `json:"allowDelegation,omitempty"`
	AllowReassignment  bool               `json:"allowReassignment,omitempty"`
	AllowedReassignees []directory.UserID `json:"allowedReassignees,omitempty"` // empty: anybody, where reassignment is allowed

	RequireApprovalReason     bool `json:"requireApprovalReason,omitempty"`
	RequireDenialReason       bool `json:"requireDenialReason,omitempty"`
	RequireReassignmentReason bool `json:"requireReassignmentReason,omitempty"`

	Escalation *Escalation `json:"escalation,omitempty"`         // nil: none
	Disabled   bool        `json:"escalationDisabled,omitempty"` // an escalation is written down, but not in force
}

// Fallback says who decides where nobody else is eligible.
type Fallback struct {
	Enabled  bool                 `json:"enabled,omitempty"`
	UserIDs  []directory.UserID   `json:"userIds,omitempty"`
	ByGroups bool                 `json:"byGroups,omitempty"` // isGroupFallbackEnabled: Groups count
	Groups   []app.EntitlementRef `json:"groups,omitempty"`
}

// EscalationKind says what happens to an approval that nobody decided in time.
type EscalationKind string

// The kinds of escalation.
const (
	ReplacePolicy EscalationKind = "replacePolicy"
	ReassignTo    EscalationKind = "reassignToApprovers"
	CancelTask    EscalationKind = "cancelTicket"
	SkipStep      EscalationKind = "skipStep"
)

// Escalation is what happens After an approval step opened if nobody decided it.
type Escalation struct {
	After    time.Duration      `json:"after"` // whole seconds, more than zero
	Comment  string             `json:"comment,omitempty"`
	Kind     EscalationKind     `json:"kind"`
	PolicyID ID                 `json:"policyId,omitempty"`
	UserIDs  []directory.UserID `json:"userIds,omitempty"`
}

// ProvisionKind says how a provision step is carried out.
type ProvisionKind string

// The kinds of provision steps. Empty: as the entitlement itself says.
const (
	ByEntitlement ProvisionKind = ""
	ByConnector   ProvisionKind = "connector"
	ByHand        ProvisionKind = "manual" // a person confirms
	ByWebhook     ProvisionKind = "webhook"
	ByDelegate    ProvisionKind = "delegated" // another entitlement is granted instead
	InSteps       ProvisionKind = "multiStep"
	ByTicket      ProvisionKind = "externalTicket"
	Unconfigured  ProvisionKind = "unconfigured" // done in the same transaction
)

// Provision is a step that gives or takes the access. Doc is the ProvisionPolicy of the API in its JSON spelling, as entitlements
// keep theirs; empty: as the entitlement itself says.
type Provision struct {
	Doc json.RawMessage `json:"doc,omitempty"`
}

// Wait is a step that passes when its condition holds, its time has come or its duration is over: exactly one of the three is set.
type Wait struct {
	Name             string        `json:"name,omitempty"`
	Condition        string        `json:"condition,omitempty"` // CEL over the subject, the account, the entitlement and the task
	Duration         time.Duration `json:"duration,omitempty"`
	Until            *ClockTime    `json:"until,omitempty"`
	Timeout          time.Duration `json:"timeout,omitempty"` // after it the task ends as WAIT_TIMED_OUT; zero: never
	CommentOnFirst   string        `json:"commentOnFirstWait,omitempty"`
	CommentOnTimeout string        `json:"commentOnTimeout,omitempty"`
}

// ClockTime is a time of day; a wait for it ends when it next comes.
type ClockTime struct {
	Hours   uint32 `json:"hours"`
	Minutes uint32 `json:"minutes"`
	Zone    string `json:"zone,omitempty"` // IANA name; empty: UTC
}
