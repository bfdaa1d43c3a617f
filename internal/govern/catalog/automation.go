package catalog

import (
	"context"
	"errors"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// MaxExpression is how many bytes the expression of an automation may have.
const MaxExpression = 4096

// Automation is a rule that would enroll people in a catalog. It is kept as it was written; one that would do something is refused.
type Automation struct {
	Catalog        ID                   `json:"-"`
	Expression     *string              `json:"expression,omitempty"`   // CEL; not compiled, since nothing runs it
	Entitlements   []app.EntitlementRef `json:"entitlements,omitempty"` // whose holders are meant, if there is no expression
	Enabled        bool                 `json:"-"`
	CreateTasks    bool                 `json:"createTasks,omitempty"`
	DisableBreaker bool                 `json:"disableCircuitBreaker,omitempty"`
	EnforceOnSmall bool                 `json:"enforceOnSmallProfiles,omitempty"`
	Threshold      int64                `json:"removedMembersThresholdPercent,omitempty"` // 0 to 100
	CreatedAt      time.Time            `json:"-"`
	UpdatedAt      time.Time            `json:"-"`
}

// Validate answers Invalid for the first member of a that breaks a limit, and Unimplemented for one that is enabled.
func (a Automation) Validate() error {
	if a.Enabled {
		return fault.NotServed("BundleAutomation.enabled")
	}
	if a.Threshold < 0 || a.Threshold > 100 {
		return fault.InvalidField("removedMembersThresholdPercent", "must be from 0 to 100")
	}
	if a.Expression != nil {
		return prose("cel.expression", *a.Expression, MaxExpression)
	}
	return count("entitlements.entitlementRefs", len(a.Entitlements), MaxAudience)
}

// Automation reads the automation of a live catalog. NotFound if there is none.
func (s *Service) Automation(ctx context.Context, catalogID ID) (Automation, error) {
	q := s.DB.Q(ctx)
	if _, err := live(q, catalogID); err != nil {
		return Automation{}, err
	}
	return getAutomation(q, catalogID)
}

// SetAutomation writes the automation of a live catalog; fresh refuses one that has one, with Exists. Invalid, NotFound,
// Unimplemented.
func (s *Service) SetAutomation(ctx context.Context, a Automation, fresh bool) (Automation, error) {
	if err := a.Validate(); err != nil {
		return Automation{}, err
	}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := lock(tx, a.Catalog); err != nil {
			return err
		}
		c, err := live(tx, a.Catalog)
		if err != nil {
			return err
		}
		before, err := getAutomation(tx, a.Catalog)
		switch {
		case err == nil && fresh:
			return fault.New(fault.Exists, "the catalog has an automation already")
		case err != nil && !fault.Is(err, fault.NotFound):
			return err
		}
		if err := known(tx, a.Entitlements); err != nil {
			return err
		}
		a.UpdatedAt = s.Clock.Now()
		if a.CreatedAt = before.CreatedAt; a.CreatedAt.IsZero() {
			a.CreatedAt = a.UpdatedAt
		}
		doc, err := document(a)
		if err != nil {
			return err
		}
		tx.Queue(`insert into catalog_automation (catalog_id, doc, created_at, updated_at) values ($1,$2,$3,$4)
			on conflict (catalog_id) do update set doc = excluded.doc, updated_at = excluded.updated_at`,
			string(a.Catalog), doc, clock.Micros(a.CreatedAt), clock.Micros(a.UpdatedAt))
		e := event(c, "catalog.automation_set", audit.Update, "set the automation of catalog "+c.DisplayName)
		e.Data = map[string]any{"automation": a}
		return s.Audit.Record(tx, audit.From(ctx), e)
	})
	return a, err
}

// DeleteAutomation removes the automation of a live catalog. NotFound if there is none.
func (s *Service) DeleteAutomation(ctx context.Context, catalogID ID) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := lock(tx, catalogID); err != nil {
			return err
		}
		c, err := live(tx, catalogID)
		if err != nil {
			return err
		}
		n, err := tx.Exec(`delete from catalog_automation where catalog_id = $1`, string(catalogID))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Missing("automation", string(catalogID))
		}
		return s.Audit.Record(tx, audit.From(ctx),
			event(c, "catalog.automation_deleted", audit.Update, "removed the automation of catalog "+c.DisplayName))
	})
}

func getAutomation(q db.Q, catalogID ID) (Automation, error) {
	a := Automation{Catalog: catalogID}
	var (
		doc              string
		created, updated int64
	)
	err := q.Row(`select doc, created_at, updated_at from catalog_automation where catalog_id = $1`, string(catalogID)).
		Scan(&doc, &created, &updated)
	if errors.Is(err, db.ErrNoRows) {
		return a, fault.Missing("automation", string(catalogID))
	}
	if err != nil {
		return a, err
	}
	a.CreatedAt, a.UpdatedAt = clock.FromMicros(created), clock.FromMicros(updated)
	return a, undocument(doc, &a)
}
