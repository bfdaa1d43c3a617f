package matrix

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/platform/config"
	"github.com/interim-access/interim/internal/server"
)

// callers are the columns of the matrix.
var callers = []string{"owner", "viewer", "user", "application-admin", "system-logs-reader", "custom", "scoped"}

// An office is a whole server with an app that everybody has an account in, an entitlement held and one held before.
type office struct {
	*testing.T
	client *http.Client
	base   string
	admin  string
	tokens map[string]string            // by caller
	people map[string]map[string]string // placeholders by person, the app's under ""
}

func open(t *testing.T, database string) *office {
	t.Helper()
	return started(t, database, func(server.Options) {})
}

// started is an office in what the first start left.
func started(t *testing.T, database string, first func(server.Options)) *office {
	t.Helper()
	opt := server.Options{
		Config: config.Serve{Storage: config.Storage{Data: t.TempDir(), Database: database}, Listen: "127.0.0.1:8443"},
		Key:    strings.Repeat("42", 32), Out: io.Discard, Log: slog.New(slog.DiscardHandler),
	}
	first(opt)
	if _, err := server.NewCredential(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	boot, err := server.ReadBootstrap(opt.Config.Data)
	if err != nil {
		t.Fatal(err)
	}
	transport, closing, err := server.Offline(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := closing(); err != nil {
			t.Error(err)
		}
	})
	o := &office{
		T: t, client: &http.Client{Transport: transport}, base: boot.URL, tokens: map[string]string{}, people: map[string]map[string]string{},
	}
	o.admin = o.signIn(boot.ClientID, boot.ClientSecret)
	o.furnish()
	return o
}

func (o *office) signIn(id, secret string) string {
	o.Helper()
	res, err := o.client.PostForm(o.base+"/auth/v1/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret},
	})
	if err != nil {
		o.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&token); err != nil || res.StatusCode != http.StatusOK {
		o.Fatalf("token: %d %v", res.StatusCode, err)
	}
	return token.AccessToken
}

// call sends a request; token may be empty.
func (o *office) call(token, verb, path, body string) (int, string) {
	o.Helper()
	req, err := http.NewRequestWithContext(o.Context(), verb, o.base+path, strings.NewReader(body))
	if err != nil {
		o.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := o.client.Do(req)
	if err != nil {
		o.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		o.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

// must makes something as the administrator and returns the string at a path of keys in the answer.
func (o *office) must(verb, path, body string, keys ...string) string {
	o.Helper()
	status, text := o.call(o.admin, verb, path, body)
	var at any
	if err := json.Unmarshal([]byte(text), &at); err != nil || status != http.StatusOK {
		o.Fatalf("%s %s %s: %d %s", verb, path, body, status, text)
	}
	for _, k := range keys {
		at = at.(map[string]any)[k]
	}
	s, _ := at.(string)
	return s
}

func (o *office) furnish() {
	o.Helper()
	post := func(path, body string, keys ...string) string { o.Helper(); return o.must("POST", path, body, keys...) }
	app := post("/api/v1/apps", `{"displayName":"Wiki"}`, "app", "id")
	typ := post("/api/v1/apps/"+app+"/resource_types", `{"displayName":"Role","resourceType":"ROLE"}`, "appResourceType", "id")
	resource := post("/api/v1/apps/"+app+"/resource_types/"+typ+"/resources", `{"displayName":"Editors"}`, "appResource", "id")
	entitlement := func(name string) string {
		return post("/api/v1/apps/"+app+"/entitlements", `{"displayName":"`+name+`","appResourceTypeId":"`+typ+`","appResourceId":"`+resource+`"}`,
			"appEntitlementView", "appEntitlement", "id")
	}
	o.people[""] = map[string]string{
		"<app>": app, "<type>": typ, "<resource>": resource, "<entitlement>": entitlement("Write"), "<past>": entitlement("Delete"),
		"<nothing>": "287oY0rG4UirjDNFEYguMBvxyim",
		"<role>":    post("/api/interim/v1/roles", `{"displayName":"Lister","permissions":["permission/c1.api.app.v1.Apps.List"]}`, "role", "id"),
	}
	o.people[""]["<catalog>"] = post("/api/v1/catalogs", `{"displayName":"Tools"}`, "requestCatalogView", "requestCatalog", "id")
	o.people[""]["<form>"] = post("/api/v1/request_schemas", `{"name":"Ticket"}`, "requestSchema", "id")
	o.people[""]["<database>"] = post("/api/v1/apps", `{"displayName":"Database"}`, "app", "id")
	o.people[""]["<connector>"] = post("/api/interim/v1/apps/"+o.people[""]["<database>"]+"/connectors",
		`{"kind":"postgres","connectionString":"postgres://ada:secret@127.0.0.1:1/x"}`, "connector", "id")
	o.furnishRules()
	builtin := map[string]string{}
	var roles struct {
		List []struct{ ID, Name string }
	}
	_, text := o.call(o.admin, "GET", "/api/v1/iam/roles?page_size=100", "")
	if err := json.Unmarshal([]byte(text), &roles); err != nil {
		o.Fatal(err)
	}
	for _, r := range roles.List {
		builtin[strings.TrimPrefix(r.Name, "system:")] = r.ID
	}
	builtin["custom"], builtin["scoped"] = o.people[""]["<role>"], builtin["owner"]
	o.hire("grace", o.people[""]["<role>"])
	for _, c := range callers {
		user := o.hire(c, builtin[c])
		if c != "user" {
			o.must("DELETE", "/api/interim/v1/users/"+user+"/roles/"+builtin["user"], "")
		}
		body := `{}`
		if c == "scoped" {
			body = `{"scopedRoles":["` + builtin["owner"] + `"]}`
		}
		o.tokens[c] = o.credential(user, body)
	}
	o.people[""]["<now>"] = time.Now().UTC().Format(time.RFC3339Nano)
}

// furnishRules makes what decides about access, classes it and is told of it.
func (o *office) furnishRules() {
	o.Helper()
	made := func(name, path, body string, keys ...string) {
		o.Helper()
		o.people[""][name] = o.must("POST", path, body, keys...)
	}
	made("<policy>", "/api/v1/policies", `{"displayName":"Yes",`+yes+`}`, "policy", "id")
	made("<webhook>", "/api/v1/webhooks", `{"displayName":"Chat","url":"https://chat.example.com/in"}`, "webhook", "id")
	made("<schedule>", "/v1/on-call-schedules", `{"third_party_provider":"OPSGENIE","remote_id":"S1"}`, "on_call_schedule_id")
	made("<risk>", "/api/v1/attributes/risk_levels", `{"value":"High"}`, "value", "id")
	made("<framework>", "/api/v1/attributes/compliance_frameworks", `{"value":"SOC 2"}`, "value", "id")
	o.must("POST", "/api/v1/directories", `{"appId":"`+o.people[""]["<database>"]+`"}`)
}

// hire makes a person with an account, a manager who answers instead of them, a role, one grant in force, one that ended and one
// that is asked for.
func (o *office) hire(name, role string) string {
	o.Helper()
	at := o.people[""]
	post := func(path, body string, keys ...string) string { o.Helper(); return o.must("POST", path, body, keys...) }
	manager := post("/api/interim/v1/users", `{"displayName":"manager of `+name+`"}`, "user", "id")
	user := post("/api/interim/v1/users", fmt.Sprintf(`{"displayName":"%[1]s","email":"%[1]s@example.com","username":"login-of-%[1]s",
		"department":"department of %[1]s","jobTitle":"job of %[1]s","employeeIds":["number of %[1]s"],"managerIds":["%[2]s"]}`, name, manager), "user", "id")
	post("/api/interim/v1/users/"+user+"/roles/"+role, "")
	account := post("/api/interim/v1/apps/"+at["<app>"]+"/accounts", `{"displayName":"account of `+name+`","identityUserId":"`+user+`"}`, "appUser", "id")
	for _, e := range []string{at["<entitlement>"], at["<past>"]} {
		post("/api/interim/v1/apps/"+at["<app>"]+"/entitlements/"+e+"/grants", `{"appUserId":"`+account+`"}`)
	}
	o.must("DELETE", "/api/interim/v1/apps/"+at["<app>"]+"/entitlements/"+at["<past>"]+"/grants/"+account, `{"reason":"secret of `+name+`"}`)
	client := post("/api/interim/v1/users/"+user+"/personal_clients", `{}`, "client", "id")
	token := post("/api/interim/v1/api_tokens", `{"label":"CI","access":"API_TOKEN_ACCESS_READ_ONLY","userId":"`+user+`"}`, "apiToken", "id")
	delegation := post("/api/interim/v1/users/"+user+"/delegation", `{"delegateUserId":"`+manager+`"}`, "delegation", "id")
	asked := `{"appId":"` + at["<app>"] + `","appEntitlementId":"` + at["<past>"] + `","identityUserId":"` + user + `"}`
	task := post("/api/v1/task/grant", asked, "taskView", "task", "id")
	o.people[name] = map[string]string{
		"<user>": user, "<account>": account, "<client>": client, "<name>": name, "<manager>": manager, "<delegation>": delegation,
		"<token>": token, "<task>": task, "<step>": o.must("GET", "/api/v1/tasks/"+task, "", "taskView", "task", "policy", "current", "id"),
	}
	return user
}

// credential makes a client for a user and signs in with it.
func (o *office) credential(user, body string) string {
	o.Helper()
	status, text := o.call(o.admin, "POST", "/api/interim/v1/users/"+user+"/personal_clients", body)
	var made struct {
		Client       struct{ ClientID string }
		ClientSecret string
	}
	if err := json.Unmarshal([]byte(text), &made); err != nil || status != http.StatusOK {
		o.Fatalf("%d %s", status, text)
	}
	return o.signIn(made.Client.ClientID, made.ClientSecret)
}
