package matrix

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/interim-access/interim/gen/openapi"
)

// An operation is one request that every caller makes. Placeholders in the path and body, such as <user>, stand for an object of
// whom the request is about.
type operation struct {
	name, verb, path, body string
	note                   string // which of several requests to the same operation, "" for the first
	variables              string // the path as described
}

// reads match the paths of POST requests that change nothing.
var reads = regexp.MustCompile(`/search/|/grants/feed|/systemlog/|/introspect|/access/check|/task/audits|/delegation/preview`)

// bodies are what operations are sent; {} where nothing is said. Those that write get what is refused behind the question who may.
var bodies = map[string]string{
	"interim.v1.Access.Check":                                                `{"userId":"<user>","appId":"<app>","appEntitlementId":"<entitlement>"}`,
	"interim.v1.Grants.SearchAsOf":                                           `{"at":"<now>"}`,
	"c1.api.app.v1.AppEntitlementUserBindingService.SearchGrantFeed":         `{"expandMask":{"paths":["*"]}}`,
	"c1.api.app.v1.AppEntitlementUserBindingService.SearchPastGrants":        `{"expandMask":{"paths":["*"]}}`,
	"c1.api.app.v1.AppEntitlementSearchService.SearchGrants":                 `{"expandMask":{"paths":["*"]}}`,
	"c1.api.app.v1.AppUserService.Search":                                    `{"expandMask":{"paths":["*"]}}`,
	"c1.api.user.v1.UserSearch.Search":                                       `{"expandMask":{"paths":["*"]}}`,
	"c1.api.iam.v1.PersonalClientService.Create":                             `{"expires":"-1s"}`,
	"c1.api.iam.v1.PersonalClientService.Update":                             `{"client":{"expiresTime":"2001-01-01T00:00:00Z"}}`,
	"c1.api.systemlog.v1.SystemLogService.ListEvents":                        `{"pageSize":1}`,
	"c1.api.requestcatalog.v1.RequestCatalogManagementService.Update":        `{"catalog":{}}`,
	"c1.api.request_schema.v1.RequestSchemaService.Update":                   `{"requestSchema":{}}`,
	"c1.api.app.v1.AppSearch.SearchUserOwnership":                            `{"userId":"<user>"}`,
	"c1.api.task.v1.TaskAudit.List":                                          `{"taskId":"<task>"}`,
	"c1.api.task.v1.TaskSearchService.Search":                                `{"expandMask":{"paths":["*"]}}`,
	"c1.api.policy.v1.Policies.Update":                                       `{"policy":{}}`,
	"c1.api.webhooks.v1.WebhooksService.Update":                              `{"webhook":{}}`,
	"c1.api.settings.v1.RequestSettingsService.Update":                       `{"requestSettings":{}}`,
	"c1.api.app.v1.Apps.Update":                                              `{"app":{}}`,
	"c1.api.app.v1.AppEntitlements.Update":                                   `{"entitlement":{}}`,
	"c1.api.app.v1.AppUserService.Update":                                    `{"appUser":{}}`,
	"c1.api.app.v1.AppResourceService.Update":                                `{"appResource":{}}`,
	"c1.api.app.v1.AppResourceTypeService.UpdateManuallyManagedResourceType": `{"appResourceType":{}}`,
	"c1.api.iam.v1.Roles.Update":                                             `{"role":{}}`,
	"interim.v1.Users.Update":                                                `{"user":{}}`,
	"interim.v1.ApiTokens.Create":                                            `{"access":"API_TOKEN_ACCESS_READ_ONLY","userId":"<user>"}`,
	"interim.v1.Connectors.Update":                                           `{"connector":{}}`,
}

// more are further requests: each filter by which one could ask after a colleague.
var more = []operation{
	{name: "interim.v1.Access.Check", note: "account", body: `{"appUserId":"<account>","appId":"<app>","appEntitlementId":"<entitlement>"}`},
	{name: "interim.v1.Grants.SearchAsOf", note: "userIds", body: `{"at":"<now>","userIds":["<user>"]}`},
	{name: "c1.api.app.v1.AppEntitlementUserBindingService.SearchGrantFeed", note: "userRefs", body: `{"userRefs":[{"id":"<user>"}]}`},
	{name: "c1.api.app.v1.AppEntitlementUserBindingService.SearchGrantFeed", note: "appUserRefs", body: `{"appUserRefs":[{"appId":"<app>","id":"<account>"}]}`},
	{name: "c1.api.app.v1.AppEntitlementUserBindingService.SearchPastGrants", note: "appUserRefs", body: `{"appUserRefs":[{"appId":"<app>","id":"<account>"}]}`},
	{name: "c1.api.app.v1.AppEntitlementSearchService.SearchGrants", note: "userId", body: `{"userId":"<user>"}`},
	{name: "c1.api.app.v1.AppEntitlementSearchService.SearchGrants", note: "appUserIds", body: `{"appUserIds":["<account>"]}`},
	{name: "c1.api.app.v1.AppEntitlementSearchService.Search", note: "appUserIds", body: `{"appUserIds":["<account>"]}`},
	{name: "c1.api.app.v1.AppEntitlementSearchService.Search", note: "excludeAppUserIds", body: `{"excludeAppUserIds":["<account>"]}`},
	{name: "c1.api.app.v1.AppResourceSearch.SearchAppResources", note: "appUserIds", body: `{"appUserIds":["<account>"]}`},
	{name: "c1.api.app.v1.AppResourceSearch.SearchAppResourceTypes", note: "appUserIds", body: `{"appUserIds":["<account>"]}`},
	{name: "c1.api.app.v1.AppUserService.Search", note: "userIds", body: `{"userIds":["<user>"]}`},
	{name: "c1.api.app.v1.AppUserService.Search", note: "appUserIds", body: `{"appUserIds":["<account>"]}`},
	{name: "c1.api.app.v1.AppUserService.Search", note: "query", body: `{"query":"account of <name>"}`},
	{name: "c1.api.task.v1.TaskSearchService.Search", note: "refs", body: `{"refs":[{"id":"<task>"}]}`},
	{name: "c1.api.task.v1.TaskSearchService.Search", note: "subjectIds", body: `{"subjectIds":["<user>"]}`},
	{name: "c1.api.task.v1.TaskSearchService.Search", note: "accountOwnerIds", body: `{"accountOwnerIds":["<user>"]}`},
	{name: "c1.api.task.v1.TaskSearchService.Search", note: "query", body: `{"query":"<name>"}`},
	{name: "interim.v1.ApiTokens.Search", note: "userIds", body: `{"userIds":["<user>"]}`},
	{name: "interim.v1.Delegations.Search", note: "delegatorUserIds", body: `{"delegatorUserIds":["<user>"]}`},
	{name: "c1.api.user.v1.UserSearch.Search", note: "delegatedUserIds", body: `{"refs":[{"id":"<user>"}],"delegatedUserIds":["<manager>"]}`},
	{name: "c1.api.user.v1.UserSearch.Search", note: "query", body: `{"query":"login-of-<name>"}`},
	{name: "c1.api.user.v1.UserSearch.Search", note: "departments", body: `{"departments":["department of <name>"]}`},
	{name: "c1.api.user.v1.UserSearch.Search", note: "jobTitles", body: `{"jobTitles":["job of <name>"]}`},
	{name: "c1.api.user.v1.UserSearch.Search", note: "roleIds", body: `{"refs":[{"id":"<user>"}],"roleIds":["<role>"]}`},
	{name: "c1.api.user.v1.UserSearch.Search", note: "sourceAppIds", body: `{"refs":[{"id":"<user>"}],"sourceAppIds":["<app>"]}`},
	{name: "c1.api.user.v1.UserSearch.Search", note: "managerIds", body: `{"refs":[{"id":"<user>"}],"managerIds":["<manager>"]}`},
}

// operations are all requests, in the order of the file.
func operations(t *testing.T) []operation {
	t.Helper()
	var described struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		} `json:"paths"`
	}
	text, err := openapi.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &described); err != nil {
		t.Fatal(err)
	}
	var all []operation
	for path, verbs := range described.Paths {
		for verb, o := range verbs {
			if !strings.Contains(o.OperationID, ".") { // signing in has tests of its own
				continue
			}
			op := operation{name: o.OperationID, verb: strings.ToUpper(verb), variables: path, body: bodies[o.OperationID]}
			if op.verb != "GET" && op.body == "" {
				op.body = "{}"
			}
			op.path = op.existing()
			if strings.Contains(op.path+"/", "//") {
				t.Errorf("%s is about something that no office has: %s", op.name, path)
			}
			if op.verb != "GET" && !reads.MatchString(path) && op.service() != "PersonalClientService" {
				op.path = variable.ReplaceAllString(path, "<nothing>")
			}
			all = append(all, op)
			for _, m := range more {
				if m.name == op.name {
					m.verb, m.path, m.variables = op.verb, op.path, path
					all = append(all, m)
				}
			}
		}
	}
	for name := range maps.Keys(bodies) {
		if !slices.ContainsFunc(all, func(o operation) bool { return o.name == name }) {
			t.Errorf("%s is sent a body and is not there", name)
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.place(), b.place()) })
	return all
}

var variable = regexp.MustCompile(`\{([^}]+)\}`)

// existing is the path with placeholders for objects that are there.
func (o operation) existing() string {
	return variable.ReplaceAllStringFunc(o.variables, func(v string) string {
		name := strings.Trim(v, "{}")
		if who := owners[name]; who != "" {
			return who
		}
		if _, below, ok := strings.Cut(name, "."); ok {
			name = below
		}
		if meant := first(meanings[o.name], meanings[o.service()+" "+name]); meant != "" {
			return meant
		}
		return objects[name]
	})
}

// owners are the variables of who is an owner, which are named like what is owned.
var owners = map[string]string{
	"role_slug": "primary", "app_entitlement_ref.app_id": "<app>", "app_entitlement_ref.id": "<entitlement>", "user_ref.id": "<user>",
}

// meanings are the variables that are named alike and mean something else in each service.
var meanings = map[string]string{
	"Apps id": "<app>", "AppEntitlements id": "<entitlement>", "AppResourceService id": "<resource>", "AppResourceTypeService id": "<type>",
	"AppUserService id": "<account>", "UserService id": "<user>", "Users id": "<user>", "Roles id": "<role>",
	"PersonalClientService id": "<client>", "Connectors id": "<connector>", "RequestCatalogManagementService id": "<catalog>",
	"RequestSchemaService id": "<form>", "TaskService id": "<task>", "Delegations id": "<delegation>", "Policies id": "<policy>",
	"ApiTokens id":       "<token>",
	"WebhooksService id": "<webhook>", "Connectors app_id": "<database>", "ConnectorOwners app_id": "<database>",
	"c1.api.attribute.v1.Attributes.GetComplianceFrameworkAttributeValue": "<framework>", "Attributes id": "<risk>",
	"c1.api.attribute.v1.Attributes.DeleteComplianceFrameworkAttributeValue": "<framework>",
	"DirectoryService app_id": "<database>", "AppUserOwnersV2 user_id": "<account>",
}

// objects are the variables that mean the same wherever they stand.
var objects = map[string]string{
	"app_id": "<app>", "app_entitlement_id": "<entitlement>", "app_user_id": "<account>", "user_id": "<user>",
	"catalog_id": "<catalog>", "request_catalog_id": "<catalog>", "request_schema_id": "<form>", "entitlement_id": "<entitlement>",
	"identity_user_id": "<user>", "role_id": "<role>", "app_resource_type_id": "<type>", "app_resource_id": "<resource>",
	"resource_type_id": "<type>", "resource_id": "<resource>", "connector_id": "<connector>", "task_id": "<task>",
	"webhook_id": "<webhook>", "schedule_id": "<schedule>", "attribute_type_id": riskLevels, "src_app_id": "<app>", "src_app_entitlement_id": "<entitlement>",
	"dst_app_id": "<app>", "dst_app_entitlement_id": "<past>",
}

// riskLevels is the type of attributes that tell how risky something is.
const riskLevels = "1Vlny4eqpxhLRJI2MIZe8LMbDX7"

// place puts what ends something behind what reads it.
func (o operation) place() string {
	if o.verb == "DELETE" {
		return "~ " + o.name
	}
	return o.name + " " + o.note
}

func (o operation) service() string {
	parts := strings.Split(o.name, ".")
	return parts[len(parts)-2]
}

// personal reports whether it matters whom the request is about.
func (o operation) personal() bool {
	return regexp.MustCompile(`<(user|account|client|name|manager|task|step|delegation|token)>`).MatchString(o.path + o.body)
}
