package owner

import (
	"regexp"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Kind says what sort of object is owned.
type Kind string

// The kinds of object that can be owned; and see [Shared].
const (
	App         Kind = "app"
	Entitlement Kind = "entitlement"
	Resource    Kind = "resource"
	Connector   Kind = "connector"
	Account     Kind = "account"
	User        Kind = "user"
	Catalog     Kind = "catalog" // owning one gives no rights
)

// Object names what is owned. An app is in itself; users and catalogs are in no app.
type Object struct {
	Kind Kind
	App  app.ID // empty for a user and a catalog
	ID   string
}

// OfApp names an app.
func OfApp(v app.ID) Object { return Object{Kind: App, App: v, ID: string(v)} }

// OfEntitlement names an entitlement.
func OfEntitlement(v app.EntitlementRef) Object {
	return Object{Kind: Entitlement, App: v.AppID, ID: string(v.ID)}
}

// OfResource names a resource.
func OfResource(v app.ResourceRef) Object {
	return Object{Kind: Resource, App: v.AppID, ID: string(v.ID)}
}

// OfConnector names a connector.
func OfConnector(v app.ConnectorRef) Object {
	return Object{Kind: Connector, App: v.AppID, ID: string(v.ID)}
}

// OfAccount names an account.
func OfAccount(v app.AccountRef) Object { return Object{Kind: Account, App: v.AppID, ID: string(v.ID)} }

// OfUser names a user.
func OfUser(v directory.UserID) Object { return Object{Kind: User, ID: string(v)} }

// OfCatalog names a catalog.
func OfCatalog(v app.CatalogID) Object { return Object{Kind: Catalog, ID: string(v)} }

// Owner is one row of who owns an object: a user, or an entitlement whose holders do.
type Owner struct {
	Object

	Role      string
	User      directory.UserID   // empty if it is an entitlement
	Via       app.EntitlementRef // zero if it is a user
	CreatedAt time.Time          // when it was first said
}

// Owned is one reason for which a user owns an object at a moment.
type Owned struct {
	User  directory.UserID
	Via   app.EntitlementRef // the entitlement that the user holds; zero: named
	Until time.Time          // when this reason ends as things are; zero: no end is set
}

// Primary is the role that decides about requests and gives rights; the first version of the API knows no other.
const Primary = "primary"

// MaxOwners is how many users, and how many entitlements, can own one object under one role.
const MaxOwners = 32

var roleSlug = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)

// ValidRole answers Invalid, naming roleSlug, unless role is 1 to 64 characters of a-z, 0-9, _ and -. Upstream publishes no list.
func ValidRole(role string) error {
	if !roleSlug.MatchString(role) {
		return fault.InvalidField("roleSlug", "must match the pattern %s", roleSlug)
	}
	return nil
}

// once leaves the first of equal values.
func once[T comparable](list []T) []T {
	seen := make(map[T]bool, len(list))
	var out []T
	for _, v := range list {
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}
