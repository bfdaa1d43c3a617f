package c1_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	requestschemav1 "github.com/interim-access/interim/gen/c1/api/request_schema/v1"
	requestcatalogv1 "github.com/interim-access/interim/gen/c1/api/requestcatalog/v1"
	settingsv1 "github.com/interim-access/interim/gen/c1/api/settings/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

const (
	catalogsPath = "/api/v1/catalogs"
	offersPath   = "/api/v1/search/request_catalog/entitlements"
)

// ref names an entitlement in a body.
func ref(appID, entitlement string) string {
	return `{"appId":"` + appID + `","id":"` + entitlement + `"}`
}

// holding gives an account an entitlement that is in force now, until then (zero: for good).
func (d *door) holding(appID, entitlement, account string, until time.Time) {
	d.Helper()
	d.hold(appID, entitlement, account)
	err := d.deps.DB.Write(d.Context(), func(tx *db.Tx) error {
		var end *int64
		if at := clock.Micros(until); !until.IsZero() {
			end = &at
		}
		_, err := tx.Exec(`update grants set active_at = created_at, deprovision_at = $1 where active_at is null`, end)
		return err
	})
	if err != nil {
		d.Fatal(err)
	}
}

func TestCatalogsFromCreationToDeletion(t *testing.T) {
	onDoors(t, "catalogs", func(d *door) {
		d.person("Ada", "system:owner")
		d.nameBuiltins()
		wiki, _, _, member := d.catalog()
		path := catalogsPath + "/" + d.made("tools", "requestCatalogView.requestCatalog.id", "A catalog", catalogsPath,
			`{"displayName":"Tools","description":"What everybody needs","annotations":{"managed_by":"terraform"},
			"unenrollmentBehavior":"REQUEST_CATALOG_UNENROLLMENT_BEHAVIOR_REVOKE_ALL","expandMask":{"paths":["*"]}}`)
		entry := path + "/requestable_entries/" + wiki + "/" + member
		d.want(404, "Not in it yet", "GET", entry, "")
		d.want(200, "Put there", "PUT", entry, `{"createRequests":true}`)
		d.want(200, "There already", "PUT", entry, ``)
		d.want(200, "Now it is", "GET", entry, "")
		d.want(200, "With the built-in one", "POST", path+"/requestable_entries",
			`{"appEntitlements":[`+ref(wiki, member)+`,`+ref(wiki, c1.KSUID(app.AccessEntitlement))+`]}`)
		d.want(200, "What is in it", "GET", path+"/requestable_entitlements", "")
		d.want(200, "Their names", "GET", path+"/requestable_entitlementIDs", "")
		d.want(400, "No audience before it is published", "POST", path+"/visibility_bindings", `{"accessEntitlements":[`+ref(wiki, member)+`]}`)
		d.clock.Advance(time.Minute)
		d.want(200, "Published by its keys", "POST", path, `{"catalog":{"published":true,"description":"","requestBundle":false,"createdAt":"2020-01-01T00:00:00Z"}}`)
		d.want(200, "An audience", "POST", path+"/visibility_bindings", `{"accessEntitlements":[`+ref(wiki, member)+`]}`)
		d.want(200, "Who sees it", "GET", path+"/visibility_entitlements", "")
		read := d.want(200, "All of it", "GET", path, "")
		d.want(400, "An audience is not written with the catalog", "POST", path, `{"catalog":{"accessEntitlements":[{"appId":"`+wiki+`","id":"`+someID+`"}]}}`)
		d.want(200, "but may be sent back", "POST", path, `{"catalog":{"displayName":"Tools","accessEntitlements":[{"appId":"`+wiki+`","id":"`+
			read.text("requestCatalogView.requestCatalog.accessEntitlements.0.id")+`"}]},"expandMask":{"paths":["created_by_user_id"]}}`)
		d.want(200, "For everybody, by a mask", "POST", path, `{"catalog":{"visibleToEveryone":true,"displayName":"not written"},"updateMask":"visibleToEveryone"}`)
		d.want(400, "Everybody needs no audience", "POST", path+"/visibility_bindings", `{"accessEntitlements":[`+ref(wiki, member)+`]}`)
		d.want(200, "Nobody in particular", "DELETE", path+"/visibility_bindings", `{"accessEntitlements":[`+ref(wiki, member)+`]}`)
		d.want(200, "The whole of it", "POST", path+"/requestable_entitlements/update", `{"appEntitlements":[`+ref(wiki, member)+`]}`)
		d.want(200, "Taken out", "DELETE", path+"/requestable_entries", `{"appEntitlements":[`+ref(wiki, member)+`]}`)
		d.want(404, "Gone from it", "DELETE", entry, `{}`)
		d.made("other", "requestCatalogView.requestCatalog.id", "Another", catalogsPath, `{"display_name":"A second"}`)
		page := d.want(200, "A page of one", "GET", catalogsPath+"?page_size=1", "")
		d.want(200, "The next", "GET", catalogsPath+"?page_size=1&page_token="+page.text("nextPageToken"), "")
		d.want(200, "Deleted", "DELETE", path, `{}`)
		d.want(200, "and still shown", "GET", path, "")
		d.want(404, "Not changed any more", "POST", path, `{"catalog":{"displayName":"x"}}`)
		d.want(404, "Nor filled", "PUT", entry, `{}`)
		d.want(200, "The rest", "GET", catalogsPath, "")
	})
}

func TestAutomationsOfCatalogsAreKept(t *testing.T) {
	onDoors(t, "catalog_automation", func(d *door) {
		d.automating()
		d.person("Ada", "system:owner")
		wiki, _, _, member := d.catalog()
		catalog := catalogsPath + "/" + d.made("tools", "requestCatalogView.requestCatalog.id", "A catalog", catalogsPath, `{"displayName":"Tools"}`)
		path := catalog + "/bundle_automation"
		d.want(404, "None yet", "GET", path, "")
		d.want(404, "Nothing to run", "POST", path+"/run", "{}")
		d.want(200, "Made, switched off", "POST", path+"/create", `{"cel":{"expression":"subject.department == 'Sales'"},"removedMembersThresholdPercent":"20","createTasks":true}`)
		d.want(409, "Once", "POST", path+"/create", `{}`)
		d.want(200, "Written anew", "POST", path, `{"entitlements":{"entitlementRefs":[`+ref(wiki, member)+`]},"disableCircuitBreaker":true}`)
		d.want(200, "Read", "GET", path, "")
		d.want(400, "Not run", "POST", path+"/run", `{"refs":[`+ref(wiki, member)+`]}`)
		d.want(400, "Not resumed", "POST", path+"/resume", `{}`)
		d.want(200, "Removed", "DELETE", path, `{}`)
		d.want(404, "Gone", "DELETE", path, `{}`)
		d.want(200, "Nobody is in it", "GET", catalog, ``)
	})
}

func TestACatalogEnrollsPeople(t *testing.T) {
	onDoors(t, "catalog_enrollment", func(d *door) {
		d.automating()
		d.super("Ada")
		grace, err := d.deps.Directory.Create(d.Context(), directory.User{DisplayName: "Grace", Email: "grace@example.com", Department: "Sales"})
		if err != nil {
			d.Fatal(err)
		}
		d.names[ksuidOf(grace.ID)] = "grace"
		wiki, _, _, member := d.catalog()
		catalog := catalogsPath + "/" + d.made("tools", "requestCatalogView.requestCatalog.id", "A catalog", catalogsPath,
			`{"displayName":"Tools","unenrollmentBehavior":"REQUEST_CATALOG_UNENROLLMENT_BEHAVIOR_REVOKE_UNJUSTIFIED"}`)
		d.need(200, "", "PUT", catalog+"/requestable_entries/"+wiki+"/"+member, `{}`)
		path := catalog + "/bundle_automation"
		d.want(400, "By some condition", "POST", path, `{"enabled":true}`)
		d.want(200, "Sales is enrolled", "POST", path+"/create", `{"enabled":true,"cel":{"expression":"subject.department == 'Sales'"},"enforceOnSmallProfiles":true}`)
		d.kept()
		d.want(200, "How it went", "GET", path, "")
		d.want(200, "One is in it", "GET", catalog, "")
		if got := d.need(200, "", "GET", "/api/v1/apps/"+wiki+"/entitlements/"+member+"/users", ""); len(got.list()) != 1 {
			d.Errorf("%v", got.body)
		}
		if _, err := d.deps.Directory.Update(d.Context(), grace.ID, func(u *directory.User) error { u.Department = "Support"; return nil }); err != nil {
			d.Fatal(err)
		}
		d.want(200, "Run now", "POST", path+"/run", `{}`)
		d.kept()
		d.want(200, "It would take everything from everybody", "GET", path, "")
		d.want(200, "and may", "POST", path+"/resume", `{}`)
		d.want(200, "which it is told", "GET", path, "")
		d.kept()
		d.want(200, "Nobody is left", "GET", catalog, "")
		if got := d.need(200, "", "GET", "/api/v1/apps/"+wiki+"/entitlements/"+member+"/users", ""); len(got.list()) != 0 {
			d.Errorf("%v", got.body)
		}
		d.want(400, "It was not stopped", "POST", path+"/resume", `{}`)
		d.want(200, "Asked for as a whole", "POST", catalog, `{"catalog":{"requestBundle":true,"published":true,"visibleToEveryone":true},"updateMask":"requestBundle,published,visibleToEveryone"}`)
		found := d.need(200, "", "POST", offersPath, `{"appDisplayName":"Interim"}`)
		if len(found.list()) != 1 {
			d.Fatalf("%v", found.body)
		}
		d.names[found.text("list.0.entitlement.appEntitlement.id")] = "enrollment"
		d.want(200, "By asking for each", "POST", catalog, `{"catalog":{"enrollmentBehavior":"REQUEST_CATALOG_ENROLLMENT_BEHAVIOR_ENFORCE_ENTITLEMENT_REQUEST_POLICY",
			"unenrollmentEntitlementBehavior":"REQUEST_CATALOG_UNENROLLMENT_ENTITLEMENT_BEHAVIOR_ENFORCE"},"updateMask":"enrollmentBehavior,unenrollmentEntitlementBehavior"}`)
		d.want(200, "And before it enrolls", "POST", path, `{"enabled":true,"createTasks":true,"cel":{"expression":"subject.department == 'Sales'"}}`)
		membership := found.text("list.0.entitlement.appEntitlement.id")
		d.want(400, "Its rule is the catalog's", "DELETE", "/api/v1/apps/"+ksuidOf(app.Own)+"/entitlements/"+membership+"/automation", `{}`)
		d.want(200, "Deleted, and everybody is out", "DELETE", catalog, `{}`)
		d.need(404, "", "GET", path, "")
	})
}

// What cone does before somebody asks: one search, of which it wants a list whatever is found.
func TestPeopleFindWhatTheyCanAskFor(t *testing.T) {
	onDoors(t, "catalog_search", func(d *door) {
		d.person("Ada", "system:owner")
		d.nameBuiltins()
		wiki, roles, writers, member := d.catalog()
		team := d.made("team", "appEntitlementView.appEntitlement.id", "A team", "/api/v1/apps/"+wiki+"/entitlements",
			`{"displayName":"A team","alias":"a-team","appResourceTypeId":"`+roles+`","appResourceId":"`+writers+`"}`)
		made := func(name, body, entitlement string) string {
			path := catalogsPath + "/" + d.made(name, "requestCatalogView.requestCatalog.id", "A catalog", catalogsPath, body)
			d.need(200, "", "POST", path+"/requestable_entries", `{"appEntitlements":[`+ref(wiki, entitlement)+`]}`)
			return path
		}
		made("for all", `{"displayName":"For all","published":true,"visibleToEveryone":true}`, team)
		made("draft", `{"displayName":"Draft","visibleToEveryone":true}`, member)
		inside := made("inside", `{"displayName":"Inside","published":true}`, member)
		d.need(200, "", "POST", inside+"/visibility_bindings", `{"accessEntitlements":[`+ref(wiki, team)+`]}`)
		ada := d.who
		grace := d.person("Grace", "system:user")
		me := d.who
		d.want(200, "What everybody can ask for", "POST", offersPath, `{"expandMask":{"paths":["*"]}}`)
		d.want(200, "An empty list is a list", "POST", offersPath, `{"query":"nothing of the kind"}`)
		d.who = ada
		account := d.made("account", "appUser.id", "An account", "/api/interim/v1/apps/"+wiki+"/accounts", `{"displayName":"Grace","identityUserId":"`+
			d.need(200, "", "POST", "/api/v1/search/users", `{"email":"`+grace.Email+`"}`).text("list.0.user.id")+`"}`)
		d.holding(wiki, team, account, d.clock.Now().Add(time.Hour))
		if found := d.need(200, "", "POST", offersPath, `{}`); len(found.list()) != 1 || len(texts(found.at("list.0.appEntitlementUserBindings"))) != 0 {
			d.Errorf("an administrator is shown what is theirs, not Grace's: %v", found.body)
		}
		d.who = me
		d.want(200, "A member of the team can ask for more", "POST", offersPath, `{"expand_mask":{"paths":["app_id"]}}`)
		for body, want := range map[string]int{
			`{"grantedStatus":"GRANTED"}`: 1, `{"grantedStatus":"NOT_GRANTED"}`: 1, `{"grantedStatus":"ALL"}`: 2, `{"grantedStatus":0}`: 2,
			`{"entitlementAlias":"a-team"}`: 1, `{"entitlementAlias":"A-TEAM"}`: 0, `{"query":"MEMBER"}`: 1, `{"query":"writers"}`: 2,
			`{"appDisplayName":"wiki"}`: 2, `{"appDisplayName":"wik"}`: 0, `{"includeDeleted":true}`: 2,
		} {
			if found := d.need(200, "", "POST", offersPath, body); len(found.list()) != want {
				d.Errorf("%s: %v, want %d", body, found.body, want)
			}
		}
		page := d.want(200, "A page of one", "POST", offersPath, `{"pageSize":1}`)
		d.want(200, "The next", "POST", offersPath, `{"pageSize":1,"pageToken":"`+page.text("nextPageToken")+`"}`)
		d.clock.Advance(time.Hour)
		d.want(200, "From the end on no longer", "POST", offersPath, `{}`)
		d.who = ada
		d.need(200, "", "DELETE", "/api/v1/apps/"+wiki+"/entitlements/"+team, "{}")
		d.who = me
		d.want(200, "Deleted ones are left out", "POST", offersPath, `{}`)
		d.want(200, "unless they are asked for", "POST", offersPath, `{"includeDeleted":true}`)
	})
}

const ticketForm = `"fields":[{"name":"ticket","displayName":"Ticket","required":true,"stringField":{"placeholder":"ABC-1","rules":{"pattern":"^[A-Z]+-[0-9]+$"}}},
	{"name":"days","int64Field":{"defaultValue":"1","numberField":{"minValue":"1","maxValue":"30"}}},{"name":"urgent","boolField":{"checkboxField":{}}}],
	"fieldGroups":[{"name":"g","displayName":"All","fields":["ticket","days"]}],"fieldRelationships":[{"fieldNames":["days","urgent"],"mutuallyExclusive":{}}]`

func TestRequestFormsFromCreationToDeletion(t *testing.T) {
	onDoors(t, "request_schemas", func(d *door) {
		d.person("Ada", "system:owner")
		wiki, _, _, member := d.catalog()
		const bindings, schemas = "/api/v1/request_schema_entitlement_binding", "/api/v1/request_schemas"
		of := `{"entitlementRef":` + ref(wiki, member)
		id := d.made("form", "requestSchema.id", "A form", schemas, `{"name":"Ticket","description":"Which?",`+ticketForm+`,"justificationVisibility":"JUSTIFICATION_VISIBILITY_HIDE"}`)
		d.want(200, "Read", "GET", schemas+"/"+id, "")
		d.want(200, "One that picks and works out", "POST", schemas, `{"name":"Who","fields":[
			{"name":"who","stringField":{"pickerField":{"c1UserPicker":{"includeDeactivated":true}}},"adminConfig":{"defaultValueCel":"subject.manager_id","showToUser":true}},
			{"name":"where","stringSliceField":{"pickerField":{"resourcePicker":{"appId":"`+wiki+`"}}},"userConfig":{"inputTransformationCel":"input"}},
			{"name":"by","stringField":{"pickerField":{"appUserPicker":{"appId":"`+wiki+`"}},"rules":{"minLen":"1"}},"sharedConfig":{"lockDefaultValues":false}},
			{"name":"header","stringField":{"rules":{"wellKnownRegex":"HTTP_HEADER_NAME","strict":false}}}]}`)
		d.want(200, "No form yet is an answer", "PUT", bindings, of+`}`)
		d.want(200, "nor has what is not there", "PUT", bindings, `{"entitlementRef":`+ref(wiki, someID)+`}`)
		d.want(200, "Bound", "POST", bindings, of+`,"requestSchemaId":"`+id+`"}`)
		d.want(200, "Found", "PUT", bindings, of+`}`)
		d.want(200, "The entitlement shows it", "GET", "/api/v1/apps/"+wiki+"/entitlements/"+member, "")
		if found := d.need(200, "", "POST", "/api/v1/search/entitlements", `{"requestSchemaIds":["`+id+`","`+someID+`"]}`); len(found.list()) != 1 {
			d.Errorf("%v", found.body)
		}
		d.clock.Advance(time.Minute)
		d.want(200, "Changed", "POST", schemas+"/"+id, `{"requestSchema":{"form":{"displayName":"Reason","fields":[{"name":"why","stringField":{"textField":{"multiline":true}}}]}}}`)
		d.want(200, "Changed by a mask", "POST", schemas+"/"+id, `{"requestSchema":{"justificationVisibility":"JUSTIFICATION_VISIBILITY_SHOW"},"updateMask":"justificationVisibility"}`)
		d.want(400, "Not deleted while it is used", "DELETE", schemas+"/"+id, `{}`)
		d.want(404, "Another is not bound", "DELETE", bindings, of+`,"requestSchemaId":"`+someID+`"}`)
		d.want(200, "Unbound", "DELETE", bindings, of+`,"requestSchemaId":"`+id+`"}`)
		d.want(200, "By the entitlement itself", "POST", "/api/v1/apps/"+wiki+"/entitlements/"+member, `{"entitlement":{"requestSchemaId":"`+id+`"}}`)
		d.want(200, "and away", "POST", "/api/v1/apps/"+wiki+"/entitlements/"+member, `{"entitlement":{"requestSchemaId":""}}`)
		d.want(200, "Deleted", "DELETE", schemas+"/"+id, `{}`)
		d.want(200, "and still shown", "GET", schemas+"/"+id, "")
		d.want(400, "Not bound any more", "POST", bindings, of+`,"requestSchemaId":"`+id+`"}`)
		d.want(404, "Not changed any more", "POST", schemas+"/"+id, `{"requestSchema":{"justificationVisibility":0}}`)
	})
}

func TestDefaultsAndSettingsOfRequests(t *testing.T) {
	onDoors(t, "request_defaults", func(d *door) {
		d.person("Ada", "system:owner")
		wiki, roles, _, _ := d.catalog()
		path := "/api/v1/apps/" + wiki + "/access_request_defaults"
		tools := d.made("tools", "requestCatalogView.requestCatalog.id", "A catalog", catalogsPath, `{"displayName":"Tools","published":true,"visibleToEveryone":true}`)
		form := d.made("form", "requestSchema.id", "A form", "/api/v1/request_schemas", `{"name":"Ticket",`+ticketForm+`}`)
		d.want(200, "None yet", "GET", path, "")
		d.want(200, "Written", "POST", path, `{"defaultsEnabled":true,"durationGrant":"3600s","catalogIds":["`+tools+`"],"resourceTypeIds":["`+roles+`"],
			"requestSchemaId":"`+form+`","emergencyGrantEnabled":true,"state":"APP_ACCESS_REQUEST_DEFAULTS_LAST_APPLY_STATE_FAILED"}`)
		d.want(200, "Read", "GET", path, "")
		d.want(200, "Nothing to cancel", "POST", path+"/cancel", `{}`)
		d.want(200, "They put entitlements into catalogs", "POST", offersPath, `{}`)
		d.want(200, "Without a limit", "POST", path, `{"durationUnset":{}}`)
		d.want(200, "The catalog of an app", "POST", "/api/v1/apps/"+wiki, `{"app":{"defaultRequestCatalogId":"`+tools+`"}}`)
		d.want(200, "Settings", "GET", "/api/v1/settings/request", "")
		d.want(200, "Changed", "POST", "/api/v1/settings/request", `{"requestSettings":{"skipJustification":true}}`)
		d.want(200, "Kept", "GET", "/api/v1/settings/request", "")
		d.want(200, "Requests wait for as long as it takes", "GET", "/api/interim/v1/settings/requests", "")
		d.want(200, "For a week at most", "POST", "/api/interim/v1/settings/requests", `{"settings":{"maxWait":"604800s"}}`)
		d.want(400, "Not for a second", "POST", "/api/interim/v1/settings/requests", `{"settings":{"maxWait":"1s"}}`)
		d.person("Grace", "system:user")
		d.want(403, "People change nothing", "POST", "/api/interim/v1/settings/requests", `{"settings":{"maxWait":"604800s"}}`)
	})
}

func TestMalformedCatalogsAreRefused(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.automating()
		d.person("Ada", "system:owner")
		wiki, _, _, member := d.catalog()
		long := strings.Repeat("x", 1<<20)
		d.invalid("POST", catalogsPath, map[string]string{
			"displayName": `{}`, "displayName'": `{"displayName":"` + long + `"}`, "displayName''": `{"displayName":"a\nb"}`,
			"description": `{"displayName":"x","description":"` + long + `"}`, "annotations": `{"displayName":"x","annotations":{"c1/x":"y"}}`,
			"expandMask": `{"displayName":"x","expandMask":{"paths":["color"]}}`, "unenrollmentBehavior": `{"displayName":"x","unenrollmentBehavior":99}`,
			"unmarshal body": `{"displayName":"x","color":"red"}`,
		})
		path := catalogsPath + "/" + d.need(200, "", "POST", catalogsPath, `{"displayName":"x"}`).text("requestCatalogView.requestCatalog.id")
		d.invalid("POST", path, map[string]string{
			"catalog": `{}`, "updateMask": `{"catalog":{},"updateMask":"color"}`, "displayName": `{"catalog":{"displayName":""}}`,
			"createdByUserId": `{"catalog":{"createdByUserId":"` + someID + `"}}`, "accessEntitlements": `{"catalog":{"accessEntitlements":[{"description":"` + long + `"}]}}`,
		})
		many := strings.TrimSuffix(strings.Repeat(ref(wiki, member)+",", 501), ",")
		d.invalid("POST", path+"/requestable_entries", map[string]string{
			"appEntitlements": `{"appEntitlements":[` + many + `]}`, "appEntitlements.id": `{"appEntitlements":[{"appId":"` + wiki + `"}]}`,
			"appEntitlements.appId": `{"appEntitlements":[{"appId":"x","id":"` + member + `"}]}`,
		})
		d.need(404, "entitlement", "POST", path+"/requestable_entries", `{"appEntitlements":[`+ref(wiki, someID)+`]}`)
		d.need(400, "entitlementId", "PUT", path+"/requestable_entries/"+wiki+"/x", `{}`)
		d.need(404, "entitlement", "PUT", path+"/requestable_entries/"+wiki+"/"+someID, `{}`)
		for _, verb := range []string{"GET", "DELETE"} {
			d.need(400, "id", verb, catalogsPath+"/x", "")
			d.need(404, "catalog", verb, catalogsPath+"/"+someID, "")
		}
		d.invalid("POST", offersPath, map[string]string{
			"query": `{"query":"` + long + `"}`, "entitlementAlias": `{"entitlementAlias":"` + long + `"}`, "appDisplayName": `{"appDisplayName":"` + long + `"}`,
			"pageToken": `{"pageToken":"x"}`, "expandMask": `{"expandMask":{"paths":["color"]}}`, "grantedStatus": `{"grantedStatus":7}`,
		})
		d.invalid("POST", path+"/bundle_automation", map[string]string{
			"cel.expression": `{"cel":{"expression":"` + long + `"}}`, "entitlements.entitlementRefs": `{"entitlements":{"entitlementRefs":[{}]}}`,
			"removedMembersThresholdPercent": `{"removedMembersThresholdPercent":101}`,
		})
	})
}

func TestMalformedFormsAndDefaultsAreRefused(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", "system:owner")
		wiki, _, _, member := d.catalog()
		long := strings.Repeat("x", 1<<20)
		d.invalid("POST", "/api/v1/request_schemas", map[string]string{
			"name": `{}`, "name'": `{"name":"` + long + `"}`, "description": `{"name":"x","description":"` + long + `"}`, "name''": `{"name":"a\nb"}`,
			"form.fields[0].stringField.placeholder": `{"name":"x","fields":[{"name":"a","stringField":{"placeholder":"` + long + `"}}]}`,
			"form: has":                              `{"name":"x","fields":[` + strings.Repeat(`{"name":"a","displayName":"`+strings.Repeat("x", 200)+`","stringField":{"placeholder":"`+strings.Repeat("x", 4000)+`"}},`, 16) + `{}]}`, "form.fields[0].name": `{"name":"x","fields":[{"boolField":{}}]}`,
			"form.fields[0].stringField.rules.pattern": `{"name":"x","fields":[{"name":"a","stringField":{"rules":{"pattern":"("}}}]}`,
			"form.fields[0].displayName":               `{"name":"x","fields":[{"name":"a","displayName":"x\u202ey","boolField":{}}]}`,
			"justificationVisibility":                  `{"name":"x","justificationVisibility":9}`,
			"form.fields[0].stringField.pickerField":   `{"name":"x","fields":[{"name":"a","stringField":{"pickerField":{}}}]}`,
			"c1UserPicker.userIds":                     `{"name":"x","fields":[{"name":"a","stringField":{"pickerField":{"c1UserPicker":{"userIds":["x"]}}}}]}`,
			"line 1, column 9":                         `{"name":"x","fields":[{"name":"a","stringField":{},"adminConfig":{"defaultValueCel":"subject.color"}}]}`,
			"unmarshal body":                           `{"name":"x","fields":[{"name":"a","boolField":{},"stringField":{}}]}`,
		})
		d.unserved("POST", "/api/v1/request_schemas", map[string]string{
			"fileField":     `{"name":"x","fields":[{"name":"a","fileField":{}}]}`,
			"passwordField": `{"name":"x","fields":[{"name":"a","stringField":{"passwordField":{}}}]}`,
			"adminConfig":   `{"name":"x","fields":[{"name":"a","stringMapField":{},"adminConfig":{"defaultValueCel":"{'k':'v'}"}}]}`,
		})
		id := d.need(200, "", "POST", "/api/v1/request_schemas", `{"name":"x"}`).text("requestSchema.id")
		d.invalid("POST", "/api/v1/request_schemas/"+id, map[string]string{
			"requestSchema": `{}`, "form": `{"requestSchema":{"form":null},"updateMask":"form"}`, "form.id": `{"requestSchema":{"form":{"id":"` + long + `"}}}`,
		})
		d.need(404, "request schema", "GET", "/api/v1/request_schemas/"+someID, "")
		d.need(400, "requestSchemaId", "GET", "/api/v1/request_schemas/x", "")
		const bindings = "/api/v1/request_schema_entitlement_binding"
		d.invalid("PUT", bindings, map[string]string{"entitlementRef.appId": `{}`, "entitlementRef.id": `{"entitlementRef":{"appId":"` + wiki + `"}}`})
		d.invalid("POST", bindings, map[string]string{
			"requestSchemaId": `{"entitlementRef":` + ref(wiki, member) + `}`, "requestSchemaId'": `{"entitlementRef":` + ref(wiki, member) + `,"requestSchemaId":"` + someID + `"}`,
		})
		d.need(404, "entitlement", "POST", bindings, `{"entitlementRef":`+ref(wiki, someID)+`,"requestSchemaId":"`+id+`"}`)
		path := "/api/v1/apps/" + wiki + "/access_request_defaults"
		d.invalid("POST", path, map[string]string{
			"catalogIds": `{"catalogIds":["` + someID + `"]}`, "catalogIds[0]": `{"catalogIds":["x"]}`, "requestPolicyId": `{"requestPolicyId":"` + someID + `"}`,
			"requestSchemaId": `{"requestSchemaId":"` + someID + `"}`, "resourceTypeIds": `{"resourceTypeIds":["` + someID + `"]}`,
			"durationGrant": `{"durationGrant":"0s"}`, "durationGrant'": `{"durationGrant":"3153600001s"}`, "emergencyGrantPolicyId": `{"emergencyGrantPolicyId":"x"}`,
			"resourceTypeIds'": `{"resourceTypeIds":[` + strings.Repeat(`"x",`, 64) + `"x"]}`,
		})
		d.need(404, "app", "POST", "/api/v1/apps/"+someID+"/access_request_defaults", "{}")
		d.need(404, "app", "GET", "/api/v1/apps/"+someID+"/access_request_defaults", "")
		d.invalid("POST", "/api/v1/settings/request", map[string]string{"requestSettings": `{}`, "updateMask": `{"requestSettings":{},"updateMask":"color"}`})
		d.invalid("POST", "/api/v1/apps/"+wiki, map[string]string{"defaultRequestCatalogId": `{"app":{"defaultRequestCatalogId":"` + someID + `"}}`})
		d.invalid("POST", "/api/v1/apps/"+wiki+"/entitlements/"+member, map[string]string{"requestSchemaId": `{"entitlement":{"requestSchemaId":"` + someID + `"}}`})
	})
}

func TestOnlyAdministratorsChangeWhatCanBeAskedFor(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", "system:owner")
		wiki, _, _, member := d.catalog()
		path := catalogsPath + "/" + d.need(200, "", "POST", catalogsPath, `{"displayName":"x"}`).text("requestCatalogView.requestCatalog.id")
		form := d.need(200, "", "POST", "/api/v1/request_schemas", `{"name":"x"}`).text("requestSchema.id")
		bind := `{"entitlementRef":` + ref(wiki, member) + `,"requestSchemaId":"` + form + `"}`
		writes := [][3]string{
			{"POST", catalogsPath, `{"displayName":"y"}`}, {"POST", path, `{"catalog":{"published":true}}`}, {"DELETE", path, "{}"},
			{"PUT", path + "/requestable_entries/" + wiki + "/" + member, "{}"}, {"POST", path + "/visibility_bindings", "{}"},
			{"POST", path + "/bundle_automation", "{}"}, {"POST", "/api/v1/request_schemas", `{"name":"y"}`},
			{"DELETE", "/api/v1/request_schemas/" + form, "{}"}, {"POST", "/api/v1/apps/" + wiki + "/access_request_defaults", "{}"},
			{"POST", "/api/v1/settings/request", `{"requestSettings":{}}`}, {"POST", "/api/v1/request_schema_entitlement_binding", bind},
		}
		for _, role := range []string{"system:viewer", "system:user", "system:system-logs-reader"} {
			d.person(strings.TrimPrefix(role, "system:"), role)
			for _, w := range writes {
				d.need(http.StatusForbidden, "", w[0], w[1], w[2])
			}
		}
		d.person("Linus", "system:user")
		d.need(http.StatusForbidden, "", "GET", catalogsPath, "")
		d.need(200, "", "GET", "/api/v1/request_schemas/"+form, "")
		d.need(200, "", "PUT", "/api/v1/request_schema_entitlement_binding", `{"entitlementRef":`+ref(wiki, member)+`}`)
		d.need(200, "", "GET", "/api/v1/settings/request", "")
	})
}

func TestWhatCanBeAskedForIsAnsweredAlikeThroughBothDoors(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", "system:owner")
		wiki, _, _, member := d.catalog()
		id := d.need(200, "", "POST", catalogsPath, `{"displayName":"x","published":true,"visibleToEveryone":true}`).text("requestCatalogView.requestCatalog.id")
		d.need(200, "", "PUT", catalogsPath+"/"+id+"/requestable_entries/"+wiki+"/"+member, "{}")
		conn := d.dial()
		of := &appv1.AppEntitlementRef{AppId: wiki, Id: member}
		for _, c := range []struct {
			method, verb, path, body string
			request, reply           proto.Message
		}{
			{"requestcatalog.v1.RequestCatalogManagementService/Get", "GET", catalogsPath + "/" + id, "",
				&requestcatalogv1.RequestCatalogManagementServiceGetRequest{Id: id}, &requestcatalogv1.RequestCatalogManagementServiceGetResponse{}},
			{"requestcatalog.v1.RequestCatalogManagementService/List", "GET", catalogsPath, "",
				&requestcatalogv1.RequestCatalogManagementServiceListRequest{}, &requestcatalogv1.RequestCatalogManagementServiceListResponse{}},
			{"requestcatalog.v1.RequestCatalogSearchService/SearchEntitlements", "POST", offersPath, `{"expandMask":{"paths":["*"]}}`,
				&requestcatalogv1.RequestCatalogSearchServiceSearchEntitlementsRequest{ExpandMask: &appv1.AppEntitlementExpandMask{Paths: []string{"*"}}},
				&requestcatalogv1.RequestCatalogSearchServiceSearchEntitlementsResponse{}},
			{"request_schema.v1.RequestSchemaService/FindBindingForAppEntitlement", "PUT", "/api/v1/request_schema_entitlement_binding",
				`{"entitlementRef":` + ref(wiki, member) + `}`,
				&requestschemav1.RequestSchemaServiceFindBindingForAppEntitlementRequest{EntitlementRef: of},
				&requestschemav1.RequestSchemaServiceFindBindingForAppEntitlementResponse{}},
			{"app.v1.AppAccessRequestsDefaultsService/GetAppAccessRequestsDefaults", "GET", "/api/v1/apps/" + wiki + "/access_request_defaults", "",
				&appv1.AppAccessRequestsDefaultsServiceGetAppAccessRequestsDefaultsRequest{AppId: wiki}, &appv1.AppAccessRequestDefaults{}},
			{"settings.v1.RequestSettingsService/Get", "GET", "/api/v1/settings/request", "",
				&settingsv1.GetRequestSettingsRequest{}, &settingsv1.GetRequestSettingsResponse{}},
		} {
			if err := conn.Invoke(d.Context(), "/c1.api."+c.method, c.request, c.reply); err != nil {
				d.Errorf("%s: %v", c.method, err)
				continue
			}
			shown := d.need(200, "", c.verb, c.path, c.body).body
			same := c.reply.ProtoReflect().New().Interface()
			if err := (protojson.UnmarshalOptions{}).Unmarshal([]byte(asJSON(d, shown)), same); err != nil || !proto.Equal(same, c.reply) {
				d.Errorf("%s: %v\n got %v\nwant %v", c.method, err, same, c.reply)
			}
		}
	})
}
