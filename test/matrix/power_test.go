package matrix

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

// beyond is what the scoped role lets do and the deputy's own role does not.
const beyond = "permission/opal.v1.EventStreams."

// A deputy has every permission there is but one that a scoped role gives. Whatever of the office they name leads to it: whoever has one
// of the entitlements or is in one of the groups holds it, by one of the tags, schedules, accounts and rules people come to it, one of
// the bundles and catalogs lists it, one of the sets owns it. So what the deputy succeeds in must be one of what is harmless.
func TestNobodyHandsOutAPowerThatTheyDoNotHave(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		deputize(t, "").guarded()
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		deputize(t, dbtest.URL(t)).guarded()
	})
}

// A deputy's office is a stage on which all things lead to one scoped role.
type deputy struct {
	*stage
	role   string          // the scoped role
	unused map[string]bool // names in the table of what is harmless that nothing came of yet
}

func deputize(t *testing.T, database string) *deputy {
	t.Helper()
	d := &deputy{stage: bare(t, database), unused: map[string]bool{}}
	for _, h := range harmless {
		for _, name := range h.operations {
			d.unused[name] = true
		}
	}
	var all []string
	for permission := range d.reach() {
		if name, role, _ := strings.Cut(permission, " "); role == "owner" && !strings.HasPrefix(name, beyond) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	raw, err := json.Marshal(map[string]any{"displayName": "Deputy", "permissions": all})
	if err != nil {
		t.Fatal(err)
	}
	user := d.hire("deputy", d.must("POST", "/api/interim/v1/roles", string(raw), "role", "id"))
	d.ids["deputy"], d.tokens["deputy"] = uuidOf(user), d.credential(user, `{}`)
	d.role = d.put("/resources", strings.Replace(resourceDraft, "CUSTOM", "OPAL_SCOPED_ROLE", 1), "resource_id")
	d.resource, d.leads = "OPAL_SCOPED_ROLE", d.lead
	d.lead("role", d.role)
	d.as("POST", "/resources/"+d.role+"/users/"+d.ids["grace"], "")
	d.furnishPaths()
	return d
}

// lead has what was made for the Opal API lead to the role.
func (d *deputy) lead(kind, it string) {
	d.Helper()
	switch kind {
	case "role", "plain resource":
		d.as("PUT", "/resources/"+it+"/scoped-role-permissions", `{"permissions":[
			{"permission_name":"EDIT_EVENT_STREAM","target_type":"ACCESS_REVIEW","target_ids":[],"allow_all":true}]}`)
	case "plain group", "rule":
		d.as("POST", "/groups/"+it+"/resources/"+d.role, `{}`)
	case "bundle":
		d.as("POST", "/bundles/"+it+"/groups", `{"group_id":"`+d.plain("group")+`"}`)
	case "set":
		d.as("PUT", "/groups", `{"groups":[{"group_id":"`+d.plain("group")+`","admin_owner_id":"`+it+`"}]}`)
	case "template":
		d.as("PUT", "/groups", `{"groups":[{"group_id":"`+d.plain("group")+`","configuration_template_id":"`+it+`"}]}`)
	case "schedule":
		d.as("PUT", "/groups/"+d.plain("group")+"/on-call-schedules", `{"on_call_schedule_ids":["`+it+`"]}`)
	case "tag":
		value := strconv.Itoa(d.count) // it was made last
		d.lead("rule", d.put("/access-rules", strings.Replace(strings.Replace(ruleDraft, `"none"`, `"floor"`, 1), `"<n>"`, `"`+value+`"`, 1), "access_rule_id"))
	}
}

// furnishPaths has what the office has for the other API lead to the role.
func (d *deputy) furnishPaths() {
	d.Helper()
	at := d.people[""]
	var all struct {
		List []struct {
			AppEntitlement struct{ ID, DisplayName, AppResourceID string }
		}
	}
	_, text := d.call(d.admin, http.MethodGet, "/api/v1/apps/"+at["<app>"]+"/entitlements?page_size=100", "")
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		d.Fatal(err)
	}
	for _, e := range all.List {
		if uuidOf(e.AppEntitlement.AppResourceID) != d.role {
			continue
		}
		for _, from := range []string{"<entitlement>", "<past>"} {
			d.must("POST", d.fill("", "/api/v1/apps/<app>/"+from+"/bindings/<app>/"+e.AppEntitlement.ID), `{}`)
		}
	}
	as := func(verb, path, body string) { d.must(verb, d.fill("grace", path), d.fill("grace", body)) }
	as("PUT", "/api/v1/catalogs/<catalog>/requestable_entries/<app>/<entitlement>", `{}`)
	as("POST", "/api/v1/catalogs/<catalog>", `{"catalog":{"published":true},"updateMask":"published"}`)
	as("POST", "/api/v1/apps/<app>/entitlements/<entitlement>/automation/create", `{"automation":{"none":{}}}`)
	as("PUT", "/api/v2/apps/<app>/entitlements/<entitlement>/owners", `{"roleSlug":"primary","userRefs":[{"id":"<user>"}]}`)
	d.lead("schedule", at["<schedule>"])
	d.lead("tag", d.put("/tag", tagDraft, "tag_id"))
}

func (d *deputy) guarded() {
	d.Helper()
	for _, a := range d.acts() {
		if a.verb == http.MethodGet {
			continue
		}
		for _, way := range a.ways() {
			if way != others && way != "-" {
				continue
			}
			if a.before != "" {
				verb, rest, _ := strings.Cut(d.fillIn(a.before, way, "deputy"), " ")
				path, body, _ := strings.Cut(rest, " ")
				d.as(verb, path, body)
			}
			path, body := d.fillIn(a.path, way, "deputy"), d.fillIn(a.body, way, "deputy")
			status, text := d.call(d.tokens["deputy"], a.verb, "/v1"+path, body)
			d.judge(strings.TrimSpace("opal.v1."+a.name+" "+a.note), body, status, text)
			if status < 300 || a.before != "" {
				d.spent(a.path+a.body, way, "deputy")
			}
		}
	}
	ops := operations(d.T)
	slices.SortStableFunc(ops, func(a, b operation) int { return cmp.Compare(slices.Index(last, a.name), slices.Index(last, b.name)) })
	for n, op := range ops {
		if op.verb == http.MethodGet || op.note != "" || reads.MatchString(op.variables) {
			continue
		}
		person := "grace"
		if s := op.service(); s == "TaskActionsService" || s == "Tasks" { // an open request, that nobody took part in
			person = fmt.Sprint("person-", n)
			d.hire(person, d.people[""]["<role>"])
		}
		path, body := d.fill(person, op.existing()), d.fill(person, first(fitting[op.name], first(whole[op.name], op.body)))
		status, text := d.call(d.tokens["deputy"], op.verb, path, body)
		d.judge(op.name, body, status, text)
	}
	for name := range d.unused {
		d.Errorf("%s is called harmless and was not tried", name)
	}
}

// judge compares what came of an attempt with the table of what is harmless. What is refused for what it says was no attempt.
func (d *deputy) judge(name, body string, status int, text string) {
	d.Helper()
	denied := status == http.StatusForbidden || status == http.StatusNotImplemented
	harms := !slices.ContainsFunc(harmless, func(h reason) bool { return slices.Contains(h.operations, name) })
	switch {
	case status == http.StatusBadRequest && !strings.Contains(text, `"code":9`): // which is about how things stand
		d.Errorf("%s %s: %s, so nobody knows what it does to what gives powers", name, body, text)
	case denied && !harms:
		d.Errorf("%s: %d, and it is called harmless", name, status)
	case !denied && harms:
		d.Errorf("%s %s: %d %.200s; who does not have the powers must be refused (iam.MayPass), or the table say why not", name, body, status, text)
	}
	delete(d.unused, name)
}

// last is what takes away what others are about.
var last = []string{
	"c1.api.requestcatalog.v1.RequestCatalogManagementService.Delete", "interim.v1.Roles.Delete",
	"c1.api.app.v1.AppEntitlements.DeleteAutomation", "c1.api.app.v1.AppEntitlementsProxy.Delete",
	"c1.api.app.v1.AppEntitlements.Delete", "c1.api.app.v1.AppResourceService.DeleteManuallyManagedAppResource",
	"c1.api.app.v1.AppResourceTypeService.DeleteManuallyManagedResourceType", "c1.api.app.v1.Apps.Delete",
}

const (
	itself     = `{"appId":"<app>","id":"<entitlement>"}`
	noRule     = `{"automation":{"none":{}}}`
	whoElse    = `{"userId":"<manager>"}`
	whoElses   = `{"userIds":["<manager>"]}`
	whoOwns    = `{"roleSlug":"primary","userRefs":[{"id":"<manager>"}],"appEntitlementRefs":[` + itself + `]}`
	enrolls    = `{"cel":{"expression":"true"},"enabled":true}`
	whoMatches = `{"matchCases":[{"appUserKeyCel":"app_user.username","userKeyCel":"user.username"}]}`
	aValue     = `{"value":"x","attributeTypeId":"` + riskLevels + `"}`
)

// fitting are bodies that would do something, where those of the other tables would not.
var fitting = map[string]string{
	"c1.api.app.v1.AppEntitlementOwners.Add":                                            whoElse,
	"c1.api.app.v1.AppEntitlementOwners.Remove":                                         `{"userId":"<user>"}`,
	"c1.api.app.v1.AppEntitlementOwners.Set":                                            whoElses,
	"c1.api.app.v1.AppResourceOwners.Add":                                               whoElse,
	"c1.api.app.v1.AppResourceOwners.Remove":                                            whoElse,
	"c1.api.app.v1.AppResourceOwners.Set":                                               whoElses,
	"c1.api.app.v1.AppOwners.Set":                                                       whoElses,
	"c1.api.app.v2.AppEntitlementOwners.Set":                                            whoOwns,
	"c1.api.app.v2.AppResourceOwnersV2.Set":                                             whoOwns,
	"c1.api.app.v2.AppOwners.Set":                                                       whoOwns,
	"c1.api.app.v2.AppUserOwnersV2.Set":                                                 whoOwns,
	"c1.api.app.v2.ConnectorOwners.Set":                                                 whoOwns,
	"c1.api.user.v2.UserOwnersV2.Set":                                                   whoOwns,
	"c1.api.app.v1.AppEntitlementUserBindingService.UpdateGrantDuration":                `{"newDeprovisionAt":"2100-01-01T00:00:00Z"}`,
	"c1.api.app.v1.AppEntitlements.AddAutomationExclusion":                              whoElses,
	"c1.api.app.v1.AppEntitlements.RemoveAutomationExclusion":                           whoElses,
	"c1.api.app.v1.AppEntitlements.AddManuallyManagedMembers":                           whoElses,
	"c1.api.app.v1.AppEntitlements.CreateAutomation":                                    noRule,
	"c1.api.app.v1.AppEntitlements.UpdateAutomation":                                    `{"none":{}}`,
	"c1.api.app.v1.AppEntitlements.Update":                                              `{"entitlement":{"description":"x"},"updateMask":"description"}`,
	"c1.api.app.v1.AppResourceService.Update":                                           `{"appResource":{"description":"x"},"updateMask":"description"}`,
	"c1.api.app.v1.Apps.Update":                                                         `{"app":{"description":"x"},"updateMask":"description"}`,
	"c1.api.app.v1.AppUserService.Update":                                               `{"appUser":{"identityUserId":"<manager>"},"updateMask":"identityUserId"}`,
	"interim.v1.Accounts.Update":                                                        `{"identityUserId":"<manager>"}`,
	"c1.api.attribute.v1.Attributes.CreateAttributeValue":                               aValue,
	"c1.api.attribute.v1.Attributes.CreateComplianceFrameworkAttributeValue":            `{"value":"x"}`,
	"c1.api.attribute.v1.Attributes.CreateRiskLevelAttributeValue":                      `{"value":"y"}`,
	"c1.api.directory.v1.DirectoryService.Create":                                       `{"appId":"<app>","mergeConfig":` + whoMatches + `}`,
	"c1.api.directory.v1.DirectoryService.Update":                                       `{"mergeConfig":` + whoMatches + `}`,
	"c1.api.policy.v1.AccountProvisionPolicyTest.Test":                                  `{"cel":"true"}`,
	"c1.api.request_schema.v1.RequestSchemaService.CreateEntitlementBinding":            `{"requestSchemaId":"<form>","entitlementRef":` + itself + `}`,
	"c1.api.request_schema.v1.RequestSchemaService.RemoveEntitlementBinding":            `{"requestSchemaId":"<form>","entitlementRef":` + itself + `}`,
	"c1.api.request_schema.v1.RequestSchemaService.FindBindingForAppEntitlement":        `{"entitlementRef":` + itself + `}`,
	"c1.api.requestcatalog.v1.RequestCatalogManagementService.AddAccessEntitlements":    `{"accessEntitlements":[` + itself + `]}`,
	"c1.api.requestcatalog.v1.RequestCatalogManagementService.RemoveAccessEntitlements": `{"accessEntitlements":[` + itself + `]}`,
	"c1.api.requestcatalog.v1.RequestCatalogManagementService.AddAppEntitlements":       `{"appEntitlements":[` + itself + `]}`,
	"c1.api.requestcatalog.v1.RequestCatalogManagementService.RemoveAppEntitlements":    `{"appEntitlements":[` + itself + `]}`,
	"c1.api.requestcatalog.v1.RequestCatalogManagementService.UpdateAppEntitlements":    `{"appEntitlements":[` + itself + `]}`,
	"c1.api.requestcatalog.v1.RequestCatalogManagementService.Update":                   `{"catalog":{"visibleToEveryone":true},"updateMask":"visibleToEveryone"}`,
	"c1.api.requestcatalog.v1.RequestCatalogManagementService.CreateBundleAutomation":   enrolls,
	"c1.api.requestcatalog.v1.RequestCatalogManagementService.SetBundleAutomation":      enrolls,
	"interim.v1.Connectors.Create":                                                      `{"kind":"postgres","displayName":"x","connectionString":"postgres://ada@127.0.0.1:1/x"}`,
	"interim.v1.Notifications.UpdateDefaults":                                           `{"defaults":{}}`,
	"interim.v1.RequestSettings.Update":                                                 `{"settings":{}}`,
	"interim.v1.OnCallSchedules.SetShifts":                                              `{"shifts":[{"userId":"<manager>","from":"2026-01-01T00:00:00Z"}]}`,
	"c1.api.task.v1.TaskActionsService.Reassign":                                        `{"policyStepId":"<step>","newStepUserIds":["<manager>"]}`,
}

// reason is why operations give nobody a power and change no way to one.
type reason struct {
	why        string
	operations []string
}

var harmless = []reason{
	{"it takes away, or is refused because it cannot be taken away", []string{
		"opal.v1.Bundles.DeleteBundle", "opal.v1.Bundles.RemoveBundleGroup", "opal.v1.Bundles.RemoveBundleResource",
		"opal.v1.ConfigurationTemplates.DeleteConfigurationTemplate", "opal.v1.Groups.DeleteGroup", "opal.v1.Groups.DeleteGroupUser",
		"opal.v1.Groups.RemoveGroupContainingGroup", "opal.v1.Owners.DeleteOwner", "opal.v1.Resources.DeleteResource",
		"opal.v1.Resources.DeleteResourceNhi", "opal.v1.Resources.DeleteResourceUser",
		"c1.api.app.v1.AppEntitlements.AddAutomationExclusion", "c1.api.app.v1.AppEntitlements.Delete",
		"c1.api.app.v1.AppEntitlements.DeleteAutomation", "c1.api.app.v1.AppEntitlementsProxy.Delete",
		"c1.api.app.v1.AppResourceService.DeleteManuallyManagedAppResource",
		"c1.api.app.v1.AppResourceTypeService.DeleteManuallyManagedResourceType", "c1.api.app.v1.Apps.Delete",
		"c1.api.requestcatalog.v1.RequestCatalogManagementService.Delete",
		"c1.api.requestcatalog.v1.RequestCatalogManagementService.DeleteBundleAutomation",
		"c1.api.requestcatalog.v1.RequestCatalogManagementService.DeleteRequestableEntry",
		"c1.api.requestcatalog.v1.RequestCatalogManagementService.RemoveAccessEntitlements",
		"c1.api.requestcatalog.v1.RequestCatalogManagementService.RemoveAppEntitlements",
		"c1.api.task.v1.TaskService.CreateOffboardingTask", "c1.api.task.v1.TaskService.CreateRevokeTask",
		"interim.v1.Grants.Revoke", "interim.v1.Tasks.RevokeMany", "interim.v1.Connectors.Delete",
	}},
	{"it is new and leads nowhere yet", []string{
		"opal.v1.AccessRules.CreateAccessRule", "opal.v1.Bundles.CreateBundle", "opal.v1.ConfigurationTemplates.CreateConfigurationTemplate",
		"opal.v1.Groups.CreateGroup", "opal.v1.MessageChannels.CreateMessageChannel", "opal.v1.OnCallSchedules.CreateOnCallSchedule",
		"opal.v1.Owners.CreateOwner", "opal.v1.Resources.CreateResource", "opal.v1.Tags.CreateTag",
		"c1.api.app.v1.AppResourceService.CreateManuallyManagedAppResource",
		"c1.api.app.v1.AppResourceTypeService.CreateManuallyManagedResourceType", "c1.api.app.v1.Apps.Create",
		"c1.api.requestcatalog.v1.RequestCatalogManagementService.Create", "c1.api.iam.v1.PersonalClientService.Create",
		"interim.v1.Accounts.Create", "interim.v1.Users.Create", "interim.v1.Connectors.Create",
	}},
	{"it asks, and those decide whom the policy names", []string{
		"opal.v1.Requests.CreateRequest", "opal.v1.Requests.CreateRequest for another", "c1.api.task.v1.TaskService.CreateGrantTask",
		"interim.v1.Tasks.DryRun", "interim.v1.Tasks.ExtendMany",
	}},
	{"who may set policies, and what those go by, may have it given: docs/domain.md, IAM", []string{
		"c1.api.app.v1.AppAccessRequestsDefaultsService.CancelAppAccessRequestsDefaults",
		"c1.api.app.v1.AppAccessRequestsDefaultsService.CreateAppAccessRequestsDefaults", "c1.api.app.v1.Apps.Update",
		"c1.api.attribute.v1.Attributes.CreateAttributeValue", "c1.api.attribute.v1.Attributes.CreateComplianceFrameworkAttributeValue",
		"c1.api.attribute.v1.Attributes.CreateRiskLevelAttributeValue", "c1.api.attribute.v1.Attributes.DeleteAttributeValue",
		"c1.api.attribute.v1.Attributes.DeleteComplianceFrameworkAttributeValue",
		"c1.api.attribute.v1.Attributes.DeleteRiskLevelAttributeValue", "c1.api.policy.v1.Policies.Create",
		"c1.api.policy.v1.Policies.Delete", "c1.api.policy.v1.Policies.Update", "c1.api.request_schema.v1.RequestSchemaService.Create",
		"c1.api.request_schema.v1.RequestSchemaService.Delete", "c1.api.request_schema.v1.RequestSchemaService.Update",
		"c1.api.settings.v1.RequestSettingsService.Update", "interim.v1.RequestSettings.Update", "c1.api.webhooks.v1.WebhooksService.Create",
		"c1.api.webhooks.v1.WebhooksService.Delete", "c1.api.webhooks.v1.WebhooksService.Test", "c1.api.webhooks.v1.WebhooksService.Update",
	}},
	{"whom a target lets in is for its connector to say, and only here is it another app's", []string{
		"interim.v1.Connectors.Check", "interim.v1.Connectors.Sync", "interim.v1.Connectors.Update", "c1.api.directory.v1.DirectoryService.Delete",
		"c1.api.directory.v1.DirectoryService.Update",
	}},
	{"nobody decides anything by it", []string{
		"opal.v1.Bundles.UpdateBundle", "opal.v1.Groups.UpdateGroupMessageChannels", "opal.v1.Resources.UpdateResourceMessageChannels",
		"opal.v1.Tags.CreateGroupTag", "opal.v1.Tags.CreateResourceTag", "opal.v1.Tags.DeleteGroupTag", "opal.v1.Tags.DeleteResourceTag",
		"c1.api.app.v1.AppResourceTypeService.UpdateManuallyManagedResourceType", "interim.v1.Notifications.UpdateDefaults",
		"interim.v1.Notifications.UpdateSettings", "c1.api.app.v2.AppUserOwnersV2.CreateEntitlementOwner",
		"c1.api.app.v2.AppUserOwnersV2.CreateUserOwner", "c1.api.app.v2.AppUserOwnersV2.DeleteEntitlementOwner",
		"c1.api.app.v2.AppUserOwnersV2.DeleteUserOwner", "c1.api.app.v2.AppUserOwnersV2.Set",
		"c1.api.app.v2.ConnectorOwners.CreateEntitlementOwner", "c1.api.app.v2.ConnectorOwners.CreateUserOwner",
		"c1.api.app.v2.ConnectorOwners.DeleteEntitlementOwner", "c1.api.app.v2.ConnectorOwners.DeleteUserOwner",
		"c1.api.app.v2.ConnectorOwners.Set", "c1.api.user.v2.UserOwnersV2.CreateEntitlementOwner",
		"c1.api.user.v2.UserOwnersV2.CreateUserOwner", "c1.api.user.v2.UserOwnersV2.DeleteEntitlementOwner",
		"c1.api.user.v2.UserOwnersV2.DeleteUserOwner", "c1.api.user.v2.UserOwnersV2.Set",
	}},
	{"nobody joins a group of a link by joining another", []string{
		"opal.v1.GroupBindings.CreateGroupBinding", "opal.v1.GroupBindings.DeleteGroupBinding", "opal.v1.GroupBindings.UpdateGroupBindings",
	}},
	{"roles are handed out by who has them", []string{
		"interim.v1.Roles.AddMember", "interim.v1.Roles.Create", "interim.v1.Roles.Delete", "interim.v1.Roles.RemoveMember",
		"c1.api.iam.v1.Roles.Update",
	}},
	{"it goes on as somebody said who might", []string{
		"c1.api.requestcatalog.v1.RequestCatalogManagementService.ForceRunBundleAutomation",
		"c1.api.requestcatalog.v1.RequestCatalogManagementService.ResumePausedBundleAutomation",
	}},
	{"it changes nothing", []string{
		"c1.api.app.v1.AppUserService.ListOwnedServiceAccounts", "c1.api.policy.v1.AccountProvisionPolicyTest.Test",
		"c1.api.policy.v1.PolicyValidate.ValidateCEL", "c1.api.request_schema.v1.RequestSchemaService.FindBindingForAppEntitlement",
	}},
}
