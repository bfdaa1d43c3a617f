package app_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// read is what a connector reads: a type, a resource of it and an entitlement on that, and the accounts.
func (f *fixture) read(c app.Connector, name string, accounts ...app.SeenAccount) (ids map[string]string, did app.Upserted) {
	f.Helper()
	f.write(func(tx *db.Tx) error {
		ids, did = map[string]string{}, app.Upserted{}
		count := func(u app.Upserted) { did.Added, did.Changed = did.Added+u.Added, did.Changed+u.Changed }
		types, u, err := f.apps.UpsertResourceTypes(tx, c.Ref(), []app.SeenResourceType{{ExternalID: "role", Kind: app.KindRole, DisplayName: "Role"}})
		if err != nil {
			return err
		}
		count(u)
		resources, u, err := f.apps.UpsertResources(tx, c.Ref(), []app.SeenResource{
			{ExternalID: "1", TypeID: types["role"], DisplayName: name, Description: "read", Profile: map[string]any{"oid": 16384}},
		})
		if err != nil {
			return err
		}
		count(u)
		entitlements, u, err := f.apps.UpsertEntitlements(tx, c.Ref(), []app.SeenEntitlement{
			{ExternalID: "1", TypeID: types["role"], ResourceID: resources["1"], DisplayName: name + " member", Slug: "member"},
		})
		if err != nil {
			return err
		}
		count(u)
		seen, u, err := f.apps.UpsertAccounts(tx, c.Ref(), accounts)
		if err != nil {
			return err
		}
		count(u)
		ids["type"], ids["resource"], ids["entitlement"] = string(types["role"]), string(resources["1"]), string(entitlements["1"])
		for external, id := range seen {
			ids["account "+external] = string(id)
		}
		return nil
	})
	return ids, did
}

func (f *fixture) account(a app.ID, id string) app.Account {
	f.Helper()
	return must[app.Account](f)(app.GetAccount(f.db.Q(f.ctx), a, app.AccountID(id)))
}

func TestReadingTheSameAgainWritesNothing(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		c := f.connector(a.ID)
		grace := app.SeenAccount{ExternalID: "10", Username: "grace", Email: "grace@example.com", Profile: map[string]any{"super": true, "limit": 5}}
		first, did := f.read(c, "writers", grace)
		f.same("first", did, app.Upserted{Added: 4})
		events := len(f.events("connector", string(c.ID)))
		f.clock.Advance(1)
		second, did := f.read(c, "writers", grace)
		f.same("again", did, app.Upserted{})
		f.same("identities", fmt.Sprint(second), fmt.Sprint(first))
		f.same("events", len(f.events("connector", string(c.ID))), events)
		_, did = f.read(c, "authors", app.SeenAccount{ExternalID: "10", Username: "hopper", Email: "grace@example.com"})
		f.same("renamed", did, app.Upserted{Changed: 3})
		f.same("account", f.account(a.ID, first["account 10"]).Username, "hopper")
	})
}

func TestWhatPeopleWroteIsNotOverwritten(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		c := f.connector(a.ID)
		ids, _ := f.read(c, "writers")
		entitlement, resource := app.EntitlementID(ids["entitlement"]), app.ResourceID(ids["resource"])
		must[app.Entitlement](f)(f.apps.UpdateEntitlement(f.ctx, a.ID, entitlement, func(e *app.Entitlement) error {
			e.DisplayName, e.Alias, e.Slug, e.MaxGrant = "Those who write", "writers", "pen", 3600e9
			return nil
		}))
		must[app.Resource](f)(f.apps.UpdateResource(f.ctx, a.ID, app.ResourceTypeID(ids["type"]), resource, func(r *app.Resource) error {
			r.Description, r.CustomDescription = "by Ada", "custom"
			return nil
		}))
		f.read(c, "authors")
		e := must[app.Entitlement](f)(app.GetEntitlement(f.db.Q(f.ctx), a.ID, entitlement))
		f.same("name", e.DisplayName, "Those who write")
		f.same("settings", e.Alias+e.Slug+e.MaxGrant.String(), "writerspen1h0m0s")
		f.same("edited", strings.Join(e.Edited, ","), "displayName")
		r := must[app.Resource](f)(app.GetResource(f.db.Q(f.ctx), a.ID, resource))
		f.same("resource", r.DisplayName, "authors")
		f.same("description", r.Description, "by Ada")
		f.same("custom", r.CustomDescription, "custom")
	})
}

func TestAnAccountFindsTheUserWithItsAddress(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		c := f.connector(a.ID)
		grace, linus := f.user("grace"), f.user("linus")
		seen := app.SeenAccount{ExternalID: "10", Username: "gh", Email: "GRACE@example.com"}
		ids, _ := f.read(c, "writers", seen, app.SeenAccount{ExternalID: "11", Username: "nobody"})
		f.same("by address", f.account(a.ID, ids["account 10"]).UserID, grace.ID)
		f.same("without one", f.account(a.ID, ids["account 11"]).UserID, directory.UserID(""))
		seen.Email = "linus@example.com"
		f.read(c, "writers", seen)
		f.same("after a new address", f.account(a.ID, ids["account 10"]).UserID, linus.ID)
		must[directory.User](f)(f.people.Delete(f.ctx, linus.ID, "left"))
		f.read(c, "writers", seen)
		f.same("of a deleted user", f.account(a.ID, ids["account 10"]).UserID, directory.UserID(""))
	})
}

func TestWhoseAnAccountIsStaysAsAPersonSaid(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		c := f.connector(a.ID)
		f.user("grace")
		linus := f.user("linus")
		seen := app.SeenAccount{ExternalID: "10", Username: "gh", Email: "grace@example.com"}
		ids, _ := f.read(c, "writers", seen)
		for _, whose := range []directory.UserID{linus.ID, ""} {
			must[app.Account](f)(f.apps.UpdateAccount(f.ctx, a.ID, app.AccountID(ids["account 10"]), func(v *app.Account) error {
				v.UserID, v.Kind = whose, app.KindService
				return nil
			}))
			f.read(c, "writers", seen)
			got := f.account(a.ID, ids["account 10"])
			f.same("whose", got.UserID, whose)
			f.same("kind", got.Kind, app.KindService)
		}
		_, err := f.apps.UpdateAccount(f.ctx, a.ID, app.AccountID(ids["account 10"]), func(v *app.Account) error {
			v.Username = "other"
			return nil
		})
		f.refused(err, fault.Precondition, "")
	})
}

func TestAnAccountMadeByPeopleIsTakenOverByItsUserName(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		grace := f.user("grace")
		made := must[app.Account](f)(f.apps.CreateAccount(f.ctx, app.Account{AppID: a.ID, Username: "gh", UserID: grace.ID}))
		c := f.connector(a.ID)
		ids, did := f.read(c, "writers", app.SeenAccount{ExternalID: "10", Username: "gh"}, app.SeenAccount{ExternalID: "11", Username: "gh"})
		f.same("did", did, app.Upserted{Added: 4, Changed: 1})
		got := f.account(a.ID, ids["account 10"])
		f.same("identity", got.ID, made.ID)
		f.same("whose", got.UserID, grace.ID)
		f.same("external id", got.ExternalID, "10")
		f.same("a second one of that name is new", ids["account 11"] == ids["account 10"], false)
	})
}

func TestATypeOfAKindThatThereIsServesTheConnectorToo(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		own := must[app.ResourceType](f)(f.apps.CreateResourceType(f.ctx, app.ResourceType{AppID: a.ID, Kind: app.KindRole, DisplayName: "Ours"}))
		c := f.connector(a.ID)
		ids, _ := f.read(c, "writers")
		f.same("type", ids["type"], string(own.ID))
		f.same("name", must[app.ResourceType](f)(app.GetResourceType(f.db.Q(f.ctx), a.ID, own.ID)).DisplayName, "Ours")
	})
}

func TestOddTextsOfATargetAreCutToOurLimits(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		c := f.connector(a.ID)
		ids, _ := f.read(c, strings.Repeat("é", 1000), app.SeenAccount{
			ExternalID: "10", DisplayName: " \x00", Username: "a\xffb\x00", Email: strings.Repeat("x", 1000), StatusDetails: strings.Repeat("y", 1000),
			Emails: make([]string, 100), Usernames: []string{strings.Repeat("z", 1000)},
		})
		got := f.account(a.ID, ids["account 10"])
		f.same("user name", got.Username, "a\uFFFDb\uFFFD")
		f.same("address", len(got.Email), app.MaxEmail)
		f.same("lists", len(got.Emails), app.MaxList)
		if err := got.Validate(); err != nil {
			f.Error(err)
		}
		r := must[app.Resource](f)(app.GetResource(f.db.Q(f.ctx), a.ID, app.ResourceID(ids["resource"])))
		f.same("name", r.DisplayName, strings.Repeat("é", app.MaxName))
	})
}

func TestATextOfATargetThatPeopleCouldNotWriteIsCleanedAndReadOn(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		c := f.connector(a.ID)
		odd := "x\x1b[2J\r\n\u202ey"
		ids, did := f.read(c, odd, app.SeenAccount{
			ExternalID: "10", DisplayName: odd, Username: odd, Email: odd, StatusDetails: odd, Emails: []string{odd}, Usernames: []string{odd},
		})
		f.same("did", did, app.Upserted{Added: 4})
		account := f.account(a.ID, ids["account 10"])
		f.same("user name", account.Username, "x\uFFFD[2J\uFFFD\uFFFD\uFFFDy")
		resource := must[app.Resource](f)(app.GetResource(f.db.Q(f.ctx), a.ID, app.ResourceID(ids["resource"])))
		entitlement := must[app.Entitlement](f)(app.GetEntitlement(f.db.Q(f.ctx), a.ID, app.EntitlementID(ids["entitlement"])))
		for what, err := range map[string]error{"account": account.Validate(), "resource": resource.Validate(), "entitlement": entitlement.Validate()} {
			if err != nil {
				f.Errorf("%s: %v", what, err)
			}
		}
		_, did = f.read(c, odd, app.SeenAccount{
			ExternalID: "10", DisplayName: odd, Username: odd, Email: odd, StatusDetails: odd, Emails: []string{odd}, Usernames: []string{odd},
		})
		f.same("read again", did, app.Upserted{})
	})
}

func TestAnUpsertTakesALimitedBatch(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		c := f.connector(a.ID)
		many := make([]app.SeenAccount, app.MaxBatch+1)
		for i := range many {
			many[i] = app.SeenAccount{ExternalID: fmt.Sprint(i), Username: fmt.Sprint("u", i), Email: fmt.Sprintf("u%d@example.com", i)}
		}
		err := f.db.Write(f.ctx, func(tx *db.Tx) error {
			_, _, err := f.apps.UpsertAccounts(tx, c.Ref(), many)
			return err
		})
		if err == nil {
			f.Error("over the limit")
		}
		ids, did := f.read(c, "writers", many[:app.MaxBatch]...)
		f.same("did", did, app.Upserted{Added: app.MaxBatch + 3})
		f.same("identities", len(ids), app.MaxBatch+3)
		known := must[app.Known](f)(app.KnownOf(f.db.Q(f.ctx), c.Ref()))
		f.same("known accounts", len(known.Accounts), app.MaxBatch)
		f.same("known entitlement", string(known.Entitlements["1"]), ids["entitlement"])
	})
}
