package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/delegation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
)

const (
	wanted  = 8   // entitlements of the no-op app, and of the circle's, that people ask for
	circle  = 128 // people of the group that decides
	longest = time.Hour
)

// office is where people ask and decide: the services of the server over one database, with a target that has nothing to do. Mail is
// written down for everybody and sent to nobody.
type office struct {
	*works

	tasks    *task.Service
	policies *policy.Service
	read     *read.Service
	first    directory.UserID // owns the no-op app, and decides first
	second   directory.UserID // decides second
	circle   app.ID           // its entitlements are given by a group of 128
	asked    []app.EntitlementID
	turn     int // of what is asked for in the no-op app
	turns    int // of what is asked for in the circle's app
	world    *world
	inForce  *inForce
	ender    due.Source
}

// inForce is told of grants by the transactions that move them, as the tasks are, and tells who waits for one.
type inForce struct {
	*task.Service

	mu      sync.Mutex
	waiting map[grant.ID]chan struct{}
}

// GrantsMoved implements grant.Notice.
func (f *inForce) GrantsMoved(tx *db.Tx, moved []grant.Step, at time.Time) error {
	tx.OnCommit(func() {
		for _, one := range moved {
			if one.State == grant.Active {
				f.reached(one.ID)
			}
		}
	})
	return f.Service.GrantsMoved(tx, moved, at)
}

// reached is of a grant that is in force, for who waits or will.
func (f *inForce) reached(g grant.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c, known := f.waiting[g]; known {
		delete(f.waiting, g)
		close(c)
		return
	}
	f.waiting[g] = nil
}

// wait returns once a grant is in force.
func (f *inForce) wait(ctx context.Context, g grant.ID) error {
	f.mu.Lock()
	if _, over := f.waiting[g]; over {
		delete(f.waiting, g)
		f.mu.Unlock()
		return nil
	}
	c := make(chan struct{})
	f.waiting[g] = c
	f.mu.Unlock()
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// box takes mail.
type box struct{}

// Send implements notify.Mailer.
func (box) Send(context.Context, notify.Message) error { return nil }

// newOffice opens the office on d and furnishes it.
func newOffice(ctx context.Context, d *db.DB, w *world) (*office, error) {
	c, metrics := clock.System(time.Time{}), prometheus.NewRegistry()
	log := audit.New(d, c)
	hooks := webhook.New(webhook.Deps{DB: d, Clock: c, Log: quiet(), Audit: log, Registerer: metrics})
	notices, err := notify.New(ctx, notify.Deps{
		DB: d, Clock: c, Log: quiet(), Audit: log, Webhooks: hooks, Mailer: box{}, Registerer: metrics,
	})
	if err != nil {
		return nil, err
	}
	catalog := app.New(d, c, log)
	p := provision.New(provision.Deps{DB: d, Clock: c, Log: quiet(), Targets: idleTarget{}, Registerer: metrics})
	g := grant.New(grant.Deps{DB: d, Clock: c, Audit: log, Apps: catalog, Provision: p, Registerer: metrics})
	p.Tell(g)
	owners := owner.New(owner.Deps{DB: d, Clock: c, Audit: log})
	o := &office{world: w, read: read.New(d, c)}
	if o.policies, err = policy.New(policy.Deps{DB: d, Clock: c, Audit: log, Owners: owners}); err != nil {
		return nil, err
	}
	catalog.Consult(o.policies)
	o.ender = g.Ender()
	o.tasks = task.New(task.Deps{
		DB: d, Clock: c, Log: quiet(), Audit: log, Grants: g, Owners: owners, Policies: o.policies, Webhooks: hooks, Notices: notices,
		Delegations: delegation.New(delegation.Deps{DB: d, Clock: c, Audit: log, Notify: notices}),
	})
	o.inForce = &inForce{Service: o.tasks, waiting: map[grant.ID]chan struct{}{}}
	g.Tell(o.inForce)
	g.TellHolders(o.tasks)
	o.works = &works{d, due.New(due.Options{
		Clock: c, Log: quiet(), DB: d, Sources: append(append(p.Sources(), g.Enders()...), o.tasks.Due()), Registerer: metrics,
	}).Run}
	last := len(w.users)
	o.first, o.second = directory.UserID(w.users[last-1]), directory.UserID(w.users[last-2])
	return o, errors.Join(o.furnish(iam.AsSystem(ctx), owners), o.gather(iam.AsSystem(ctx), catalog, g))
}

// furnish has two people decide, one after the other, on what is asked for in the no-op app: a rule finds the steps.
func (o *office) furnish(ctx context.Context, owners *owner.Service) error {
	if err := o.policies.Ensure(ctx); err != nil {
		return err
	}
	noop := o.world.noop.connector.AppID
	if err := owners.Set(ctx, owner.OfApp(noop), owner.Primary, []directory.UserID{o.first}, nil); err != nil {
		return err
	}
	p, err := o.policies.Create(ctx, policy.Policy{
		Kind: policy.Grant, DisplayName: "Two decide",
		Steps: map[string][]policy.Step{
			policy.Grant.Baseline(): {{Reject: &policy.Verdict{}}},
			"asked": {
				{Approval: &policy.Approval{Kind: policy.AppOwners, AllowDelegation: true}},
				{Approval: &policy.Approval{Kind: policy.Users, UserIDs: []directory.UserID{o.second}, AllowDelegation: true}},
				{Provision: &policy.Provision{}},
			},
		},
		Rules: []policy.Rule{{Condition: `subject.email.endsWith("@example.com") && !task.is_grant_permanent`, StepKey: "asked"}},
	})
	if err != nil {
		return err
	}
	return o.chosen(ctx, noop, p.ID)
}

// chosen makes a policy that of an app.
func (o *office) chosen(ctx context.Context, in app.ID, p policy.ID) error {
	return o.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`update app set grant_policy_id = $2 where id = $1`, string(in), string(p))
		return err
	})
}

// gather makes the app on whose entitlements a group of 128 decides.
func (o *office) gather(ctx context.Context, catalog *app.Service, grants *grant.Service) error {
	a, err := catalog.CreateApp(ctx, app.App{DisplayName: "Circle"})
	if err != nil {
		return err
	}
	o.circle = a.ID
	var group app.EntitlementID
	for n := range wanted + 1 {
		e, err := catalog.CreateEntitlement(ctx, app.Entitlement{
			AppID: a.ID, TypeID: app.CredentialType, ResourceID: app.AccessResource, DisplayName: fmt.Sprintf("Circle %d", n),
			Slug: fmt.Sprintf("circle%d", n), Purpose: app.PurposeAssignment,
		})
		if err != nil {
			return err
		}
		if group == "" {
			group = e.ID
		} else {
			o.asked = append(o.asked, e.ID)
		}
	}
	for _, u := range o.world.users[:circle] {
		made, err := catalog.CreateAccount(ctx, app.Account{AppID: a.ID, UserID: directory.UserID(u), DisplayName: u})
		if err == nil {
			_, err = grants.Create(ctx, grant.Key{App: a.ID, Entitlement: group, Account: made.ID}, time.Time{})
		}
		if err != nil {
			return err
		}
	}
	p, err := o.policies.Create(ctx, policy.Policy{
		Kind: policy.Grant, DisplayName: "The circle decides",
		Steps: map[string][]policy.Step{policy.Grant.Baseline(): {
			{Approval: &policy.Approval{Kind: policy.Group, Group: app.EntitlementRef{AppID: a.ID, ID: group}, AllowDelegation: true}},
			{Provision: &policy.Provision{}},
		}},
	})
	if err != nil {
		return err
	}
	return o.chosen(ctx, a.ID, p.ID)
}

// as is a context in which somebody acts.
func as(ctx context.Context, u directory.UserID) context.Context {
	name := string(u)
	ctx = iam.WithPrincipal(ctx, &iam.Principal{UserID: u, Name: name})
	return audit.With(ctx, audit.Actor{Kind: audit.KindUser, UserID: name, Name: name})
}
