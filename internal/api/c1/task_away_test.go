package c1_test

import (
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/api/c1"
)

// decides has a policy of these steps decide on the wiki's entitlement.
func (d *tasking) decides(steps string) {
	d.Helper()
	d.as(d.edith, "system:owner")
	made := d.need(200, "", "POST", "/api/v1/policies",
		`{"displayName":"Who decides","policyType":"POLICY_TYPE_GRANT","policySteps":{"grant":{"steps":[`+steps+`,{"provision":{}}]}}}`)
	d.names[made.text("policy.id")] = "who decides"
	d.need(200, "", "POST", "/api/v1/apps/"+d.wiki+"/entitlements/"+d.member, `{"entitlement":{"grantPolicyId":"`+made.text("policy.id")+`"}}`)
}

func TestADelegateApprovesForTheManager(t *testing.T) {
	onTaskDoors(t, "tasks_for", func(d *tasking) {
		d.decides(`{"approval":{"manager":{},"allowDelegation":true}}`)
		d.need(200, "", "POST", "/api/interim/v1/users/"+c1.KSUID(d.ada.ID),
			`{"user":{"managerIds":["`+c1.KSUID(d.grace.ID)+`"]},"updateMask":"managerIds"}`)
		away := "/api/v1/users/" + c1.KSUID(d.grace.ID) + "/set-delegation-by-admin"
		d.need(200, "", "POST", away, `{"delegatedUserId":"`+c1.KSUID(d.linus.ID)+`","delegationExpireAt":"`+d.instant(time.Hour)+`"}`)
		made := d.request(`,"grantDuration":"3600s"`)
		d.names[made.task()], d.names[made.step()] = "request", "asking"
		d.as(d.grace, "system:user")
		d.want(403, "The manager is away, and not asked", "POST", action(made.task(), "approve"), `{"policyStepId":"`+made.step()+`"}`)
		d.as(d.linus, "system:user")
		d.want(200, "Linus is, for Grace", "GET", "/api/interim/v1/tasks/"+made.task()+"/approvers", "")
		d.want(200, "It is among his work", "POST", "/api/v1/search/tasks", `{"myWorkUserIds":["`+c1.KSUID(d.linus.ID)+`"]}`)
		d.want(200, "He approves", "POST", action(made.task(), "approve"), `{"policyStepId":"`+made.step()+`","comment":"for Grace"}`)
		d.want(200, "Who decided, and for whom", "GET", "/api/interim/v1/tasks/"+made.task()+"/decisions", "")
		d.want(200, "What happened", "POST", "/api/v1/task/audits", `{"taskId":"`+made.task()+`","pageSize":100}`)

		d.as(d.ada, "system:user")
		d.clock.Advance(30 * time.Minute)
		d.need(200, "", "POST", "/api/v1/task/revoke", d.asks(""))
		d.clock.Advance(30 * time.Minute) // to the very end of the window
		again := d.request("")
		d.as(d.linus, "system:user")
		d.want(404, "The window is closed, and he sees nothing of the next", "POST", action(again.task(), "approve"), `{"policyStepId":"`+again.step()+`"}`)
	})
}

func TestEmergencyAccessGoesByItsOwnPolicy(t *testing.T) {
	onTaskDoors(t, "tasks_emergency", func(d *tasking) {
		d.as(d.edith, "system:owner")
		urgent := d.need(200, "", "POST", "/api/v1/policies", `{"displayName":"It burns","policyType":"POLICY_TYPE_GRANT","policySteps":{"grant":{"steps":[
			{"approval":{"users":{"userIds":["`+c1.KSUID(d.linus.ID)+`"]}}},{"provision":{}}]}}}`).text("policy.id")
		d.names[urgent] = "it burns"
		d.need(200, "", "POST", "/api/v1/apps/"+d.wiki+"/entitlements/"+d.member,
			`{"entitlement":{"emergencyGrantEnabled":true,"emergencyGrantPolicyId":"`+urgent+`"}}`)
		made := d.request("")
		d.names[made.task()], d.names[made.step()] = "request", "asking"
		d.as(d.linus, "system:user")
		d.want(404, "Linus has nothing to do with it", "POST", action(made.task(), "escalate"), `{"policyStepId":"`+made.step()+`"}`)
		d.as(d.ada, "system:user")
		now := d.want(200, "Ada cannot wait", "POST", action(made.task(), "escalate"), `{"policyStepId":"`+made.step()+`","comment":"it burns"}`)
		d.names[now.step()] = "urgent"
		d.want(409, "The owners are asked no longer", "POST", action(made.task(), "escalate"), `{"policyStepId":"`+made.step()+`"}`)
		d.want(200, "Found as an emergency", "POST", "/api/v1/search/tasks", `{"emergencyStatus":"EMERGENCY"}`)
		d.as(d.grace, "system:user")
		d.want(409, "Grace saw the step before", "POST", action(made.task(), "approve"), `{"policyStepId":"`+made.step()+`"}`)
		d.as(d.linus, "system:user")
		d.want(200, "Now Linus decides", "POST", action(made.task(), "approve"), `{"policyStepId":"`+now.step()+`"}`)
		d.want(200, "What happened", "POST", "/api/v1/task/audits", `{"taskId":"`+made.task()+`","pageSize":100}`)
	})
}

func TestSomebodyWhoLeavesLosesEverything(t *testing.T) {
	onTaskDoors(t, "tasks_offboarding", func(d *tasking) {
		made := d.request("")
		d.as(d.grace, "system:user")
		d.need(200, "", "POST", action(made.task(), "approve"), `{"policyStepId":"`+made.step()+`"}`)
		d.clock.Advance(time.Minute)
		ada := c1.KSUID(d.ada.ID)
		d.want(403, "Grace may not send Ada away", "POST", "/api/v1/task/offboarding", `{"subjectUserId":"`+ada+`"}`)
		d.as(d.edith, "system:owner")
		off := d.want(200, "Edith may", "POST", "/api/v1/task/offboarding",
			`{"subjectUserId":"`+ada+`","description":"her last day","expandMask":{"paths":["*"]}}`)
		d.names[off.task()] = "offboarding"
		d.pass()
		d.want(200, "It is over", "GET", "/api/v1/tasks/"+off.task(), "")
		d.want(200, "What it did", "POST", "/api/v1/search/tasks", `{"subjectIds":["`+ada+`"],"taskTypes":[{"revoke":{}},{"offboarding":{}}]}`)
		d.want(200, "What happened", "POST", "/api/v1/task/audits", `{"taskId":"`+off.task()+`","pageSize":100}`)
		d.want(200, "Nothing is left", "GET", "/api/v1/apps/"+d.wiki+"/entitlements/"+d.member+"/users/"+ada+"/grants", "")
	})
}

func TestAnOffboardingThatLeavesSomethingSaysSo(t *testing.T) {
	onTaskDoors(t, "", func(d *tasking) {
		made := d.request("")
		d.as(d.grace, "system:user")
		d.need(200, "", "POST", action(made.task(), "approve"), `{"policyStepId":"`+made.step()+`"}`)
		d.clock.Advance(time.Minute)
		d.as(d.edith, "system:owner")
		asked := d.need(200, "", "POST", "/api/v1/policies", `{"displayName":"Who takes","policyType":"POLICY_TYPE_REVOKE","policySteps":{"revoke":{"steps":[
			{"approval":{"appOwners":{}}},{"provision":{}}]}}}`).text("policy.id")
		d.need(200, "", "POST", "/api/v1/apps/"+d.wiki+"/entitlements/"+d.member, `{"entitlement":{"revokePolicyId":"`+asked+`"}}`)
		off := d.need(200, "", "POST", "/api/v1/task/offboarding", `{"subjectUserId":"`+c1.KSUID(d.ada.ID)+`"}`).task()
		d.pass()
		taking := d.need(200, "", "POST", "/api/v1/search/tasks", `{"taskTypes":[{"revoke":{}}],"taskStates":["TASK_STATE_OPEN"]}`)
		d.as(d.grace, "system:user")
		d.need(200, "", "POST", action(taking.text("list.0.task.id"), "deny"), `{"policyStepId":"`+taking.text("list.0.task.policy.current.id")+`"}`)
		d.as(d.edith, "system:owner")
		now := d.need(200, "", "GET", "/api/v1/tasks/"+off, "")
		if now.text("taskView.task.state") != "TASK_STATE_CLOSED" || now.text("taskView.task.type.offboarding.outcome") != "OFFBOARDING_OUTCOME_ERROR" {
			t.Errorf("%v", now.at("taskView.task"))
		}
		last := d.need(200, "", "POST", "/api/v1/task/audits", `{"taskId":"`+off+`","newestFirst":true,"pageSize":1}`)
		if !strings.Contains(last.text("list.0.actionResult.error.errorReason"), "is held still") {
			t.Errorf("%v", last.body)
		}
	})
}
