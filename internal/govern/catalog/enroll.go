package catalog

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// What a catalog may say of those who come and go.
const (
	enforced    = "ENFORCE_ENTITLEMENT_REQUEST_POLICY" // of Settings.Enrollment
	enforcedOut = "ENFORCE"                            // of Settings.UnenrollmentEntitlement
	leaves      = "LEAVE_ACCESS_AS_IS"                 // of Settings.Unenrollment
	revokesAll  = "REVOKE_ALL"
)

// Membership is the entitlement whose holders are enrolled in c, of Interim's own app as upstream has it of its own; false while nobody
// can be enrolled.
func (c Catalog) Membership() (app.EntitlementRef, bool) {
	return app.EntitlementRef{AppID: app.Own, ID: c.enrollment}, c.enrollment != ""
}

// loss is how those who leave lose what is in c.
func (c Catalog) loss() automation.Loss {
	switch c.Unenrollment {
	case leaves:
		return automation.Left
	case revokesAll:
		return automation.Revoked
	default:
		return automation.Taken
	}
}

// terms are how what is in c comes and goes with its membership.
func (c Catalog) terms() automation.Terms {
	return automation.Terms{
		Loss: c.loss(), Ask: automation.Asking{Giving: c.Enrollment == enforced, Taking: c.UnenrollmentEntitlement == enforcedOut},
	}
}

// enroll has whoever holds the membership of c, which is made where there is none, hold what is in it. It gives access without anybody
// deciding, so that powers do not suffice for it.
func (s *Service) enroll(ctx context.Context, tx *db.Tx, c *Catalog) error {
	if err := curates(ctx); err != nil {
		return err
	}
	if err := s.member(tx, audit.From(ctx), c); err != nil {
		return err
	}
	list, err := all(tx, c.ID)
	if err != nil {
		return err
	}
	if n := len(list); n > automation.MaxProxies {
		return fault.New(fault.Precondition, "the catalog has %d entitlements; one that enrolls people has %d at most", n, automation.MaxProxies)
	}
	given := make([]iam.Object, len(list))
	for n, e := range list {
		given[n] = iam.Object{Type: "entitlement", AppID: string(e.AppID), ID: string(e.ID)}
	}
	if err := iam.MayPass(ctx, tx, given...); err != nil {
		return err
	}
	of, _ := c.Membership()
	return s.Rules.BindAll(tx, audit.From(ctx), of, list, c.terms())
}

// curates refuses whoever may change a catalog by their powers alone: to change what is in one that enrolls people is to give access.
func curates(ctx context.Context) error {
	by, err := iam.OnlyOwning(ctx)
	if err == nil && by != "" {
		err = fault.New(fault.Denied, "Permission denied, the catalog enrolls people: to change what they get takes a role")
	}
	return err
}

// member makes the membership of c, unless it has one.
func (s *Service) member(tx *db.Tx, actor audit.Actor, c *Catalog) error {
	if c.enrollment != "" {
		return nil
	}
	t, err := s.Apps.EnsureResourceType(tx, actor, app.Own, app.KindCatalog, "Access profile")
	if err != nil {
		return err
	}
	r, err := s.Apps.AddResource(tx, actor, app.Resource{AppID: app.Own, TypeID: t.ID, DisplayName: c.DisplayName, Description: c.Description})
	if err != nil {
		return err
	}
	e, err := s.Apps.AddEntitlement(tx, actor, app.Entitlement{
		AppID: app.Own, TypeID: t.ID, ResourceID: r.ID, DisplayName: "Enrollment", Slug: "enrollment",
	})
	if err != nil {
		return err
	}
	c.enrollment = e.ID
	_, err = tx.Exec(`update catalog set enrollment = $2 where id = $1`, string(c.ID), string(e.ID))
	return err
}

// follow brings what enrolls people in step with a catalog that was changed.
func (s *Service) follow(ctx context.Context, tx *db.Tx, before Catalog, after *Catalog) error {
	if after.enrollment == "" && !after.Bundle {
		return nil
	}
	if after.enrollment == "" || after.Bundle != before.Bundle || after.Enrollment != before.Enrollment ||
		after.Unenrollment != before.Unenrollment || after.UnenrollmentEntitlement != before.UnenrollmentEntitlement {
		if err := s.enroll(ctx, tx, after); err != nil {
			return err
		}
	}
	if after.DisplayName == before.DisplayName && after.Description == before.Description || before.enrollment == "" {
		return nil
	}
	e, err := app.GetEntitlement(tx, app.Own, after.enrollment)
	if err != nil {
		return err
	}
	_, err = s.Apps.ChangeResource(tx, audit.From(ctx), app.Own, e.TypeID, e.ResourceID, func(r *app.Resource) error {
		r.DisplayName, r.Description = after.DisplayName, after.Description
		return nil
	})
	return err
}

// disband takes the membership of a catalog that was deleted, and by that what it gave.
func (s *Service) disband(tx *db.Tx, actor audit.Actor, c Catalog) error {
	of, enrolls := c.Membership()
	if !enrolls {
		return nil
	}
	if err := s.Rules.DeleteIn(tx, actor, of); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	e, err := app.GetEntitlement(tx, of.AppID, of.ID)
	if err != nil {
		return err
	}
	return s.Apps.RemoveResource(tx, actor, of.AppID, e.TypeID, e.ResourceID)
}

const membersSQL = `select count(*) from grants g where g.app_id = $1 and g.entitlement_id = $2 and `

// Members says how many accounts are enrolled in a catalog now.
func (s *Service) Members(ctx context.Context, c Catalog) (n int64, err error) {
	if of, enrolls := c.Membership(); enrolls {
		err = s.DB.Q(ctx).Row(membersSQL+grant.LiveSQL("g.", "$3"), string(of.AppID), string(of.ID), clock.Micros(s.Clock.Now())).Scan(&n)
	}
	return n, err
}

// EntitlementsEnded implements [app.Notice]: a live catalog keeps its membership.
func (*Service) EntitlementsEnded(tx *db.Tx, _ audit.Actor, of app.ID, ids []app.EntitlementID, _ time.Time, _ string) error {
	if of != app.Own {
		return nil
	}
	args := make([]any, len(ids))
	for n, e := range ids {
		args[n] = string(e)
	}
	var n int
	err := tx.Row(`select count(*) from catalog where enrollment in `+db.In(len(ids), 1)+` and enrollment <> '' and deleted_at is null`,
		args...).Scan(&n)
	if err == nil && n > 0 {
		err = fault.New(fault.Precondition, "it enrolls people in a catalog, and goes with that")
	}
	return err
}

// AppEnded implements [app.Notice].
func (*Service) AppEnded(*db.Tx, audit.Actor, app.ID, time.Time, string) error { return nil }

// AccountsEnded implements [app.Notice].
func (*Service) AccountsEnded(*db.Tx, audit.Actor, app.ID, []app.AccountID, time.Time, string) error {
	return nil
}
