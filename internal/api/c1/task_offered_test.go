package c1_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

// offers are requests that do what each action says, with everything that a policy may want.
func (d *tasking) offers(id, step string) map[string][2]string {
	at := `{"policyStepId":"` + step + `","comment":"for a reason"}`
	return map[string][2]string{
		"APPROVE":                      {action(id, "approve"), at},
		"DENY":                         {action(id, "deny"), at},
		"COMMENT":                      {action(id, "comment"), `{"comment":"a word"}`},
		"CLOSE":                        {action(id, "close"), `{"comment":"not needed"}`},
		"REASSIGN":                     {action(id, "reassign"), strings.TrimSuffix(at, "}") + `,"newStepUserIds":["` + c1.KSUID(d.linus.ID) + `"]}`},
		"SKIP_STEP":                    {action(id, "skip-step"), at},
		"RESTART":                      {action(id, "restart"), `{"comment":"again"}`},
		"HARD_RESET":                   {action(id, "reset"), `{"comment":"again"}`},
		"PROCESS_NOW":                  {action(id, "process"), `{}`},
		"ESCALATE_TO_EMERGENCY_ACCESS": {action(id, "escalate"), `{"comment":"it burns"}`},
		"UPDATE_GRANT_DURATION":        {action(id, "update-grant-duration"), `{"duration":"1800s"}`},
		"UPDATE_REQUEST_DATA":          {action(id, "update-request-data"), `{"data":{"why":"on call"}}`},
		"RETRY_PROVISIONING":           {action(id, "retry-provisioning"), `{"comment":"again"}`},
		"PROVISION_COMPLETE":           {"/api/interim/v1/tasks/" + id + "/provision/complete", `{"comment":"done"}`},
		"PROVISION_ERRORED":            {"/api/interim/v1/tasks/" + id + "/provision/fail", `{"comment":"cannot"}`},
	}
}

// offered is what a task offers the caller; nothing where they do not see it.
func (d *tasking) offered(id string) (list []string) {
	d.Helper()
	shown, _ := d.call("GET", "/api/v1/tasks/"+id, "").at("taskView.task.actions").([]any)
	for _, a := range shown {
		list = append(list, strings.TrimPrefix(a.(string), "TASK_ACTION_TYPE_"))
	}
	return list
}

// TestWhatIsOfferedIsWhatIsAccepted has each of many people try every action there is on tasks in many states: what a task offers
// somebody, they may do, and nothing else.
func TestWhatIsOfferedIsWhatIsAccepted(t *testing.T) {
	d := newDoor(t, dbtest.SQLite(t)).granting().tasking()
	linus, manager := c1.KSUID(d.linus.ID), d.person("Barbara", "system:user")
	asked := 0
	callers := map[string]func(){
		"who asked":                  func() { d.as(d.ada, "system:user") },
		"the owner":                  func() { d.as(d.grace, "system:user") },
		"the manager":                func() { d.as(manager, "system:user") },
		"Linus":                      func() { d.as(d.linus, "system:user") },
		"who reads":                  func() { d.as(d.linus, "system:viewer") },
		"an administrator":           func() { d.as(d.edith, "system:owner") },
		"an administrator who reads": func() { d.as(d.edith, "system:owner"); d.narrowed("TaskService.Get") },
		"an owner who comments":      func() { d.as(d.grace, "system:user"); d.narrowed("TaskService.Get", "TaskActionsService.Comment") },
	}
	for name, s := range map[string]struct{ steps, entitlement string }{
		"owners are asked":               {steps: `{"approval":{"appOwners":{},"allowReassignment":true}}`},
		"others are asked, with reasons": {`{"approval":{"users":{"userIds":["` + linus + `"]},"requireApprovalReason":true,"requireDenialReason":true}}`, `"emergencyGrantEnabled":true`},
		"the subject is asked":           {steps: `{"approval":{"expression":{"expressions":["subject"],"allowSelfApproval":true}}}`},
		"oneself is asked":               {steps: `{"approval":{"self":{}}}`},
		"the manager is asked":           {steps: `{"approval":{"manager":{},"allowReassignment":true,"requireReassignmentReason":true}}`},
		"it waits":                       {steps: `{"wait":{"duration":{"duration":"3600s"},"name":"a while"}}`},
		"somebody does it by hand":       {`{"accept":{}}`, `"provisionerPolicy":{"manual":{"userIds":["` + linus + `"]}}`},
		"it failed":                      {`{"accept":{}}`, `"provisionerPolicy":{"externalTicket":{"connectorId":"` + someID + `"}}`},
		"it is closed":                   {steps: `{"reject":{}}`},
	} {
		d.decides(s.steps)
		if s.entitlement != "" {
			d.need(200, "", "POST", "/api/v1/apps/"+d.wiki+"/entitlements/"+d.member, `{"entitlement":{`+s.entitlement+`}}`)
		}
		fresh := func() answer { // somebody else asks, who is in the same place
			asked++
			ada, err := d.deps.Directory.Create(d.Context(), directory.User{
				DisplayName: "Ada", Email: fmt.Sprintf("ada%d@example.com", asked), ManagerIDs: []directory.UserID{manager.ID},
			})
			d.ok(err)
			d.ada = ada
			return d.request(`,"grantDuration":"3600s"`)
		}
		for caller, as := range callers {
			made := fresh()
			as()
			offered := d.offered(made.task())
			for what, try := range d.offers(made.task(), made.step()) {
				if slices.Contains(offered, what) {
					continue
				}
				if got := d.call("POST", try[0], try[1]); got.status < 400 {
					t.Errorf("%s: %s is offered %v and may %s", name, caller, offered, what)
				}
			}
			for _, what := range offered {
				made := fresh()
				as()
				try := d.offers(made.task(), made.step())[what]
				if got := d.call("POST", try[0], try[1]); got.status != 200 {
					t.Errorf("%s: %s is offered to %s and may not: %d %s", name, caller, what, got.status, got.text("message"))
				}
			}
		}
	}
}

// narrowed cuts the caller's credential down to some permissions, as far as they have them.
func (d *door) narrowed(permissions ...string) {
	d.Helper()
	left := iam.Scopes{}
	for _, p := range permissions {
		p = "permission/c1.api.task.v1." + p
		if s := d.who.Scopes[p]; s != iam.None {
			left[p] = s
		}
	}
	d.who.Scopes, d.who.Scoped, d.who.Bound = left, true, left
}
