package app_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestEveryAppHasTheSameBuiltInObjects(t *testing.T) {
	each(t, func(f *fixture) {
		for _, name := range []string{"Wiki", "Payroll"} {
			a := f.app(name)
			q := f.db.Q(f.ctx)
			credential := must[app.ResourceType](f)(app.GetResourceType(q, a.ID, app.CredentialType))
			f.same("type", credential.DisplayName, "Credential")
			access := must[app.Entitlement](f)(app.GetEntitlement(q, a.ID, app.AccessEntitlement))
			f.same("entitlement", access.DisplayName, "Access")
			f.same("builtin", access.Builtin && credential.Builtin, true)
			resource := must[app.Resource](f)(app.GetResource(q, a.ID, access.ResourceID))
			f.same("its type", resource.TypeID, app.CredentialType)
		}
	})
}

func TestBuiltInObjectsCannotBeDeletedOrRenamed(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Wiki")
		f.refused(f.apps.DeleteEntitlement(f.ctx, a.ID, app.AccessEntitlement), fault.Precondition, "")
		f.refused(f.apps.DeleteResource(f.ctx, a.ID, app.CredentialType, app.AccessResource), fault.Precondition, "")
		f.refused(f.apps.DeleteResourceType(f.ctx, a.ID, app.CredentialType), fault.Precondition, "")
		_, err := f.apps.UpdateResourceType(f.ctx, a.ID, app.CredentialType, func(t *app.ResourceType) error {
			t.DisplayName = "Keys"
			return nil
		})
		f.refused(err, fault.Precondition, "")
		_, err = f.apps.CreateResource(f.ctx, app.Resource{AppID: a.ID, TypeID: app.CredentialType, DisplayName: "Key"})
		f.refused(err, fault.Precondition, "")
	})
}

func TestAnAppIsReadBackAsItWasWritten(t *testing.T) {
	each(t, func(f *fixture) {
		want := must[app.App](f)(f.apps.CreateApp(f.ctx, app.App{
			DisplayName: "  Wiki ", Description: "Ümläute, 日本語",
			Settings: app.Settings{
				IconURL: "https://example.com/i.png", Instructions: "Ask Grace", MonthlyCostUSD: 12, IdentityMatching: app.MatchStrict,
				Annotations: map[string]string{"managed_by": "terraform"},
			},
		}))
		got := must[app.App](f)(app.GetApp(f.db.Q(f.ctx), want.ID))
		f.same("name", got.DisplayName, "  Wiki ")
		f.same("description", got.Description, want.Description)
		f.same("icon", got.IconURL, want.IconURL)
		f.same("instructions", got.Instructions, want.Instructions)
		f.same("cost", got.MonthlyCostUSD, want.MonthlyCostUSD)
		f.same("matching", got.IdentityMatching, want.IdentityMatching)
		f.same("annotation", got.Annotations["managed_by"], "terraform")
		f.same("made by", string(got.CreatedBy), "ada")
		f.same("managed by hand", got.ManuallyManaged, true)
		f.same("created", got.CreatedAt.Equal(start), true)
		f.same("version", got.Version, int64(1))
	})
}

func TestAnAppOverALimitIsRefusedByNameOfTheField(t *testing.T) {
	each(t, func(f *fixture) {
		for field, a := range map[string]app.App{
			"displayName":    {DisplayName: strings.Repeat("é", app.MaxName+1)},
			"description":    {DisplayName: "a", Description: strings.Repeat("x", app.MaxDescription+1)},
			"instructions":   {DisplayName: "a", Settings: app.Settings{Instructions: strings.Repeat("x", app.MaxInstructions+1)}},
			"iconUrl":        {DisplayName: "a", Settings: app.Settings{IconURL: "javascript:alert(1)"}},
			"monthlyCostUsd": {DisplayName: "a", Settings: app.Settings{MonthlyCostUSD: -1}},
		} {
			_, err := f.apps.CreateApp(f.ctx, a)
			f.refused(err, fault.Invalid, field)
		}
		for _, blank := range []string{"", " ", "\t\n", "a\x00b", "\xff", "a\x1b[2Jb", "a\nb", "a\rb", "a\u202eb", "a\u2066b"} {
			_, err := f.apps.CreateApp(f.ctx, app.App{DisplayName: blank})
			f.refused(err, fault.Invalid, "displayName")
		}
		_, err := f.apps.CreateApp(f.ctx, app.App{DisplayName: "a", Settings: app.Settings{IdentityMatching: "CUSTOM"}})
		f.refused(err, fault.Unimplemented, "")
		must[app.App](f)(f.apps.CreateApp(f.ctx, app.App{DisplayName: strings.Repeat("é", app.MaxName)}))
	})
}

func TestAnUpdateWritesWhatItChangesAndSaysSo(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Wiki")
		f.clock.Advance(1)
		after := must[app.App](f)(f.apps.UpdateApp(f.ctx, a.ID, func(v *app.App) error {
			v.Description, v.ID, v.Version, v.ManuallyManaged = "all that is written", "other", 99, false
			return nil
		}))
		got := must[app.App](f)(app.GetApp(f.db.Q(f.ctx), a.ID))
		f.same("description", got.Description, "all that is written")
		f.same("version", got.Version, int64(2))
		f.same("returned version", after.Version, got.Version)
		f.same("managed by hand", got.ManuallyManaged, true)
		events := f.history("app", string(a.ID))
		f.same("events", f.events("app", string(a.ID)), []string{"app.created", "app.updated"})
		change, _ := events[1].Data["description"].(map[string]any)
		f.same("told", change["to"], "all that is written")
		f.same("told members", len(events[1].Data), 1)
	})
}

func TestAnUpdateThatChangesNothingWritesNothing(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Wiki")
		f.clock.Advance(1)
		after := must[app.App](f)(f.apps.UpdateApp(f.ctx, a.ID, func(*app.App) error { return nil }))
		f.same("version", after.Version, int64(1))
		f.same("updated", after.UpdatedAt.Equal(a.UpdatedAt), true)
		f.same("events", f.events("app", string(a.ID)), []string{"app.created"})
	})
}

func TestARefusedChangeChangesNothing(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Wiki")
		refusal := errors.New("no")
		_, err := f.apps.UpdateApp(f.ctx, a.ID, func(v *app.App) error {
			v.DisplayName = "Other"
			return refusal
		})
		f.same("error", errors.Is(err, refusal), true)
		_, err = f.apps.UpdateApp(f.ctx, a.ID, func(v *app.App) error {
			v.DisplayName = ""
			return nil
		})
		f.refused(err, fault.Invalid, "displayName")
		f.same("name", must[app.App](f)(app.GetApp(f.db.Q(f.ctx), a.ID)).DisplayName, "Wiki")
	})
}

func TestDeletingAnAppDeletesAllThatIsInItAndTells(t *testing.T) {
	each(t, func(f *fixture) {
		a, other := f.app("Wiki"), f.app("Payroll")
		e := f.role(a.ID, "writers")
		account := must[app.Account](f)(f.apps.CreateAccount(f.ctx, app.Account{AppID: a.ID, Username: "grace"}))
		c := f.connector(a.ID)
		if err := f.apps.DeleteApp(f.ctx, a.ID); err != nil {
			f.Fatal(err)
		}
		q := f.db.Q(f.ctx)
		for what, err := range map[string]error{
			"app":         second(app.GetApp(q, a.ID)),
			"type":        second(app.GetResourceType(q, a.ID, e.TypeID)),
			"resource":    second(app.GetResource(q, a.ID, e.ResourceID)),
			"entitlement": second(app.GetEntitlement(q, a.ID, e.ID)),
			"account":     second(app.GetAccount(q, a.ID, account.ID)),
			"connector":   second(app.GetConnector(q, a.ID, c.ID)),
			"built-in":    second(app.GetEntitlement(q, a.ID, app.AccessEntitlement)),
		} {
			if !fault.Is(err, fault.NotFound) {
				f.Errorf("the %s lives on: %v", what, err)
			}
		}
		f.same("told apps", len(f.ended.apps), 1)
		f.same("told reason", f.ended.reasons, []string{app.ReasonApp})
		left := must[[]app.Connector](f)(app.ManyConnectors(q, []app.ConnectorRef{c.Ref()}))
		f.same("the way to the target", string(left[0].Config), "sealed")
		history := must[[]app.Account](f)(app.ManyAccounts(q, []app.AccountRef{account.Ref()}))
		f.same("account's status", history[0].Status, app.Deleted)
		must[app.Entitlement](f)(app.GetEntitlement(q, other.ID, app.AccessEntitlement))
		f.refused(f.apps.DeleteApp(f.ctx, a.ID), fault.NotFound, "")
		f.same("events", f.events("app", string(a.ID)), []string{"app.created", "app.deleted"})
	})
}

func TestAListenerThatFailsKeepsTheAppAlive(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Wiki")
		f.ended.fail = errors.New("cannot end grants")
		if err := f.apps.DeleteApp(f.ctx, a.ID); !errors.Is(err, f.ended.fail) {
			f.Fatalf("DeleteApp = %v", err)
		}
		must[app.App](f)(app.GetApp(f.db.Q(f.ctx), a.ID))
	})
}

func second[T any](_ T, err error) error { return err }
