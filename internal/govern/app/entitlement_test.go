package app_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestAnEntitlementIsReadBackAsItWasWritten(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Wiki")
		e := f.role(a.ID, "writers")
		want := must[app.Entitlement](f)(f.apps.CreateEntitlement(f.ctx, app.Entitlement{
			AppID: a.ID, TypeID: e.TypeID, ResourceID: e.ResourceID, DisplayName: "Admin", Description: "May all", Alias: "wiki-admin",
			Slug: "admin", Purpose: app.PurposePermission, MaxGrant: 90*time.Minute + time.Microsecond,
			EntitlementDoc: app.EntitlementDoc{Provision: []byte(`{"manual":{"instructions":"é"}}`), Annotations: map[string]string{"k": "v"}},
		}))
		got := must[app.Entitlement](f)(app.GetEntitlement(f.db.Q(f.ctx), a.ID, want.ID))
		f.same("name", got.DisplayName, want.DisplayName)
		f.same("alias", got.Alias, want.Alias)
		f.same("slug", got.Slug, want.Slug)
		f.same("purpose", got.Purpose, want.Purpose)
		f.same("longest grant", got.MaxGrant, want.MaxGrant)
		f.same("annotation", got.Annotations["k"], "v")
		f.same("policy", strings.ReplaceAll(string(got.Provision), " ", ""), `{"manual":{"instructions":"é"}}`)
		f.same("resource", got.ResourceID, e.ResourceID)
	})
}

func TestAnEntitlementNeedsAResourceOfItsType(t *testing.T) {
	each(t, func(f *fixture) {
		a, other := f.app("Wiki"), f.app("Payroll")
		e := f.role(a.ID, "writers")
		for _, bad := range []app.Entitlement{
			{AppID: other.ID, TypeID: e.TypeID, ResourceID: e.ResourceID},
			{AppID: a.ID, TypeID: app.CredentialType, ResourceID: e.ResourceID},
			{AppID: a.ID, TypeID: e.TypeID, ResourceID: app.AccessResource},
			{AppID: "nothing", TypeID: e.TypeID, ResourceID: e.ResourceID},
		} {
			bad.DisplayName = "x"
			_, err := f.apps.CreateEntitlement(f.ctx, bad)
			f.refused(err, fault.NotFound, "")
		}
	})
}

func TestNoTwoLiveEntitlementsShareAnAlias(t *testing.T) {
	each(t, func(f *fixture) {
		a, b := f.app("Wiki"), f.app("Payroll")
		one, two := f.role(a.ID, "writers"), f.role(b.ID, "writers")
		alias := func(e app.Entitlement, alias string) error {
			_, err := f.apps.UpdateEntitlement(f.ctx, e.AppID, e.ID, func(v *app.Entitlement) error {
				v.Alias = alias
				return nil
			})
			return err
		}
		for _, err := range []error{alias(one, "writers"), alias(one, "writers"), alias(two, "Writers")} {
			if err != nil {
				f.Fatal(err)
			}
		}
		f.refused(alias(two, "writers"), fault.Exists, "")
		if err := f.apps.DeleteApp(f.ctx, a.ID); err != nil {
			f.Fatal(err)
		}
		if err := alias(two, "writers"); err != nil {
			f.Errorf("the alias of a deleted entitlement is still taken: %v", err)
		}
	})
}

func TestTwoWhoWantOneAliasAtOnceGetItOnce(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Wiki")
		e := f.role(a.ID, "writers")
		errs := make([]error, 8)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				_, errs[i] = f.apps.CreateEntitlement(f.ctx,
					app.Entitlement{AppID: a.ID, TypeID: e.TypeID, ResourceID: e.ResourceID, DisplayName: "x", Alias: "writers"})
			})
		}
		all.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				f.refused(err, fault.Exists, "")
			}
		}
		f.same("winners", won, 1)
	})
}

func TestTwoWhoChangeOneEntitlementAtOnceDoNotUndoEachOther(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Wiki")
		e := f.role(a.ID, "writers")
		errs := make([]error, 8)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				_, errs[i] = f.apps.UpdateEntitlement(f.ctx, a.ID, e.ID, func(v *app.Entitlement) error {
					v.Slug += "+"
					return nil
				})
			})
		}
		all.Wait()
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
			} else {
				f.refused(err, fault.Conflict, "")
			}
		}
		got := must[app.Entitlement](f)(app.GetEntitlement(f.db.Q(f.ctx), a.ID, e.ID))
		f.same("changes that stayed", len(got.Slug)-len("member"), done)
		f.same("version", got.Version, int64(1+done))
	})
}

func TestAnEntitlementOverALimitIsRefusedByNameOfTheField(t *testing.T) {
	for field, change := range map[string]func(e *app.Entitlement){
		"displayName":         func(e *app.Entitlement) { e.DisplayName = " " },
		"description":         func(e *app.Entitlement) { e.Description = strings.Repeat("x", app.MaxDescription+1) },
		"alias":               func(e *app.Entitlement) { e.Alias = "a\u2003b" },
		"slug":                func(e *app.Entitlement) { e.Slug = strings.Repeat("x", app.MaxAlias+1) },
		"purpose":             func(e *app.Entitlement) { e.Purpose = "FUN" },
		"durationGrant":       func(e *app.Entitlement) { e.MaxGrant = time.Nanosecond },
		"provisionerPolicy":   func(e *app.Entitlement) { e.Provision = make([]byte, app.MaxPolicy+1) },
		"deprovisionerPolicy": func(e *app.Entitlement) { e.Deprovision = make([]byte, app.MaxPolicy+1) },
	} {
		e := app.Entitlement{DisplayName: "x", Purpose: app.PurposeAssignment, MaxGrant: app.MaxGrantLimit}
		if err := e.Validate(); err != nil {
			t.Fatal(err)
		}
		change(&e)
		if err := e.Validate(); !fault.Is(err, fault.Invalid) || fault.Of(err).Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, d := range []time.Duration{-time.Second, app.MaxGrantLimit + time.Microsecond} {
		if err := (app.Entitlement{DisplayName: "x", MaxGrant: d}).Validate(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", d, err)
		}
	}
}

func TestDeletingIsToldToThoseWhoKeepGrants(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Wiki")
		one, two, three := f.role(a.ID, "one"), f.role(a.ID, "two"), f.role(a.ID, "three")
		for _, err := range []error{
			f.apps.DeleteEntitlement(f.ctx, a.ID, one.ID),
			f.apps.DeleteResource(f.ctx, a.ID, two.TypeID, two.ResourceID),
			f.apps.DeleteResourceType(f.ctx, a.ID, three.TypeID),
		} {
			if err != nil {
				f.Fatal(err)
			}
		}
		f.same("told", len(f.ended.entitlements), 3)
		for i, e := range []app.Entitlement{one, two, three} {
			f.same("told of", f.ended.entitlements[i], e.ID)
			f.refused(second(app.GetEntitlement(f.db.Q(f.ctx), a.ID, e.ID)), fault.NotFound, "")
			f.refused(f.apps.DeleteEntitlement(f.ctx, a.ID, e.ID), fault.NotFound, "")
		}
		f.refused(second(app.GetResource(f.db.Q(f.ctx), a.ID, three.ResourceID)), fault.NotFound, "")
		f.same("reason", f.ended.reasons[0], app.ReasonEntitlement)
		left := must[[]app.Entitlement](f)(app.ManyEntitlements(f.db.Q(f.ctx), []app.EntitlementRef{one.Ref(), {AppID: a.ID, ID: "nothing"}}))
		f.same("history", len(left), 1)
		f.same("deleted at", left[0].DeletedAt.Equal(f.clock.Now()), true)
	})
}
