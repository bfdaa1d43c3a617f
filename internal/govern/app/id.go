package app

import "github.com/interim-access/interim/internal/platform/id"

// Identities: UUIDv7 in text form, one type for each kind of object. All but ID are unique inside an app only.
type (
	ID             string // an app
	ResourceTypeID string
	ResourceID     string
	EntitlementID  string
	AccountID      string
	ConnectorID    string
)

// The built-in objects, which every app has under these ids.
var (
	CredentialType    = ResourceTypeID(id.Static("app.resource_type.credential"))
	AccessResource    = ResourceID(id.Static("app.resource.access"))
	AccessEntitlement = EntitlementID(id.Static("app.entitlement.access"))
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
