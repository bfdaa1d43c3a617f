package iam

import (
	"crypto/ed25519"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/fault"
)

// ClientKey is the identity of a client: a UUIDv7 in text form. Its name, the ClientID, is what the client says when it signs in.
type ClientKey string

// Kinds of credential.
const (
	KindPersonal = "personal" // made through the API, signs in with its key
	KindDevice   = "device"   // a device that a person let in, for at most an hour
	KindSession  = "session"  // a person in a browser
	kindSystem   = "system"   // Interim itself, see AsSystem
)

// Limits of what clients may hold.
const (
	MaxScopedRoles = 16
	MaxClients     = 256 // live clients of one user: the list of one's own has no pages (c1-api.md, section 2.1)
)

// Client is a credential of a user.
type Client struct {
	Key         ClientKey
	ClientID    string // adjective-animal-number@host/suffix
	UserID      directory.UserID
	Kind        string // KindPersonal, KindDevice or KindToken
	DisplayName string
	PublicKey   ed25519.PublicKey // empty for a device and a token
	Device      string            // for KindDevice the public client id of the program on the device
	ReadOnly    bool              // for KindToken: it reaches what reads, and no more
	Preview     string            // for KindToken: how its secret is shown
	Limits      Limits            // Until is the client's expiry
	Bound       time.Time         // what it makes ends by then; zero: unbounded. For a personal client this is Limits.Until
	LastUsedAt  time.Time         // to the minute; zero: never
	CreatedBy   directory.UserID
	CreatedAt   time.Time
	UpdatedAt   time.Time
	DeletedAt   time.Time // zero unless deleted
	Version     int64
}

// gives is what bounds the things made with this client.
func (c Client) gives() Limits {
	l := c.Limits
	l.Until = c.Bound
	return l
}

// NewClient is what a client is made from.
type NewClient struct {
	DisplayName string
	Sources     []netip.Prefix // from ParseSources; empty: those of the credential that makes it, or anywhere
	Roles       []RoleID       // empty: the scope of the credential that makes it, or all the owner has
	Expires     time.Duration  // from now, positive; zero: with the credential that makes it, or never
}

// validate answers Invalid for the first member that breaks a limit, named as the API names it.
func (n *NewClient) validate() error {
	n.DisplayName = strings.TrimSpace(n.DisplayName)
	if err := checkName("displayName", n.DisplayName); err != nil {
		return err
	}
	if n.Expires < 0 {
		return fault.InvalidField("expires", "must be positive")
	}
	var err error
	n.Roles, err = checkScope(n.Roles)
	return err
}

func checkScope(roles []RoleID) ([]RoleID, error) {
	if len(roles) > MaxScopedRoles {
		return nil, fault.InvalidField("scopedRoles", "at most %d roles", MaxScopedRoles)
	}
	return slices.Compact(slices.Sorted(slices.Values(roles))), nil
}
