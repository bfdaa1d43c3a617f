package c1_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/interim-access/interim/internal/api/c1"
)

func TestAccountsFromCreationOn(t *testing.T) {
	onDoors(t, "accounts", func(d *door) {
		ada := d.person("Ada", "system:owner")
		wiki := d.made("wiki", "app.id", "An app", "/api/v1/apps", `{"displayName":"Wiki"}`)
		ours := "/api/interim/v1/apps/" + wiki + "/accounts"
		account := d.made("ada's account", "appUser.id", "An account of hers", ours,
			`{"identityUserId":"`+c1.KSUID(ada.ID)+`","username":"ada","email":"ada@wiki.example.com"}`)
		d.made("robot", "appUser.id", "One of nobody", ours, `{"displayName":"Robot","appUserType":"APP_USER_TYPE_SERVICE_ACCOUNT"}`)
		d.want(409, "A user name is unique in its app", "POST", ours, `{"username":"ada"}`)
		d.want(404, "An unknown user", "POST", ours, `{"username":"x","identityUserId":"`+wiki+`"}`)
		d.want(200, "What is absent stays, what is empty is cleared", "POST", ours+"/"+account, `{"email":"","displayName":"Ada at the wiki"}`)
		d.want(200, "All of an app", "GET", "/api/v1/apps/"+wiki+"/app_users", "")
		d.want(200, "All of a user", "GET", "/api/v1/apps/"+wiki+"/users/"+c1.KSUID(ada.ID)+"/app_users", "")
		d.want(200, "No secrets are kept", "GET", "/api/v1/apps/"+wiki+"/app_users/"+account+"/credentials", "")
		d.want(200, "With whose it is", "POST", "/api/v1/search/app_users",
			`{"userIds":["`+c1.KSUID(ada.ID)+`"],"expandMask":{"paths":["app_id","identity_user_id","last_usage"]}}`)
		d.want(200, "Of nobody", "POST", "/api/v1/search/app_users", `{"withoutResponsibleParty":true,"sortBy":"APP_USER_SEARCH_SORT_BY_APP"}`)
		one := "/api/v1/apps/" + wiki + "/app_users/" + account
		d.want(200, "Two fields can be written, without a mask too", "POST", one,
			`{"appUser":{"identityUserId":"","appUserType":"APP_USER_TYPE_SYSTEM_ACCOUNT","displayName":"not this one"}}`)
		d.want(200, "Or with one", "POST", one, `{"appUser":{"identityUserId":"`+c1.KSUID(ada.ID)+`"},"updateMask":"identityUserId"}`)
		d.want(400, "Not the state", "POST", one, `{"appUser":{"status":{"status":"STATUS_DISABLED"}}}`)
		d.want(404, "Not to somebody unknown", "POST", one, `{"appUser":{"identityUserId":"`+wiki+`"}}`)
		d.want(404, "No such account", "POST", "/api/v1/apps/"+wiki+"/app_users/"+wiki, `{"appUser":{"identityUserId":""}}`)
	})
}

func TestBasicUsersSeeTheirOwnAccountsOnly(t *testing.T) {
	onDoors(t, "", func(d *door) {
		ada := d.person("Ada", "system:owner")
		grace := d.person("Grace", "system:user")
		d.as(ada, "system:owner")
		wiki := d.made("wiki", "app.id", "", "/api/v1/apps", `{"displayName":"Wiki"}`)
		ids := map[string]string{}
		for name, user := range map[string]string{"ada": c1.KSUID(ada.ID), "grace": c1.KSUID(grace.ID), "nobody": ""} {
			ids[name] = d.made(name, "appUser.id", "", "/api/interim/v1/apps/"+wiki+"/accounts",
				fmt.Sprintf(`{"username":%q,"identityUserId":%q}`, name, user))
		}
		lists := map[string]string{
			"GET /api/v1/apps/" + wiki + "/app_users":                                         "",
			"GET /api/v1/apps/" + wiki + "/users/" + c1.KSUID(grace.ID) + "/app_users":        "",
			"POST /api/v1/search/app_users":                                                   `{}`,
			"POST /api/v1/search/app_users?":                                                  `{"appIds":["` + wiki + `"],"query":"a"}`,
			"POST /api/v1/search/app_users?#":                                                 `{"appUserIds":["` + ids["grace"] + `","` + ids["ada"] + `"]}`,
			"POST /api/v1/search/app_users?##":                                                `{"refs":[{"appId":"` + wiki + `","id":"` + ids["grace"] + `"}]}`,
			"POST /api/v1/search/app_users?###":                                               `{"userIds":["` + c1.KSUID(ada.ID) + `","` + c1.KSUID(grace.ID) + `"]}`,
			"POST /api/v1/search/app_users?####" + fmt.Sprint(len(ids)) + "-excludes-another": `{"excludeAppUserIds":["` + ids["ada"] + `"]}`,
		}
		d.as(grace, "system:user")
		for call, body := range lists {
			var method, path string
			if _, err := fmt.Sscan(call, &method, &path); err != nil {
				d.Fatal(err)
			}
			a := d.call(method, path, body)
			if a.status != http.StatusOK || len(a.list()) != 1 || a.text("list.0.appUser.id") != ids["grace"] {
				d.Errorf("%s %s: %d %v", call, body, a.status, a.body)
			}
		}
		for _, body := range []string{`{"withoutResponsibleParty":true}`, `{"userIds":["` + c1.KSUID(ada.ID) + `"]}`} {
			if a := d.call("POST", "/api/v1/search/app_users", body); a.status != http.StatusOK || len(a.list()) != 0 {
				d.Errorf("%s: %d %v", body, a.status, a.body)
			}
		}
		if a := d.call("GET", "/api/v1/apps/"+wiki+"/users/"+c1.KSUID(ada.ID)+"/app_users", ""); len(a.list()) != 0 {
			d.Errorf("another's: %v", a.body)
		}
		if a := d.call("POST", "/api/v1/apps/"+wiki+"/app_users/"+ids["grace"], `{"appUser":{}}`); a.status != http.StatusForbidden {
			d.Errorf("update: %d", a.status)
		}
	})
}

func TestBadInputAboutAccountsIsRefusedByNameOfTheField(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", "system:owner")
		wiki := d.made("wiki", "app.id", "", "/api/v1/apps", `{"displayName":"Wiki"}`)
		d.invalid("POST", "/api/interim/v1/apps/"+wiki+"/accounts", map[string]string{
			"username":       `{}`,
			"email":          `{"username":"a","email":"nowhere"}`,
			"identityUserId": `{"username":"a","identityUserId":"ada"}`,
			"appUserType":    `{"username":"a","appUserType":12}`,
		})
		d.invalid("POST", "/api/v1/search/app_users", map[string]string{
			"appUserStatuses":  `{"appUserStatuses":["STATUS_UNSPECIFIED"]}`,
			"appUserTypes":     `{"appUserTypes":[44]}`,
			"sortBy":           `{"sortBy":5}`,
			"expandMask":       `{"expandMask":{"paths":["roles"]}}`,
			"refs.id":          `{"refs":[{"appId":"` + wiki + `"}]}`,
			"appUserStatusDet": `{"appUserStatusDetails":["a\u0000"]}`,
		})
		d.unserved("POST", "/api/v1/search/app_users", map[string]string{
			"AppUserServiceSearchRequest.agentStatuses":    `{"agentStatuses":["APP_USER_AGENT_STATUS_READY"]}`,
			"AppUserServiceSearchRequest.appUserDomains":   `{"appUserDomains":["APP_USER_DOMAIN_EXTERNAL"]}`,
			"AppUserServiceSearchRequest.nhiTypes":         `{"nhiTypes":["APP_USER_NHI_TYPE_ASSUMABLE_ROLE"]}`,
			"AppUserServiceSearchRequest.withOpenFindings": `{"withOpenFindings":true}`,
		})
	})
}
