package iam

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// RoleID is the identity of a role: a UUIDv7 in text form.
type RoleID string

// Limits of a role.
const (
	MaxName        = 256  // characters of a display name, of roles and clients
	MaxPermissions = 2000 // entries in permissions, and in serviceRoles
)

// Role is a named set of permissions.
type Role struct {
	ID           RoleID
	Name         string // "system:…" or "custom:…", never changed and never used again
	DisplayName  string // unique among live roles, compared folded
	Permissions  []string
	ServiceRoles []string
	Builtin      bool // from builtin.csv; cannot be edited or deleted
	APIOnly      bool // makes sense as the scope of a credential only
	CreatedAt    time.Time
	UpdatedAt    time.Time
	DeletedAt    time.Time // zero unless deleted
	Version      int64
}

// Scopes is what the role reaches. A built-in role is what this release's table says, whatever its row lists; one that a newer
// release knows reaches nothing here.
func (r Role) Scopes() Scopes {
	if r.Builtin {
		return table().scopes[r.Name]
	}
	out := Scopes{}
	for _, p := range r.Permissions {
		out[p] = All
	}
	for _, s := range r.ServiceRoles {
		out = Join(out, table().serviceRoles[s])
	}
	return out
}

// normalize trims and orders what people type, so that equal roles compare equal.
func (r *Role) normalize() {
	r.DisplayName = strings.TrimSpace(r.DisplayName)
	r.Permissions = slices.Compact(slices.Sorted(slices.Values(r.Permissions)))
	r.ServiceRoles = slices.Compact(slices.Sorted(slices.Values(r.ServiceRoles)))
}

// validate answers Invalid for the first member of a custom role that breaks a limit, named as the API names it.
func (r Role) validate() error {
	if err := checkName("displayName", r.DisplayName); err != nil {
		return err
	}
	if r.DisplayName == "" {
		return fault.InvalidField("displayName", "is required")
	}
	if len(r.Permissions) == 0 && len(r.ServiceRoles) == 0 {
		return fault.InvalidField("permissions", "at least one is required")
	}
	for _, l := range []struct {
		field string
		list  []string
		known func(string) bool
	}{
		{"permissions", r.Permissions, func(s string) bool { _, ok := slices.BinarySearch(table().permissions, s); return ok }},
		{"serviceRoles", r.ServiceRoles, func(s string) bool { return len(table().serviceRoles[s]) > 0 }},
	} {
		if len(l.list) > MaxPermissions {
			return fault.InvalidField(l.field, "at most %d entries", MaxPermissions)
		}
		if i := slices.IndexFunc(l.list, func(s string) bool { return !l.known(s) }); i >= 0 {
			return fault.InvalidField(l.field, "unknown: %s", brief(l.list[i]))
		}
	}
	return nil
}

// roleName makes the lasting name of a custom role from how it is shown.
func roleName(display string, roleID RoleID) string {
	word := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		default:
			return '-'
		}
	}, display)
	word = strings.Join(strings.FieldsFunc(word, func(r rune) bool { return r == '-' }), "-")
	return fmt.Sprintf("custom:%s-%s", word, string(roleID)[len(roleID)-8:])
}

func checkName(field, s string) error {
	if err := text.Line(field, s); err != nil {
		return err
	}
	if utf8.RuneCountInString(s) > MaxName {
		return fault.InvalidField(field, "at most %d characters", MaxName)
	}
	return nil
}

// brief cuts what a caller sent down to what a message may repeat.
func brief(s string) string {
	const most = 120
	if r := []rune(strings.ToValidUTF8(s, "?")); len(r) > most {
		return string(r[:most]) + "…"
	}
	return strings.ToValidUTF8(s, "?")
}
