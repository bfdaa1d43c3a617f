package c1_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/interim-access/interim/internal/api/c1"
)

func TestWhoMayNotSeeATaskFindsNone(t *testing.T) {
	onTaskDoors(t, "", func(d *tasking) {
		made := d.request("")
		id, number, step := made.task(), made.text("taskView.task.numericId"), made.step()
		d.as(d.linus, "system:user")
		for _, ref := range []string{id, number} {
			d.need(404, "task not found: "+ref, "GET", "/api/v1/tasks/"+ref, "")
			d.need(404, "task not found: "+ref, "POST", "/api/v1/task/audits", `{"taskId":"`+ref+`"}`)
			d.need(404, "task not found: "+ref, "POST", action(ref, "approve"), `{"policyStepId":"`+step+`"}`)
			d.need(404, "task not found: "+ref, "POST", action(ref, "comment"), `{"comment":"hello"}`)
			d.need(404, "task not found: "+ref, "GET", "/api/interim/v1/tasks/"+ref+"/approvers", "")
			d.need(404, "task not found: "+ref, "GET", "/api/interim/v1/tasks/"+ref+"/decisions", "")
			d.need(404, "task not found: "+ref, "POST", "/api/interim/v1/tasks/"+ref+"/provision/complete", "{}")
		}
		if a := d.call("POST", "/api/v1/search/tasks", `{}`); a.status != 200 || len(a.list()) != 0 {
			t.Errorf("Linus finds %v", a.body)
		}
		d.as(d.edith, "system:viewer")
		d.need(200, "", "GET", "/api/v1/tasks/"+number, "")
		d.need(403, "action not permitted", "POST", action(id, "approve"), `{"policyStepId":"`+step+`"}`)
		if a := d.call("POST", "/api/v1/search/tasks", `{}`); len(a.list()) != 1 || a.text("list.0.task.id") != id {
			t.Errorf("who sees all finds %v", a.body)
		}
		for _, ref := range []string{"000000000000000000000000000", "999999999999", c1.KSUID(d.ada.ID)} {
			d.need(404, "task not found", "GET", "/api/v1/tasks/"+ref, "")
			d.need(404, "task not found", "POST", action(ref, "close"), "{}")
		}
		for _, ref := range []string{"x", "-1", "0", "1.5", "000000000000000000000000000000"} {
			d.need(400, "must match the pattern", "GET", "/api/v1/tasks/"+ref, "")
			d.need(400, "must match the pattern", "POST", action(ref, "close"), "{}")
		}
	})
}

func TestPeopleAskForThemselvesAndOwnersForEverybody(t *testing.T) {
	onTaskDoors(t, "", func(d *tasking) {
		d.as(d.linus, "system:user")
		d.need(403, "not allowed to request", "POST", "/api/v1/task/grant", d.asks(""))
		d.need(403, "Permission denied", "POST", "/api/v1/task/revoke", d.asks(""))
		d.need(403, "Permission denied", "POST", "/api/v1/task/offboarding", `{"subjectUserId":"`+c1.KSUID(d.ada.ID)+`"}`)
		d.need(403, "not allowed to request", "POST", "/api/interim/v1/tasks/dry_run", `{"grant":`+d.asks("")+`}`)
		d.as(d.grace, "system:user")
		made := d.need(200, "", "POST", "/api/v1/task/grant", d.asks(""))
		d.need(403, "action not permitted", "POST", action(made.task(), "approve"), `{"policyStepId":"`+made.step()+`"}`)
		second := d.need(409, "duplicate ticket found", "POST", "/api/v1/task/grant", d.asks(""))
		if second.at("code") != float64(6) || second.text("details.0.metadata.taskId") != made.task() {
			t.Errorf("%v", second.body)
		}
		d.as(d.ada, "system:user")
		d.need(400, "user_id is required", "POST", "/api/v1/task/grant", strings.Replace(d.asks(""), c1.KSUID(d.ada.ID), "", 1))
		d.as(d.edith, "system:owner")
		d.need(400, "user_id is required", "POST", "/api/v1/task/grant", strings.Replace(d.asks(""), c1.KSUID(d.ada.ID), "", 1))
	})
}

func TestBadInputAboutTasksIsNamed(t *testing.T) {
	onTaskDoors(t, "", func(d *tasking) {
		made := d.request("")
		long, megabyte := strings.Repeat("x", 2049), strings.Repeat("x", 1<<20)
		d.as(d.edith, "system:owner")
		d.invalid("POST", "/api/v1/task/grant", map[string]string{
			"appId": `{}`, "appId'": d.asks(`,"appId":"x"`), "appEntitlementId": d.asks(`,"appEntitlementId":"x"`),
			"identityUserId": d.asks(`,"identityUserId":"x"`), "appUserId": d.asks(`,"appUserId":"x"`),
			"grantDuration": d.asks(`,"grantDuration":"-1s"`), "grantDuration'": d.asks(`,"grantDuration":"315576000000s"`),
			"description": d.asks(`,"description":"` + long + `"`), "description'": d.asks(`,"description":"` + megabyte + `"`),
			"description''": d.asks(`,"description":"a\u001bb"`), "source.externalUrl": d.asks(`,"source":{"externalUrl":"` + long + `"}`),
			"requestData": d.asks(`,"requestData":{"a":"` + megabyte + `"}`), "expandMask.paths": d.asks(`,"expandMask":{"paths":["color"]}`),
			"color": d.asks(`,"color":"red"`),
		})
		for name, body := range map[string]string{
			"approve": `{"policyStepId":"` + made.step() + `","comment":"` + megabyte + `"}`, "deny": `{"comment":"` + megabyte + `"}`,
			"close": `{"comment":"` + megabyte + `"}`, "comment": `{"comment":"` + strings.Repeat("x", 4097) + `"}`,
			"skip-step": `{"comment":"` + megabyte + `"}`, "reassign": `{"comment":"` + megabyte + `"}`, "restart": `{"comment":"` + megabyte + `"}`,
			"reset": `{"comment":"` + megabyte + `"}`, "escalate": `{"comment":"` + megabyte + `"}`,
		} {
			d.invalid("POST", action(made.task(), name), map[string]string{"comment": body})
		}
		d.invalid("POST", action(made.task(), "comment"), map[string]string{"comment": `{}`})
		d.invalid("POST", action(made.task(), "approve"), map[string]string{"policyStepId": `{}`, "policyStepId'": `{"policyStepId":"x"}`})
		d.invalid("POST", action(made.task(), "reassign"), map[string]string{
			"newStepUserIds": `{}`, "newStepUserIds'": `{"newStepUserIds":["x"]}`, "newStepUserIds''": `{"newStepUserIds":["000000000000000000000000000"]}`,
			"newStepUserIds'''": `{"newStepUserIds":["` + c1.KSUID(d.ada.ID) + `"]}`,
		})
		d.as(d.ada, "system:user")
		d.invalid("POST", action(made.task(), "update-grant-duration"), map[string]string{"duration": `{}`, "duration'": `{"duration":"-5s"}`})
		d.invalid("POST", action(made.task(), "update-request-data"), map[string]string{
			"data": `{"data":{"a":"` + megabyte + `"}}`, "data'": `{"data":{"a":["\u202e"]}}`, "data''": `{"data":{"a":{"\u202e":1}}}`,
		})
		d.invalid("POST", "/api/v1/task/audits", map[string]string{"taskId": `{}`, "refs.id": `{"taskId":"` + made.task() + `","refs":[{"id":"x"}]}`})
		d.invalid("POST", "/api/interim/v1/tasks/extend", map[string]string{"items": `{}`, "items'": `{"items":[` + strings.Repeat("{},", 100) + `{}]}`})
		d.invalid("POST", "/api/interim/v1/tasks/dry_run", map[string]string{"grant": `{}`})
		for _, path := range []string{"action", "resource-action"} {
			d.as(d.edith, "system:owner")
			d.need(501, "TaskService.Create", "POST", "/api/v1/task/"+path, `{}`)
		}
		d.need(501, "ApproveWithStepUp", "POST", action(made.task(), "approve-with-step-up"), `{}`)
	})
}

func TestBadFiltersOfTasksAreNamed(t *testing.T) {
	onTaskDoors(t, "", func(d *tasking) {
		d.as(d.edith, "system:owner")
		bad := map[string]string{
			"taskTypes": `{"taskTypes":[{}]}`, "taskStates": `{"taskStates":[0]}`, "sortBy": `{"sortBy":99}`, "emergencyStatus": `{"emergencyStatus":9}`,
			"grantOutcomes": `{"grantOutcomes":["GRANT_OUTCOME_UNSPECIFIED"]}`, "olderThanDuration": `{"olderThanDuration":"-1s"}`,
			"includeActedAfter": `{"includeActedAfter":"2026-05-04T08:00:00Z"}`, "refs.id": `{"refs":[{"id":"x"}]}`,
			"pageToken": `{"pageToken":"x"}`, "query": `{"query":"` + strings.Repeat("x", 1025) + `"}`,
			"myWorkUserIds": `{"myWorkUserIds":["` + strings.Repeat(c1.KSUID(d.ada.ID)+`","`, 16) + c1.KSUID(d.ada.ID) + `"]}`,
		}
		for _, field := range []string{
			"excludeIds", "subjectIds", "openerIds", "assigneesInIds", "previouslyActedOnIds", "accountOwnerIds", "applicationIds",
			"excludeApplicationIds", "appEntitlementIds", "excludeAppEntitlementIds", "appResourceIds", "appResourceTypeIds",
			"excludeAppResourceTypeIds", "appUserSubjectIds", "accessReviewIds",
		} {
			bad[field] = `{"` + field + `":["x"]}`
			if a := d.need(200, "", "POST", "/api/v1/search/tasks", `{"`+field+`":["000000000000000000000000000"]}`); len(a.list()) != 0 {
				t.Errorf("%s: a stranger is found: %v", field, a.body)
			}
		}
		for _, field := range []string{"actorId", "openerOrSubjectUserId", "assignedOrStepApproverUserId"} {
			bad[field] = `{"` + field + `":"x"}`
		}
		d.invalid("POST", "/api/v1/search/tasks", bad)
	})
}

// Of two who approve at once one wins; the other is told so, also where they no longer have a part in the task.
func TestOfTwoApproversOneIsToldTheyCameTooLate(t *testing.T) {
	onTaskDoors(t, "", func(d *tasking) {
		made := d.request("")
		id := made.task()
		d.as(d.edith, "system:owner")
		two := d.need(200, "", "POST", action(id, "reassign"), `{"policyStepId":"`+made.step()+`","newStepUserIds":["`+c1.KSUID(d.linus.ID)+
			`","`+c1.KSUID(d.edith.ID)+`"]}`)
		d.need(409, "moved to a new step", "POST", action(id, "approve"), `{"policyStepId":"`+made.step()+`"}`)
		answers := make([]answer, 6)
		d.as(d.linus, "system:user")
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = d.call("POST", action(id, "approve"), `{"policyStepId":"`+two.step()+`"}`) })
		}
		all.Wait()
		won := 0
		for _, a := range answers {
			if a.status == http.StatusOK {
				won++
			} else if a.status != http.StatusConflict || a.at("code") != float64(10) {
				t.Errorf("%v", a.body)
			}
		}
		if won != 1 {
			t.Errorf("%d approvals of one step", won)
		}
		d.as(d.grace, "system:user") // was asked before Linus was, and owns the app
		d.need(409, "task is closed", "POST", action(id, "deny"), `{"policyStepId":"`+two.step()+`"}`)
	})
}
