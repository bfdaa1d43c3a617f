package c1_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/api/c1"
)

func TestWhatIsDoneByHandIsConfirmedByHand(t *testing.T) {
	onTaskDoors(t, "tasks_by_hand", func(d *tasking) {
		d.as(d.edith, "system:owner")
		d.need(200, "", "POST", "/api/v1/apps/"+d.wiki+"/entitlements/"+d.member, `{"entitlement":{"provisionerPolicy":{"manual":{
			"userIds":["`+c1.KSUID(d.linus.ID)+`"],"instructions":"add them to the list"}}}}`)
		made := d.request(`,"grantDuration":"3600s"`)
		id := made.task()
		d.as(d.grace, "system:user")
		d.want(200, "Who may decide, and why", "GET", "/api/interim/v1/tasks/"+id+"/approvers", "")
		by := d.need(200, "", "POST", action(id, "approve"), `{"policyStepId":"`+made.step()+`","comment":"yes"}`)
		d.need(403, "action not permitted", "POST", "/api/interim/v1/tasks/"+id+"/provision/complete", `{}`)
		d.as(d.linus, "system:user")
		d.want(200, "Who is asked to do it", "GET", "/api/interim/v1/tasks/"+id+"/approvers", "")
		d.need(409, "moved to a new step", "POST", "/api/interim/v1/tasks/"+id+"/provision/complete", `{"policyStepId":"`+made.step()+`"}`)
		d.need(400, "comment", "POST", "/api/interim/v1/tasks/"+id+"/provision/fail", `{}`)
		d.want(200, "It cannot be done", "POST", "/api/interim/v1/tasks/"+id+"/provision/fail", `{"policyStepId":"`+by.step()+`","comment":"the list is full"}`)
		d.as(d.ada, "system:user")
		d.want(200, "Try again", "POST", action(id, "retry-provisioning"), `{"comment":"there is room now"}`)
		d.as(d.linus, "system:user")
		d.want(200, "It is done", "POST", "/api/interim/v1/tasks/"+id+"/provision/complete", `{"comment":"added"}`)
		d.want(200, "How the steps were left", "GET", "/api/interim/v1/tasks/"+id+"/decisions", "")
		d.want(200, "What happened", "POST", "/api/v1/task/audits", `{"taskId":"`+id+`","pageSize":100}`)
	})
}

func TestARequestIsTriedBeforeItIsMade(t *testing.T) {
	onTaskDoors(t, "tasks_dry", func(d *tasking) {
		d.as(d.ada, "system:user")
		d.want(200, "As things are", "POST", "/api/interim/v1/tasks/dry_run", `{"grant":`+d.asks(`,"grantDuration":"3600s"`)+`}`)
		if _, err := d.deps.Directory.Disable(d.Context(), d.grace.ID, ""); err != nil {
			t.Fatal(err)
		}
		d.want(200, "Without the owner", "POST", "/api/interim/v1/tasks/dry_run", `{"grant":`+d.asks("")+`}`)
		if a := d.call("POST", "/api/v1/search/tasks", `{}`); len(a.list()) != 0 {
			t.Errorf("a request was made: %v", a.body)
		}
	})
}

func TestManyAreExtendedAndRevokedEachByItself(t *testing.T) {
	onTaskDoors(t, "tasks_many", func(d *tasking) {
		made := d.request(`,"grantDuration":"3600s"`)
		d.as(d.grace, "system:user")
		d.need(200, "", "POST", action(made.task(), "approve"), `{"policyStepId":"`+made.step()+`"}`)
		d.clock.Advance(time.Minute)
		d.as(d.ada, "system:user")
		of := func(entitlement, user, more string) string {
			return `{"appId":"` + d.wiki + `","appEntitlementId":"` + entitlement + `","identityUserId":"` + user + `"` + more + `}`
		}
		ada, linus := c1.KSUID(d.ada.ID), c1.KSUID(d.linus.ID)
		a := d.want(200, "One is extended, the others are not", "POST", "/api/interim/v1/tasks/extend", `{"description":"we are not done","items":[`+
			of(d.member, ada, `,"grantDuration":"7200s"`)+`,`+of(d.member, linus, "")+`,`+
			of("000000000000000000000000000", ada, "")+`,`+of("x", ada, "")+`]}`)
		d.as(d.grace, "system:user")
		shown := d.call("GET", "/api/v1/tasks/"+a.text("results.0.taskId"), "")
		if shown.at("taskView.task.type.grant.source.isExtension") != true {
			t.Errorf("%v", shown.body)
		}
		d.need(200, "", "POST", action(shown.task(), "approve"), `{"policyStepId":"`+shown.step()+`"}`)
		b := d.want(200, "One is taken, the other is not there", "POST", "/api/interim/v1/tasks/revoke", `{"items":[`+of(d.member, ada, "")+`,`+of(d.member, linus, "")+`]}`)
		if b.text("results.0.state") != "TASK_STATE_CLOSED" {
			t.Errorf("%v", b.body)
		}
	})
}

func TestADuplicateAmongManyNamesTheOther(t *testing.T) {
	onTaskDoors(t, "", func(d *tasking) {
		made := d.request("")
		d.as(d.grace, "system:user")
		d.need(200, "", "POST", action(made.task(), "approve"), `{"policyStepId":"`+made.step()+`"}`)
		d.as(d.ada, "system:user")
		a := d.need(200, "", "POST", "/api/interim/v1/tasks/extend", `{"items":[`+d.asks("")+`,`+d.asks("")+`]}`)
		if a.at("results.1.code") != float64(6) || a.text("results.1.duplicateTaskId") != a.text("results.0.taskId") {
			t.Errorf("%v", a.body)
		}
	})
}
