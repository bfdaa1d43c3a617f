package story

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// cone is somebody at the official command line. Its verbs make the calls that command makes, in its order and with its bodies, and
// read from the answers what it reads, which is there or the command breaks.
type cone struct {
	*employee
	c *company
}

// login is `cone login`: a device code, approved by somebody who signed in by a link, and a personal client made with its token.
func (c *company) login(e *employee) cone {
	c.t.Helper()
	const id = "2RGdOS94VDferT9e80mdgntl36K" // the public id of the command line
	device := c.form("/auth/v1/device_authorization", url.Values{"client_id": {id}})
	b := c.browser()
	link := text(c.admin.post("/api/interim/v1/users/"+e.id+"/login_links", object{}), "url")
	_, page := b.open(link)
	b.send(link, page, nil)
	approve := text(device, "verification_uri_complete")
	_, page = b.open(approve)
	b.send(approve, page, url.Values{"decision": {"approve"}})
	token := text(c.form("/auth/v1/token", url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {id}, "device_code": {text(device, "device_code")},
	}), "access_token")
	if token == "" {
		c.t.Fatal("approved, and the device gets no token")
	}
	first := &person{s: c.server, http: c.client(), token: token, until: c.now().Add(time.Hour)}
	made := first.post("/api/v1/iam/personal_clients", object{"display_name": "Created by Cone"})
	return cone{&employee{person: c.person(text(made, "client", "clientId"), text(made, "clientSecret")), name: e.name, id: e.id}, c}
}

// whoami is `cone whoami`.
func (x cone) whoami() string {
	x.s.t.Helper()
	me := text(x.get("/api/v1/auth/introspect"), "userId")
	return text(x.get("/api/v1/users/"+me), "userView", "user", "displayName")
}

// search is `cone search`: the entitlements found, each with its app and resource from what is expanded.
func (x cone) search(query string, status string) []object {
	x.s.t.Helper()
	answer := x.post("/api/v1/search/request_catalog/entitlements", object{
		"appDisplayName": "", "entitlementAlias": "", "grantedStatus": status, "includeDeleted": false, "pageSize": 100,
		"query": query, "expandMask": object{"paths": []string{"app_id", "app_resource_type_id", "app_resource_id"}},
	})
	if _, is := answer["list"].([]any); !is {
		x.s.t.Fatalf("list is nil: %v", answer)
	}
	found := list(answer, "list")
	expanded := list(answer, "expanded")
	for _, f := range found {
		for _, path := range []string{"appPath", "appResourcePath", "appResourceTypePath"} {
			where := text(f, "entitlement", path)
			ok := slices.ContainsFunc(expanded, func(o object) bool { return strings.HasPrefix(text(o, "@type"), "type.googleapis.com/c1.api.app.v1.") })
			if !strings.HasPrefix(where, "$.expanded[") || !ok {
				x.s.t.Errorf("%s is %q in %v", path, where, expanded)
			}
		}
	}
	return found
}

// holds is what `cone get` and `cone drop` look at first, and `cone has` answers.
func (x cone) holds() bool {
	x.s.t.Helper()
	me := text(x.get("/api/v1/auth/introspect"), "userId")
	grants := list(x.get("/api/v1/apps/"+x.c.appID+"/entitlements/"+x.c.reporting+"/users/"+me+"/grants"), "bindings")
	return slices.ContainsFunc(grants, func(g object) bool { return text(g, "appEntitlementId") != "" })
}

// has is `cone has`.
func (x cone) has() bool {
	x.s.t.Helper()
	if name := text(x.get("/api/v1/apps/"+x.c.appID), "app", "displayName"); name != "Warehouse" {
		x.s.t.Errorf("the app is called %q", name)
	}
	x.get("/api/v1/apps/" + x.c.appID + "/entitlements/" + x.c.reporting)
	return x.holds()
}

// asking is what `cone get` sends.
func (x cone) asking(duration string, emergency bool) object {
	x.s.t.Helper()
	x.get("/api/v1/apps/" + x.c.appID + "/entitlements/" + x.c.reporting)
	account := ""
	if mine := list(x.get("/api/v1/apps/"+x.c.appID+"/users/"+x.id+"/app_users"), "list"); len(mine) == 1 {
		account = text(mine[0], "appUser", "id")
		if account == "" {
			account = text(mine[0], "id")
		}
	}
	body := object{
		"appEntitlementId": x.c.reporting, "appId": x.c.appID, "appUserId": account, "identityUserId": x.id,
		"description": "quarter's end", "emergencyAccess": emergency,
	}
	if duration != "" {
		body["grantDuration"] = duration
	}
	return body
}

// ask is `cone get -d`.
func (x cone) ask(duration string) *request {
	x.s.t.Helper()
	if x.holds() {
		x.s.t.Fatalf("%s holds the role already", x.name)
	}
	return x.task(x.post("/api/v1/task/grant", x.asking(duration, false)))
}

// drop is `cone drop`.
func (x cone) drop() *request {
	x.s.t.Helper()
	if !x.holds() {
		x.s.t.Fatalf("%s has nothing to drop", x.name)
	}
	return x.task(x.post("/api/v1/task/revoke", object{
		"appEntitlementId": x.c.reporting, "appId": x.c.appID, "identityUserId": x.id, "description": "done",
	}))
}

// task reads an answer as the command does: it dereferences these members.
func (x cone) task(answer object) *request {
	x.s.t.Helper()
	task, _ := at(answer, "taskView", "task").(object)
	for _, member := range []string{"id", "numericId", "state", "processing", "createdAt"} {
		if text(task, member) == "" {
			x.s.t.Fatalf("the task has no %s: %v", member, task)
		}
	}
	return &request{x.c, text(task, "id")}
}

// look is `cone task get`, by the number that people read.
func (x cone) look(r *request) object {
	x.s.t.Helper()
	x.task(x.get("/api/v1/tasks/" + text(r.task(), "numericId")))
	return r.task()
}

// act is `cone task approve`, `deny` and `escalate`: the task is read for its step, and the step is acted on.
func (x cone) act(verb string, r *request) (int, object) {
	x.s.t.Helper()
	status, seen := x.try(http.MethodGet, "/api/v1/tasks/"+r.id, nil)
	if status != http.StatusOK {
		return status, seen
	}
	return x.try(http.MethodPost, r.path(verb),
		object{"comment": "by cone", "policyStepId": text(seen, "taskView", "task", "policy", "current", "id")})
}

func (x cone) acts(verb string, r *request) {
	x.s.t.Helper()
	status, answer := x.act(verb, r)
	if status != http.StatusOK {
		x.s.t.Fatalf("cone task %s: %d %v", verb, status, answer)
	}
	x.task(answer)
}

func TestTheOfficialCommandLine(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		c := newCompany(newOffice(t, s))
		emergency := text(c.admin.post("/api/v1/policies", object{
			"displayName": "At once", "policyType": "POLICY_TYPE_GRANT",
			"policySteps": object{"grant": object{"steps": []object{byAppOwners, thenProvision}}},
		}), "policy", "id")
		c.decides(byManager, thenProvision)
		c.sets(object{"durationGrant": "86400s", "emergencyGrantEnabled": true, "emergencyGrantPolicyId": emergency})
		grace, barbara, linus, margaret := c.login(c.asker), c.login(c.manager), c.login(c.deputy), c.login(c.owner)
		if name := grace.whoami(); name != "Grace" {
			t.Errorf("whoami: %q", name)
		}
		if found := grace.search("report", "ALL"); len(found) != 1 || text(found[0], "entitlement", "appEntitlement", "id") != c.reporting {
			t.Fatalf("search: %v", found)
		}
		if found := grace.search("", "GRANTED"); len(found) != 0 || grace.has() {
			t.Errorf("she holds %v before she asked", found)
		}

		// Too long: the message is cut where the command cuts it.
		status, answer := grace.try(http.MethodPost, "/api/v1/task/grant", grace.asking("604800s", false))
		const says = "grant duration must be less than or equal to max provision time"
		message := text(answer, "message")
		if at := strings.Index(message, says); status != http.StatusBadRequest || at < 0 || strings.LastIndex(message, ")") < at {
			t.Errorf("too long: %d %q", status, message)
		}

		// In no catalog that she sees: not to be asked for.
		status, answer = grace.try(http.MethodPost, "/api/v1/task/grant",
			object{"appId": c.teams, "appEntitlementId": c.onCall, "identityUserId": grace.id, "appUserId": ""})
		if status != http.StatusForbidden || !strings.Contains(text(answer, "message"), "not allowed to request this entitlement") {
			t.Errorf("in no catalog: %d %v", status, answer)
		}

		// Refused, denied.
		r := grace.ask("3600s")
		if status, _ := grace.try(http.MethodPost, "/api/v1/task/grant", grace.asking("3600s", false)); status != http.StatusConflict {
			t.Errorf("asked for twice: %d", status)
		}
		if got := text(barbara.look(r), "state"); got != "TASK_STATE_OPEN" {
			t.Errorf("state %q", got)
		}
		for _, x := range []cone{grace, linus} {
			if status, _ := x.act("approve", r); status != http.StatusForbidden && status != http.StatusNotFound {
				t.Errorf("%s approves: %d", x.name, status)
			}
		}
		grace.post(r.path("comment"), object{"comment": "please"})
		barbara.post(r.path("comment"), object{"comment": "what for?"})
		if said := len(r.history("comment")); said != 2 {
			t.Errorf("%d comments", said)
		}
		mine := list(barbara.post("/api/v1/search/tasks", object{"myWorkUserIds": []string{barbara.id}, "taskStates": []string{"TASK_STATE_OPEN"}}), "list")
		if len(mine) != 1 || text(mine[0], "task", "id") != r.id {
			t.Errorf("what waits for Barbara: %v", mine)
		}
		barbara.acts("deny", r)
		r.ends(denied)
		if status, _ := barbara.act("approve", r); status == http.StatusOK {
			t.Error("a task that is closed was approved")
		}

		// An emergency: the owners decide instead of the manager. Then the access is there, and dropped.
		r = grace.ask("3600s")
		grace.acts("escalate", r)
		r.waitsFor(c.owner)
		margaret.acts("approve", r)
		r.ends(granted)
		if found := grace.search("", "GRANTED"); len(found) != 1 || !grace.has() || !c.target.holds("reporting", "Grace H.") {
			t.Errorf("she holds %v", found)
		}
		grace.drop().ends(revoked)
		if grace.has() || c.target.holds("reporting", "Grace H.") {
			t.Error("she dropped it and has it")
		}
	})
}
