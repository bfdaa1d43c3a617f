package app_test

import (
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestAnAccountIsNamedAfterWhatIsKnownOfIt(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Wiki")
		for want, v := range map[string]app.Account{
			"Grace":             {DisplayName: "Grace", Username: "g1", Email: "grace@example.com"},
			"g2":                {Username: "g2", Email: "grace@example.com"},
			"grace@example.com": {Email: "grace@example.com"},
		} {
			v.AppID = a.ID
			got := must[app.Account](f)(f.apps.CreateAccount(f.ctx, v))
			f.same("name", got.DisplayName, want)
			f.same("kind", got.Kind, app.KindUser)
			f.same("status", got.Status, app.Enabled)
		}
		_, err := f.apps.CreateAccount(f.ctx, app.Account{AppID: a.ID})
		f.refused(err, fault.Invalid, "username")
	})
}

func TestAnAccountOfAnUnknownOrDeletedUserIsRefused(t *testing.T) {
	each(t, func(f *fixture) {
		a, u := f.app("Wiki"), f.user("grace")
		account := must[app.Account](f)(f.apps.CreateAccount(f.ctx, app.Account{AppID: a.ID, Username: "grace", UserID: u.ID}))
		f.same("whose", account.UserID, u.ID)
		must[directory.User](f)(f.people.Delete(f.ctx, u.ID, "left"))
		for _, whose := range []directory.UserID{u.ID, "nobody"} {
			_, err := f.apps.CreateAccount(f.ctx, app.Account{AppID: a.ID, Username: "other", UserID: whose})
			f.refused(err, fault.NotFound, "")
			_, err = f.apps.UpdateAccount(f.ctx, a.ID, account.ID, func(v *app.Account) error {
				v.UserID, v.DisplayName = whose, "x"
				return nil
			})
			f.refused(err, fault.NotFound, "")
		}
		_, err := f.apps.CreateAccount(f.ctx, app.Account{AppID: "nothing", Username: "x"})
		f.refused(err, fault.NotFound, "")
	})
}

func TestALiveUserNameIsUniqueInItsApp(t *testing.T) {
	each(t, func(f *fixture) {
		a, b := f.app("Wiki"), f.app("Payroll")
		one := must[app.Account](f)(f.apps.CreateAccount(f.ctx, app.Account{AppID: a.ID, Username: "grace"}))
		_, err := f.apps.CreateAccount(f.ctx, app.Account{AppID: a.ID, Username: "grace"})
		f.refused(err, fault.Exists, "")
		must[app.Account](f)(f.apps.CreateAccount(f.ctx, app.Account{AppID: b.ID, Username: "grace"}))
		two := must[app.Account](f)(f.apps.CreateAccount(f.ctx, app.Account{AppID: a.ID, Username: "linus"}))
		rename := func(v *app.Account) error {
			v.Username = "grace"
			return nil
		}
		_, err = f.apps.UpdateAccount(f.ctx, a.ID, two.ID, rename)
		f.refused(err, fault.Exists, "")
		must[app.Account](f)(f.apps.UpdateAccount(f.ctx, a.ID, one.ID, rename))
	})
}

func TestAChangeOfAnAccountTouchesWhatPeopleMayWrite(t *testing.T) {
	each(t, func(f *fixture) {
		a, u := f.app("Wiki"), f.user("grace")
		v := must[app.Account](f)(f.apps.CreateAccount(f.ctx, app.Account{AppID: a.ID, Username: "grace"}))
		got := must[app.Account](f)(f.apps.UpdateAccount(f.ctx, a.ID, v.ID, func(v *app.Account) error {
			v.UserID, v.Kind, v.Email, v.Status, v.ExternalID = u.ID, app.KindService, "g@example.com", app.Disabled, "x"
			return nil
		}))
		f.same("whose", got.UserID, u.ID)
		f.same("chosen", got.Chosen && got.KindChosen, true)
		f.same("status", got.Status, app.Enabled)
		f.same("external id", got.ExternalID, "")
		events := f.history("account", string(v.ID))
		f.same("about", events[1].UserID, string(u.ID))
		_, err := f.apps.UpdateAccount(f.ctx, a.ID, v.ID, func(v *app.Account) error {
			v.Email = "nowhere"
			return nil
		})
		f.refused(err, fault.Invalid, "email")
	})
}

func TestAnAccountOverALimitIsRefusedByNameOfTheField(t *testing.T) {
	long := strings.Repeat("x", app.MaxName+1)
	for field, v := range map[string]app.Account{
		"displayName":    {DisplayName: long, Kind: app.KindUser},
		"username":       {DisplayName: "x", Kind: app.KindUser, Username: long},
		"email":          {DisplayName: "x", Kind: app.KindUser, Email: strings.Repeat("x", app.MaxEmail+1)},
		"status.details": {DisplayName: "x", Kind: app.KindUser, StatusDetails: long},
		"appUserType":    {DisplayName: "x", Kind: "ALIEN"},
		"emails":         {DisplayName: "x", Kind: app.KindUser, AccountDoc: app.AccountDoc{Emails: make([]string, app.MaxList+1)}},
		"usernames[0]":   {DisplayName: "x", Kind: app.KindUser, AccountDoc: app.AccountDoc{Usernames: []string{long}}},
	} {
		if err := v.Validate(); !fault.Is(err, fault.Invalid) || fault.Of(err).Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
