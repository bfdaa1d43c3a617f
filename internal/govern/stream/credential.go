package stream

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// Auth says how a receiver knows that a message is from here.
type Auth string

// The ways. A receiver that asks for none has to know by the address.
const (
	None   Auth = "NONE"
	APIKey Auth = "API_KEY"
	HMAC   Auth = "HMAC"
)

// Location says where an API key is sent.
type Location string

// The locations. What is in an address ends up in logs.
const (
	Header Location = "HEADER"
	Query  Location = "QUERY_PARAM"
)

// Limits of credentials.
const (
	MaxKeys    = 10
	MaxKeyName = 128  // characters
	MaxValue   = 1024 // bytes of a key and of a secret
	MinSecret  = 16   // bytes
	MaxSecrets = 2    // the second is for changing the first without a gap
)

// Credentials are how a stream's receiver knows it. Values are filled in where they were just made or given, and nowhere else.
type Credentials struct {
	Auth    Auth               `json:"auth"`
	Keys    []Key              `json:"keys,omitempty"`    // of APIKey: 1 to MaxKeys
	Secrets [MaxSecrets]Secret `json:"secrets,omitempty"` // of HMAC: at least one; one without an id is none
}

// Key is a name and a value that are sent with each message.
type Key struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"`
	Value string   `json:"value"`
	In    Location `json:"in"`
}

// Secret is what messages are signed with.
type Secret struct {
	ID        string    `json:"id,omitempty"`
	Value     string    `json:"value,omitempty"`
	CreatedAt time.Time `json:"createdAt,omitzero"`

	// Wanted asks for a secret in this slot: the kept one of that id, the given value, or, without both, a new one.
	Wanted bool `json:"-"`
}

var (
	headerName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	plainValue = regexp.MustCompile(`^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$`)
)

// ours are the headers that no key may take the place of.
var ours = regexp.MustCompile(`(?i)^(host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-.*|` +
	`proxy-.*|user-agent)$`)

// resolve turns what somebody asked for into what is kept: values that were not given are those of old with the same id, or of a secret
// that is not named at all, those of its place; secrets that are not there yet are made. Invalid for what is missing or breaks a limit.
func (c Credentials) resolve(old Credentials, now time.Time) (Credentials, error) {
	switch c.Auth {
	case None:
		return Credentials{Auth: None}, nil
	case APIKey:
		return c.keys(old, now)
	case HMAC:
		return c.secrets(old, now)
	default:
		return c, fault.InvalidField("credentials.auth", "is not known")
	}
}

func (c Credentials) keys(old Credentials, now time.Time) (Credentials, error) {
	const field = "credentials.keys"
	if len(c.Keys) == 0 || len(c.Keys) > MaxKeys {
		return c, fault.InvalidField(field, "has %d values; 1 to %d are allowed", len(c.Keys), MaxKeys)
	}
	kept := Credentials{Auth: APIKey}
	for _, k := range c.Keys {
		before := Key{}
		for _, o := range old.Keys {
			if o.ID == k.ID {
				before = o
			}
		}
		if k.Value == "" {
			k.Value = before.Value
		}
		if k.ID = before.ID; k.ID == "" {
			k.ID = id.New(now)
		}
		switch {
		case k.Value == "":
			return c, fault.InvalidField(field+".value", "is required")
		case len(k.Value) > MaxValue || !plainValue.MatchString(k.Value):
			return c, fault.InvalidField(field+".value", "must be at most %d printable ASCII characters", MaxValue)
		case k.In != Header && k.In != Query:
			return c, fault.InvalidField(field+".in", "is not known")
		case k.In == Header && (!headerName.MatchString(k.Name) || ours.MatchString(k.Name)):
			return c, fault.InvalidField(field+".name", "must be the name of a header that is yours to set")
		case k.Name == "" || len(k.Name) > MaxKeyName || !plainValue.MatchString(k.Name):
			return c, fault.InvalidField(field+".name", "must be 1 to %d printable ASCII characters", MaxKeyName)
		}
		kept.Keys = append(kept.Keys, k)
	}
	return kept, nil
}

func (c Credentials) secrets(old Credentials, now time.Time) (Credentials, error) {
	kept := Credentials{Auth: HMAC}
	if !c.Secrets[0].Wanted && !c.Secrets[1].Wanted {
		if old.Auth == HMAC { // which is said again, and of them nothing
			return old, nil
		}
		c.Secrets[0].Wanted = true
	}
	for i, s := range c.Secrets {
		if !s.Wanted {
			continue
		}
		before := Secret{}
		if there := old.Secrets[i]; s.ID == "" && s.Value == "" && c.Secrets[1-i].ID != there.ID { // there is to be one
			before = there
		}
		for _, o := range old.Secrets {
			if o.ID != "" && o.ID == s.ID {
				before = o
			}
		}
		switch {
		case s.Value == "" && before.ID != "", s.Value != "" && s.Value == before.Value:
			kept.Secrets[i] = before
			continue
		case s.Value == "":
			var raw [32]byte
			_, _ = rand.Read(raw[:]) // never fails: crypto/rand ends the process instead
			s.Value = base64.RawURLEncoding.EncodeToString(raw[:])
		case len(s.Value) < MinSecret || len(s.Value) > MaxValue || !plainValue.MatchString(s.Value):
			return c, fault.InvalidField("credentials.secrets["+strconv.Itoa(i)+"]",
				"must be %d to %d printable ASCII characters", MinSecret, MaxValue)
		}
		kept.Secrets[i] = Secret{ID: id.New(now), Value: s.Value, CreatedAt: now}
	}
	return kept, nil
}

// keeps reports whether c has a key that old had, with the same value: it was not given anew.
func (c Credentials) keeps(old Credentials, given Credentials) bool {
	for i, k := range c.Keys {
		for _, o := range old.Keys {
			if o.ID == k.ID && given.Keys[i].Value == "" {
				return true
			}
		}
	}
	return false
}

// shown are the credentials without the values that old has: those were shown when they were made.
func (c Credentials) shown(old Credentials) Credentials {
	out := Credentials{Auth: c.Auth, Secrets: c.Secrets}
	for _, k := range c.Keys {
		for _, o := range old.Keys {
			if o == k {
				k.Value = ""
			}
		}
		out.Keys = append(out.Keys, k)
	}
	for i, s := range c.Secrets {
		for _, o := range old.Secrets {
			if o.ID == s.ID {
				out.Secrets[i].Value = ""
			}
		}
	}
	return out
}

// sign puts the credentials on a message to an address, and returns where it goes. A signature is the HMAC-SHA256 of
// "v0:<Unix seconds>:<body>" in hexadecimal; there is one for each secret.
func (c Credentials) sign(address string, h http.Header, body []byte, names Signature, now time.Time) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fault.New(fault.Invalid, "the stream's address cannot be read")
	}
	query := u.Query()
	for _, k := range c.Keys {
		if k.In == Header {
			h.Add(k.Name, k.Value)
			continue
		}
		query.Add(k.Name, k.Value)
		u.RawQuery = query.Encode()
	}
	at := strconv.FormatInt(now.Unix(), 10)
	var signatures []string
	for _, s := range c.Secrets {
		if s.ID == "" {
			continue
		}
		mac := hmac.New(sha256.New, []byte(s.Value))
		mac.Write([]byte("v0:" + at + ":"))
		mac.Write(body)
		signatures = append(signatures, hex.EncodeToString(mac.Sum(nil)))
	}
	if len(signatures) > 0 {
		h.Set(names.At, at)
		h.Set(names.Of, strings.Join(signatures, ", "))
	}
	return u.String(), nil
}
