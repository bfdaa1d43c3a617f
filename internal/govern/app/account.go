package app

import (
	"net/mail"
	"strconv"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/fault"
)

// AccountKind says whom an account is for.
type AccountKind string

// The kinds of account.
const (
	KindUser    AccountKind = "USER"
	KindService AccountKind = "SERVICE_ACCOUNT"
	KindSystem  AccountKind = "SYSTEM_ACCOUNT"
)

// AccountStatus says whether an account can be used in its app.
type AccountStatus string

// The states of an account. Through an account that is not enabled nobody has access; enabling it gives that back.
const (
	Enabled  AccountStatus = "ENABLED"
	Disabled AccountStatus = "DISABLED"
	Deleted  AccountStatus = "DELETED"
)

// Account is a principal inside an app.
type Account struct {
	AppID         ID               `json:"-"`
	ID            AccountID        `json:"-"`
	UserID        directory.UserID `json:"identityUserId"` // whose account it is; empty: nobody's
	Kind          AccountKind      `json:"appUserType"`
	Status        AccountStatus    `json:"status"`
	StatusDetails string           `json:"statusDetails"`
	DisplayName   string           `json:"displayName"`
	Email         string           `json:"email"`
	Username      string           `json:"username"`
	ConnectorID   ConnectorID      `json:"-"` // empty: made by people
	ExternalID    string           `json:"-"`
	AccountDoc
	CreatedAt time.Time `json:"-"`
	UpdatedAt time.Time `json:"-"`
	DeletedAt time.Time `json:"-"`
	Version   int64     `json:"-"`
}

// AccountDoc is what an account's row keeps beside the columns that are searched.
type AccountDoc struct {
	Emails      []string       `json:"emails,omitempty"`
	Usernames   []string       `json:"usernames,omitempty"`
	EmployeeIDs []string       `json:"employeeIds,omitempty"`
	Profile     map[string]any `json:"profile,omitempty"` // what the connector says of it
	// Chosen is true once a person said whose account it is (nobody's included): matching leaves it alone from then on.
	Chosen bool `json:"chosen,omitempty"`
	// KindChosen is true once a person said what kind of account it is.
	KindChosen bool `json:"kindChosen,omitempty"`
	// Matched is true while whose account it is, or stays, was said by the matching of the directory and not by the e-mail address.
	Matched bool `json:"identityMatched,omitempty"`
	// Doubt says why the matching of the directory did not find whose account it is, when it was last read.
	Doubt Doubt `json:"identityDoubt,omitempty"`
}

// Ref is the account's name.
func (a Account) Ref() AccountRef { return AccountRef{AppID: a.AppID, ID: a.ID} }

// normalize fills in what may be left out: the kind, the status, and the name from user name or e-mail address.
func (a *Account) normalize() {
	if a.Kind == "" {
		a.Kind = KindUser
	}
	if a.Status == "" {
		a.Status = Enabled
	}
	for _, name := range []string{a.Username, a.Email} {
		if a.DisplayName == "" {
			a.DisplayName = name
		}
	}
}

// Validate answers Invalid for the first member of a that breaks a limit.
func (a Account) Validate() error {
	switch a.Kind {
	case KindUser, KindService, KindSystem:
	default:
		return fault.InvalidField("appUserType", "is not USER, SERVICE_ACCOUNT or SYSTEM_ACCOUNT")
	}
	if a.DisplayName == "" {
		return fault.InvalidField("username", "is required where neither displayName nor email is given")
	}
	for _, l := range []struct {
		field string
		list  []string
	}{{"emails", a.Emails}, {"usernames", a.Usernames}, {"employeeIds", a.EmployeeIDs}} {
		if len(l.list) > MaxList {
			return fault.InvalidField(l.field, "has %d values; at most %d are allowed", len(l.list), MaxList)
		}
		for i, v := range l.list {
			if err := line(l.field+"["+strconv.Itoa(i)+"]", v, MaxName); err != nil {
				return err
			}
		}
	}
	return all(
		required("displayName", a.DisplayName),
		line("username", a.Username, MaxName),
		line("status.details", a.StatusDetails, MaxName),
		line("email", a.Email, MaxEmail),
	)
}

// address refuses what is no e-mail address. Only what people write is held to that; a connector reports what is there.
func address(field, s string) error {
	if s == "" {
		return nil
	}
	if len(s) > MaxEmail {
		return fault.InvalidField(field, "has %d bytes; at most %d are allowed", len(s), MaxEmail)
	}
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
		return fault.InvalidField(field, "is not an e-mail address")
	}
	return nil
}
