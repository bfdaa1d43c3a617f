package task_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
)

// left is a fair that Ada has left, and the task that was opened about it.
func (f *fair) left() (grant.Key, task.Task) {
	f.Helper()
	k := f.enrolls(f.Ada, time.Time{})
	f.settles()
	f.wants(f.Ada, f.Of.Ref(), true)
	f.unenrolls(k)
	f.settles()
	return k, f.last(f.Of.Ref(), 1)
}

func TestWhoLeavesLosesWhatThePolicyOfEachEntitlementTakes(t *testing.T) {
	fairs(t, catalog.Settings{UnenrollmentEntitlement: enforceOut}, func(t *testing.T, f *fair) {
		of := f.Of.Ref()
		_, asked := f.left()
		if asked.Kind != task.Revoke || asked.Origin != task.ByEnrollment || asked.Subject != f.Ada || asked.Opener != "" {
			t.Errorf("%+v", asked)
		}
		f.later()
		f.last(of, 1)
		f.wants(f.Ada, of, true) // until it is decided
		f.approved(f.Grace, asked)
		f.wants(f.Ada, of, false)
		f.is(asked, task.Closed, task.Revoked)
		var by string
		f.ok(f.DB.Q(f.Ctx).Row(`select ended_task from grants where app_id = $1 and entitlement_id = $2`, of.AppID, of.ID).Scan(&by))
		if by != string(asked.ID) {
			t.Errorf("ended by %q", by)
		}
		f.later()
		f.last(of, 1)
	})
}

func TestWhatIsNotTakenFromWhoLeavesTheyKeepAsIfGivenByHand(t *testing.T) {
	fairs(t, catalog.Settings{UnenrollmentEntitlement: enforceOut}, func(t *testing.T, f *fair) {
		_, asked := f.left()
		f.denied(asked)
		f.settles()
		f.wants(f.Ada, f.Of.Ref(), true)
		g := f.grant(f.Ada, f.Of.Ref())
		if g.Direct != grant.Manual || g.Derived != 0 {
			t.Errorf("%+v", g)
		}
		f.later()
		f.last(f.Of.Ref(), 1)
	})
}

// grant is that by which somebody holds something.
func (f *fair) grant(u directory.UserID, of app.EntitlementRef) grant.Grant {
	f.Helper()
	a := granttest.Must(f.Grants.AccountFor(f.Ctx, of.AppID, u))(f)
	return granttest.Must(f.Grants.Get(f.Ctx, grant.Key{App: of.AppID, Entitlement: of.ID, Account: a}))(f)
}

func TestWhoIsBackBeforeItIsDecidedKeepsIt(t *testing.T) {
	fairs(t, catalog.Settings{UnenrollmentEntitlement: enforceOut, Enrollment: enforce}, func(_ *testing.T, f *fair) {
		of := f.Of.Ref()
		k := f.enrolls(f.Ada, time.Time{})
		f.settles()
		f.approved(f.Grace, f.last(of, 1))
		f.unenrolls(k)
		f.settles()
		asked := f.last(of, 2)
		f.enrolls(f.Ada, time.Time{})
		f.approved(f.Grace, asked) // before anybody has noticed that she is back
		f.is(asked, task.Closed, task.Cancelled)
		f.wants(f.Ada, of, true)
		f.settles()
		f.wants(f.Ada, of, true)
		k = grant.Key{App: app.Own, Entitlement: f.membership().ID, Account: k.Account}
		f.unenrolls(k)
		f.settles()
		asked = f.last(of, 3)
		f.enrolls(f.Ada, time.Time{})
		f.settles()
		f.is(asked, task.Closed, task.Cancelled)
		f.wants(f.Ada, of, true)
		f.later()
		f.last(of, 3) // what was agreed to when she came first still stands
	})
}

func TestAccessOfATimeOfSomebodyDisabledAndTakenOutOfTheCatalogGoesUnasked(t *testing.T) {
	fairs(t, catalog.Settings{UnenrollmentEntitlement: enforceOut}, func(t *testing.T, f *fair) {
		of, end := f.Of.Ref(), f.Clock.Now().Add(time.Hour)
		f.enrolls(f.Ada, end)
		f.enrolls(f.Linus, time.Time{})
		f.enrolls(f.Edith, time.Time{})
		f.settles()
		f.Clock.Set(end)
		f.wants(f.Ada, of, false)
		f.settles()
		f.wants(f.Ada, of, false)
		granttest.Must(f.Directory.Disable(f.Ctx, f.Linus, ""))(f)
		f.settles()
		f.wants(f.Linus, of, false)
		granttest.Must(f.Catalogs.Remove(f.Ctx, f.Catalog, []app.EntitlementRef{of}))(f)
		f.settles()
		f.wants(f.Edith, of, false)
		for _, one := range f.all(of) {
			if one.Origin == task.ByEnrollment {
				t.Errorf("asked about %+v", one)
			}
		}
	})
}

func TestAnEndThatComesWhileItIsDecidedWaitsForNobody(t *testing.T) {
	fairs(t, catalog.Settings{UnenrollmentEntitlement: enforceOut}, func(_ *testing.T, f *fair) {
		of, end := f.Of.Ref(), f.Clock.Now().Add(time.Hour)
		k := f.enrolls(f.Ada, end)
		f.settles()
		f.unenrolls(k)
		f.settles()
		asked := f.last(of, 1)
		f.wants(f.Ada, of, true)
		f.Clock.Set(end)
		f.wants(f.Ada, of, false)
		f.later()
		f.wants(f.Ada, of, false)
		f.is(asked, task.Closed, task.Cancelled)
	})
}

func TestADeletedCatalogTakesWhatIsAgreedToAndIsDoneThen(t *testing.T) {
	fairs(t, catalog.Settings{UnenrollmentEntitlement: enforceOut}, func(t *testing.T, f *fair) {
		of := f.Of.Ref()
		f.enrolls(f.Ada, time.Time{})
		f.enrolls(f.Linus, time.Time{})
		f.settles()
		f.ok(f.Catalogs.Delete(f.Ctx, f.Catalog))
		f.settles()
		f.later()
		list := f.all(of)
		if len(list) != 2 {
			t.Fatalf("%+v", list)
		}
		f.wants(f.Ada, of, true)
		f.approved(f.Grace, list[0])
		f.denied(list[1])
		f.settles()
		f.later()
		f.wants(list[0].Subject, of, false)
		f.wants(list[1].Subject, of, true)
		if g := f.grant(list[1].Subject, of); g.Direct != grant.Manual || g.Derived != 0 {
			t.Errorf("%+v", g)
		}
		for _, table := range []string{"proxy", "asked"} {
			var n int
			f.ok(f.DB.Q(f.Ctx).Row(`select count(*) from ` + table).Scan(&n))
			if n != 0 {
				t.Errorf("%d rows are left of %s", n, table)
			}
		}
	})
}

func TestWhatWasGivenDirectlyGoesByTheSameDecisionWhereAllIsToGo(t *testing.T) {
	fairs(t, catalog.Settings{UnenrollmentEntitlement: enforceOut, Enrollment: enforce, Unenrollment: "REVOKE_ALL"}, func(_ *testing.T, f *fair) {
		of := f.Of.Ref()
		f.gives(f.Ada, f.Of, time.Time{})
		f.gives(f.Linus, f.Of, time.Time{}) // who never was in it
		k := f.enrolls(f.Ada, time.Time{})
		f.settles()
		f.last(of, 0)
		f.unenrolls(k)
		f.settles()
		asked := f.last(of, 1)
		f.wants(f.Ada, of, true)
		f.approved(f.Grace, asked)
		f.settles()
		f.wants(f.Ada, of, false)
		f.wants(f.Linus, of, true)
	})
}

func TestWhatWasGivenDirectlyGoesUnaskedWhereAllIsToGoAndNobodyIsAsked(t *testing.T) {
	fairs(t, catalog.Settings{Enrollment: enforce, Unenrollment: "REVOKE_ALL"}, func(_ *testing.T, f *fair) {
		of := f.Of.Ref()
		f.gives(f.Ada, f.Of, time.Time{})
		f.gives(f.Linus, f.Of, time.Time{})
		k := f.enrolls(f.Ada, time.Time{})
		f.settles()
		f.unenrolls(k)
		f.settles()
		f.last(of, 0)
		f.wants(f.Ada, of, false)
		f.wants(f.Linus, of, true)
	})
}

func TestWhatTheyHaveForAnotherReasonWhoLeavesKeepsUnasked(t *testing.T) {
	fairs(t, catalog.Settings{UnenrollmentEntitlement: enforceOut}, func(t *testing.T, f *fair) {
		of := f.Of.Ref()
		k := f.enrolls(f.Ada, time.Time{})
		f.settles()
		f.gives(f.Ada, f.Of, time.Time{})
		f.unenrolls(k)
		f.settles()
		f.last(of, 0)
		if g := f.grant(f.Ada, of); g.Direct != grant.Manual || g.Derived != 0 {
			t.Errorf("%+v", g)
		}
	})
}

func TestWhatIsExtendedLastsAsLongAsThatWhateverTheEnrollment(t *testing.T) {
	fairs(t, catalog.Settings{Enrollment: enforce, UnenrollmentEntitlement: enforceOut}, func(t *testing.T, f *fair) {
		of := f.Of.Ref()
		k := f.enrolls(f.Ada, time.Time{})
		f.settles()
		f.approved(f.Grace, f.last(of, 1))
		longer := granttest.Must(f.Tasks.RequestGrant(f.as(f.Ada), task.Ask{
			App: of.AppID, Entitlement: of.ID, Subject: f.Ada, Duration: time.Hour, Extension: true,
		}))(t)
		f.approved(f.Grace, longer)
		end := f.Clock.Now().Add(time.Hour)
		f.unenrolls(k)
		f.settles()
		f.last(of, 2)
		f.wants(f.Ada, of, true)
		f.Clock.Set(end)
		f.wants(f.Ada, of, false)
	})
}

func TestToSayOtherwiseTakesFromNobodyWhatTheyHave(t *testing.T) {
	fairs(t, catalog.Settings{UnenrollmentEntitlement: enforceOut}, func(_ *testing.T, f *fair) {
		of := f.Of.Ref()
		f.enrolls(f.Linus, time.Time{})
		_, asked := f.left()
		f.says(func(c *catalog.Catalog) { c.Enrollment, c.UnenrollmentEntitlement = enforce, "BYPASS" })
		f.settles()
		f.later()
		f.wants(f.Ada, of, true) // it is decided as it was asked
		f.wants(f.Linus, of, true)
		f.is(asked, task.Open, task.NoOutcome)
		f.says(func(c *catalog.Catalog) { c.Unenrollment = "LEAVE_ACCESS_AS_IS" })
		f.settles()
		f.is(asked, task.Closed, task.Cancelled)
		f.wants(f.Ada, of, true)
		f.enrolls(f.Edith, time.Time{})
		f.settles()
		f.denied(f.last(of, 2))
		f.settles()
		f.says(func(c *catalog.Catalog) { c.Enrollment = "BYPASS_ENTITLEMENT_REQUEST_POLICY" })
		f.settles()
		f.wants(f.Edith, of, true) // nobody is asked any more
		f.last(of, 2)
	})
}

func TestATaskToGiveIsWithdrawnWhenNobodyIsToBeAskedAnyMore(t *testing.T) {
	fairs(t, catalog.Settings{Enrollment: enforce}, func(_ *testing.T, f *fair) {
		f.enrolls(f.Ada, time.Time{})
		f.settles()
		asked := f.last(f.Of.Ref(), 1)
		f.says(func(c *catalog.Catalog) { c.Enrollment = "" })
		f.settles()
		f.is(asked, task.Closed, task.Cancelled)
		f.wants(f.Ada, f.Of.Ref(), true)
		f.later()
		f.wants(f.Ada, f.Of.Ref(), true)
	})
}

func TestWhoseEntitlementOrAppIsDeletedIsAskedAboutNoMore(t *testing.T) {
	fairs(t, catalog.Settings{Enrollment: enforce, UnenrollmentEntitlement: enforceOut}, func(t *testing.T, f *fair) {
		other := f.Entitlement(f.App.ID)
		f.puts(other)
		f.enrolls(f.Ada, time.Time{})
		f.settles()
		first, second := f.last(f.Of.Ref(), 1), f.last(other.Ref(), 1)
		f.ok(f.Apps.DeleteEntitlement(f.Ctx, other.AppID, other.ID))
		f.settles()
		f.is(second, task.Closed, task.Cancelled)
		f.ok(f.Apps.DeleteApp(f.Ctx, f.App.ID))
		f.settles()
		f.later()
		f.is(first, task.Closed, task.Cancelled)
		var n int
		f.ok(f.DB.Q(f.Ctx).Row(`select count(*) from asked`).Scan(&n))
		if n != 0 {
			t.Errorf("%d are remembered", n)
		}
	})
}

func TestOfALeaveAndAReturnAtOnceNobodyLosesWhatTheyShouldHave(t *testing.T) {
	fairs(t, catalog.Settings{UnenrollmentEntitlement: enforceOut}, func(t *testing.T, f *fair) {
		of := f.Of.Ref()
		k := f.enrolls(f.Ada, time.Time{})
		f.settles()
		for n := range 4 {
			f.unenrolls(k)
			f.settles()
			asked := f.all(of)[n]
			var all sync.WaitGroup
			all.Go(func() {
				if _, err := f.Grants.Create(f.Ctx, k, time.Time{}); err != nil {
					t.Error(err)
				}
			})
			all.Go(func() {
				if _, err := f.Tasks.Approve(f.as(f.Grace), string(asked.ID), asked.Step(), ""); err != nil && !fault.Is(err, fault.Conflict) {
					t.Error(err)
				}
			})
			all.Go(func() {
				if _, err := f.Rules.Keeper().Run(context.Background(), f.Clock.Now()); err != nil {
					t.Error(err)
				}
			})
			all.Wait()
			f.settles()
			f.wants(f.Ada, of, true)
			if now := granttest.Must(f.Tasks.Get(f.Context(), string(asked.ID)))(f); now.State != task.Closed {
				t.Errorf("%+v", now)
			}
		}
	})
}

func TestWhatNobodyIsAskedAboutByTheRevokePolicyGoesAtOnce(t *testing.T) {
	fairs(t, catalog.Settings{UnenrollmentEntitlement: enforceOut, Enrollment: enforce}, func(_ *testing.T, f *fair) {
		f.Book.grant = []policy.Step{{Accept: &policy.Verdict{}}, {Provision: &policy.Provision{}}}
		f.Book.revoke = []policy.Step{{Accept: &policy.Verdict{}}, {Provision: &policy.Provision{}}}
		granttest.Must(f.Apps.UpdateEntitlement(f.Ctx, f.Of.AppID, f.Of.ID, func(e *app.Entitlement) error { e.MaxGrant = time.Hour; return nil }))(f)
		k := f.enrolls(f.Ada, time.Time{})
		f.settles()
		f.wants(f.Ada, f.Of.Ref(), true)
		if g := f.grant(f.Ada, f.Of.Ref()); g.Until().IsZero() || g.Direct != grant.None {
			f.Errorf("%+v", g)
		}
		f.unenrolls(k)
		f.settles()
		f.wants(f.Ada, f.Of.Ref(), false)
		f.is(f.last(f.Of.Ref(), 2), task.Closed, task.Revoked)
	})
}

func TestWhatATargetHoldsIsGivenAndTakenThereByTheTasks(t *testing.T) {
	fairs(t, catalog.Settings{UnenrollmentEntitlement: enforceOut, Enrollment: enforce}, func(t *testing.T, f *fair) {
		c := f.Connected(1)
		of := app.EntitlementRef{AppID: c.Connector.AppID, ID: c.Entitlement}
		f.Book.grant = []policy.Step{{Approval: &policy.Approval{Kind: policy.Users, UserIDs: []directory.UserID{f.Grace}}}, {Provision: &policy.Provision{}}}
		f.Book.revoke = f.Book.grant
		f.ok(f.Catalogs.Add(f.Ctx, f.Catalog, []app.EntitlementRef{of}))
		k := f.enrolls(c.Users[0], time.Time{})
		f.settles()
		f.approved(f.Grace, f.last(of, 1))
		f.wants(c.Users[0], of, false) // the target does not hold it yet
		f.settles()
		f.is(f.last(of, 1), task.Closed, task.Granted)
		if f.wants(c.Users[0], of, true); f.Target.Size() != 1 {
			t.Errorf("%d memberships", f.Target.Size())
		}
		f.unenrolls(k)
		f.settles()
		f.approved(f.Grace, f.last(of, 2))
		f.settles()
		f.is(f.last(of, 2), task.Closed, task.Revoked)
		if f.wants(c.Users[0], of, false); f.Target.Size() != 0 || f.Target.Twice() != 0 {
			t.Errorf("%d memberships, %d twice", f.Target.Size(), f.Target.Twice())
		}
	})
}
