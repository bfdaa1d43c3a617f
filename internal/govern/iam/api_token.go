package iam

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/fault"
)

// KindToken is a credential that is its own proof: an opaque API token, for programs that hold one string and nothing else.
const KindToken = "token"

// MaxAPITokens is how many API tokens of one user there may be that were not deleted.
const MaxAPITokens = 256

// Access is what the holder of an API token may do with its user's rights.
type Access string

// The kinds of access.
const (
	FullAccess Access = "FULL_ACCESS" // all of them
	ReadOnly   Access = "READ_ONLY"   // what reads
)

// APIToken is a token as it is shown: never the secret.
type APIToken struct {
	ID         ClientKey
	Label      string
	UserID     directory.UserID // who it acts as
	CreatedBy  directory.UserID
	Access     Access
	Preview    string    // of the secret: a mask and its last four characters
	Limits     Limits    // of the credential it was made with; Until is its expiry
	LastUsedAt time.Time // to the minute; zero: never
	CreatedAt  time.Time
	DeletedAt  time.Time // zero unless deleted
}

// NewAPIToken is what a token is made from.
type NewAPIToken struct {
	Label   string
	Access  Access
	Expires time.Duration // from now, positive; zero: with the credential that makes it, or never
}

// validate answers Invalid for the first member that breaks a limit, named as the API names it.
func (n *NewAPIToken) validate() error {
	n.Label = strings.TrimSpace(n.Label)
	if n.Label == "" {
		return fault.InvalidField("label", "is required")
	}
	if err := checkName("label", n.Label); err != nil {
		return err
	}
	if n.Access != FullAccess && n.Access != ReadOnly {
		return fault.InvalidField("access", "must be read-only or full access")
	}
	if n.Expires < 0 {
		return fault.InvalidField("expires", "must be positive")
	}
	return nil
}

// apiTokenPrefix lets people, and programs that look for leaked secrets, see what they found. No access token begins with it.
const apiTokenPrefix = "interim_"

// apiTokenLength is that of every API token, in bytes.
var apiTokenLength = len(apiTokenPrefix) + base64.RawURLEncoding.EncodedLen(sha256.Size)

const (
	previewMask  = "********"
	previewShown = 4 // characters of a secret that are kept; they take nothing from the 232 bits left
)

func newAPIToken() string { return apiTokenPrefix + newBearer() }

func previewOf(secret string) string { return previewMask + secret[len(secret)-previewShown:] }

// isAPIToken reports whether a bearer has the form of an API token.
func isAPIToken(bearer string) bool {
	return len(bearer) == apiTokenLength && strings.HasPrefix(bearer, apiTokenPrefix)
}

// client is the token as the credential that it is. Its name is no name that a client may sign in by.
func (t APIToken) client() Client {
	return Client{
		Key: t.ID, ClientID: KindToken + ":" + string(t.ID), UserID: t.UserID, Kind: KindToken, DisplayName: t.Label,
		ReadOnly: t.Access == ReadOnly, Preview: t.Preview, Limits: t.Limits, Bound: t.Limits.Until,
		CreatedBy: t.CreatedBy, CreatedAt: t.CreatedAt, UpdatedAt: t.CreatedAt, Version: 1,
	}
}

// apiTokenOf is the token that a client of its kind is.
func apiTokenOf(c Client) APIToken {
	t := APIToken{
		ID: c.Key, Label: c.DisplayName, UserID: c.UserID, CreatedBy: c.CreatedBy, Access: FullAccess, Preview: c.Preview,
		Limits: c.Limits, LastUsedAt: c.LastUsedAt, CreatedAt: c.CreatedAt, DeletedAt: c.DeletedAt,
	}
	if c.ReadOnly {
		t.Access = ReadOnly
	}
	return t
}
