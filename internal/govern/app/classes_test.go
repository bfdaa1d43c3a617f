package app_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/attribute"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// classed is an installation with an entitlement.
type classed struct {
	*testing.T
	db     *db.DB
	log    *audit.Log
	apps   *app.Service
	values *attribute.Service
	thing  app.Entitlement
}

func onClasses(t *testing.T, test func(h *classed)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := clock.NewFake(time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC))
		log := audit.New(d, c)
		apps := app.New(d, c, log)
		a, err := apps.CreateApp(t.Context(), app.App{DisplayName: "Wiki"})
		if err != nil {
			t.Fatal(err)
		}
		thing, err := app.GetEntitlement(d.Q(t.Context()), a.ID, app.AccessEntitlement)
		if err != nil {
			t.Fatal(err)
		}
		test(&classed{t, d, log, apps, attribute.New(attribute.Deps{DB: d, Clock: c, Audit: log, Uses: apps}), thing})
	})
}

func (h *classed) make(of attribute.TypeID, value string) attribute.ID {
	h.Helper()
	v, err := h.values.Create(h.Context(), of, value)
	if err != nil {
		h.Fatal(err)
	}
	return v.ID
}

func (h *classed) give(c app.Classes) error {
	_, err := h.apps.UpdateEntitlement(h.Context(), h.thing.AppID, h.thing.ID, func(e *app.Entitlement) error { e.Classes = c; return nil })
	return err
}

func TestAValueInUseIsNotDeletedAndItsUsersAreNamed(t *testing.T) {
	onClasses(t, func(h *classed) {
		risk, frame := h.make(attribute.RiskLevel, "High"), h.make(attribute.Compliance, "SOX")
		if err := h.give(app.Classes{RiskLevelID: risk, FrameworkIDs: []attribute.ID{frame}}); err != nil {
			h.Fatal(err)
		}
		for _, v := range []attribute.ID{risk, frame} {
			if err := h.values.Delete(h.Context(), v, ""); !fault.Is(err, fault.Precondition) || !strings.Contains(err.Error(), "Access") {
				h.Errorf("%v", err)
			}
		}
		if err := h.give(app.Classes{}); err != nil {
			h.Fatal(err)
		}
		for _, v := range []attribute.ID{risk, frame} {
			if err := h.values.Delete(h.Context(), v, ""); err != nil {
				h.Error(err)
			}
		}
		if err := h.give(app.Classes{RiskLevelID: risk}); !fault.Is(err, fault.Invalid) {
			h.Errorf("a deleted level was given: %v", err)
		}
	})
}

func TestAValueOfADeletedEntitlementIsFree(t *testing.T) {
	onClasses(t, func(h *classed) {
		risk := h.make(attribute.RiskLevel, "High")
		e, err := h.apps.CreateEntitlement(h.Context(), app.Entitlement{
			AppID: h.thing.AppID, TypeID: h.thing.TypeID, ResourceID: h.thing.ResourceID, DisplayName: "Writer",
			EntitlementDoc: app.EntitlementDoc{Classes: app.Classes{RiskLevelID: risk}},
		})
		if err != nil {
			h.Fatal(err)
		}
		if err := h.values.Delete(h.Context(), risk, attribute.RiskLevel); !fault.Is(err, fault.Precondition) {
			h.Fatal(err)
		}
		if err := h.apps.DeleteEntitlement(h.Context(), e.AppID, e.ID); err != nil {
			h.Fatal(err)
		}
		if err := h.values.Delete(h.Context(), risk, attribute.RiskLevel); err != nil {
			h.Error(err)
		}
	})
}

func TestAValueIsNeverGivenAndDeletedAtOnce(t *testing.T) {
	onClasses(t, func(h *classed) {
		for range 10 {
			risk := h.make(attribute.RiskLevel, "High")
			var given, deleted error
			var both sync.WaitGroup
			both.Go(func() { given = h.give(app.Classes{RiskLevelID: risk}) })
			both.Go(func() { deleted = h.values.Delete(h.Context(), risk, "") })
			both.Wait()
			if (given == nil) == (deleted == nil) {
				h.Fatalf("given: %v, deleted: %v", given, deleted)
			}
			if err := h.give(app.Classes{}); err != nil {
				h.Fatal(err)
			}
			_ = h.values.Delete(h.Context(), risk, "")
		}
	})
}

func TestOneWordIsThereOnceWhoeverComesFirst(t *testing.T) {
	onClasses(t, func(h *classed) {
		errs := make([]error, 8)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				_, errs[i] = h.values.Create(h.Context(), attribute.RiskLevel, []string{"High", "HIGH", " high "}[i%3])
			})
		}
		all.Wait()
		made := 0
		for _, err := range errs {
			switch {
			case err == nil:
				made++
			case !fault.Is(err, fault.Exists):
				h.Error(err)
			}
		}
		if made != 1 {
			h.Errorf("%d were made: %v", made, errors.Join(errs...))
		}
	})
}

func TestChangesOfAttributesAreInTheAudit(t *testing.T) {
	onClasses(t, func(h *classed) {
		risk := h.make(attribute.RiskLevel, "High")
		if err := h.values.Delete(h.Context(), risk, ""); err != nil {
			h.Fatal(err)
		}
		events, err := h.log.List(h.Context(), audit.Filter{ObjectType: "attribute", ObjectID: string(risk)}, page.Request{Size: 10})
		if err != nil {
			h.Fatal(err)
		}
		var kinds []string
		for _, e := range events.Items {
			kinds = append(kinds, e.Kind)
		}
		if got := strings.Join(kinds, " "); got != "attribute.created attribute.deleted" && got != "attribute.deleted attribute.created" {
			h.Errorf("%s", got)
		}
	})
}
