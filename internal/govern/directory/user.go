package directory

import (
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// UserID is the identity of a user: a UUIDv7 in text form.
type UserID string

// Kind says what a user is.
type Kind string

// The kinds of user.
const (
	KindHuman   Kind = "HUMAN"
	KindService Kind = "SERVICE"
	KindAgent   Kind = "AGENT"
	KindSystem  Kind = "SYSTEM"
)

// Nonhuman reports whether users of the kind act by themselves and are no people: services and agents, not Interim itself.
func (k Kind) Nonhuman() bool { return k == KindService || k == KindAgent }

// NonhumanSQL is [Kind.Nonhuman] of the user whose columns begin with prefix. Its words are those of the index users_nonhuman.
func NonhumanSQL(prefix string) string { return prefix + "kind in ('SERVICE', 'AGENT')" }

// Origin says where a user came from.
type Origin string

// The origins of users.
const (
	OriginLocal     Origin = "LOCAL"     // made by an administrator
	OriginDirectory Origin = "DIRECTORY" // seen by a directory's connector
	OriginSystem    Origin = "SYSTEM"    // made by Interim
)

// Status says whether a user may have access.
type Status string

// The states of a user.
const (
	Enabled  Status = "ENABLED"
	Disabled Status = "DISABLED"
	Deleted  Status = "DELETED"
)

// Limits of what a user may hold.
const (
	MaxName     = 256  // characters of a display name, job title, department …
	MaxEmail    = 320  // bytes of an e-mail address
	MaxList     = 32   // addresses, user names, employee ids, managers
	MaxProfile  = 64   // profile attributes
	MaxAttrName = 128  // characters of a profile attribute's name
	MaxAttr     = 1024 // characters of a profile attribute's value
	MaxNote     = 1024 // characters of why a user was disabled, enabled or deleted
)

// Profile is what a user's row keeps beside the columns that are searched.
type Profile struct {
	Emails      []string          `json:"emails,omitempty"`
	Usernames   []string          `json:"usernames,omitempty"`
	EmployeeIDs []string          `json:"employeeIds,omitempty"`
	Attributes  map[string]string `json:"attributes,omitempty"`
}

// User is a person, a service or an agent.
type User struct {
	ID               UserID
	Kind             Kind
	Origin           Origin
	Status           Status
	DisplayName      string
	Email            string // primary address, may be empty
	Username         string
	JobTitle         string
	Department       string
	EmploymentStatus string
	EmploymentType   string
	Profile          Profile
	ManagerIDs       []UserID
	CreatedAt        time.Time
	UpdatedAt        time.Time
	DeletedAt        time.Time // zero unless deleted
	Version          int64
}

// Validate answers Invalid for the first member of u that breaks a limit, named as the API names it.
func (u User) Validate() error {
	if strings.TrimSpace(u.DisplayName) == "" {
		return fault.InvalidField("displayName", "is required")
	}
	for _, f := range []struct{ name, value string }{
		{"displayName", u.DisplayName},
		{"username", u.Username},
		{"jobTitle", u.JobTitle},
		{"department", u.Department},
		{"employmentStatus", u.EmploymentStatus},
		{"employmentType", u.EmploymentType},
	} {
		if err := line(f.name, f.value, MaxName); err != nil {
			return err
		}
	}
	if err := address("email", u.Email); err != nil {
		return err
	}
	return u.Profile.validate(len(u.ManagerIDs))
}

func (p Profile) validate(managers int) error {
	for _, l := range []struct {
		name string
		n    int
	}{
		{"emails", len(p.Emails)},
		{"usernames", len(p.Usernames)},
		{"employeeIds", len(p.EmployeeIDs)},
		{"managerIds", managers},
	} {
		if l.n > MaxList {
			return fault.InvalidField(l.name, "at most %d entries", MaxList)
		}
	}
	for i, e := range p.Emails {
		if err := address(fmt.Sprintf("emails[%d]", i), e); err != nil {
			return err
		}
	}
	for i, n := range p.Usernames {
		if err := line(fmt.Sprintf("usernames[%d]", i), n, MaxName); err != nil {
			return err
		}
	}
	for i, n := range p.EmployeeIDs {
		if err := line(fmt.Sprintf("employeeIds[%d]", i), n, MaxName); err != nil {
			return err
		}
	}
	if len(p.Attributes) > MaxProfile {
		return fault.InvalidField("profile", "at most %d attributes", MaxProfile)
	}
	for k, v := range p.Attributes {
		if err := line("profile", k, MaxAttrName); err != nil {
			return err
		}
		if err := prose("profile."+k, v, MaxAttr); err != nil {
			return err
		}
	}
	return nil
}

// Email addresses may be empty; a service seldom has one.
func address(field, s string) error {
	if s == "" {
		return nil
	}
	if len(s) > MaxEmail {
		return fault.InvalidField(field, "at most %d bytes", MaxEmail)
	}
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
		return fault.InvalidField(field, "is not an e-mail address")
	}
	return text.Line(field, s)
}

// line refuses a text of one line with more than n characters, or with one that it may not hold.
func line(field, s string, n int) error {
	if err := text.Line(field, s); err != nil {
		return err
	}
	return length(field, s, n)
}

// prose is line for a text of several lines.
func prose(field, s string, n int) error {
	if err := text.Block(field, s); err != nil {
		return err
	}
	return length(field, s, n)
}

func length(field, s string, n int) error {
	if utf8.RuneCountInString(s) > n {
		return fault.InvalidField(field, "at most %d characters", n)
	}
	return nil
}
