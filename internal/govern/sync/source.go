package sync

import "context"

// Source is a target system that can say what it holds. Package connect has one for each kind of connector.
type Source interface {
	// Read answers everything that the target holds now. An error means that nothing is known, never that nothing is there.
	Read(ctx context.Context) (Snapshot, error)
}

// Snapshot is what a target holds at one moment. Objects name each other by external id: what the target itself calls them for good,
// such as an OID; names are for people and may change. What is there twice, names what is not there, or has an id that cannot be kept
// (see [MaxID]) is left out by the run and counted in its notes.
type Snapshot struct {
	// Identity is what tells this target from another that may be found at the same address, for good; empty where nothing does. A
	// connector that has read one target is not let near another: ids there may be the same and mean others.
	Identity      string
	Accounts      []Account
	ResourceTypes []ResourceType
	Resources     []Resource
	Entitlements  []Entitlement
	Memberships   []Membership
	Notes         []string // what was seen and is not in the snapshot, in words for the administrator
}

// Account is a principal in the target.
type Account struct {
	ExternalID string
	Name       string
	Username   string
	Email      string // empty if the target knows none
	Service    bool   // not a person's
	Disabled   bool
	Details    string // why it is disabled, or what else is to be known
}

// ResourceType is a kind of thing in the target.
type ResourceType struct {
	ExternalID string
	Kind       string // ROLE, GROUP …; one that is not known counts as CUSTOM
	Name       string
}

// Resource is a thing in the target that one may have access to.
type Resource struct {
	ExternalID  string
	TypeID      string // external id of its ResourceType
	Name        string
	Description string
	// OnlyIfKnown says that nobody has access to it now, and that it is of interest only to who has seen it in use: it is kept where
	// it is known and left out, without a note, where it is not.
	OnlyIfKnown bool
}

// Entitlement is what one may have on a resource.
type Entitlement struct {
	ExternalID  string
	ResourceID  string // external id of its Resource
	Name        string
	Slug        string
	Description string
}

// Membership is an account holding an entitlement.
type Membership struct {
	AccountID     string // external id of its Account
	EntitlementID string // external id of its Entitlement
}
