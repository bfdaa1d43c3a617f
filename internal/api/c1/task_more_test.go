package c1_test

import (
	"reflect"
	"strconv"
	"strings"
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

func TestTheHistoryTellsOfEachRuleThatWasTriedAndOfEachReasonThatWasGiven(t *testing.T) {
	onTaskDoors(t, "tasks_reasons", func(d *tasking) {
		d.as(d.edith, "system:owner")
		brief := d.need(200, "", "POST", "/api/v1/policies", `{"displayName":"Brief","policyType":"POLICY_TYPE_GRANT",
			"rules":[{"condition":"task.grantDuration < duration('61s')","stepKey":"brief"}],
			"policySteps":{"grant":{"steps":[{"approval":{"appOwners":{},"allowReassignment":true}}]},"brief":{"steps":[{"accept":{}}]}}}`)
		first := d.need(200, "", "POST", "/api/v1/policies", `{"displayName":"By whom","policyType":"POLICY_TYPE_GRANT","rules":[
			{"condition":"subject.profile['shift'] == 'night'","stepKey":"grant"},{"condition":"subject.department == 'Sales'","stepKey":"grant"},
			{"condition":"true","policyId":"`+brief.text("policy.id")+`"}],"policySteps":{"grant":{"steps":[{"reject":{}}]}}}`)
		d.names[brief.text("policy.id")], d.names[first.text("policy.id")] = "brief", "by whom"
		d.need(200, "", "POST", "/api/v1/apps/"+d.wiki+"/entitlements/"+d.member,
			`{"entitlement":{"grantPolicyId":"`+first.text("policy.id")+`"},"updateMask":"grantPolicyId"}`)
		made := d.request(`,"grantDuration":"3600s"`)
		id := made.task()
		d.as(d.grace, "system:user")
		given := d.need(200, "", "POST", action(id, "reassign"), `{"policyStepId":"`+made.step()+`","newStepUserIds":["`+c1.KSUID(d.linus.ID)+`"],"comment":"you know this better"}`)
		d.as(d.linus, "system:user")
		d.need(200, "", "POST", action(id, "approve"), `{"policyStepId":"`+given.step()+`","comment":"of course"}`)
		d.want(200, "What happened, to somebody who reads no policies", "POST", "/api/v1/task/audits", `{"taskId":"`+id+`","pageSize":100}`)
		said := d.want(200, "What was said, the latest first", "POST", "/api/v1/task/audits", `{"taskId":"`+id+`","commentsOnly":true,"newestFirst":true}`)
		if n := len(said.list()); n != 2 {
			t.Errorf("%d lines of what was said: %v", n, said.body)
		}
		d.as(d.edith, "system:owner")
		all := d.want(200, "And to somebody who does", "POST", "/api/v1/task/audits", `{"taskId":"`+id+`","pageSize":100}`)
		lines := map[string]bool{}
		for n := range all.list() {
			at := "list." + strconv.Itoa(n)
			line := all.text(at + ".id")
			one := d.call("POST", "/api/v1/task/audits", `{"taskId":"`+id+`","refs":[{"id":"`+line+`"}]}`)
			if lines[line] || len(one.list()) != 1 || !reflect.DeepEqual(one.at("list.0"), all.at(at)) {
				t.Errorf("line %d by its identity %s: %v", n, line, one.body)
			}
			lines[line] = true
		}
		many := `{"id":"` + all.text("list.1.id") + `"}` + strings.Repeat(`,{"id":"`+someID+`"}`, c1.MaxFilter-1)
		if one := d.need(200, "", "POST", "/api/v1/task/audits", `{"taskId":"`+id+`","refs":[`+many+`]}`); len(one.list()) != 1 {
			t.Errorf("one of as many as may be asked for: %v", one.body)
		}
		for _, size := range []string{"1", "2", "5"} {
			n, token := 0, ""
			for range 20 {
				page := d.need(200, "", "POST", "/api/v1/task/audits", `{"taskId":"`+id+`","pageSize":`+size+`,"pageToken":"`+token+`"}`)
				n, token = n+len(page.list()), page.text("nextPageToken")
				if token == "" {
					break
				}
			}
			if n != len(lines) {
				t.Errorf("%d lines by %s, want %d", n, size, len(lines))
			}
		}
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
