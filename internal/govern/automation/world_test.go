package automation_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/tag"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/page"
)

// world is a house with a wiki, three entitlements in it, and the automation at work.
type world struct {
	*granttest.House

	t       *testing.T
	auto    *automation.Service
	tags    *tag.Service
	wiki    app.App
	a, b, c app.EntitlementRef
}

func onWorlds(t *testing.T, test func(w *world)) {
	t.Helper()
	dbtest.Watched(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		t.Cleanup(w.auto.Close)
		test(w)
	})
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	h := granttest.New(t, d)
	policies, err := policy.New(policy.Deps{DB: d, Clock: h.Clock, Audit: h.Audit, Owners: owner.New(owner.Deps{DB: d, Clock: h.Clock, Audit: h.Audit})})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{House: h, t: t}
	w.auto = automation.New(automation.Deps{DB: d, Clock: h.Clock, Audit: h.Audit, Grants: h.Grants, Policies: policies})
	w.tags = tag.New(tag.Deps{DB: d, Clock: h.Clock, Audit: h.Audit})
	w.tags.Tell(w.auto)
	h.Directory.Tell(w.tags)
	h.Grants.Watch(w.auto)
	h.Directory.TellChanged(w.auto)
	h.Directory.TellCreated(w.auto)
	h.Apps.TellAccounts(w.auto)
	w.wiki = w.app("Wiki")
	w.a, w.b, w.c = w.thing(w.wiki, "A"), w.thing(w.wiki, "B"), w.thing(w.wiki, "C")
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) app(name string) app.App {
	w.t.Helper()
	a, err := w.Apps.CreateApp(w.Ctx, app.App{DisplayName: name})
	w.must(err)
	return a
}

func (w *world) thing(in app.App, name string) app.EntitlementRef {
	w.t.Helper()
	e, err := w.Apps.CreateEntitlement(w.Ctx, app.Entitlement{
		AppID: in.ID, TypeID: app.CredentialType, ResourceID: app.AccessResource, DisplayName: name,
	})
	w.must(err)
	return e.Ref()
}

func (w *world) user(name, department string) directory.UserID {
	w.t.Helper()
	u, err := w.Directory.Create(w.Ctx, directory.User{DisplayName: name, Email: name + "@example.com", Department: department})
	w.must(err)
	return u.ID
}

// give gives by hand.
func (w *world) give(of app.EntitlementRef, u directory.UserID) grant.Key {
	w.t.Helper()
	account, err := w.Grants.AccountFor(w.Ctx, of.AppID, u)
	w.must(err)
	g, err := w.Grants.Create(w.Ctx, grant.Key{App: of.AppID, Entitlement: of.ID, Account: account}, grantNoEnd)
	w.must(err)
	return g.Key
}

// settle lets a second pass and makes every pass that is due.
func (w *world) settle() {
	w.t.Helper()
	for range 20 {
		w.Clock.Advance(settleTime)
		n := 0
		for _, s := range append(w.Grants.Enders(), w.auto.Keeper()) {
			k, err := s.Run(context.Background(), w.Clock.Now())
			w.must(err)
			n += k
		}
		if n == 0 {
			return
		}
	}
	w.t.Fatal("it does not settle")
}

// holders are the names of who has access, in the order in which they were made.
func (w *world) holders(of app.EntitlementRef) string {
	w.t.Helper()
	names, err := db.Collect(w.DB.Q(w.Ctx), func(r *db.Rows) (s string, err error) { return s, r.Scan(&s) },
		`select u.display_name from grants g join account a on a.app_id = g.app_id and a.id = g.account_id join users u on u.id = a.user_id
			join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id join app p on p.id = g.app_id
			where g.app_id = $1 and g.entitlement_id = $2 and `+grant.AccessSQL("$3")+` order by u.display_name`,
		of.AppID, of.ID, w.Clock.Now().UnixMicro())
	w.must(err)
	return fmt.Sprint(names)
}

func (w *world) wantHolders(of app.EntitlementRef, want string) {
	w.t.Helper()
	if got := w.holders(of); got != want {
		w.t.Errorf("%s hold it, want %s", got, want)
	}
}

// kinds are the kinds of the events about an entitlement.
func (w *world) kinds(of app.EntitlementRef) map[string]int {
	w.t.Helper()
	found, err := w.Audit.List(w.Ctx, audit.Filter{ObjectType: "entitlement", ObjectID: string(of.ID)}, page.Request{Size: 100})
	w.must(err)
	out := map[string]int{}
	for _, e := range found.Items {
		out[e.Kind]++
	}
	return out
}
