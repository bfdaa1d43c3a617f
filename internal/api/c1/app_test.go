package c1_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestAppsFromCreationToDeletion(t *testing.T) {
	onDoors(t, "apps", func(d *door) {
		d.person("Ada", "system:owner")
		wiki := d.made("wiki", "app.id", "An app needs a name only", "/api/v1/apps", `{"displayName":"Wiki"}`)
		d.made("payroll", "app.id", "Everything that is served", "/api/v1/apps", `{"display_name":"payroll","description":"Wages",
			"annotations":{"managed_by":"terraform"},"identityMatching":"APP_USER_IDENTITY_MATCHING_STRICT",
			"instructions":"Ask Grace","monthlyCostUsd":12}`)
		d.want(200, "One app", "GET", "/api/v1/apps/"+wiki, "")
		d.want(200, "All apps, by name whatever its case", "GET", "/api/v1/apps?page_size=1", "")
		d.clock.Advance(1_000_000)
		d.want(200, "Without a mask the keys are the mask", "POST", "/api/v1/apps/"+wiki,
			`{"app":{"description":"All that is written","annotations":{"team":"docs"}}}`)
		d.want(200, "The mask decides", "POST", "/api/v1/apps/"+wiki,
			`{"app":{"displayName":"Handbook","description":"ignored"},"updateMask":"displayName"}`)
		d.want(200, "Annotations are merged, an empty value deletes", "POST", "/api/v1/apps/"+wiki,
			`{"app":{"annotations":{"team":"","owner":"grace"}},"updateMask":"annotations"}`)
		d.want(200, "Search by the whole name", "POST", "/api/v1/search/apps", `{"displayName":"HANDBOOK"}`)
		d.want(200, "Search by a part", "POST", "/api/v1/search/apps", `{"query":"wag"}`)
		d.want(200, "Unknown ids match nothing", "POST", "/api/v1/search/apps", `{"appIds":["287oY0rG4UirjDNFEYguMBvxyim"]}`)
		d.want(200, "Deletion", "DELETE", "/api/v1/apps/"+wiki, "{}")
		d.want(404, "Gone", "GET", "/api/v1/apps/"+wiki, "")
		d.want(404, "Gone for writers too", "POST", "/api/v1/apps/"+wiki, `{"app":{"displayName":"x"}}`)
		d.want(404, "A well-formed id of nobody", "GET", "/api/v1/apps/287oY0rG4UirjDNFEYguMBvxyim", "")
		d.want(400, "A malformed id", "GET", "/api/v1/apps/wiki", "")
	})
}

func TestAnAppSentBackAsItWasReadIsNotChanged(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", "system:owner")
		id := d.made("wiki", "app.id", "", "/api/v1/apps", `{"displayName":"Wiki ","annotations":{"k":"v"},"instructions":"Ask"}`)
		read := d.call("GET", "/api/v1/apps/"+id, "")
		d.clock.Advance(1_000_000)
		body, err := json.Marshal(map[string]any{"app": read.at("app")})
		if err != nil {
			d.Fatal(err)
		}
		d.want(200, "", "POST", "/api/v1/apps/"+id, string(body))
		again := d.call("GET", "/api/v1/apps/"+id, "")
		before, _ := json.Marshal(read.body)
		after, _ := json.Marshal(again.body)
		if string(before) != string(after) {
			d.Errorf("before %s\nafter  %s", before, after)
		}
	})
}

func TestSettingsOfAnAppThatWouldDoNothingAreRefusedByName(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", "system:owner")
		id := d.made("wiki", "app.id", "", "/api/v1/apps", `{"displayName":"Wiki"}`)
		const other = `"287oY0rG4UirjDNFEYguMBvxyim"`
		d.unserved("POST", "/api/v1/apps", map[string]string{
			"CreateAppRequest.matchBatonRef": `{"displayName":"a","matchBatonRef":{"externalId":"x"}}`,
			"App.identityMatching":           `{"displayName":"a","identityMatching":"APP_USER_IDENTITY_MATCHING_CUSTOM"}`,
		})
		d.unserved("POST", "/api/v1/apps/"+id, map[string]string{
			"App.revokeGrantSources": `{"app":{"revokeGrantSources":true}}`,
			"App.accessModel":        `{"app":{"accessModel":"APP_ACCESS_MODEL_SPARSE"}}`,
			"App.appUserMapper":      `{"app":{"appUserMapper":{"mappingCases":[{"userKeyCel":"x"}]}}}`,
		})
		d.invalid("POST", "/api/v1/search/apps", map[string]string{"policyRefs": `{"policyRefs":[{"id":"x"}]}`})
		if found := d.need(http.StatusOK, "", "POST", "/api/v1/search/apps", `{"policyRefs":[{"id":`+other+`}]}`); len(found.list()) != 0 {
			d.Errorf("%v", found.body)
		}
		for _, empty := range []string{`"grantPolicyId":""`, `"revokeGrantSources":false`, `"appUserMapper":{}`, `"matchBatonRef":null`} {
			if a := d.call("POST", "/api/v1/apps/"+id, `{"app":{`+empty+`}}`); a.status != http.StatusOK {
				d.Errorf("%s: %d %v", empty, a.status, a.body)
			}
		}
	})
}

func TestBadInputAboutAppsIsRefusedByNameOfTheField(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", "system:owner")
		id := d.made("wiki", "app.id", "", "/api/v1/apps", `{"displayName":"Wiki"}`)
		d.invalid("POST", "/api/v1/apps", map[string]string{
			"displayName":      `{"displayName":"` + strings.Repeat("x", 257) + `"}`,
			"displayName'":     `{}`,
			"displayName''":    `{"displayName":"a\u0000b"}`,
			"description":      `{"displayName":"a","description":"` + strings.Repeat("x", 2049) + `"}`,
			"monthlyCostUsd":   `{"displayName":"a","monthlyCostUsd":-1}`,
			"annotations":      `{"displayName":"a","annotations":{"c1/x":"y"}}`,
			"annotations'":     `{"displayName":"a","annotations":{"1":"y"}}`,
			"identityMatching": `{"displayName":"a","identityMatching":99}`,
			"color":            `{"displayName":"a","color":"red"}`,
		})
		d.invalid("POST", "/api/v1/apps/"+id, map[string]string{
			"app":               `{}`,
			"updateMask":        `{"app":{},"updateMask":"color"}`,
			"updateMask'":       `{"app":{},"updateMask":"matchBatonRef.appId"}`,
			"isManuallyManaged": `{"app":{"isManuallyManaged":false}}`,
			"iconUrl":           `{"app":{"iconUrl":"javascript:alert(1)"}}`,
			"displayName":       `{"app":{"displayName":""}}`,
		})
		d.invalid("POST", "/api/v1/search/apps", map[string]string{
			"appIds":      `{"appIds":["x"]}`,
			"appIds'":     `{"appIds":[""]}`,
			"pageToken":   `{"pageToken":"forged"}`,
			"query":       `{"query":"` + strings.Repeat("x", 1025) + `"}`,
			"displayName": `{"displayName":"a\u0000"}`,
		})
		many := `{"appIds":["` + strings.TrimSuffix(strings.Repeat(id+`","`, 501), `","`) + `"]}`
		d.invalid("POST", "/api/v1/search/apps", map[string]string{"appIds": many})
	})
}

func TestAPageTokenIsGoodForItsListOnly(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", "system:owner")
		for _, name := range []string{"a", "b", "c"} {
			d.made(name, "app.id", "", "/api/v1/apps", `{"displayName":"`+name+`"}`)
		}
		first := d.call("POST", "/api/v1/search/apps", `{"pageSize":1,"query":""}`)
		next := first.text("nextPageToken")
		if len(first.list()) != 1 || next == "" {
			d.Fatalf("first page: %v", first.body)
		}
		if a := d.call("POST", "/api/v1/search/apps", `{"pageSize":2,"pageToken":"`+next+`"}`); len(a.list()) != 2 || a.text("nextPageToken") != "" {
			d.Errorf("second page of another size: %v", a.body)
		}
		d.invalid("POST", "/api/v1/search/apps", map[string]string{"pageToken": `{"pageSize":1,"query":"a","pageToken":"` + next + `"}`})
		if a := d.call("GET", "/api/v1/apps?page_token="+next, ""); a.status != http.StatusBadRequest {
			d.Errorf("the token opened another list: %d", a.status)
		}
	})
}

func TestBasicUsersSeeAppsAndChangeNothing(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", "system:owner")
		id := d.made("wiki", "app.id", "", "/api/v1/apps", `{"displayName":"Wiki"}`)
		d.person("Grace", "system:user")
		for _, path := range []string{"/api/v1/apps", "/api/v1/apps/" + id, "/api/v1/apps/" + id + "/entitlements"} {
			if a := d.call("GET", path, ""); a.status != http.StatusOK {
				d.Errorf("GET %s: %d %v", path, a.status, a.body)
			}
		}
		for _, c := range [][3]string{
			{"POST", "/api/v1/apps", `{"displayName":"x"}`},
			{"POST", "/api/v1/apps/" + id, `{"app":{"displayName":"x"}}`},
			{"DELETE", "/api/v1/apps/" + id, `{}`},
			{"POST", "/api/v1/apps/" + id + "/resource_types", `{"displayName":"x"}`},
			{"POST", "/api/interim/v1/apps/" + id + "/accounts", `{"username":"x"}`},
		} {
			if a := d.call(c[0], c[1], c[2]); a.status != http.StatusForbidden {
				d.Errorf("%s %s: %d %v", c[0], c[1], a.status, a.body)
			}
		}
	})
}
