package story

import (
	"maps"
	"testing"
	"time"
)

// office is where most stories begin: an administrator, Grace with a credential of her own, and the app "Warehouse", whose
// connector has read the target's roles.
type office struct {
	*server
	target    *target
	admin     *person
	grace     *person
	graceID   string
	appID     string
	connector string
	reporting string // entitlement: member of the role "reporting"
	account   string // Grace's account in the app
}

func newOffice(t *testing.T, s *server) *office {
	t.Helper()
	o := opened(s)
	o.target = newTarget(t)
	o.connector = text(o.admin.post("/api/interim/v1/apps/"+o.appID+"/connectors",
		object{"kind": "postgres", "displayName": "Warehouse database", "connectionString": o.target.url()}), "connector", "id")
	o.sync()
	o.reporting = o.entitlement("reporting")
	o.account = o.accountOf("Grace H.")
	o.admin.post("/api/v1/apps/"+o.appID+"/app_users/"+o.account, object{"appUser": object{"identityUserId": o.graceID}})
	return o
}

// newPaperOffice is an office whose app is kept on paper: nothing is called to give access in it.
func newPaperOffice(s *server) *office {
	s.t.Helper()
	o := opened(s)
	o.reporting = s.paper(o.appID, "reporting")
	o.account = text(o.admin.post("/api/interim/v1/apps/"+o.appID+"/accounts",
		object{"displayName": "Grace H.", "identityUserId": o.graceID}), "appUser", "id")
	return o
}

func opened(s *server) *office {
	s.t.Helper()
	o := &office{server: s, admin: s.admin()}
	o.graceID = text(o.admin.post("/api/interim/v1/users", object{"displayName": "Grace", "email": "grace@example.com"}), "user", "id")
	o.grace = s.laptop(o.admin, o.graceID, object{})
	o.appID = text(o.admin.post("/api/v1/apps", object{"displayName": "Warehouse"}), "app", "id")
	return o
}

// laptop makes somebody a personal client, with what more is asked of it.
func (s *server) laptop(admin *person, userID string, more object) *person {
	s.t.Helper()
	body := object{"displayName": "Laptop"}
	maps.Copy(body, more)
	made := admin.post("/api/interim/v1/users/"+userID+"/personal_clients", body)
	return s.person(text(made, "client", "clientId"), text(made, "clientSecret"))
}

// paper makes an entitlement of an app that has no connector.
func (s *server) paper(appID, name string) string {
	s.t.Helper()
	in, admin := "/api/v1/apps/"+appID, s.admin()
	typ := text(admin.post(in+"/resource_types", object{"displayName": "Roles", "resourceType": "ROLE"}), "appResourceType", "id")
	resource := text(admin.post(in+"/resource_types/"+typ+"/resources", object{"displayName": name}), "appResource", "id")
	return text(admin.post(in+"/entitlements", object{"displayName": name, "appResourceTypeId": typ, "appResourceId": resource}),
		"appEntitlementView", "appEntitlement", "id")
}

func (o *office) sync() object {
	o.t.Helper()
	run := o.admin.post("/api/interim/v1/apps/"+o.appID+"/connectors/"+o.connector+"/sync", object{})
	if state := text(run, "sync", "state"); state != "STATE_DONE" {
		o.t.Fatalf("sync: %v", run)
	}
	return run
}

func (o *office) entitlement(role string) string {
	o.t.Helper()
	found := o.admin.post("/api/v1/search/entitlements", object{"appIds": []string{o.appID}, "query": role})
	for _, v := range list(found, "list") {
		if text(v, "appEntitlement", "systemBuiltin") == "" && text(v, "appEntitlement", "id") != "" {
			return text(v, "appEntitlement", "id")
		}
	}
	o.t.Fatalf("no entitlement for role %q in %v", role, found)
	return ""
}

func (o *office) accountOf(name string) string {
	o.t.Helper()
	found := o.admin.post("/api/v1/search/app_users", object{"appId": o.appID, "query": name})
	for _, v := range list(found, "list") {
		if text(v, "appUser", "displayName") == name {
			return text(v, "appUser", "id")
		}
	}
	o.t.Fatalf("no account %q in %v", name, found)
	return ""
}

func (o *office) grantsPath() string {
	return "/api/interim/v1/apps/" + o.appID + "/entitlements/" + o.reporting + "/grants"
}

func (o *office) bindingPath(verb string) string {
	return "/api/v1/apps/" + o.appID + "/entitlements/" + o.reporting + "/users/" + o.account + "/" + verb
}

// grant gives Grace the role until then, and waits for the database to have it.
func (o *office) grant(until time.Time) {
	o.t.Helper()
	body := object{"appUserId": o.account}
	if !until.IsZero() {
		body["deprovisionAt"] = until.UTC().Format(time.RFC3339Nano)
	}
	o.admin.post(o.grantsPath(), body)
	o.await("Grace may, says Interim", o.allowed)
	if !o.target.holds("reporting", "Grace H.") {
		o.t.Fatal("Interim says Grace may, the database does not know")
	}
}

// check asks whether somebody has the role now.
func (o *office) check(userID string) object {
	o.t.Helper()
	return o.admin.post("/api/interim/v1/access/check", object{"userId": userID, "appId": o.appID, "appEntitlementId": o.reporting})
}

// allowed reports whether Grace has the role now.
func (o *office) allowed() bool { o.t.Helper(); return at(o.check(o.graceID), "allowed") == true }

// asOf answers the grants that gave Grace access at that instant.
func (o *office) asOf(at time.Time) []object { o.t.Helper(); return o.asOfFor(o.graceID, at) }

// asOfFor answers the grants that gave somebody access to the app at that instant.
func (o *office) asOfFor(userID string, at time.Time) []object {
	o.t.Helper()
	return list(o.admin.post("/api/interim/v1/search/grants_as_of",
		object{"at": at.UTC().Format(time.RFC3339Nano), "userIds": []string{userID}, "appIds": []string{o.appID}}), "list")
}

func (o *office) past() []object {
	o.t.Helper()
	return list(o.admin.post("/api/v1/search/past-grants", object{"appIds": []string{o.appID}}), "list")
}

// events answers the activity names of the system log, oldest first.
func (o *office) events() []string {
	o.t.Helper()
	var names []string
	token := ""
	for {
		page := o.admin.post("/api/v1/systemlog/events", object{"pageSize": 100, "pageToken": token})
		for _, e := range list(page, "list") {
			names = append(names, text(e, "api", "operation"))
		}
		if token = text(page, "nextPageToken"); token == "" {
			return names
		}
	}
}

func (o *office) overdue() []object {
	o.t.Helper()
	return list(o.admin.post("/api/interim/v1/search/overdue_grants", object{"appIds": []string{o.appID}}), "list")
}
