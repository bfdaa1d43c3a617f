package webhook

import (
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// ID is the identity of a webhook: a UUIDv7 in text form.
type ID string

// Limits of a webhook.
const (
	MaxName                = 256  // characters of a display name
	MaxDescription         = 2048 // characters of a description
	MaxURL                 = 2048 // bytes of an address
	MaxSearch              = 1024 // characters of a search text
	DefaultCallbackTimeout = 8 * 24 * time.Hour
	MinCallbackTimeout     = time.Minute
	MaxCallbackTimeout     = 30 * 24 * time.Hour
)

// Webhook is an address that messages are sent to.
type Webhook struct {
	ID              ID               `json:"-"`
	URL             string           `json:"-"` // may hold a secret of the receiver's: no part of an audit event
	DisplayName     string           `json:"displayName"`
	Description     string           `json:"description"`
	CallbackTimeout time.Duration    `json:"callbackTimeoutNanos"` // how long a receiver that answers 202 may take for the callback
	CreatedBy       directory.UserID `json:"-"`
	CreatedAt       time.Time        `json:"-"`
	UpdatedAt       time.Time        `json:"-"`
	DeletedAt       time.Time        `json:"-"` // zero unless deleted
	Version         int64            `json:"-"`
}

// Validate answers Invalid for the first member of w that breaks a limit, named as the API names it. Whether an address is one that
// may be reached shows when it is called, since what a name stands for can change.
func (w Webhook) Validate() error {
	if strings.TrimSpace(w.DisplayName) == "" {
		return fault.InvalidField("displayName", "is required")
	}
	for _, err := range []error{
		most("displayName", w.DisplayName, MaxName), text.Line("displayName", w.DisplayName),
		most("description", w.Description, MaxDescription), text.Block("description", w.Description),
	} {
		if err != nil {
			return err
		}
	}
	if w.CallbackTimeout < MinCallbackTimeout || w.CallbackTimeout > MaxCallbackTimeout {
		return fault.InvalidField("callbackTimeout", "must be between %s and %s", MinCallbackTimeout, MaxCallbackTimeout)
	}
	return CheckURL("url", w.URL)
}

// CheckURL refuses, naming the field, what is no address of a web server. Plain http passes here and is refused on the way to any
// network but those the operator allowed.
func CheckURL(field, s string) error {
	if s == "" {
		return fault.InvalidField(field, "is required")
	}
	if len(s) > MaxURL {
		return fault.InvalidField(field, "has %d bytes; at most %d are allowed", len(s), MaxURL)
	}
	u, err := url.Parse(s)
	if err != nil || text.Line(field, s) != nil || u.Scheme != "https" && u.Scheme != "http" || u.Opaque != "" || u.Hostname() == "" {
		return fault.InvalidField(field, "must be an address such as https://hooks.example.com/interim")
	}
	if u.User != nil {
		return fault.InvalidField(field, "must not hold a user or a password")
	}
	if u.Fragment != "" {
		return fault.InvalidField(field, "must not hold a fragment")
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && (a.Is4In6() || a.Zone() != "") {
		return fault.InvalidField(field, "must not write an IPv4 address as an IPv6 one, nor name a network interface")
	}
	return nil
}

func most(field, s string, limit int) error {
	if n := utf8.RuneCountInString(s); n > limit {
		return fault.InvalidField(field, "has %d characters; at most %d are allowed", n, limit)
	}
	return nil
}
