package automation_test

import (
	"fmt"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
)

// reads has the connector of a site read one of its accounts as it is now.
func (w *world) reads(c site, i int, status app.AccountStatus) {
	w.t.Helper()
	a, err := app.GetAccount(w.DB.Q(w.Ctx), c.of.AppID, c.Accounts[i])
	w.must(err)
	w.Write(func(tx *db.Tx) error {
		_, _, err := w.Apps.UpsertAccounts(tx, c.Connector.Ref(), []app.SeenAccount{
			{ExternalID: a.ExternalID, Username: a.Username, Email: a.Email, Status: status},
		})
		return err
	})
}

// named are the names of users as holders tells them.
func (w *world) named(users ...directory.UserID) string {
	w.t.Helper()
	var names []string
	for _, u := range users {
		found, err := w.Directory.Get(w.Ctx, u)
		w.must(err)
		names = append(names, found.DisplayName)
	}
	return fmt.Sprint(names)
}

func TestWhatAnAccountPassesOnStopsAndGoesOnWithTheAccount(t *testing.T) {
	onWorlds(t, func(w *world) {
		c := w.site(2)
		w.give(c.of, c.Users[0])
		w.done()
		w.must(w.bind(c.of, w.a))
		_, err := w.auto.Create(w.Ctx, automation.Rule{Of: w.b, Kind: automation.Holders, Sources: []app.EntitlementRef{c.of}})
		w.must(err)
		_, err = w.auto.Create(w.Ctx, automation.Rule{
			Of: w.c, Kind: automation.CEL, Expression: fmt.Sprintf("c1.user.v1.HasEntitlement(subject, %q, %q)",
				id.KSUID(string(c.of.AppID)), id.KSUID(string(c.of.ID))),
		})
		w.must(err)
		want := func(names string) {
			t.Helper()
			w.settle() // seconds: nobody waits for the pass that is made every few minutes
			for _, of := range []app.EntitlementRef{w.a, w.b, w.c} {
				w.wantHolders(of, names)
			}
		}
		want(w.named(c.Users[0]))
		w.reads(c, 0, app.Disabled)
		want("[]")
		w.reads(c, 0, app.Disabled) // which changes nothing
		want("[]")
		w.reads(c, 0, app.Enabled)
		want(w.named(c.Users[0]))
		_, err = w.Apps.UpdateAccount(w.Ctx, c.of.AppID, c.Accounts[0], func(a *app.Account) error { a.UserID = c.Users[1]; return nil })
		w.must(err)
		want(w.named(c.Users[1]))
	})
}

func TestAnAccountThatIsFoundIsGivenWhatItsPersonIsToHold(t *testing.T) {
	onWorlds(t, func(w *world) {
		c := w.site(2)
		_, err := w.Apps.UpdateAccount(w.Ctx, c.of.AppID, c.Accounts[0], func(a *app.Account) error { a.UserID = ""; return nil })
		w.must(err)
		w.give(w.a, c.Users[0])
		w.must(w.bind(w.a, c.of))
		w.done()
		w.wantHolders(c.of, "[]")
		_, err = w.Apps.UpdateAccount(w.Ctx, c.of.AppID, c.Accounts[0], func(a *app.Account) error { a.UserID = c.Users[0]; return nil })
		w.must(err)
		w.done()
		w.wantHolders(c.of, w.named(c.Users[0]))
	})
}
