package task_test

import (
	"context"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
)

// automates has the catalog enroll the Sales people, and ask first.
func (f *fair) automates(more ...func(a *catalog.Automation)) {
	f.Helper()
	text := inSales
	a := catalog.Automation{Catalog: f.Catalog, Enabled: true, CreateTasks: true, Expression: &text}
	for _, fn := range more {
		fn(&a)
	}
	granttest.Must(f.Catalogs.SetAutomation(f.Ctx, a, false))(f)
}

func (f *fair) moves(department string, people ...directory.UserID) {
	f.Helper()
	for _, u := range people {
		granttest.Must(f.Directory.Update(f.Ctx, u, func(u *directory.User) error { u.Department = department; return nil }))(f)
	}
}

func (f *fair) rule() automation.Rule {
	f.Helper()
	return granttest.Must(f.Catalogs.Automation(f.Ctx, f.Catalog))(f).Rule
}

func TestAnAutomationThatAsksEnrollsAndUnenrollsWhomPeopleAgreeTo(t *testing.T) {
	fairs(t, catalog.Settings{}, func(t *testing.T, f *fair) {
		of := f.membership()
		f.moves("Sales", f.Ada)
		f.automates()
		f.settles()
		asked := f.last(of, 1)
		if asked.Origin != task.ByProfile || asked.Subject != f.Ada || asked.Kind != task.Grant || asked.Opener != "" {
			t.Errorf("%+v", asked)
		}
		f.wants(f.Ada, f.Of.Ref(), false)
		if r := f.rule(); r.Status != automation.Done || r.Matched != 1 {
			t.Errorf("%+v", r)
		}
		f.approved(f.Grace, asked)
		f.settles()
		f.wants(f.Ada, of, true)
		f.wants(f.Ada, f.Of.Ref(), true)
		f.moves("Research", f.Ada)
		f.settles()
		f.wants(f.Ada, f.Of.Ref(), true)
		leaving := f.last(of, 2)
		if leaving.Kind != task.Revoke || leaving.Origin != task.ByProfile {
			t.Errorf("%+v", leaving)
		}
		f.later()
		f.last(of, 2)
		f.moves("Sales", f.Ada)
		f.settles()
		f.is(leaving, task.Closed, task.Cancelled)
		f.moves("Research", f.Ada)
		f.settles()
		f.approved(f.Grace, f.last(of, 3))
		f.settles()
		f.wants(f.Ada, of, false)
		f.wants(f.Ada, f.Of.Ref(), false)
		f.last(of, 3)
	})
}

func TestWhomAnAutomationAskedAboutInVainItAsksAboutAgainWhenTheyMatchAnew(t *testing.T) {
	fairs(t, catalog.Settings{}, func(_ *testing.T, f *fair) {
		of := f.membership()
		f.moves("Sales", f.Ada, f.Linus)
		f.enrolls(f.Linus, time.Time{}) // who is enrolled already
		f.automates()
		f.settles()
		f.denied(f.last(of, 1))
		f.ok(f.Catalogs.RunAutomation(f.Ctx, f.Catalog))
		f.settles()
		f.later()
		f.last(of, 1)
		f.moves("Research", f.Ada)
		f.settles()
		f.moves("Sales", f.Ada)
		f.settles()
		asked := f.last(of, 2)
		f.moves("Research", f.Ada)
		f.settles()
		f.is(asked, task.Closed, task.Cancelled)
	})
}

func TestAnAutomationThatAsksStillDoubtsWhatWouldUnenrollTooMany(t *testing.T) {
	fairs(t, catalog.Settings{}, func(t *testing.T, f *fair) {
		of := f.membership()
		breaks := func(a *catalog.Automation) { a.EnforceOnSmall, a.Threshold = true, 50 }
		asking := func(a *catalog.Automation) { breaks(a); a.CreateTasks = true }
		f.moves("Sales", f.Ada, f.Linus, f.Edith)
		f.automates(breaks, func(a *catalog.Automation) { a.CreateTasks = false })
		f.settles()
		f.last(of, 0)
		f.automates(asking)
		f.settles()
		f.last(of, 0) // who is enrolled stays so
		f.moves("Research", f.Ada)
		f.settles()
		f.last(of, 1)
		f.moves("Research", f.Linus, f.Edith)
		f.settles()
		f.last(of, 1)
		if r := f.rule(); r.Doubt != automation.Refused {
			t.Errorf("%+v", r)
		}
		f.ok(f.Catalogs.RunAutomation(f.Ctx, f.Catalog))
		f.settles()
		f.last(of, 1)
		f.automates(asking, func(a *catalog.Automation) { a.CreateTasks = false }) // which is no word about whom it takes from
		f.settles()
		f.wants(f.Linus, of, true)
		f.automates(asking)
		f.settles()
		f.last(of, 1)
		f.ok(f.Catalogs.ResumeAutomation(f.Ctx, f.Catalog))
		f.settles()
		f.last(of, 3)
		f.wants(f.Linus, of, true)
		f.wants(f.Edith, of, true)
		f.fails(f.Catalogs.ResumeAutomation(f.Ctx, f.Catalog), fault.Precondition)
	})
}

func TestWhoIsAboutToLeaveCountsNoMoreAmongThoseWhoStay(t *testing.T) {
	fairs(t, catalog.Settings{}, func(t *testing.T, f *fair) {
		people := []directory.UserID{f.Ada, f.Linus, f.Edith, f.User().ID}
		f.moves("Sales", people...)
		asking := func(a *catalog.Automation) { a.EnforceOnSmall, a.Threshold = true, 30 }
		f.automates(asking, func(a *catalog.Automation) { a.CreateTasks = false })
		f.settles()
		f.automates(asking)
		f.moves("Research", people[0]) // one of four
		f.settles()
		f.last(f.membership(), 1)
		f.moves("Research", people[1]) // one of three
		f.settles()
		f.last(f.membership(), 1)
		if r := f.rule(); r.Doubt != automation.Refused {
			t.Errorf("%+v", r)
		}
	})
}

func TestAnAutomationThatIsSwitchedOffAsksAboutNobodyAndOneThatIsDeletedTakesWhatItGave(t *testing.T) {
	fairs(t, catalog.Settings{}, func(_ *testing.T, f *fair) {
		of := f.membership()
		f.moves("Sales", f.Ada, f.Linus)
		f.automates()
		f.settles()
		first, second := f.all(of)[0], f.last(of, 2)
		f.approved(f.Grace, first)
		f.automates(func(a *catalog.Automation) { a.Enabled = false })
		f.moves("Research", f.Ada, f.Linus)
		f.moves("Sales", f.Edith)
		f.later()
		f.last(of, 2)
		f.wants(first.Subject, of, true)
		granttest.Must(f.Tasks.Approve(f.as(f.Grace), string(second.ID), second.Step(), ""))(f)
		f.settles()
		f.wants(second.Subject, of, false) // while it is off it gives nothing more
		f.ok(f.Catalogs.DeleteAutomation(f.Ctx, f.Catalog))
		f.settles()
		f.wants(first.Subject, of, false)
		f.is(second, task.Closed, task.Cancelled)
		f.automates()
		f.settles()
		f.last(of, 3)
	})
}

func TestALongListIsAskedAboutInSteps(t *testing.T) {
	fairs(t, catalog.Settings{}, func(t *testing.T, f *fair) {
		const people = 250
		for range people {
			f.moves("Sales", f.User().ID)
		}
		f.automates()
		f.Clock.Advance(2 * time.Second)
		keeper, passes := f.Rules.Keeper(), 0
		for len(f.all(f.membership())) < people {
			before := len(f.all(f.membership()))
			if n := granttest.Must(keeper.Run(f.Context(), f.Clock.Now()))(f); n == 0 {
				t.Fatalf("it rests with %d asked about", before)
			}
			if now := len(f.all(f.membership())); now-before > 100 {
				t.Fatalf("%d at once", now-before)
			}
			passes++
		}
		f.settles()
		if n := len(f.all(f.membership())); n != people || passes < 3 {
			t.Errorf("%d tasks by %d passes", n, passes)
		}
	})
}

// choosy are policies that cannot be worked out for some.
type choosy struct {
	*book

	not map[directory.UserID]bool
}

func (c choosy) Resolve(ctx context.Context, id policy.ID, f policy.Facts) (policy.Plan, error) {
	if c.not[f.Subject.ID] {
		return policy.Plan{}, fault.New(fault.Invalid, "no such attribute")
	}
	return c.book.Resolve(ctx, id, f)
}

func TestThoseWhoCannotBeAskedAboutKeepNobodyWaiting(t *testing.T) {
	fairs(t, catalog.Settings{}, func(t *testing.T, f *fair) {
		picky := choosy{f.Book, map[directory.UserID]bool{}}
		f.Tasks.Policies = picky
		const hopeless, others = 130, 10
		for n := range hopeless + others {
			u := f.User().ID
			f.moves("Sales", u)
			picky.not[u] = n < hopeless
		}
		f.automates()
		for range 20 {
			f.later()
		}
		f.last(f.membership(), others)
		f.told("enrollment.not_asked", hopeless)
		if r := f.rule(); r.Status != automation.Done || r.Error == "" {
			t.Errorf("%+v", r)
		}
	})
}

func TestAnAutomationAndACatalogThatBothAskDoSoOneAfterTheOther(t *testing.T) {
	fairs(t, catalog.Settings{Enrollment: enforce, UnenrollmentEntitlement: enforceOut}, func(_ *testing.T, f *fair) {
		f.moves("Sales", f.Ada)
		f.automates()
		f.settles()
		f.last(f.Of.Ref(), 0)
		f.approved(f.Grace, f.last(f.membership(), 1))
		f.settles()
		f.approved(f.Grace, f.last(f.Of.Ref(), 1))
		f.moves("Research", f.Ada)
		f.settles()
		f.last(f.Of.Ref(), 1)
		f.approved(f.Grace, f.last(f.membership(), 2))
		f.settles()
		f.wants(f.Ada, f.Of.Ref(), true)
		f.approved(f.Grace, f.last(f.Of.Ref(), 2))
		f.wants(f.Ada, f.Of.Ref(), false)
	})
}
