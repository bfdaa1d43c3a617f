package app

import "github.com/interim-access/interim/internal/platform/id"

// ID is the identity of an app: a UUIDv7 in text form.
type ID string

// ResourceTypeID is the identity of a resource type, unique inside its app only, as are those below.
type ResourceTypeID string

// ResourceID is the identity of a resource.
type ResourceID string

// EntitlementID is the identity of an entitlement.
type EntitlementID string

// AccountID is the identity of an account.
type AccountID string

// ConnectorID is the identity of a connector.
type ConnectorID string

// The built-in objects, which every app has under these ids.
var (
	CredentialType    = ResourceTypeID(id.Static("app.resource_type.credential"))
	AccessResource    = ResourceID(id.Static("app.resource.access"))
	AccessEntitlement = EntitlementID(id.Static("app.entitlement.access"))
)

// The apps that every installation has under these ids, from its first start on. Own holds what belongs to no other system: groups and
// roles of people's own making. It cannot be deleted. ByHand is for what people keep without a connector.
var (
	Own    = ID(id.Static("app/interim"))
	ByHand = ID(id.Static("app/by-hand"))
)

// ResourceRef names a resource.
type ResourceRef struct {
	AppID ID
	ID    ResourceID
}

// ResourceTypeRef names a resource type.
type ResourceTypeRef struct {
	AppID ID
	ID    ResourceTypeID
}

// EntitlementRef names an entitlement.
type EntitlementRef struct {
	AppID ID
	ID    EntitlementID
}

// AccountRef names an account.
type AccountRef struct {
	AppID ID
	ID    AccountID
}

// ConnectorRef names a connector.
type ConnectorRef struct {
	AppID ID
	ID    ConnectorID
}
