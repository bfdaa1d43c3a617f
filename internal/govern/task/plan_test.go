package task_test

import (
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

func TestMyWorkIsReadFromThePersonAndNeverFromAllThatWaits(t *testing.T) {
	o := open(t, dbtest.SQLite(t))
	o.crowd(2000)
	args := []any{string(o.Grace), clock.Micros(o.Clock.Now())}
	o.fromThePerson(t, task.WorkSQL("$1", "$2"), args)
	o.fromThePerson(t, task.WorkWithinSQL("$1", "$2", task.Part{From: "$3", Below: "$4"}), append(args, 100, 200))
	o.fromThePerson(t, task.WorkWithinSQL("$1", "$2", task.Part{From: "$3", Below: "$4", Most: "$5", Down: true}), append(args, 100, 200, 50))
	o.fromThePerson(t, task.AskedWithinSQL("$1", "$2", task.Part{From: "$3", Below: "$4", Most: "$5"}), append(args, 100, 200, 50))
}

func (o *office) fromThePerson(t *testing.T, sql string, args []any) {
	t.Helper()
	rows, err := o.DB.Q(t.Context()).Query(`explain query plan `+sql, args...)
	o.ok(err)
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		o.ok(rows.Scan(&id, &parent, &unused, &step))
		if strings.HasPrefix(step, "SCAN s") || strings.HasPrefix(step, "SCAN t") ||
			strings.Contains(step, "AUTOMATIC") || strings.HasPrefix(step, "SEARCH g ") && !strings.Contains(step, "account_id=?") ||
			strings.HasPrefix(step, "SEARCH s ") && !strings.Contains(step, "user_id=?") && !strings.Contains(step, "object_id=?") {
			t.Error(step)
		}
	}
	o.ok(rows.Err())
}

func TestTheBuiltInPoliciesLetOwnersDecideAndAnExpressionsPeople(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		policies, err := policy.New(policy.Deps{DB: o.DB, Clock: o.Clock, Audit: o.Audit, Owners: o.Owners})
		o.ok(err)
		o.ok(policies.Ensure(o.Context()))
		deps := o.Tasks.Deps
		deps.Policies = policies
		o.Tasks = task.New(deps)
		o.Grants.Tell(o.Tasks)
		asked := o.request()
		o.asked(asked, o.Grace)
		done := o.approved(o.Grace, asked)
		done = o.is(done, task.Closed, task.Granted)
		if done.Generation == "" || done.Policy != policy.BuiltinID(policy.Grant) {
			t.Errorf("policy %s, generation %s", done.Policy, done.Generation)
		}
		revoked, err := o.Tasks.RequestRevoke(o.as(o.Ada), o.asks())
		o.ok(err)
		o.is(revoked, task.Closed, task.Revoked)

		made, err := policies.Create(o.Ctx, policy.Policy{
			Kind: policy.Grant, DisplayName: "By expression",
			Steps: map[string][]policy.Step{
				"grant":  {{Reject: &policy.Verdict{}}},
				"owners": {{Approval: &policy.Approval{Kind: policy.Expression, Expressions: []string{"appOwners"}}}, {Provision: &policy.Provision{}}},
			},
			Rules: []policy.Rule{{Condition: `task.isGrantPermanent == false`, StepKey: "owners"}},
		})
		o.ok(err)
		o.Book.grant = nil
		deps.Policies = chosen{policies, made.ID}
		o.Tasks = task.New(deps)
		o.Grants.Tell(o.Tasks)
		asked = o.request()
		o.asked(asked, o.Grace)
		if got := asked.Current.Slots; len(got) != 1 || got[0].User != o.Grace || asked.StepKey != "owners" {
			t.Errorf("slots %v under %s", got, asked.StepKey)
		}
		o.approved(o.Grace, asked)
		o.is(asked, task.Closed, task.Granted)
	})
}
