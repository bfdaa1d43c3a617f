package app

import (
	"net/url"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/fault"
)

// App is a system that people have access to.
type App struct {
	ID          ID     `json:"-"`
	DisplayName string `json:"displayName"`
	Description string `json:"description"`
	// ManuallyManaged is true while no live connector reads the app.
	ManuallyManaged bool `json:"-"`
	Directory       bool `json:"-"` // people come from it
	Settings
	Chosen
	CreatedBy directory.UserID `json:"-"` // empty: made by Interim
	CreatedAt time.Time        `json:"-"`
	UpdatedAt time.Time        `json:"-"`
	DeletedAt time.Time        `json:"-"` // zero while live
	Version   int64            `json:"-"`
}

// Settings is what an app's row keeps beside the columns that are searched.
type Settings struct {
	IconURL          string            `json:"iconUrl,omitempty"`
	Instructions     string            `json:"instructions,omitempty"`
	MonthlyCostUSD   int32             `json:"monthlyCostUsd,omitempty"` // for each seat
	IdentityMatching IdentityMatching  `json:"identityMatching,omitempty"`
	Source           *IdentitySource   `json:"identitySource,omitempty"` // of a directory, see [App.DirectorySince]
	Annotations      map[string]string `json:"annotations,omitempty"`
	// DefaultCatalogID is the catalog that clients suggest for the app's entitlements; nothing is put there by itself.
	DefaultCatalogID CatalogID `json:"defaultRequestCatalogId,omitempty"`
}

// IdentityMatching says how the accounts of an app find their users.
type IdentityMatching string

// The ways of matching. Both compare e-mail addresses; upstream's default and its STRICT are kept apart because clients expect to
// read back what they wrote.
const (
	MatchDefault IdentityMatching = ""
	MatchStrict  IdentityMatching = "STRICT"
)

// Validate answers Invalid for the first member of a that breaks a limit, named as the API names it.
func (a App) Validate() error {
	if a.MonthlyCostUSD < 0 {
		return fault.InvalidField("monthlyCostUsd", "must not be negative")
	}
	if a.IdentityMatching != MatchDefault && a.IdentityMatching != MatchStrict {
		return fault.NotServed("App.identityMatching " + string(a.IdentityMatching))
	}
	return all(
		required("displayName", a.DisplayName),
		prose("description", a.Description, MaxDescription),
		prose("instructions", a.Instructions, MaxInstructions),
		webAddress("iconUrl", a.IconURL),
	)
}

func webAddress(field, s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || len(s) > MaxURL {
		return fault.InvalidField(field, "must be an http or https address of at most %d bytes", MaxURL)
	}
	return line(field, s, MaxURL)
}
