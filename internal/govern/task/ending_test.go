package task_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/id"
)

// ruled has everything taken under a policy whose rule is for what ends on time: somebody notes it by hand.
func (o *office) ruled() {
	o.Helper()
	policies, err := policy.New(policy.Deps{DB: o.DB, Clock: o.Clock, Audit: o.Audit, Owners: o.Owners})
	o.ok(err)
	o.ok(policies.Ensure(o.Context()))
	made, err := policies.Create(o.Ctx, policy.Policy{
		Kind: policy.Revoke, DisplayName: "By rule",
		Steps: map[string][]policy.Step{
			"revoke": {{Provision: &policy.Provision{}}},
			"noted": {{Approval: &policy.Approval{Kind: policy.AppOwners}}, {Provision: &policy.Provision{
				Doc: []byte(fmt.Sprintf(`{"manual":{"userIds":["%s"]}}`, id.KSUID(string(o.Linus)))),
			}}},
		},
		Rules: []policy.Rule{{Condition: `task.origin == TaskOrigin.TIME_REVOKE`, StepKey: "noted"}},
	})
	o.ok(err)
	deps := o.Tasks.Deps
	deps.Policies = chosen{policies, made.ID}
	o.Tasks = task.New(deps)
	o.Grants.Tell(o.Tasks)
}

// taken is the task that was made last.
func (o *office) taken() task.Task {
	o.Helper()
	var number int64
	o.ok(o.DB.Q(o.Context()).Row(`select max(number) from task`).Scan(&number))
	t, err := o.Tasks.Get(o.Context(), strconv.FormatInt(number, 10))
	o.ok(err)
	return t
}

func TestAtTheEndOfAGrantTheRulesOfItsPolicySayHowItIsTaken(t *testing.T) {
	for name, first := range map[string]bool{"its target is quicker": true, "its policy is quicker": false} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, o *office) {
				c := o.Connected(1)
				key := grant.Key{App: c.Connector.AppID, Entitlement: c.Entitlement, Account: c.Accounts[0]}
				_, err := o.Grants.Create(o.Ctx, key, o.Clock.Now().Add(time.Hour))
				o.ok(err)
				o.run()
				o.ruled()
				o.Clock.Advance(time.Hour)
				o.pass(o.Grants.Ender())
				began := o.taken()
				if began.Origin != task.ByTime || began.Current != nil || !slices.Contains(o.kinds(began), task.TaskCreated) {
					t.Fatalf("began as %+v", began)
				}
				if first {
					o.run()
				}
				o.pass(o.Tasks.Due())
				if !first {
					o.is(began, task.Open, task.NoOutcome)
					o.run()
				}
				now := o.is(began, task.Open, task.NoOutcome)
				if now.StepKey != "noted" || !slices.Contains(o.kinds(now), task.PolicyEvaluated) || !slices.Contains(o.kinds(now), task.PassedByItself) {
					t.Errorf("goes by %q: %v", now.StepKey, o.kinds(now))
				}
				o.asked(now, o.Linus)
				_, err = o.Tasks.CompleteManual(o.as(o.Linus), string(now.ID), now.Step(), "noted")
				o.ok(err)
				o.is(now, task.Closed, task.Revoked)
			})
		})
	}
}

func TestATaskThatAsksAsItBeginsIsMadeAgainWithItsTransaction(t *testing.T) {
	each(t, func(_ *testing.T, o *office) {
		o.Book.revoke = []policy.Step{{Provision: &policy.Provision{Doc: []byte(fmt.Sprintf(`{"manual":{"userIds":["%s"]}}`, o.Linus))}}}
		g, err := o.Grants.Create(o.Ctx, grant.Key{App: o.App.ID, Entitlement: o.Of.ID, Account: o.Account(o.App.ID, o.Ada).ID}, o.Clock.Now().Add(time.Hour))
		o.ok(err)
		o.Clock.Advance(time.Hour)
		ends := []grant.Step{{Grant: g, Kind: grant.OnTime, User: o.Ada}}
		end, err := o.Tasks.GrantsExpired(o.DB.Q(o.Context()), ends, o.Clock.Now())
		o.ok(err)
		spoiled := errors.New("another member of the group failed")
		for _, then := range []error{spoiled, nil} {
			err = o.DB.Write(o.Ctx, func(tx *db.Tx) error { return errors.Join(end.Write(tx), then) })
			if !errors.Is(err, then) {
				o.Fatal(err)
			}
		}
		o.asked(o.taken(), o.Linus)
	})
}

// Ends in great numbers are what the batches are for: rules cost those who have them.
func TestEndsUnderAPolicyWithoutRulesTakeNoMoreStatementsThanEver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := open(t, d)
		ends := o.Clock.Now().Add(time.Hour)
		var accounts []app.AccountID
		for range 20 {
			accounts = append(accounts, o.Account(o.App.ID, o.User().ID).ID)
		}
		for range 50 {
			of := o.Entitlement(o.App.ID)
			for _, a := range accounts {
				_, err := o.Grants.Create(o.Ctx, grant.Key{App: o.App.ID, Entitlement: of.ID, Account: a}, ends)
				o.ok(err)
			}
		}
		o.Clock.Advance(time.Hour)
		n := 0
		stop := d.Record(func(db.Statement) { n++ })
		o.pass(o.Grants.Ender())
		stop()
		t.Logf("%d statements for 1000 ends", n)
		if n > mostForEnds {
			t.Errorf("%d statements for 1000 ends, want at most %d", n, mostForEnds)
		}
	})
}

// mostForEnds is what 1,000 ends took before rules were looked at, and a look for each batch whether it is still what was read.
const mostForEnds = 180
