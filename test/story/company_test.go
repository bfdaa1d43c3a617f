package story

import (
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"
)

// company is an office in which people decide. Grace asks. Barbara is her manager, and Linus stands in for Barbara when she is away.
// Whoever is on call in the app "Teams" owns the Warehouse: that is Margaret.
type company struct {
	*office
	asker, manager, deputy, owner *employee

	teams, onCall string // an app, and its entitlement that makes owners of the Warehouse
	taken         int    // how many tasks took the reporting role at its end, as far as the story has told
}

// employee is somebody with a user and a credential.
type employee struct {
	*person
	name, id string
	onCall   string // their account in Teams
	login    string // what the Warehouse database calls them, if it does
}

func newCompany(o *office) *company {
	o.t.Helper()
	c := &company{office: o, asker: &employee{person: o.grace, name: "Grace", id: o.graceID, login: "Grace H."}}
	c.manager, c.deputy, c.owner = c.hire("Barbara"), c.hire("Linus"), c.hire("Margaret")
	c.reports(c.asker, c.manager)
	c.reports(c.deputy, c.manager)

	c.teams = text(o.admin.post("/api/v1/apps", object{"displayName": "Teams"}), "app", "id")
	c.onCall = o.paper(c.teams, "on call")
	c.puts(c.owner, time.Time{})
	owners := "/api/v2/apps/" + c.appID + "/owners"
	o.admin.post(owners+"/entitlements/primary/"+c.teams+"/"+c.onCall, object{})
	o.admin.do(http.MethodDelete, owners+"/users/primary/"+o.boot.UserID, object{})

	shelf := text(o.admin.post("/api/v1/catalogs", object{"displayName": "For everybody", "published": true, "visibleToEveryone": true}),
		"requestCatalogView", "requestCatalog", "id")
	o.admin.post("/api/v1/catalogs/"+shelf+"/requestable_entries",
		object{"appEntitlements": []object{{"appId": c.appID, "id": c.reporting}}})
	return c
}

func (c *company) hire(name string) *employee {
	c.t.Helper()
	id := text(c.admin.post("/api/interim/v1/users", object{"displayName": name}), "user", "id")
	return &employee{person: c.laptop(c.admin, id, object{}), name: name, id: id}
}

func (c *company) reports(e, to *employee) {
	c.t.Helper()
	c.admin.post("/api/interim/v1/users/"+e.id, object{"user": object{"managerIds": []string{to.id}}, "updateMask": "managerIds"})
}

// puts has somebody on call until then, which makes them an owner of the Warehouse; for good with a zero time.
func (c *company) puts(e *employee, until time.Time) {
	c.t.Helper()
	if e.onCall == "" {
		e.onCall = text(c.admin.post("/api/interim/v1/apps/"+c.teams+"/accounts",
			object{"displayName": e.name, "identityUserId": e.id}), "appUser", "id")
	}
	body := object{"appUserId": e.onCall}
	if !until.IsZero() {
		body["deprovisionAt"] = stamp(until)
	}
	c.admin.post("/api/interim/v1/apps/"+c.teams+"/entitlements/"+c.onCall+"/grants", body)
}

// The steps of policies.
var (
	byManager       = approval("manager", true)
	byManagerAlone  = approval("manager", false)
	byAppOwners     = approval("appOwners", true)
	thenProvision   = object{"provision": object{}}
	managerAndOwner = []object{byManager, byAppOwners, thenProvision}
)

func approval(kind string, delegates bool) object {
	return object{"approval": object{kind: object{}, "allowDelegation": delegates}}
}

// decides has a policy of these steps decide on the reporting role.
func (c *company) decides(steps ...object) {
	c.t.Helper()
	made := c.admin.post("/api/v1/policies", object{
		"displayName": "Who decides", "policyType": "POLICY_TYPE_GRANT", "policySteps": object{"grant": object{"steps": steps}},
	})
	c.sets(object{"grantPolicyId": text(made, "policy", "id")})
}

// sets changes the reporting role's settings.
func (c *company) sets(fields object) {
	c.t.Helper()
	c.admin.post("/api/v1/apps/"+c.appID+"/entitlements/"+c.reporting, object{"entitlement": fields})
}

// away has the deputy stand in for the manager in a window, as an administrator sets it.
func (c *company) away(from, until time.Time) {
	c.t.Helper()
	c.admin.post("/api/v1/users/"+c.manager.id+"/set-delegation-by-admin",
		object{"delegatedUserId": c.deputy.id, "delegationStartAt": stamp(from), "delegationExpireAt": stamp(until)})
}

// back takes the delegation away.
func (c *company) back() {
	c.t.Helper()
	c.admin.post("/api/v1/users/"+c.manager.id+"/set-delegation-by-admin", object{"delegatedUserId": ""})
}

// request is a task that somebody opened, or that opened by itself.
type request struct {
	c  *company
	id string
}

// asks has somebody ask for the reporting role for themself.
func (c *company) asks(e *employee, more object) *request {
	c.t.Helper()
	body := object{"appId": c.appID, "appEntitlementId": c.reporting, "identityUserId": e.id, "appUserId": "", "description": "quarter's end"}
	maps.Copy(body, more)
	return &request{c, text(e.post("/api/v1/task/grant", body), "taskView", "task", "id")}
}

// task is the request as an administrator sees it now.
func (r *request) task() object {
	r.c.t.Helper()
	task, _ := at(r.c.admin.get("/api/v1/tasks/"+r.id), "taskView", "task").(object)
	return task
}

func (r *request) step() string { r.c.t.Helper(); return text(r.task(), "policy", "current", "id") }

// waitsFor fails the story unless these people, and nobody else, may decide now.
func (r *request) waitsFor(people ...*employee) {
	r.c.t.Helper()
	want := make([]string, len(people))
	for i, e := range people {
		want[i] = e.id
	}
	if got := r.deciders(); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		r.c.t.Errorf("%v may decide, want %v", r.c.names(got), r.c.names(want))
	}
}

// deciders are those who may decide now, in order.
func (r *request) deciders() []string {
	r.c.t.Helper()
	listed, _ := r.task()["stepApproverIds"].([]any)
	ids := make([]string, len(listed))
	for i, v := range listed {
		ids[i], _ = v.(string)
	}
	slices.Sort(ids)
	return ids
}

func (c *company) names(ids []string) []string {
	named := slices.Clone(ids)
	for i, id := range named {
		for _, e := range []*employee{c.asker, c.manager, c.deputy, c.owner, {name: "the administrator", id: c.boot.UserID}} {
			if e.id == id {
				named[i] = e.name
			}
		}
	}
	return named
}

func (r *request) path(verb string) string { return "/api/v1/tasks/" + r.id + "/action/" + verb }

// does takes an action on the open step, which must succeed.
func (e *employee) does(verb string, r *request, comment string) {
	e.s.t.Helper()
	e.post(r.path(verb), object{"policyStepId": r.step(), "comment": comment})
}

func (e *employee) approves(r *request) { e.s.t.Helper(); e.does("approve", r, "fine with me") }

func (e *employee) denies(r *request) { e.s.t.Helper(); e.does("deny", r, "not this time") }

// mayNotDecide fails the story unless approving and denying are refused to them, and change nothing.
func (e *employee) mayNotDecide(r *request) {
	e.s.t.Helper()
	step := r.step()
	for _, verb := range []string{"approve", "deny"} {
		e.isRefused(r, verb, object{"policyStepId": step, "comment": "let me"})
	}
	if now := r.step(); now != step {
		e.s.t.Errorf("%s was refused, and the step is another one", e.name)
	}
}

// hasNoSay fails the story unless whatever decides, in whichever way, is refused to them.
func (e *employee) hasNoSay(r *request) {
	e.s.t.Helper()
	e.mayNotDecide(r)
	step := r.step()
	e.isRefused(r, "skip-step", object{"policyStepId": step})
	e.isRefused(r, "reassign", object{"policyStepId": step, "newStepUserIds": []string{e.id}})
	e.isRefused(r, "restart", object{"policyStepId": step})
	e.isRefused(r, "reset", object{})
	e.isRefused(r, "process", object{})
}

func (e *employee) isRefused(r *request, verb string, body object) {
	e.s.t.Helper()
	if status, _ := e.try(http.MethodPost, r.path(verb), body); status != http.StatusForbidden && status != http.StatusNotFound {
		e.s.t.Errorf("%s gets %d for %s, want 403 or 404", e.name, status, verb)
	}
}

// withdrawn has the request closed by whom it is about.
func (r *request) withdrawn(by *employee) {
	r.c.t.Helper()
	by.post(r.path("close"), object{"comment": "never mind"})
}

// outcome is what became of a request, empty while nothing has.
func (r *request) outcome() string {
	r.c.t.Helper()
	t := r.task()
	for _, kind := range []string{"grant", "revoke"} {
		if o := text(t, "type", kind, "outcome"); o != "" {
			return text(t, "state") + " " + o
		}
	}
	return ""
}

func (r *request) ends(outcome string) {
	r.c.t.Helper()
	r.c.await("the task ends "+outcome, func() bool { return r.outcome() == outcome })
}

// How requests end.
const (
	granted   = "TASK_STATE_CLOSED GRANT_OUTCOME_GRANTED"
	denied    = "TASK_STATE_CLOSED GRANT_OUTCOME_DENIED"
	cancelled = "TASK_STATE_CLOSED GRANT_OUTCOME_CANCELLED"
	revoked   = "TASK_STATE_CLOSED REVOKE_OUTCOME_REVOKED"
)

// history is the task's audit, oldest first; lines of the given kind only, by the name of the member that tells of it.
func (r *request) history(kind string) []object {
	r.c.t.Helper()
	var found []object
	for _, line := range list(r.c.admin.post("/api/v1/task/audits", object{"taskId": r.id, "pageSize": 100}), "list") {
		if line[kind] != nil {
			found = append(found, line)
		}
	}
	return found
}

// decisions are how the steps that are over were left.
func (r *request) decisions() []object {
	r.c.t.Helper()
	return list(r.c.admin.get("/api/interim/v1/tasks/"+r.id+"/decisions"), "list")
}

// revokes are the tasks that took, or take, the role from somebody, newest first.
func (c *company) revokes(from *employee) []*request {
	c.t.Helper()
	found := list(c.admin.post("/api/v1/search/tasks", object{
		"taskTypes": []object{{"revoke": object{}}}, "subjectIds": []string{from.id}, "applicationIds": []string{c.appID},
		"sortBy": "TASK_SEARCH_SORT_BY_REVERSE_CREATED_AT",
	}), "list")
	requests := make([]*request, len(found))
	for i, v := range found {
		requests[i] = &request{c, text(v, "task", "id")}
	}
	return requests
}

// endedOnTime waits until one more task, and one only, has taken the role at its end, and answers it.
func (c *company) endedOnTime(e *employee) *request {
	c.t.Helper()
	c.await("a task takes the role", func() bool { return len(c.revokes(e)) > c.taken })
	all := c.revokes(e)
	if len(all) != c.taken+1 {
		c.t.Fatalf("%d tasks take the role, want one more than %d", len(all), c.taken)
	}
	c.taken++
	r := all[0]
	r.ends(revoked)
	t := r.task()
	if text(t, "origin") != "TASK_ORIGIN_TIME_REVOKE" || text(t, "type", "revoke", "source", "expired", "expiredAt") == "" {
		c.t.Errorf("the task says it is about something else: %v", t)
	}
	return r
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// part is a part of a story by a name of its own, in the company as the parts before left it.
func (c *company) part(name string, play func()) {
	whole := c.t
	whole.Run(name, func(t *testing.T) {
		c.t = t
		defer func() { c.t = whole }()
		play()
	})
}

// inRealCompany runs a story on both engines in a company whose app is a real database, which knows Linus as "ada".
func inRealCompany(t *testing.T, story func(c *company)) {
	t.Helper()
	each(t, func(t *testing.T, s *server) {
		c := newCompany(newOffice(t, s))
		c.deputy.login = "ada"
		c.admin.post("/api/v1/apps/"+c.appID+"/app_users/"+c.accountOf(c.deputy.login), object{"appUser": object{"identityUserId": c.deputy.id}})
		story(c)
	})
}

// inCompany runs a story on both engines in a company whose app is kept on paper.
func inCompany(t *testing.T, story func(c *company)) {
	t.Helper()
	each(t, func(_ *testing.T, s *server) { story(newCompany(newPaperOffice(s))) })
}
