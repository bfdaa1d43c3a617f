package app

import (
	"encoding/json"
	"time"

	"github.com/interim-access/interim/internal/platform/fault"
)

// Purpose says what an entitlement is for.
type Purpose string

// The purposes; the empty one is unspecified.
const (
	PurposeAssignment Purpose = "ASSIGNMENT"
	PurposePermission Purpose = "PERMISSION"
	PurposeOwnership  Purpose = "OWNERSHIP"
)

// MaxGrantLimit is the longest maximum that an entitlement may set: 100 years of 365 days.
const MaxGrantLimit = 100 * 365 * 24 * time.Hour

// Entitlement is what can be granted: a permission on a resource.
type Entitlement struct {
	AppID       ID             `json:"-"`
	ID          EntitlementID  `json:"-"`
	TypeID      ResourceTypeID `json:"resourceTypeId"`
	ResourceID  ResourceID     `json:"resourceId"`
	DisplayName string         `json:"displayName"`
	Description string         `json:"description"`
	Alias       string         `json:"alias"` // unique among live entitlements; empty: none
	Slug        string         `json:"slug"`  // short word for the permission: "member", "admin"
	Purpose     Purpose        `json:"purpose"`
	// MaxGrant is the longest that a grant may last; zero: no limit.
	MaxGrant    time.Duration `json:"maxGrantNanos"`
	ConnectorID ConnectorID   `json:"-"` // empty: made by people, and granting it asks nobody else
	ExternalID  string        `json:"-"`
	Builtin     bool          `json:"-"`
	EntitlementDoc
	Chosen
	Emergency
	RequestSchemaID SchemaID `json:"requestSchemaId,omitempty"` // the form that a request for it fills in; empty: none of its own
	// OverridesDefaults says that the request defaults of its app are not for it: what it leaves unsaid stays unsaid.
	OverridesDefaults bool      `json:"overrideAccessRequestsDefaults,omitempty"`
	CreatedAt         time.Time `json:"-"`
	UpdatedAt         time.Time `json:"-"`
	DeletedAt         time.Time `json:"-"`
	Version           int64     `json:"-"`
}

// EntitlementDoc is what an entitlement's row keeps beside the columns that are searched.
type EntitlementDoc struct {
	Provision   json.RawMessage   `json:"provision,omitempty"`   // how a grant is made, a JSON object; nil: unset
	Deprovision json.RawMessage   `json:"deprovision,omitempty"` // how a grant is removed, a JSON object; nil: unset
	Annotations map[string]string `json:"annotations,omitempty"`
	Edited      Edited            `json:"edited,omitempty"`
	Classes
	// Unlimited says that no longest duration was asked for, not merely none given. Grants do not differ; Terraform wants back
	// which of the two it wrote.
	Unlimited bool `json:"unlimited,omitempty"`
	// Overruled says that how the entitlement's item is asked for was configured after its grant policy was chosen: the policy decides
	// again when it is chosen again, or the configurations are gone.
	Overruled bool `json:"overruled,omitempty"`
}

// Ref is the entitlement's name.
func (e Entitlement) Ref() EntitlementRef { return EntitlementRef{AppID: e.AppID, ID: e.ID} }

// Validate answers Invalid for the first member of e that breaks a limit.
func (e Entitlement) Validate() error {
	switch e.Purpose {
	case "", PurposeAssignment, PurposePermission, PurposeOwnership:
	default:
		return fault.InvalidField("purpose", "is not ASSIGNMENT, PERMISSION or OWNERSHIP")
	}
	switch {
	case e.MaxGrant < 0 || e.MaxGrant > MaxGrantLimit:
		return fault.InvalidField("durationGrant", "must be more than zero and at most %d days", MaxGrantLimit/(24*time.Hour))
	case e.MaxGrant%time.Microsecond != 0:
		return fault.InvalidField("durationGrant", "must be whole microseconds")
	case len(e.Provision) > MaxPolicy:
		return fault.InvalidField("provisionerPolicy", "has %d bytes; at most %d are allowed", len(e.Provision), MaxPolicy)
	case len(e.Deprovision) > MaxPolicy:
		return fault.InvalidField("deprovisionerPolicy", "has %d bytes; at most %d are allowed", len(e.Deprovision), MaxPolicy)
	}
	return all(
		required("displayName", e.DisplayName),
		prose("description", e.Description, MaxDescription),
		frameworks("complianceFrameworkValueIds", e.FrameworkIDs),
		word("alias", e.Alias, MaxAlias),
		line("slug", e.Slug, MaxAlias),
	)
}
