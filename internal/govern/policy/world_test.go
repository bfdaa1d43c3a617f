package policy_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/id"
)

// world is an installation with a wiki, two people and nothing but the built-in policies.
type world struct {
	*testing.T
	ctx        context.Context
	db         *db.DB
	clock      *clock.Fake
	people     *directory.Service
	apps       *app.Service
	grants     *grant.Service
	owners     *owner.Service
	policies   *policy.Service
	ada, grace directory.User // grace is ada's manager, and owns the wiki
	wiki       app.App
}

func onWorlds(t *testing.T, test func(w *world)) {
	t.Helper()
	dbtest.Watched(t, func(t *testing.T, d *db.DB) {
		c := clock.NewFake(time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC))
		log := audit.New(d, c)
		w := &world{T: t, ctx: t.Context(), db: d, clock: c, people: directory.New(d, c, log), apps: app.New(d, c, log)}
		w.owners = owner.New(owner.Deps{DB: d, Clock: c, Audit: log})
		w.apps.TellCreated(w.owners)
		operations := provision.New(provision.Deps{DB: d, Clock: c})
		w.grants = grant.New(grant.Deps{DB: d, Clock: c, Audit: log, Apps: w.apps, Provision: operations})
		var err error
		w.policies, err = policy.New(policy.Deps{DB: d, Clock: c, Audit: log, Owners: w.owners})
		w.must(err)
		w.apps.Consult(w.policies)
		w.must(w.policies.Ensure(w.ctx))
		w.grace = w.person("Grace")
		w.ada = w.person("Ada", w.grace.ID)
		w.wiki, err = w.apps.CreateApp(audit.With(w.ctx, audit.Actor{Kind: audit.KindUser, UserID: string(w.grace.ID)}), app.App{DisplayName: "Wiki"})
		w.must(err)
		test(w)
	})
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) person(name string, managers ...directory.UserID) directory.User {
	w.Helper()
	u, err := w.people.Create(w.ctx, directory.User{
		DisplayName: name, Email: name + "@example.com", Department: "Engineering", ManagerIDs: managers,
		Profile: directory.Profile{Attributes: map[string]string{"team": "red"}},
	})
	w.must(err)
	return u
}

func (w *world) access() app.EntitlementRef {
	return app.EntitlementRef{AppID: w.wiki.ID, ID: app.AccessEntitlement}
}

func (w *world) facts() policy.Facts {
	w.Helper()
	e, err := app.GetEntitlement(w.db.Q(w.ctx), w.wiki.ID, app.AccessEntitlement)
	w.must(err)
	return policy.Facts{Subject: w.ada, Entitlement: e, Task: policy.TaskFacts{
		ID: id.New(w.clock.Now()), Number: 7, DisplayName: "Wiki for Ada", Origin: "API", GrantDuration: time.Hour, Opener: w.ada.ID,
		CreatedAt: w.clock.Now(), Conflicts: []string{"two hats"},
	}}
}

// simple is a policy of a kind with one accept step, and the rules.
func simple(name string, kind policy.Kind, rules ...policy.Rule) policy.Policy {
	accept := []policy.Step{{Accept: &policy.Verdict{}}}
	return policy.Policy{
		Kind: kind, DisplayName: name, Steps: map[string][]policy.Step{kind.Baseline(): accept, "other": accept}, Rules: rules,
	}
}

func (w *world) made(p policy.Policy) policy.Policy {
	w.Helper()
	made, err := w.policies.Create(w.ctx, p)
	w.must(err)
	return made
}

func to(p policy.ID) policy.Rule { return policy.Rule{Condition: "true", PolicyID: p} }

// manyReports gives grace that many people to lead.
func (w *world) manyReports(n int) error {
	return w.db.Write(w.ctx, func(tx *db.Tx) error {
		for i := range n {
			user := id.Static(fmt.Sprint("report", i))
			if _, err := tx.Exec(`insert into users (id, kind, origin, status, display_name, email, email_folded, username, job_title, department,
					employment_status, employment_type, doc, search, created_at, updated_at, deleted_at, version)
				select $1, kind, origin, status, $1, '', '', '', '', '', '', '', doc, '', created_at, updated_at, null, 1 from users where id = $2`,
				user, string(w.grace.ID)); err != nil {
				return err
			}
			if _, err := tx.Exec(`insert into user_manager (user_id, manager_id) values ($1, $2)`, user, string(w.grace.ID)); err != nil {
				return err
			}
		}
		return nil
	})
}
