package automation_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/db"
)

// site is an app whose connector has a target.
type site struct {
	granttest.Connected
	of app.EntitlementRef
}

func (w *world) site(people int) site {
	w.t.Helper()
	c := w.Connected(people)
	return site{c, app.EntitlementRef{AppID: c.Connector.AppID, ID: c.Entitlement}}
}

// done lets happen all that is due, in the target too.
func (w *world) done() {
	w.t.Helper()
	for range 3 {
		w.settle()
		w.Settle()
	}
}

func (w *world) wantTarget(size int) {
	w.t.Helper()
	if got := w.Target.Size(); got != size {
		w.t.Errorf("the target holds %d memberships, want %d", got, size)
	}
}

// read reads the target: it holds the memberships of the accounts with these numbers.
func (w *world) read(c site, there ...int) (found int) {
	w.t.Helper()
	w.Clock.Advance(time.Minute)
	r := grant.Reading{App: c.of.AppID, Connector: c.Connector.ID, Started: w.Clock.Now()}
	w.Write(func(tx *db.Tx) error {
		var list []grant.Membership
		for _, i := range there {
			list = append(list, grant.Membership{Account: c.Accounts[i], Entitlement: c.of.ID})
		}
		unknown, err := w.Grants.Seen(tx, r, list)
		if err != nil {
			return err
		}
		if found, err = w.Grants.Discover(tx, r, unknown); err != nil {
			return err
		}
		_, _, err = w.Grants.Missing(tx, r, "")
		return err
	})
	return found
}

func (w *world) status(of app.EntitlementRef) automation.Rule {
	w.t.Helper()
	r, err := w.auto.Get(w.Ctx, of)
	w.must(err)
	return r
}

func TestWhoMatchesIsLetIntoTheTargetAndWhoLeavesIsTakenOut(t *testing.T) {
	onWorlds(t, func(w *world) {
		c := w.site(2)
		w.move(c.Users[0], "Engineering")
		w.rule(c.of, engineers)
		w.settle()
		if g := w.Last(c.Key(0)); g.State != grant.Pending || g.Kept != 1 || w.Check(c.Key(0)).Allowed {
			t.Errorf("before the target knows: %+v", g)
		}
		w.done()
		if g := w.Last(c.Key(0)); g.State != grant.Active || !w.Check(c.Key(0)).Allowed {
			t.Errorf("after: %+v", g)
		}
		w.wantTarget(1)
		w.move(c.Users[1], "Engineering")
		w.move(c.Users[0], "Sales")
		w.done()
		w.wantTarget(1)
		if g := w.Last(c.Key(0)); g.State != grant.Ended || g.EndReason != grant.SourceGone || g.RemovedAt.IsZero() {
			t.Errorf("who left: %+v", g)
		}
		if !w.Check(c.Key(1)).Allowed {
			t.Error("who came has no access")
		}
		w.must(w.auto.Delete(w.Ctx, c.of))
		w.done()
		w.wantTarget(0)
	})
}

func TestTheTargetLosesAMembershipWithItsLastSource(t *testing.T) {
	onWorlds(t, func(w *world) {
		c := w.site(1)
		k, ada := c.Key(0), c.Users[0]
		w.move(ada, "Engineering")
		w.rule(c.of, engineers)
		granttest.Must(w.Grants.Create(w.Ctx, k, w.Clock.Now().Add(time.Hour)))(t)
		w.done()
		w.wantTarget(1)
		calls := w.Target.Calls()

		w.Clock.Advance(time.Hour) // the direct end
		w.done()
		if g := w.Last(k); g.State != grant.Active || g.Direct != grant.None || !w.Check(k).Allowed || w.Target.Calls() != calls {
			t.Errorf("after the direct end, with %d calls: %+v", w.Target.Calls()-calls, g)
		}
		granttest.Must(w.Grants.Create(w.Ctx, k, time.Time{}))(t)
		granttest.Must(w.Grants.Revoke(w.Ctx, k, "enough"))(t)
		granttest.Must(w.Grants.Create(w.Ctx, k, time.Time{}))(t)
		w.move(ada, "Sales")
		w.done()
		if g := w.Last(k); g.Kept != 0 || g.Direct != grant.Manual || !w.Check(k).Allowed || w.Target.Calls() != calls {
			t.Errorf("after the rule let go, with %d calls: %+v", w.Target.Calls()-calls, g)
		}
		w.move(ada, "Engineering")
		w.done()
		granttest.Must(w.Grants.Revoke(w.Ctx, k, ""))(t)
		w.done()
		w.wantTarget(1)
		w.move(ada, "Sales")
		w.done()
		w.wantTarget(0)
		if len(w.Lives(k)) != 1 {
			t.Errorf("%d lives", len(w.Lives(k)))
		}
	})
}

func TestWhoComesBackWhileBeingTakenOutIsLetInAgain(t *testing.T) {
	onWorlds(t, func(w *world) {
		c := w.site(1)
		w.move(c.Users[0], "Engineering")
		w.rule(c.of, engineers)
		w.done()
		w.Target.Down(errors.New("closed"))
		w.move(c.Users[0], "Sales")
		w.done()
		w.move(c.Users[0], "Engineering")
		w.done()
		if r := w.status(c.of); !strings.Contains(r.Error, "could not be done now") {
			t.Errorf("%+v", r)
		}
		w.Target.Down(nil)
		w.Clock.Advance(time.Minute)
		w.Settle()
		w.done()
		w.wantTarget(1)
		if !w.Check(c.Key(0)).Allowed || len(w.Lives(c.Key(0))) != 2 {
			t.Errorf("%+v", w.Lives(c.Key(0)))
		}
	})
}

func TestPeopleWithoutAnAccountArePassedOverAndCounted(t *testing.T) {
	onWorlds(t, func(w *world) {
		c := w.site(1)
		w.move(c.Users[0], "Engineering")
		w.user("Ada", "Engineering")
		w.rule(c.of, engineers)
		w.done()
		w.wantTarget(1)
		r := w.status(c.of)
		if r.Status != automation.Done || !strings.Contains(r.Error, "1 matching people have no account") {
			t.Errorf("%s: %s", r.Status, r.Error)
		}
		w.Clock.Advance(time.Hour)
		w.done()
		if n := w.kinds(c.of)["automation.ran"]; n != 1 {
			t.Errorf("told %d times", n)
		}
	})
}

func TestAReadingKnowsWhatIsKept(t *testing.T) {
	onWorlds(t, func(w *world) {
		c := w.site(1)
		w.move(c.Users[0], "Engineering")
		w.rule(c.of, engineers)
		w.done()
		if found := w.read(c, 0); found != 0 {
			t.Errorf("what is kept was found %d times", found)
		}
		if g := w.Last(c.Key(0)); g.Direct != grant.None || !g.SeenAt.Equal(w.Clock.Now()) {
			t.Errorf("%+v", g)
		}
		w.move(c.Users[0], "Sales")
		w.done()
		w.wantTarget(0)
	})
}

func TestWhatIsTakenInTheTargetIsPutBackUntilItIsTakenTooOften(t *testing.T) {
	onWorlds(t, func(w *world) {
		c := w.site(1)
		k := c.Key(0)
		w.move(c.Users[0], "Engineering")
		w.rule(c.of, engineers)
		w.done()
		for range 2 {
			for i := range grant.MaxPutBacks {
				w.Target.Clear()
				w.read(c)
				w.done()
				if g := w.Last(k); w.Target.Size() != 1 || g.PutBack != i+1 || !w.Check(k).Allowed {
					t.Fatalf("taken %d times: %+v", i+1, g)
				}
			}
			w.read(c, 0) // it was left in peace for once
			if g := w.Last(k); g.PutBack != 0 {
				t.Fatalf("seen again: %+v", g)
			}
		}
		for range grant.MaxPutBacks + 1 {
			w.Target.Clear()
			w.read(c)
			w.done()
		}
		if g := w.Last(k); g.State != grant.Ended || g.EndReason != grant.RemovedInTarget || len(w.Lives(k)) != 1 {
			t.Fatalf("%+v", g)
		}
		if r := w.status(c.of); !strings.Contains(r.Error, "took it again and again") {
			t.Errorf("%+v", r)
		}
		w.Clock.Advance(time.Hour)
		w.done()
		w.wantTarget(0)
		w.again(c.of)
		w.done()
		w.wantTarget(1)
		backs := 0
		for _, kind := range w.Events() {
			if kind == "grant.put_back" {
				backs++
			}
		}
		if backs != 3*grant.MaxPutBacks {
			t.Errorf("%d events tell of it", backs)
		}
	})
}

func TestWhatIsTakenInTheTargetLosesItsDirectSourceOnly(t *testing.T) {
	onWorlds(t, func(w *world) {
		c := w.site(1)
		k := c.Key(0)
		w.move(c.Users[0], "Engineering")
		w.rule(c.of, engineers)
		granttest.Must(w.Grants.Create(w.Ctx, k, time.Time{}))(t)
		w.done()
		w.Target.Clear()
		w.read(c)
		w.done()
		w.wantTarget(1)
		if g := w.Last(k); g.Direct != grant.None || g.Kept != 1 || !w.Check(k).Allowed {
			t.Errorf("%+v", g)
		}
	})
}

func TestWhatIsKeptEndsWithItsConnector(t *testing.T) {
	onWorlds(t, func(w *world) {
		c := w.site(1)
		w.Target.Down(errors.New("closed"))
		w.move(c.Users[0], "Engineering")
		w.rule(c.of, engineers)
		w.done()
		granttest.Must(w.Apps.DeleteConnector(w.Ctx, c.of.AppID, c.Connector.ID))(t)
		w.Clock.Advance(time.Hour)
		w.done()
		if g := w.Last(c.Key(0)); g.State != grant.Ended || g.EndReason != grant.NoConnector || g.Derived != 0 || len(w.Lives(c.Key(0))) != 1 {
			t.Errorf("%+v", g)
		}
	})
}
