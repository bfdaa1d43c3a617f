package c1_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/db"
)

// catalog makes an app with a type ROLE, a resource of it and an entitlement on that, and returns their ids.
func (d *door) catalog() (appID, typeID, resourceID, entitlementID string) {
	d.Helper()
	appID = d.made("wiki", "app.id", "An app", "/api/v1/apps", `{"displayName":"Wiki"}`)
	typeID = d.made("roles", "appResourceType.id", "A type", "/api/v1/apps/"+appID+"/resource_types", `{"displayName":"Roles","resourceType":"ROLE"}`)
	resourceID = d.made("writers", "appResource.id", "A resource",
		"/api/v1/apps/"+appID+"/resource_types/"+typeID+"/resources", `{"displayName":"Writers"}`)
	entitlementID = d.made("member", "appEntitlementView.appEntitlement.id", "An entitlement", "/api/v1/apps/"+appID+"/entitlements",
		`{"displayName":"Writers member","appResourceTypeId":"`+typeID+`","appResourceId":"`+resourceID+`"}`)
	return appID, typeID, resourceID, entitlementID
}

func (d *door) nameBuiltins() {
	d.names[c1.KSUID(app.CredentialType)] = "credential"
	d.names[c1.KSUID(app.AccessResource)] = "access resource"
	d.names[c1.KSUID(app.AccessEntitlement)] = "access"
}

func TestResourceTypesFromCreationToDeletion(t *testing.T) {
	onDoors(t, "resource_types", func(d *door) {
		d.person("Ada", "system:owner")
		d.nameBuiltins()
		wiki := d.made("wiki", "app.id", "An app", "/api/v1/apps", `{"displayName":"Wiki"}`)
		types := "/api/v1/apps/" + wiki + "/resource_types"
		roles := d.made("roles", "appResourceType.id", "A type of a kind", types, `{"displayName":"Roles","resourceType":"ROLE"}`)
		d.want(409, "Only CUSTOM may occur more than once", "POST", types, `{"displayName":"More roles","resourceType":"ROLE"}`)
		d.made("boxes", "appResourceType.id", "One CUSTOM", types, `{"displayName":"Boxes","resourceType":"CUSTOM"}`)
		d.made("bags", "appResourceType.id", "Another CUSTOM", types, `{"displayName":"Bags","resourceType":"CUSTOM"}`)
		d.want(200, "All of them, the built-in one too", "GET", types, "")
		d.want(200, "Renamed", "POST", types+"/"+roles, `{"appResourceType":{"displayName":"Groups of people"},"updateMask":"displayName"}`)
		shown := d.want(200, "One", "GET", types+"/"+roles, "")
		trait := shown.text("appResourceTypeView.appResourceType.traitIds.0")
		d.names[trait] = "trait of roles"
		d.want(200, "By trait", "POST", "/api/v1/search/app_resource_types", `{"resourceTypeTraitIds":["`+trait+`"]}`)
		d.want(200, "By name", "POST", "/api/v1/search/app_resource_types", `{"displayName":"bags","appIds":["`+wiki+`"]}`)
		d.want(400, "A kind is for good", "POST", types+"/"+roles, `{"appResourceType":{"traitIds":[]}}`)
		d.want(400, "Built in", "DELETE", types+"/"+c1.KSUID(app.CredentialType), "{}")
		d.want(200, "Deleted", "DELETE", types+"/"+roles, "{}")
		d.want(404, "Gone", "GET", types+"/"+roles, "")
		d.made("roles again", "appResourceType.id", "The kind is free again", types, `{"displayName":"Roles","resourceType":"ROLE"}`)
	})
}

func TestResourcesFromCreationToDeletion(t *testing.T) {
	onDoors(t, "resources", func(d *door) {
		d.person("Ada", "system:owner")
		d.nameBuiltins()
		wiki, roles, writers, member := d.catalog()
		all := "/api/v1/apps/" + wiki + "/resource_types/" + roles + "/resources"
		d.want(200, "One", "GET", all+"/"+writers, "")
		d.want(200, "With what belongs to it", "POST", all+"/"+writers,
			`{"appResource":{"customDescription":"Those who write","annotations":{"k":"v"}},"expandMask":{"paths":["*"]}}`)
		d.want(200, "All of a type", "GET", all, "")
		d.want(200, "None of an unknown type", "GET", "/api/v1/apps/"+wiki+"/resource_types/"+wiki+"/resources", "")
		d.want(404, "Not of this type", "GET", "/api/v1/apps/"+wiki+"/resource_types/"+c1.KSUID(app.CredentialType)+"/resources/"+writers, "")
		d.want(200, "By part of a name", "POST", "/api/v1/search/app_resources", `{"query":"WRIT"}`)
		d.want(200, "By name and type", "POST", "/api/v1/search/app_resources",
			`{"refs":[{"appId":"`+wiki+`","appResourceTypeId":"`+roles+`","id":"`+writers+`"}]}`)
		d.want(200, "Deleted", "DELETE", all+"/"+writers, "{}")
		d.want(404, "Gone", "GET", all+"/"+writers, "")
		d.want(404, "With its entitlements", "GET", "/api/v1/apps/"+wiki+"/entitlements/"+member, "")
	})
}

func TestFiltersOfResourcesThatAreNotServedAreRefusedByName(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", "system:owner")
		wiki, roles, writers, _ := d.catalog()
		d.unserved("POST", "/api/v1/search/app_resources", map[string]string{
			"SearchAppResourcesRequest.withOpenFindings": `{"withOpenFindings":true}`,
			"SearchAppResourcesRequest.nhiTypes":         `{"nhiTypes":["NHI_TYPE_ASSUMABLE_ROLE"]}`,
			"SearchAppResourcesRequest.agentStatuses":    `{"agentStatuses":["AGENT_STATUS_READY"]}`,
			"SearchAppResourcesRequest.credentialTypes":  `{"credentialTypes":["CREDENTIAL_TYPE_CERTIFICATE"]}`,
			"SearchAppResourcesRequest.secretAging":      `{"secretAging":{"lastUsedAfter":"2026-01-01T00:00:00Z"}}`,
			"SearchAppResourcesRequest.sortField":        `{"sortField":"APP_RESOURCE_SORT_FIELD_LAST_USED_AT"}`,
		})
		path := "/api/v1/apps/" + wiki + "/resource_types/" + roles + "/resources"
		d.unserved("POST", path, map[string]string{
			"matchBatonId": `{"displayName":"a","matchBatonId":"x"}`,
		})
		d.unserved("POST", path+"/"+writers, map[string]string{
			"AppResource.secretTrait":    `{"appResource":{"secretTrait":{"credentialDetail":"x"}}}`,
			"AppResource.accessConfigId": `{"appResource":{"accessConfigId":"x"}}`,
		})
		d.invalid("POST", path+"/"+writers, map[string]string{
			"parentAppResourceTypeId": `{"appResource":{"parentAppResourceTypeId":"` + strings.Repeat("x", 1<<20) + `"}}`,
		})
		d.want(200, "", "POST", path+"/"+writers, `{"appResource":{"parentAppResourceTypeId":"","grantCount":"77"}}`)
		d.invalid("POST", path+"/"+writers, map[string]string{
			"parentAppResourceId": `{"appResource":{"parentAppResourceId":"` + writers + `"}}`,
			"expandMask":          `{"appResource":{},"expandMask":{"paths":["color"]}}`,
		})
		d.invalid("POST", "/api/v1/search/app_resources", map[string]string{
			"refs.id":    `{"refs":[{"appId":"` + wiki + `"}]}`,
			"refs.appId": `{"refs":[{"id":"` + wiki + `"}]}`,
			"appId":      `{"appId":"x"}`,
			"direction":  `{"direction":99}`,
		})
	})
}

func TestPagesOfASearchAreTheWholeListOnce(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", "system:owner")
		wiki, roles, _, _ := d.catalog()
		path := "/api/v1/apps/" + wiki + "/resource_types/" + roles + "/resources"
		for i := range 7 {
			d.made(fmt.Sprint("r", i), "appResource.id", "", path, fmt.Sprintf(`{"displayName":"Same name %d"}`, i%2))
		}
		whole := d.call("GET", path+"?page_size=100", "").list()
		for size := 1; size <= 9; size++ {
			var all []any
			for next, first := "", true; first || next != ""; first = false {
				p := d.call("GET", fmt.Sprintf("%s?page_size=%d&page_token=%s", path, size, next), "")
				if len(p.list()) > size {
					d.Errorf("a page of %d, asked for %d", len(p.list()), size)
				}
				all, next = append(all, p.list()...), p.text("nextPageToken")
			}
			if a, b := asJSON(d, all), asJSON(d, whole); a != b {
				d.Errorf("pages of %d: %s\nwhole: %s", size, a, b)
			}
		}
	})
}

func asJSON(d *door, v any) string {
	d.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		d.Fatal(err)
	}
	return string(raw)
}

// synced makes an app whose objects a connector has read, and returns the ids of a type, a resource and an entitlement.
func (d *door) synced() (appID app.ID, c app.Connector, ids map[string]string) {
	d.Helper()
	ctx := d.Context()
	a, err := d.deps.Apps.CreateApp(ctx, app.App{DisplayName: "Database"})
	if err != nil {
		d.Fatal(err)
	}
	if c, err = d.deps.Apps.CreateConnector(ctx, app.Connector{AppID: a.ID, Kind: "postgres", Config: []byte("sealed")}); err != nil {
		d.Fatal(err)
	}
	err = d.deps.DB.Write(ctx, func(tx *db.Tx) error {
		ids = map[string]string{}
		types, _, err := d.deps.Apps.UpsertResourceTypes(tx, c.Ref(), []app.SeenResourceType{{ExternalID: "role", Kind: app.KindRole, DisplayName: "Role"}})
		if err != nil {
			return err
		}
		resources, _, err := d.deps.Apps.UpsertResources(tx, c.Ref(),
			[]app.SeenResource{{ExternalID: "16384", TypeID: types["role"], DisplayName: "writers", Profile: map[string]any{"inherit": true}}})
		if err != nil {
			return err
		}
		entitlements, _, err := d.deps.Apps.UpsertEntitlements(tx, c.Ref(), []app.SeenEntitlement{
			{ExternalID: "16384", TypeID: types["role"], ResourceID: resources["16384"], DisplayName: "writers member", Slug: "member"},
		})
		ids["type"], ids["resource"], ids["entitlement"] = c1.KSUID(types["role"]), c1.KSUID(resources["16384"]), c1.KSUID(entitlements["16384"])
		return err
	})
	if err != nil {
		d.Fatal(err)
	}
	d.names[c1.KSUID(a.ID)], d.names[c1.KSUID(c.ID)] = "database", "connector"
	for name, id := range ids {
		d.names[id] = name
	}
	return a.ID, c, ids
}

func TestWhatAConnectorReadsIsEditedButNotDeletedByHand(t *testing.T) {
	onDoors(t, "synced", func(d *door) {
		d.person("Ada", "system:owner")
		appID, c, ids := d.synced()
		path := "/api/v1/apps/" + c1.KSUID(appID)
		d.want(200, "An entitlement that a connector reads", "GET", path+"/entitlements/"+ids["entitlement"], "")
		d.want(200, "Renamed by a person", "POST", path+"/entitlements/"+ids["entitlement"],
			`{"entitlement":{"displayName":"Writers","alias":"writers"}}`)
		d.want(400, "Not deleted by one", "DELETE", path+"/entitlements/"+ids["entitlement"], "{}")
		resource := path + "/resource_types/" + ids["type"] + "/resources/" + ids["resource"]
		d.want(200, "A resource", "GET", resource, "")
		d.want(400, "Not deleted by hand", "DELETE", resource, "{}")
		d.want(400, "Nor its type", "DELETE", path+"/resource_types/"+ids["type"], "{}")
		d.want(400, "Which is not renamed either", "POST", path+"/resource_types/"+ids["type"], `{"appResourceType":{"displayName":"x"}}`)
		d.want(400, "The app is not managed by hand", "POST", path, `{"app":{"isManuallyManaged":true}}`)
		if _, err := d.deps.Apps.DeleteConnector(d.Context(), appID, c.ID); err != nil {
			d.Fatal(err)
		}
		d.want(200, "Without the connector it can be deleted", "DELETE", path+"/resource_types/"+ids["type"], "{}")
	})
}

func TestASearchByAccountShowsBasicUsersTheirOwnAccountsOnly(t *testing.T) {
	onDoors(t, "", func(d *door) {
		ada := d.person("Ada", "system:owner")
		grace := d.person("Grace", "system:user")
		d.as(ada, "system:owner")
		wiki, _, writers, member := d.catalog()
		account := func(user string) string {
			return d.made(user, "appUser.id", "", "/api/interim/v1/apps/"+wiki+"/accounts", `{"username":"`+user+`","identityUserId":"`+
				map[string]string{"ada": c1.KSUID(ada.ID), "grace": c1.KSUID(grace.ID)}[user]+`"}`)
		}
		mine, others := account("grace"), account("ada")
		for _, a := range []string{mine, others} {
			d.hold(wiki, member, a)
		}
		searches := map[string]string{
			"/api/v1/search/entitlements":       member,
			"/api/v1/search/app_resources":      writers,
			"/api/v1/search/app_resource_types": "",
		}
		for path, found := range searches {
			for _, c := range []struct {
				role, account string
				want          int
			}{{"system:owner", others, 1}, {"system:user", others, 0}, {"system:user", mine, 1}} {
				d.as(grace, c.role)
				a := d.call("POST", path, `{"appUserIds":["`+c.account+`"]}`)
				if a.status != http.StatusOK || len(a.list()) != c.want {
					d.Errorf("%s as %s: %d %d found, want %d", path, c.role, a.status, len(a.list()), c.want)
				}
				if c.want > 0 && found != "" && !slices.Contains([]string{a.text("list.0.appEntitlement.id"), a.text("list.0.appResource.id")}, found) {
					d.Errorf("%s found %v", path, a.body)
				}
			}
		}
	})
}
