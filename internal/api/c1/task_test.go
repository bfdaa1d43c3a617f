package c1_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/db"
)

// tasking adds tasks to a door, in a wiki of Grace's with one entitlement.
type tasking struct {
	granting

	ada, grace, linus directory.User // asks; owns the wiki; has nothing to do with it
	edith             directory.User // Super Administrator
	wiki, member      string
}

func onTaskDoors(t *testing.T, name string, test func(d *tasking)) {
	t.Helper()
	onGrantDoors(t, name, func(g granting) { test(g.tasking()) })
}

// tasking adds tasks to the door.
func (d granting) tasking() *tasking {
	d.Helper()
	t := &tasking{granting: d}
	d.deps.Tasks = task.New(task.Deps{
		DB: d.deps.DB, Clock: d.clock, Audit: d.deps.Audit, Grants: d.deps.Grants, Owners: d.deps.Owners,
		Delegations: d.deps.Delegations, Policies: d.deps.Policies,
	})
	d.deps.IAM.Relate(d.deps.Tasks.Relate(d.deps.Owners))
	d.deps.Directory.Tell(d.deps.Tasks)
	d.deps.Apps.Tell(d.deps.Tasks)
	d.deps.Grants.Tell(d.deps.Tasks)
	d.deps.Grants.TellHolders(d.deps.Tasks)
	d.deps.Directory.TellStanding(d.deps.Tasks)
	d.deps.Delegations.Tell(d.deps.Tasks)
	t.edith = d.admin("Edith")
	t.ada, t.linus = d.person("Ada", "system:user"), d.person("Linus", "system:user")
	t.grace = d.person("Grace", "system:owner")
	t.wiki, _, _, t.member = d.catalog()
	d.nameBuiltins()
	for _, kind := range []policy.Kind{policy.Grant, policy.Revoke} {
		p, err := d.deps.Policies.Get(d.Context(), policy.BuiltinID(kind))
		d.ok(err)
		d.names[c1.KSUID(p.ID)], d.names[c1.KSUID(p.Generation)] = "policy "+string(kind), "generation "+string(kind)
	}
	d.script.Reset()
	return t
}

// admin makes a person who holds Super Administrator, so that steps may fall back to them.
func (d granting) admin(name string) directory.User {
	d.Helper()
	u := d.person(name, "system:owner")
	d.ok(d.deps.DB.Write(d.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into user_role (user_id, role_id, created_at) values ($1, $2, 0)`, string(u.ID),
			string(iam.BuiltinID(iam.SuperAdministrator)))
		return err
	}))
	return u
}

// pass does what is due, of tasks too.
func (d *tasking) pass() {
	d.Helper()
	for range 20 {
		d.settle()
		n, err := d.deps.Tasks.Due().Run(d.Context(), d.clock.Now())
		d.ok(err)
		if n == 0 {
			return
		}
	}
}

// asks is the body of a request of Ada's; more are further members.
func (d *tasking) asks(more string) string {
	return `{"appId":"` + d.wiki + `","appEntitlementId":"` + d.member + `","identityUserId":"` + c1.KSUID(d.ada.ID) + `"` + more + `}`
}

// request is a request of Ada's.
func (d *tasking) request(more string) answer {
	d.Helper()
	d.as(d.ada, "system:user")
	return d.need(200, "", "POST", "/api/v1/task/grant", d.asks(more))
}

// step is the step a task is at.
func (a answer) step() string { return a.text("taskView.task.policy.current.id") }

func (a answer) task() string { return a.text("taskView.task.id") }

// action is the path of an action on a task.
func action(id, name string) string { return "/api/v1/tasks/" + id + "/action/" + name }

func TestConesRequestsAreAnswered(t *testing.T) {
	onTaskDoors(t, "tasks_cone", func(d *tasking) {
		search := `{"taskStates":["TASK_STATE_OPEN"],"taskTypes":[{"grant":{}}],"appEntitlementIds":["` + d.member + `"],"subjectIds":["` +
			c1.KSUID(d.ada.ID) + `"],"expandMask":{"paths":["*"]}}`
		d.as(d.ada, "system:user")
		d.want(200, "Nothing was asked for", "POST", "/api/v1/search/tasks", search)
		made := d.want(200, "get, with an empty account, for an hour", "POST", "/api/v1/task/grant",
			d.asks(`,"appUserId":"","description":"for the release","grantDuration":"3600s","expandMask":{"paths":["*"]}`))
		d.names[made.task()], d.names[made.step()] = "request", "asking"
		d.want(200, "It is found", "POST", "/api/v1/search/tasks", search)
		d.want(200, "And read", "GET", "/api/v1/tasks/"+made.task(), "")
		d.want(200, "By its number", "GET", "/api/v1/tasks/"+made.text("taskView.task.numericId"), "")
		d.want(200, "A word to who decides", "POST", action(made.task(), "comment"), `{"comment":"please hurry"}`)
		d.want(403, "Nobody decides their own", "POST", action(made.task(), "approve"), `{"policyStepId":"`+made.step()+`"}`)
		d.want(400, "There is no emergency", "POST", action(made.task(), "escalate"), `{"policyStepId":"`+made.step()+`"}`)
		d.as(d.grace, "system:user")
		d.want(200, "What waits for Grace", "POST", "/api/v1/search/tasks", `{"myWorkUserIds":["`+c1.KSUID(d.grace.ID)+`"]}`)
		d.want(200, "approve", "POST", action(made.task(), "approve"), `{"policyStepId":"`+made.step()+`","comment":"of course"}`)
		d.want(409, "Too late", "POST", action(made.task(), "deny"), `{"policyStepId":"`+made.step()+`"}`)
		d.as(d.ada, "system:user")
		d.want(200, "has", "GET", "/api/v1/apps/"+d.wiki+"/entitlements/"+d.member+"/users/"+c1.KSUID(d.ada.ID)+"/grants", "")
		d.clock.Advance(time.Minute)
		d.want(200, "drop", "POST", "/api/v1/task/revoke", d.asks(`,"appUserId":"","expandMask":{"paths":["*"]}`))
		d.want(404, "What is gone cannot be dropped", "POST", "/api/v1/task/revoke", d.asks(""))
		again := d.want(200, "get again", "POST", "/api/v1/task/grant", d.asks(`,"description":"once more"`))
		d.as(d.grace, "system:user")
		d.want(200, "deny", "POST", action(again.task(), "deny"), `{"policyStepId":"`+again.step()+`","comment":"not twice"}`)
		d.want(200, "What was said", "POST", "/api/v1/task/audits", `{"taskId":"`+made.task()+`","commentsOnly":true}`)
		d.want(200, "What happened", "POST", "/api/v1/task/audits", `{"taskId":"`+made.task()+`","pageSize":100}`)
		d.want(200, "The last that happened", "POST", "/api/v1/task/audits", `{"taskId":"`+again.task()+`","newestFirst":true,"pageSize":2}`)
	})
}

func TestAccessEndsInATaskOfItsOwn(t *testing.T) {
	onTaskDoors(t, "tasks_end", func(d *tasking) {
		made := d.request(`,"grantDuration":"3600s"`)
		d.as(d.grace, "system:user")
		d.need(200, "", "POST", action(made.task(), "approve"), `{"policyStepId":"`+made.step()+`"}`)
		d.clock.Advance(time.Hour)
		d.pass()
		d.as(d.ada, "system:user")
		found := d.want(200, "The task at the end", "POST", "/api/v1/search/tasks", `{"taskTypes":[{"revoke":{}}],"sortBy":"TASK_SEARCH_SORT_BY_REVERSE_CREATED_AT"}`)
		d.want(200, "What happened", "POST", "/api/v1/task/audits", `{"taskId":"`+found.text("list.0.task.id")+`"}`)
	})
}

func TestAStepIsReassignedRestartedSkippedAndReset(t *testing.T) {
	onTaskDoors(t, "tasks_steps", func(d *tasking) {
		made := d.request("")
		id := made.task()
		d.as(d.edith, "system:owner")
		two := d.want(200, "Reassigned", "POST", action(id, "reassign"),
			`{"policyStepId":"`+made.step()+`","newStepUserIds":["`+c1.KSUID(d.linus.ID)+`"],"comment":"Grace is away"}`)
		d.want(409, "The old step is over", "POST", action(id, "skip-step"), `{"policyStepId":"`+made.step()+`"}`)
		three := d.want(200, "Opened anew", "POST", action(id, "restart"), `{"policyStepId":"`+two.step()+`"}`)
		d.want(200, "Its approvers are found again", "POST", action(id, "process"), `{}`)
		d.want(200, "From the beginning", "POST", action(id, "reset"), `{"comment":"the policy has changed"}`)
		d.as(d.ada, "system:user")
		d.want(200, "For an hour only", "POST", action(id, "update-grant-duration"), `{"duration":"3600s"}`)
		longer := d.want(200, "For two", "POST", action(id, "update-grant-duration"), `{"duration":"7200s"}`)
		d.want(200, "The form", "POST", action(id, "update-request-data"), `{"data":{"why":"on call","days":3}}`)
		d.as(d.edith, "system:owner")
		now := d.call("GET", "/api/v1/tasks/"+id, "")
		if now.step() == longer.step() || longer.step() == three.step() {
			t.Error("what was asked has changed, and the step is the same")
		}
		d.want(400, "Nothing failed", "POST", action(id, "skip-step"), `{}`)
		d.want(200, "Skipped", "POST", action(id, "skip-step"), `{"policyStepId":"`+now.step()+`","comment":"she needs it now"}`)
		d.want(200, "What happened", "POST", "/api/v1/task/audits", `{"taskId":"`+id+`","pageSize":100}`)
	})
}

func TestARequestIsClosedByWhoeverAsked(t *testing.T) {
	onTaskDoors(t, "tasks_close", func(d *tasking) {
		made := d.request("")
		d.want(200, "Closed", "POST", action(made.task(), "close"), `{"comment":"not needed"}`)
		for name, body := range map[string]string{
			"close": `{}`, "comment": `{"comment":"again"}`, "process": `{}`, "reset": `{}`, "restart": `{}`, "escalate": `{}`,
			"retry-provisioning": `{}`, "update-grant-duration": `{"duration":"60s"}`, "update-request-data": `{"data":{}}`,
			"deny": `{"policyStepId":"` + made.step() + `"}`, "skip-step": `{"policyStepId":"` + made.step() + `"}`,
			"reassign": `{"newStepUserIds":["` + c1.KSUID(d.linus.ID) + `"]}`,
		} {
			if a := d.need(409, "task is closed", "POST", action(made.task(), name), body); a.at("code") != float64(10) {
				t.Errorf("%s: %v", name, a.body)
			}
		}
	})
}
