package task_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/delegation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// office is where people ask and decide: the services over one database, and one policy for everything.
type office struct {
	*granttest.House

	Tasks       *task.Service
	Owners      *owner.Service
	Delegations *delegation.Service
	Book        *book
	App         app.App
	Of          app.Entitlement
	Ada         directory.UserID // asks
	Grace       directory.UserID // owns the app
	Linus       directory.UserID
	Edith       directory.UserID // Super Administrator
}

// book are the policies of an office. What its expressions answer stands in it.
type book struct {
	grant, revoke, emergency []policy.Step
	answers                  map[string][]directory.UserID
	holds                    bool
	down                     error // why no expression can be worked out at the moment
}

func (b *book) steps(id policy.ID) []policy.Step {
	return map[policy.ID][]policy.Step{"GRANT": b.grant, "REVOKE": b.revoke, "emergency": b.emergency}[id]
}

func (b *book) Resolve(_ context.Context, id policy.ID, _ policy.Facts) (policy.Plan, error) {
	return policy.Plan{Policy: policy.Policy{ID: id}, Generation: policy.GenerationID("generation of " + id), Steps: b.steps(id)}, nil
}

func (b *book) Approvers(_ context.Context, expressions []string, _ policy.Facts) ([]directory.UserID, error) {
	if b.down != nil {
		return nil, b.down
	}
	if list, ok := b.answers[expressions[0]]; ok {
		return list, nil
	}
	return nil, fault.New(fault.Invalid, "no such user")
}

func (b *book) Holds(context.Context, string, policy.Facts) (bool, error) { return b.holds, nil }

func (b *book) For(_ app.Entitlement, _ app.App, kind policy.Kind, emergency bool) (policy.ID, error) {
	if emergency {
		if b.emergency == nil {
			return "", fault.New(fault.Precondition, "the entitlement allows no emergency access")
		}
		return "emergency", nil
	}
	return policy.ID(kind), nil
}

func (b *book) Many(_ db.Q, ids []policy.ID) (list []policy.Policy, err error) {
	for _, id := range ids {
		list = append(list, policy.Policy{ID: id, Steps: map[string][]policy.Step{"revoke": b.steps(id)}})
	}
	return list, nil
}

func open(t testing.TB, d *db.DB) *office {
	h := granttest.New(t, d)
	o := &office{House: h, Book: &book{}}
	o.Owners = owner.New(owner.Deps{DB: d, Clock: h.Clock, Audit: h.Audit})
	o.Delegations = delegation.New(delegation.Deps{DB: d, Clock: h.Clock, Audit: h.Audit})
	o.Tasks = task.New(task.Deps{
		DB: d, Clock: h.Clock, Audit: h.Audit, Grants: h.Grants, Owners: o.Owners, Delegations: o.Delegations, Policies: o.Book,
	})
	h.Grants.Tell(o.Tasks)
	h.Grants.TellHolders(o.Tasks)
	h.Directory.TellStanding(o.Tasks)
	o.Delegations.Tell(o.Tasks)
	o.Owners.Tell(o.Tasks)
	h.Directory.Tell(o.Tasks)
	h.Directory.Tell(o.Delegations)
	h.Apps.Tell(o.Tasks)
	o.App = h.App()
	o.Of = h.Entitlement(o.App.ID)
	o.Ada, o.Grace, o.Linus, o.Edith = h.User().ID, h.User().ID, h.User().ID, h.User().ID
	o.ok(o.Owners.Set(h.Ctx, owner.OfApp(o.App.ID), owner.Primary, []directory.UserID{o.Grace}, nil))
	o.ok(d.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into user_role (user_id, role_id, created_at) values ($1, $2, 0)`, string(o.Edith),
			string(iam.BuiltinID(iam.SuperAdministrator)))
		return err
	}))
	o.Book.grant = []policy.Step{{Approval: &policy.Approval{Kind: policy.AppOwners, AllowReassignment: true, AllowDelegation: true}}, {Provision: &policy.Provision{}}}
	o.Book.revoke = []policy.Step{{Accept: &policy.Verdict{}}, {Provision: &policy.Provision{}}}
	return o
}

func each(t *testing.T, test func(t *testing.T, o *office)) {
	t.Helper()
	dbtest.Watched(t, func(t *testing.T, d *db.DB) { test(t, open(t, d)) })
}

// ok stops the test at an error.
func (o *office) ok(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

func (o *office) fails(err error, code fault.Code) {
	o.Helper()
	if !fault.Is(err, code) {
		o.Fatalf("%v, want %v", err, code)
	}
}

// as is a context in which somebody acts.
func (o *office) as(u directory.UserID) context.Context {
	ctx := iam.WithPrincipal(o.Context(), &iam.Principal{UserID: u, Name: string(u), SuperAdmin: u == o.Edith})
	return audit.With(ctx, audit.Actor{Kind: audit.KindUser, UserID: string(u), Name: string(u)})
}

// asks is a request of Ada's for an hour.
func (o *office) asks() task.Ask {
	return task.Ask{App: o.App.ID, Entitlement: o.Of.ID, Subject: o.Ada, Duration: time.Hour, Description: "for the release"}
}

func (o *office) request() task.Task {
	o.Helper()
	t, err := o.Tasks.RequestGrant(o.as(o.Ada), o.asks())
	o.ok(err)
	return t
}

// approve has somebody approve the step that is open.
func (o *office) approve(u directory.UserID, t task.Task) (task.Task, error) {
	now, err := o.Tasks.Get(o.Context(), string(t.ID))
	o.ok(err)
	return o.Tasks.Approve(o.as(u), string(t.ID), now.Step(), "fine")
}

func (o *office) approved(u directory.UserID, t task.Task) task.Task {
	o.Helper()
	t, err := o.approve(u, t)
	o.ok(err)
	return t
}

// is reads a task again and says what it must be.
func (o *office) is(t task.Task, state task.State, outcome task.Outcome) task.Task {
	o.Helper()
	now, err := o.Tasks.Get(o.Context(), string(t.ID))
	o.ok(err)
	if now.State != state || now.Outcome != outcome {
		o.Fatalf("%s %q, want %s %q; %+v", now.State, now.Outcome, state, outcome, now.Current)
	}
	return now
}

// work are the tasks that wait for somebody, which must be those whom the tasks say they wait for.
func (o *office) work(u directory.UserID) []task.ID {
	o.Helper()
	p, err := o.Tasks.Work(o.Context(), u, page.Request{Size: 100})
	o.ok(err)
	var list []task.ID
	for _, t := range p.Items {
		list = append(list, t.ID)
	}
	return list
}

// eligible is who may decide, checked against everybody's work.
func (o *office) eligible(t task.Task) []directory.UserID {
	o.Helper()
	now, err := o.Tasks.Get(o.Context(), string(t.ID))
	o.ok(err)
	r, err := o.Tasks.Eligible(o.Context(), now)
	o.ok(err)
	for _, u := range []directory.UserID{o.Ada, o.Grace, o.Linus, o.Edith} {
		if may, has := slices.Contains(r.Users(), u), slices.Contains(o.work(u), t.ID); may != has {
			o.Errorf("%s may decide: %v, has it among their work: %v (%s)", u, may, has, r.Tier)
		}
	}
	return r.Users()
}

// pass runs what is due until nothing is.
func (o *office) pass(sources ...due.Source) {
	o.Helper()
	for range 50 {
		n := 0
		for _, s := range sources {
			did, err := s.Run(o.Context(), o.Clock.Now())
			o.ok(err)
			n += did
		}
		if n == 0 {
			return
		}
	}
}

func (o *office) kinds(t task.Task) []task.AuditKind {
	o.Helper()
	p, err := o.Tasks.Events(o.Context(), task.HistoryFilter{Tasks: []task.ID{t.ID}}, page.Request{Size: 100})
	o.ok(err)
	var list []task.AuditKind
	for _, e := range p.Items {
		list = append(list, e.Kind)
	}
	return list
}

func (o *office) holds(t task.Task) bool {
	o.Helper()
	g, err := o.Grants.Get(o.Context(), grant.Key{App: t.App, Entitlement: t.Entitlement, Account: t.Account})
	if fault.Is(err, fault.NotFound) {
		return false
	}
	o.ok(err)
	return g.Live(o.Clock.Now())
}

// chosen are the policies of an installation in which everything is asked for under one.
type chosen struct {
	*policy.Service

	id policy.ID
}

func (c chosen) For(app.Entitlement, app.App, policy.Kind, bool) (policy.ID, error) { return c.id, nil }
