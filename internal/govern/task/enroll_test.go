package task_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
)

const (
	enforce    = "ENFORCE_ENTITLEMENT_REQUEST_POLICY"
	enforceOut = "ENFORCE"
	inSales    = `subject.department == "Sales"`
)

// fair is an office with a catalog that enrolls people, in which is what the office is about. Grace owns all there is.
type fair struct {
	*office

	Rules    *automation.Service
	Catalogs *catalog.Service
	Catalog  catalog.ID
}

func fairs(t *testing.T, says catalog.Settings, test func(t *testing.T, f *fair)) {
	t.Helper()
	each(t, func(t *testing.T, o *office) {
		f := furnish(t, o)
		o.ok(o.DB.Write(o.Ctx, func(tx *db.Tx) error {
			_, err := o.Apps.EnsureApp(tx, audit.System(), app.App{ID: app.Own, DisplayName: "Interim"})
			return err
		}))
		o.ok(o.Owners.Set(o.Ctx, owner.OfApp(app.Own), owner.Primary, []directory.UserID{o.Grace}, nil))
		o.Book.revoke = []policy.Step{{Approval: &policy.Approval{Kind: policy.AppOwners}}, {Provision: &policy.Provision{}}}
		c := granttest.Must(f.Catalogs.Create(o.Ctx, catalog.Catalog{DisplayName: "Tools", Published: true, Bundle: true, Settings: says}))(o)
		f.Catalog = c.ID
		f.puts(o.Of)
		test(t, f)
	})
}

// furnish puts catalogs and rules into an office.
func furnish(t *testing.T, o *office) *fair {
	t.Helper()
	policies := granttest.Must(policy.New(policy.Deps{DB: o.DB, Clock: o.Clock, Audit: o.Audit, Owners: o.Owners}))(t)
	f := &fair{office: o}
	f.Rules = automation.New(automation.Deps{DB: o.DB, Clock: o.Clock, Audit: o.Audit, Grants: o.Grants, Policies: policies})
	t.Cleanup(f.Rules.Close)
	o.Grants.Watch(f.Rules)
	o.Directory.TellChanged(f.Rules)
	o.Directory.TellCreated(f.Rules)
	f.Catalogs = catalog.New(catalog.Deps{DB: o.DB, Clock: o.Clock, Audit: o.Audit, Apps: o.Apps, Rules: f.Rules})
	o.Apps.Tell(f.Catalogs)
	o.Directory.Tell(o.Grants)
	o.Apps.Tell(o.Grants)
	o.Tasks.Bindings = f.Rules
	f.Rules.Consult(o.Tasks)
	return f
}

func (f *fair) puts(list ...app.Entitlement) {
	f.Helper()
	for _, e := range list {
		f.ok(f.Catalogs.Add(f.Ctx, f.Catalog, []app.EntitlementRef{e.Ref()}))
	}
}

func (f *fair) says(change func(c *catalog.Catalog)) {
	f.Helper()
	granttest.Must(f.Catalogs.Update(f.Ctx, f.Catalog, func(c *catalog.Catalog) error { change(c); return nil }))(f)
}

func (f *fair) membership() app.EntitlementRef {
	f.Helper()
	of, _ := granttest.Must(f.Catalogs.Get(f.Ctx, f.Catalog))(f).Membership()
	return of
}

// enrolls has somebody enrolled by hand until then, zero for good.
func (f *fair) enrolls(u directory.UserID, until time.Time) grant.Key {
	f.Helper()
	of := f.membership()
	k := grant.Key{App: of.AppID, Entitlement: of.ID, Account: granttest.Must(f.Grants.AccountFor(f.Ctx, of.AppID, u))(f)}
	granttest.Must(f.Grants.Create(f.Ctx, k, until))(f)
	return k
}

func (f *fair) unenrolls(k grant.Key) {
	f.Helper()
	granttest.Must(f.Grants.Revoke(f.Ctx, k, ""))(f)
}

// settles lets time pass until nothing is due.
func (f *fair) settles(also ...due.Source) {
	f.Helper()
	for range 30 {
		f.Clock.Advance(time.Second)
		n := 0
		for _, s := range append(append(f.Grants.Enders(), f.Rules.Keeper(), f.Tasks.Due()), also...) {
			k, err := s.Run(context.Background(), f.Clock.Now())
			f.ok(err)
			n += k
		}
		for f.Provide() > 0 {
			n++
		}
		if n == 0 {
			return
		}
	}
	f.Fatal("it does not settle")
}

// later lets more time pass than between two passes that nothing wakes.
func (f *fair) later() {
	f.Helper()
	f.Clock.Advance(10 * time.Minute)
	f.settles()
}

// all are the tasks about an entitlement, oldest first.
func (f *fair) all(of app.EntitlementRef) []task.Task {
	f.Helper()
	return granttest.Must(db.Collect(f.DB.Q(f.Context()), func(r *db.Rows) (task.Task, error) { return task.Scan(r) },
		`select `+task.Columns("")+` from task where app_id = $1 and entitlement_id = $2 order by number`, of.AppID, of.ID))(f)
}

// last is the newest of all, of which there must be so many.
func (f *fair) last(of app.EntitlementRef, n int) task.Task {
	f.Helper()
	list := f.all(of)
	if len(list) != n {
		f.Fatalf("%d tasks, want %d: %+v", len(list), n, list)
	}
	if n == 0 {
		return task.Task{}
	}
	return list[n-1]
}

func (f *fair) has(u directory.UserID, of app.EntitlementRef) bool {
	f.Helper()
	var n int
	f.ok(f.DB.Q(f.Ctx).Row(`select count(*) from grants g join account a on a.app_id = g.app_id and a.id = g.account_id
		left join users u on u.id = a.user_id join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id join app p on p.id = g.app_id
		where a.user_id = $1 and g.app_id = $2 and g.entitlement_id = $3 and `+grant.AccessSQL("$4"),
		string(u), of.AppID, of.ID, f.Clock.Now().UnixMicro()).Scan(&n))
	return n > 0
}

func (f *fair) wants(u directory.UserID, of app.EntitlementRef, want bool) {
	f.Helper()
	if f.has(u, of) != want {
		f.Errorf("holds it: %v", !want)
	}
}

func (f *fair) denied(t task.Task) {
	f.Helper()
	now := granttest.Must(f.Tasks.Get(f.Context(), string(t.ID)))(f)
	granttest.Must(f.Tasks.Deny(f.as(f.Grace), string(t.ID), now.Step(), "no"))(f)
	f.is(t, task.Closed, task.Denied)
}

// gives does so directly, by hand.
func (f *fair) gives(u directory.UserID, of app.Entitlement, until time.Time) grant.Key {
	f.Helper()
	k := grant.Key{App: of.AppID, Entitlement: of.ID, Account: granttest.Must(f.Grants.AccountFor(f.Ctx, of.AppID, u))(f)}
	granttest.Must(f.Grants.Create(f.Ctx, k, until))(f)
	return k
}

func TestWhoIsEnrolledGetsWhatThePolicyOfEachEntitlementAgreesTo(t *testing.T) {
	fairs(t, catalog.Settings{Enrollment: enforce}, func(t *testing.T, f *fair) {
		of := f.Of.Ref()
		k := f.enrolls(f.Ada, time.Time{})
		f.settles()
		f.wants(f.Ada, of, false)
		asked := f.last(of, 1)
		if asked.Kind != task.Grant || asked.Origin != task.ByEnrollment || asked.Subject != f.Ada || asked.Opener != "" || asked.Source.Via != f.membership() {
			t.Errorf("%+v", asked)
		}
		f.later()
		f.last(of, 1) // and no other while it is open
		_, err := f.approve(f.Ada, asked)
		f.fails(err, fault.Denied)
		f.approved(f.Grace, asked)
		f.is(asked, task.Closed, task.Granted)
		f.wants(f.Ada, of, true)
		f.later()
		f.last(of, 1)
		late := f.Entitlement(f.App.ID)
		f.puts(late)
		f.settles()
		f.wants(f.Ada, late.Ref(), false)
		f.approved(f.Grace, f.last(late.Ref(), 1))
		f.wants(f.Ada, late.Ref(), true)
		f.unenrolls(k)
		f.settles()
		f.wants(f.Ada, of, false)
		f.wants(f.Ada, late.Ref(), false)
		f.last(of, 1)
	})
}

func TestWhatWasDeniedIsAskedForAgainOnlyOfWhoComesAnew(t *testing.T) {
	fairs(t, catalog.Settings{Enrollment: enforce}, func(_ *testing.T, f *fair) {
		of := f.Of.Ref()
		k := f.enrolls(f.Ada, time.Time{})
		f.settles()
		f.denied(f.last(of, 1))
		f.settles()
		f.later()
		f.last(of, 1)
		f.unenrolls(k)
		f.Clock.Advance(time.Second)
		f.enrolls(f.Ada, time.Time{}) // before anybody has noticed
		f.settles()
		f.denied(f.last(of, 2))
		granttest.Must(f.Catalogs.Remove(f.Ctx, f.Catalog, []app.EntitlementRef{of}))(f)
		f.Clock.Advance(time.Second)
		f.puts(f.Of)
		f.settles()
		f.last(of, 3)
	})
}

func TestNobodyIsAskedAboutWhatIsHeldOrAskedForAlready(t *testing.T) {
	fairs(t, catalog.Settings{Enrollment: enforce}, func(_ *testing.T, f *fair) {
		of, end := f.Of.Ref(), f.Clock.Now().Add(time.Hour)
		f.gives(f.Ada, f.Of, end)
		f.enrolls(f.Ada, time.Time{})
		f.settles()
		f.last(of, 0)
		f.Clock.Set(end)
		f.later()
		if last := f.last(of, 2); last.Kind != task.Grant { // the first ended what was given
			f.Errorf("%+v", last)
		}
		other := f.Entitlement(f.App.ID)
		own := granttest.Must(f.Tasks.RequestGrant(f.as(f.Ada), task.Ask{App: f.App.ID, Entitlement: other.ID, Subject: f.Ada}))(f)
		f.puts(other)
		f.settles()
		f.last(other.Ref(), 1)
		f.denied(own) // which is an answer for her enrollment, too
		f.later()
		f.last(other.Ref(), 1)
		f.wants(f.Ada, other.Ref(), false)
	})
}

func TestWhoLeavesBeforeItIsDecidedIsAskedAboutNoMore(t *testing.T) {
	fairs(t, catalog.Settings{Enrollment: enforce}, func(_ *testing.T, f *fair) {
		of := f.Of.Ref()
		k := f.enrolls(f.Ada, time.Time{})
		f.settles()
		asked := f.last(of, 1)
		f.unenrolls(k)
		f.approved(f.Grace, asked) // nobody has noticed yet, and nothing is given
		f.wants(f.Ada, of, false)
		f.settles()
		f.wants(f.Ada, of, false)
		f.is(asked, task.Closed, task.Cancelled)
	})
}

func TestWhatWasAgreedToEndsWithTheEnrollmentAndWithItsOwnTime(t *testing.T) {
	fairs(t, catalog.Settings{Enrollment: enforce}, func(_ *testing.T, f *fair) {
		of, now := f.Of.Ref(), f.Clock.Now()
		f.enrolls(f.Ada, now.Add(time.Hour))
		f.settles()
		f.approved(f.Grace, f.last(of, 1))
		f.wants(f.Ada, of, true)
		f.Clock.Set(now.Add(time.Hour))
		f.wants(f.Ada, of, false)
		f.settles()
		granttest.Must(f.Apps.UpdateEntitlement(f.Ctx, of.AppID, of.ID, func(e *app.Entitlement) error { e.MaxGrant = time.Hour; return nil }))(f)
		f.enrolls(f.Linus, time.Time{})
		f.settles()
		at := f.Clock.Now()
		f.approved(f.Grace, f.is(f.all(of)[len(f.all(of))-1], task.Open, task.NoOutcome))
		f.settles()
		f.wants(f.Linus, of, true)
		n := len(f.all(of))
		f.Clock.Set(at.Add(time.Hour))
		f.wants(f.Linus, of, false)
		f.settles()
		f.later()
		f.wants(f.Linus, of, false)
		if last := f.all(of)[len(f.all(of))-1]; len(f.all(of)) <= n || last.Kind != task.Grant || last.State != task.Open || last.Subject != f.Linus {
			f.Errorf("it is not asked for again: %+v", last)
		}
	})
}

func TestWhatOneCatalogWasAgreedAboutCountsForTheOthersThatListIt(t *testing.T) {
	fairs(t, catalog.Settings{Enrollment: enforce}, func(t *testing.T, f *fair) {
		of, first := f.Of.Ref(), f.Catalog
		k := f.enrolls(f.Ada, time.Time{})
		f.settles()
		f.approved(f.Grace, f.last(of, 1))
		f.Catalog = granttest.Must(f.Catalogs.Create(f.Ctx, catalog.Catalog{
			DisplayName: "More tools", Bundle: true, Settings: catalog.Settings{Enrollment: enforce},
		}))(f).ID
		f.puts(f.Of)
		end := f.Clock.Now().Add(time.Hour)
		f.enrolls(f.Ada, end)
		f.settles()
		f.unenrolls(k)
		f.settles()
		f.wants(f.Ada, of, true)
		f.last(of, 1)
		if g := f.grant(f.Ada, of); !g.Until().Equal(end) {
			t.Errorf("%+v", g)
		}
		f.Clock.Set(end)
		f.wants(f.Ada, of, false)
		f.Catalog = first
	})
}

func TestWhoHoldsItAnotherWayIsAgreedAboutByNobody(t *testing.T) {
	fairs(t, catalog.Settings{Enrollment: enforce}, func(_ *testing.T, f *fair) {
		of, asking := f.Of.Ref(), f.Catalog
		f.Catalog = granttest.Must(f.Catalogs.Create(f.Ctx, catalog.Catalog{DisplayName: "Free tools", Bundle: true}))(f).ID
		f.puts(f.Of)
		k := f.enrolls(f.Ada, time.Time{})
		f.settles()
		f.Catalog = asking
		f.enrolls(f.Ada, time.Time{})
		f.settles()
		f.unenrolls(k)
		f.settles()
		f.later()
		f.wants(f.Ada, of, false)
		f.last(of, 1)
	})
}

func TestOfTwoLoopsAtOnceOneAsks(t *testing.T) {
	fairs(t, catalog.Settings{Enrollment: enforce}, func(t *testing.T, f *fair) {
		f.Book.grant = []policy.Step{{Reject: &policy.Verdict{}}} // no open task stands in the way of another
		people := []directory.UserID{f.Ada, f.Linus, f.Edith}
		for _, u := range people {
			f.enrolls(u, time.Time{})
		}
		for range 4 {
			f.Clock.Advance(3 * time.Minute) // over the lease, as if the one before had died
			var all sync.WaitGroup
			for range 3 {
				all.Go(func() {
					if _, err := f.Rules.Keeper().Run(context.Background(), f.Clock.Now()); err != nil && !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
				})
			}
			all.Wait()
		}
		f.settles()
		f.last(f.Of.Ref(), len(people))
	})
}

// meanwhile are policies in whose first answer something else happens.
type meanwhile struct {
	*book

	happens *func()
}

func (m meanwhile) Resolve(ctx context.Context, id policy.ID, f policy.Facts) (policy.Plan, error) {
	if fn := *m.happens; fn != nil {
		*m.happens = nil
		fn()
	}
	return m.book.Resolve(ctx, id, f)
}

func TestAPassThatWasTakenForDeadAsksNothingThatAnotherAsked(t *testing.T) {
	fairs(t, catalog.Settings{Enrollment: enforce}, func(t *testing.T, f *fair) {
		f.Book.grant = []policy.Step{{Reject: &policy.Verdict{}}} // no open task stands in the way of another
		other := func() {
			f.Clock.Advance(3 * time.Minute)
			granttest.Must(f.Rules.Keeper().Run(t.Context(), f.Clock.Now()))(f)
			f.last(f.Of.Ref(), 1)
		}
		f.Tasks.Policies = meanwhile{f.Book, &other}
		f.enrolls(f.Ada, time.Time{})
		f.settles()
		f.later()
		if f.last(f.Of.Ref(), 1); other != nil {
			t.Error("no other pass was made")
		}
	})
}

func TestWhatCannotBeAskedIsNotGivenAndTold(t *testing.T) {
	fairs(t, catalog.Settings{Enrollment: enforce}, func(_ *testing.T, f *fair) {
		f.Tasks.Policies = refusing{f.Book}
		f.enrolls(f.Ada, time.Time{})
		f.settles()
		f.later()
		f.last(f.Of.Ref(), 0)
		f.wants(f.Ada, f.Of.Ref(), false)
		f.told("enrollment.not_asked", 1)
		f.Tasks.Policies = f.Book
		f.later()
		f.last(f.Of.Ref(), 1)
	})
}

// refusing are policies that were deleted.
type refusing struct{ *book }

func (refusing) Resolve(context.Context, policy.ID, policy.Facts) (policy.Plan, error) {
	return policy.Plan{}, fault.Missing("policy", "x")
}

// told counts the audit events of a kind.
func (f *fair) told(kind string, want int) {
	f.Helper()
	var n int
	f.ok(f.DB.Q(f.Ctx).Row(`select count(*) from event where kind = $1`, kind).Scan(&n))
	if n != want {
		f.Errorf("%d events of %s, want %d", n, kind, want)
	}
}
