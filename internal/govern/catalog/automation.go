package catalog

import (
	"context"
	"errors"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// MaxExpression is how many characters the expression of an automation may have.
const MaxExpression = 4096

// Automation is a rule that enrolls people in a catalog: while it is enabled it is the rule of the catalog's membership, see
// [Catalog.Membership]. Switched off it gives and takes nothing. With CreateTasks a task is to agree about each whom it would enroll, or
// unenroll. To say so of one that runs unenrolls nobody; to say so no longer enrolls all whom it matches, also those about whom that was
// denied, while tasks to unenroll that are open are decided all the same.
type Automation struct {
	Catalog        ID                   `json:"-"`
	Expression     *string              `json:"expression,omitempty"`   // CEL
	Entitlements   []app.EntitlementRef `json:"entitlements,omitempty"` // whose holders are enrolled, if there is no expression
	Enabled        bool                 `json:"enabled,omitempty"`
	CreateTasks    bool                 `json:"createTasks,omitempty"` // people are asked before it enrolls and unenrolls
	DisableBreaker bool                 `json:"disableCircuitBreaker,omitempty"`
	EnforceOnSmall bool                 `json:"enforceOnSmallProfiles,omitempty"`
	Threshold      int64                `json:"removedMembersThresholdPercent,omitempty"` // 0 to 100; 0: [automation.DefaultPercent]
	CreatedAt      time.Time            `json:"-"`
	UpdatedAt      time.Time            `json:"-"`
	Rule           automation.Rule      `json:"-"` // how it went; the zero value before it was enabled first
}

// Validate answers Invalid for the first member of a that breaks a limit.
func (a Automation) Validate() error {
	switch {
	case a.Threshold < 0 || a.Threshold > 100:
		return fault.InvalidField("removedMembersThresholdPercent", "must be from 0 to 100")
	case a.Enabled && a.Expression == nil && len(a.Entitlements) == 0:
		return fault.InvalidField("conditions", "is required: cel or entitlements")
	case a.Expression != nil:
		return prose("cel.expression", *a.Expression, MaxExpression)
	}
	return count("entitlements.entitlementRefs", len(a.Entitlements), MaxAudience)
}

// rule is what a does while it is enabled.
func (a Automation) rule() automation.Rule {
	r := automation.Rule{
		Kind: automation.Holders, Sources: a.Entitlements, DisplayName: "Enrollment", Asks: a.CreateTasks,
		Breaker: automation.Breaker{Off: a.DisableBreaker, Small: a.EnforceOnSmall, Percent: a.Threshold},
	}
	if a.Expression != nil {
		r.Kind, r.Expression, r.Sources = automation.CEL, *a.Expression, nil
	}
	return r
}

// Automation reads the automation of a live catalog. NotFound if there is none.
func (s *Service) Automation(ctx context.Context, catalogID ID) (Automation, error) {
	q := s.DB.Q(ctx)
	c, err := live(q, catalogID)
	if err != nil {
		return Automation{}, err
	}
	a, err := getAutomation(q, catalogID)
	if err == nil {
		a.Rule, err = s.ruleOf(q, c)
	}
	return a, err
}

// ruleOf is the rule of the membership of c; the zero value if there is none.
func (s *Service) ruleOf(q db.Q, c Catalog) (automation.Rule, error) {
	of, enrolls := c.Membership()
	if !enrolls {
		return automation.Rule{}, nil
	}
	r, err := s.Rules.Of(q, of)
	if fault.Is(err, fault.NotFound) {
		err = nil
	}
	return r, err
}

// SetAutomation writes the automation of a live catalog; fresh refuses one that has one, with Exists. Invalid, NotFound, Precondition for
// a catalog with more in it than people can be enrolled in.
func (s *Service) SetAutomation(ctx context.Context, a Automation, fresh bool) (Automation, error) {
	if err := a.Validate(); err != nil {
		return Automation{}, err
	}
	if a.Enabled {
		if err := s.Rules.Check(a.rule()); err != nil {
			return Automation{}, err
		}
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
		if err := s.automate(ctx, tx, &c, a); err != nil {
			return err
		}
		if a.Rule, err = s.ruleOf(tx, c); err != nil {
			return err
		}
		e := event(c, "catalog.automation_set", audit.Update, "set the automation of catalog "+c.DisplayName)
		e.Data = map[string]any{"automation": a}
		return s.Audit.Record(tx, audit.From(ctx), e)
	})
	return a, err
}

// automate has the rule of the membership of c say what a does.
func (s *Service) automate(ctx context.Context, tx *db.Tx, c *Catalog, a Automation) error {
	r := a.rule()
	if a.Enabled {
		if err := s.enroll(ctx, tx, c); err != nil {
			return err
		}
	} else {
		old, err := s.ruleOf(tx, *c)
		if err != nil || old.CreatedAt.IsZero() {
			return err
		}
		r = old
		r.Paused = true
	}
	r.Of, _ = c.Membership()
	return s.Rules.Put(tx, audit.From(ctx), r)
}

// DeleteAutomation removes the automation of a live catalog, and soon unenrolls whom it enrolled. NotFound if there is none.
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
		if of, enrolls := c.Membership(); enrolls {
			if err := s.Rules.DeleteIn(tx, audit.From(ctx), of); err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
		}
		return s.Audit.Record(tx, audit.From(ctx),
			event(c, "catalog.automation_deleted", audit.Update, "removed the automation of catalog "+c.DisplayName))
	})
}

// ResumeAutomation accepts how many the automation of a catalog would unenroll, which stopped it. NotFound; Precondition for one that was
// not stopped.
func (s *Service) ResumeAutomation(ctx context.Context, catalogID ID) error {
	return s.withRule(ctx, catalogID, s.Rules.Resume)
}

// RunAutomation has the automation of a catalog run now. NotFound; Precondition for one that is not enabled.
func (s *Service) RunAutomation(ctx context.Context, catalogID ID) error {
	return s.withRule(ctx, catalogID, s.Rules.Run)
}

func (s *Service) withRule(
	ctx context.Context, catalogID ID, do func(tx *db.Tx, actor audit.Actor, of app.EntitlementRef) error,
) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		c, err := live(tx, catalogID)
		if err != nil {
			return err
		}
		if _, err := getAutomation(tx, catalogID); err != nil {
			return err
		}
		of, _ := c.Membership()
		err = do(tx, audit.From(ctx), of)
		if fault.Is(err, fault.NotFound) {
			err = fault.New(fault.Precondition, "the automation is not enabled")
		}
		return err
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
