package catalog

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// ID is the identity of a catalog.
type ID = app.CatalogID

// Limits of a catalog.
const (
	MaxName        = 256    // characters of a display name
	MaxDescription = 2048   // characters of a description
	MaxEntries     = 10_000 // entitlements in a catalog
	MaxAudience    = 100    // entitlements in an audience
	MaxBatch       = 500    // entitlements in one call
)

// Catalog is a set of entitlements that can be asked for by those who see it.
type Catalog struct {
	ID          ID     `json:"-"`
	DisplayName string `json:"displayName"`
	Description string `json:"description"`
	Published   bool   `json:"published"`
	Everyone    bool   `json:"visibleToEveryone"`
	Bundle      bool   `json:"requestBundle"` // it can be asked for as a whole, by those who see it
	Settings
	Audience  []app.EntitlementRef `json:"-"` // by app and id; deleted entitlements among them, which nobody holds
	CreatedBy directory.UserID     `json:"-"` // empty: made by Interim
	CreatedAt time.Time            `json:"-"`
	UpdatedAt time.Time            `json:"-"`
	DeletedAt time.Time            `json:"-"` // zero while live
	Version   int64                `json:"-"`

	enrollment app.EntitlementID // of its membership; empty: none yet
}

// Settings is what a catalog's row keeps beside the columns that are asked for. The first three say how what is in it comes and goes with
// its membership, for those who are enrolled already as well; to change them takes from nobody what they have. See [automation.Asking].
type Settings struct {
	// Enrollment is ENFORCE_ENTITLEMENT_REQUEST_POLICY where a task for each entitlement is to agree before it is given; anything else
	// gives it to all who are enrolled, also where it was denied before.
	Enrollment string `json:"enrollment,omitempty"`
	// Unenrollment says what who leaves is to lose: nothing by LEAVE_ACCESS_AS_IS, what was given directly too by REVOKE_ALL, else what the
	// catalog gave. What is pending when it becomes LEAVE_ACCESS_AS_IS stays.
	Unenrollment string `json:"unenrollment,omitempty"`
	// UnenrollmentEntitlement is ENFORCE where a task for each entitlement is to agree before it is lost; else it is lost at once. Tasks
	// that are open when it becomes something else are decided all the same.
	UnenrollmentEntitlement string            `json:"unenrollmentEntitlement,omitempty"`
	Annotations             map[string]string `json:"annotations,omitempty"`
}

// Validate answers Invalid for the first member of c that breaks a limit, named as the API names it.
func (c Catalog) Validate() error {
	if strings.TrimSpace(c.DisplayName) == "" {
		return fault.InvalidField("displayName", "is required: 1 to %d characters", MaxName)
	}
	return first(line("displayName", c.DisplayName), prose("description", c.Description, MaxDescription))
}

// VisibleTo reports whether somebody sees c who has access by the entitlements for which holds answers so. [SeenSQL] says the same.
func (c Catalog) VisibleTo(holds func(app.EntitlementRef) bool) bool {
	return c.DeletedAt.IsZero() && c.Published && (c.Everyone || slices.ContainsFunc(c.Audience, holds))
}

// Listed reports whether an entitlement is in a catalog that somebody sees: in are the catalogs it is in. [SeenSQL] and [InSQL] say the
// same.
func Listed(in []Catalog, holds func(app.EntitlementRef) bool) bool {
	return slices.ContainsFunc(in, func(c Catalog) bool { return c.VisibleTo(holds) })
}

// mayHaveAudience refuses an audience that would have no effect, as upstream does.
func (c Catalog) mayHaveAudience() error {
	switch {
	case !c.Published:
		return fault.New(fault.Precondition, "the catalog is not published: publish it before it gets an audience")
	case c.Everyone:
		return fault.New(fault.Precondition, "the catalog is visible to everyone: it has no audience")
	default:
		return nil
	}
}

// line is prose for a name of one line.
func line(field, s string) error { return first(text.Line(field, s), length(field, s, MaxName)) }

func prose(field, s string, most int) error {
	return first(text.Block(field, s), length(field, s, most))
}

func length(field, s string, most int) error {
	if n := utf8.RuneCountInString(s); n > most {
		return fault.InvalidField(field, "has %d characters; at most %d are allowed", n, most)
	}
	return nil
}

func count(field string, n, most int) error {
	if n > most {
		return fault.InvalidField(field, "has %d values; at most %d are allowed", n, most)
	}
	return nil
}

// first returns the first error of several checks.
func first(checks ...error) error {
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	return nil
}
