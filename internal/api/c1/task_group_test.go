package c1_test

import (
	"maps"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/id"
)

// forGroup asks for the wiki on behalf of a new group, which this door has no call for; Linus is its member.
func (d *tasking) forGroup() task.Task {
	d.Helper()
	d.automating()
	d.deps.Tasks.Bindings = d.deps.Automations
	uuid := func(shown string) string {
		u, err := id.FromKSUID(shown)
		d.ok(err)
		return u
	}
	wiki, ctx := app.ID(uuid(d.wiki)), iam.AsSystem(d.Context())
	kind, err := d.deps.Apps.CreateResourceType(ctx, app.ResourceType{AppID: wiki, DisplayName: "Group", Kind: app.KindGroup})
	d.ok(err)
	crew, err := d.deps.Apps.CreateResource(ctx, app.Resource{AppID: wiki, TypeID: kind.ID, DisplayName: "Crew"})
	d.ok(err)
	members, err := d.deps.Apps.CreateEntitlement(ctx, app.Entitlement{
		AppID: wiki, TypeID: kind.ID, ResourceID: crew.ID, DisplayName: "Crew", Slug: "member", Purpose: app.PurposeAssignment,
	})
	d.ok(err)
	maps.Copy(d.names, map[string]string{
		c1.KSUID(kind.ID): "kind", c1.KSUID(crew.ID): "crew", string(crew.ID): "crew-uuid", c1.KSUID(members.ID): "members",
	})
	ctx = iam.WithPrincipal(d.Context(), &iam.Principal{UserID: d.ada.ID, Name: "Ada"})
	ctx = audit.With(ctx, audit.Actor{Kind: audit.KindUser, UserID: string(d.ada.ID), Name: "Ada"})
	made, err := d.deps.Tasks.RequestGrant(ctx, task.Ask{
		App: wiki, Entitlement: app.EntitlementID(uuid(d.member)), Duration: time.Hour, Description: "for the release",
		Group: task.Group{ID: crew.ID, Members: members.Ref()},
	})
	d.ok(err)
	account, err := d.deps.Apps.CreateAccount(iam.AsSystem(d.Context()), app.Account{AppID: wiki, UserID: d.linus.ID, DisplayName: "linus"})
	d.ok(err)
	d.names[c1.KSUID(account.ID)] = "linus in the wiki"
	_, err = d.deps.Grants.Create(iam.AsSystem(d.Context()), grant.Key{App: wiki, Entitlement: members.ID, Account: account.ID}, time.Time{})
	d.ok(err)
	return made
}

// A task for a group has nobody whose access it is. It is found, shown, decided and told of like any other.
func TestATaskForAGroupIsShownWithoutASubject(t *testing.T) {
	onTaskDoors(t, "tasks_group", func(d *tasking) {
		made := d.forGroup()
		d.script.Reset()
		shown, step := c1.KSUID(made.ID), c1.KSUID(made.Step())
		d.names[shown], d.names[step] = "request", "asking"
		d.as(d.grace, "system:user")
		d.want(200, "It waits for Grace, who owns the wiki", "POST", "/api/v1/search/tasks",
			`{"myWorkUserIds":["`+c1.KSUID(d.grace.ID)+`"],"expandMask":{"paths":["*"]}}`)
		for _, filter := range []string{
			`"query":"crew"`, `"query":"for the release"`, `"taskStates":["TASK_STATE_OPEN"]`, `"taskTypes":[{"grant":{}}]`,
			`"openerIds":["` + c1.KSUID(d.ada.ID) + `"]`, `"openerOrSubjectUserId":"` + c1.KSUID(d.ada.ID) + `"`, `"appEntitlementIds":["` + d.member + `"]`,
			`"sortBy":"TASK_SEARCH_SORT_BY_ACCOUNT"`, `"sortBy":"TASK_SEARCH_SORT_BY_ACCOUNT_OWNER"`, `"currentStep":"TASK_SEARCH_CURRENT_STEP_APPROVAL"`,
		} {
			if a := d.need(200, "", "POST", "/api/v1/search/tasks", `{`+filter+`}`); len(a.list()) != 1 || a.text("list.0.task.id") != shown {
				d.Errorf("%s: %v", filter, a.list())
			}
		}
		for _, filter := range []string{
			`"subjectIds":["` + c1.KSUID(d.ada.ID) + `"]`, `"subjectIds":["` + c1.KSUID(d.linus.ID) + `"]`, `"openerOrSubjectUserId":"` + c1.KSUID(d.linus.ID) + `"`,
			`"accountOwnerIds":["` + c1.KSUID(d.linus.ID) + `"]`, `"userEmploymentStatuses":["active"]`, `"myWorkUserIds":["` + c1.KSUID(d.linus.ID) + `"]`,
		} {
			if a := d.call("POST", "/api/v1/search/tasks", `{`+filter+`}`); len(a.list()) != 0 {
				d.Errorf("%s: %v", filter, a.list())
			}
		}
		d.as(d.linus, "system:user")
		d.want(404, "Its member sees nothing of it", "GET", "/api/v1/tasks/"+shown, "")
		d.as(d.ada, "system:user")
		d.want(200, "Who asked may change their mind", "POST", action(shown, "update-grant-duration"), `{"duration":"1800s"}`)
		d.as(d.grace, "system:user")
		open := d.need(200, "", "GET", "/api/v1/tasks/"+shown, "")
		d.want(200, "Grace approves", "POST", action(shown, "approve"), `{"policyStepId":"`+open.step()+`","comment":"go ahead"}`)
		d.pass()
		d.kept()
		d.as(d.edith, "system:owner")
		d.want(200, "Its member has it by the group", "GET", "/api/v1/apps/"+d.wiki+"/entitlements/"+d.member+"/users", "")
		d.want(200, "What happened", "POST", "/api/v1/task/audits", `{"taskId":"`+shown+`","pageSize":100}`)
		d.clock.Advance(30 * time.Minute)
		d.want(200, "Until the minute", "GET", "/api/v1/apps/"+d.wiki+"/entitlements/"+d.member+"/users", "")
	})
}
