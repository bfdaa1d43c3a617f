package app_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestAnAppHasOneTypeOfEachKindButCustom(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Wiki")
		for _, kind := range app.ResourceKinds {
			made := must[app.ResourceType](f)(f.apps.CreateResourceType(f.ctx, app.ResourceType{AppID: a.ID, Kind: kind, DisplayName: "x"}))
			_, err := f.apps.CreateResourceType(f.ctx, app.ResourceType{AppID: a.ID, Kind: kind, DisplayName: "y"})
			if kind == app.KindCustom {
				f.same("a second CUSTOM", err, nil)
				continue
			}
			f.refused(err, fault.Exists, "")
			if err := f.apps.DeleteResourceType(f.ctx, a.ID, made.ID); err != nil {
				f.Fatal(err)
			}
			must[app.ResourceType](f)(f.apps.CreateResourceType(f.ctx, app.ResourceType{AppID: a.ID, Kind: kind, DisplayName: "y"}))
		}
		_, err := f.apps.CreateResourceType(f.ctx, app.ResourceType{AppID: a.ID, Kind: "HAT", DisplayName: "x"})
		f.refused(err, fault.Invalid, "resourceType")
	})
}

func TestTwoWhoMakeOneKindAtOnceMakeItOnce(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Wiki")
		errs := make([]error, 8)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				_, errs[i] = f.apps.CreateResourceType(f.ctx, app.ResourceType{AppID: a.ID, Kind: app.KindRole, DisplayName: "x"})
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

func TestEveryKindHasItsTrait(t *testing.T) {
	for _, kind := range app.ResourceKinds {
		if got := app.KindOfTrait(kind.Trait()); got != kind {
			t.Errorf("the trait of %s is that of %q", kind, got)
		}
	}
	if got := app.KindOfTrait("none"); got != "" {
		t.Errorf("no trait is that of %q", got)
	}
}

func TestAResourceIsFoundUnderItsTypeOnly(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Wiki")
		one, two := f.role(a.ID, "one"), f.role(a.ID, "two")
		change := func(r *app.Resource) error {
			r.Description, r.ID, r.TypeID, r.ExternalID = "d", "other", two.TypeID, "x"
			return nil
		}
		_, err := f.apps.UpdateResource(f.ctx, a.ID, two.TypeID, one.ResourceID, change)
		f.refused(err, fault.NotFound, "")
		f.refused(f.apps.DeleteResource(f.ctx, a.ID, two.TypeID, one.ResourceID), fault.NotFound, "")
		must[app.Resource](f)(f.apps.UpdateResource(f.ctx, a.ID, one.TypeID, one.ResourceID, change))
		got := must[app.Resource](f)(app.GetResourceOfType(f.db.Q(f.ctx), a.ID, one.TypeID, one.ResourceID))
		f.same("description", got.Description, "d")
		f.same("external id", got.ExternalID, "")
		f.same("events", f.events("resource", string(got.ID)), []string{"resource.created", "resource.updated"})
	})
}

func TestNamesOfTypesAndResourcesHaveLimits(t *testing.T) {
	long := strings.Repeat("x", app.MaxName+1)
	for _, err := range []error{
		app.ResourceType{Kind: app.KindRole, DisplayName: long}.Validate(),
		app.ResourceType{Kind: app.KindRole}.Validate(),
		app.Resource{DisplayName: long}.Validate(),
		app.Resource{DisplayName: "\x00"}.Validate(),
	} {
		if !fault.Is(err, fault.Invalid) || fault.Of(err).Field != "displayName" {
			t.Error(err)
		}
	}
	if err := (app.Resource{DisplayName: "x", Description: strings.Repeat("x", app.MaxDescription+1)}).Validate(); fault.Of(err).Field != "description" {
		t.Error(err)
	}
}
