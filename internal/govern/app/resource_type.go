package app

import (
	"slices"
	"time"

	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// ResourceKind says what the resources of a type are; upstream calls it the type's trait.
type ResourceKind string

// The kinds of resource type. An app has at most one live type of each but CUSTOM.
const (
	KindRole          ResourceKind = "ROLE"
	KindGroup         ResourceKind = "GROUP"
	KindLicense       ResourceKind = "LICENSE"
	KindProject       ResourceKind = "PROJECT"
	KindCatalog       ResourceKind = "CATALOG"
	KindCustom        ResourceKind = "CUSTOM"
	KindVault         ResourceKind = "VAULT"
	KindProfileType   ResourceKind = "PROFILE_TYPE"
	KindSessionPolicy ResourceKind = "SESSION_POLICY"
	KindClawAgent     ResourceKind = "CLAW_AGENT"
)

// ResourceKinds lists the kinds in the order of upstream's enum.
var ResourceKinds = []ResourceKind{
	KindRole, KindGroup, KindLicense, KindProject, KindCatalog, KindCustom, KindVault, KindProfileType, KindSessionPolicy, KindClawAgent,
}

// Trait is the identity under which the API shows a kind, the same in every installation.
func (k ResourceKind) Trait() string { return id.Static("app.trait." + string(k)) }

// KindOfTrait returns the kind with that trait, "" if there is none.
func KindOfTrait(trait string) ResourceKind {
	for _, k := range ResourceKinds {
		if k.Trait() == trait {
			return k
		}
	}
	return ""
}

// ResourceType classifies the resources of an app.
type ResourceType struct {
	AppID       ID             `json:"-"`
	ID          ResourceTypeID `json:"-"`
	Kind        ResourceKind   `json:"kind"`
	DisplayName string         `json:"displayName"`
	Builtin     bool           `json:"-"`
	ConnectorID ConnectorID    `json:"-"` // empty: made by people
	ExternalID  string         `json:"-"`
	CreatedAt   time.Time      `json:"-"`
	UpdatedAt   time.Time      `json:"-"`
	DeletedAt   time.Time      `json:"-"`
	Version     int64          `json:"-"`
}

// Validate answers Invalid for the first member of t that breaks a limit.
func (t ResourceType) Validate() error {
	if !slices.Contains(ResourceKinds, t.Kind) {
		return fault.InvalidField("resourceType", "is not one of %v", ResourceKinds)
	}
	return required("displayName", t.DisplayName)
}
