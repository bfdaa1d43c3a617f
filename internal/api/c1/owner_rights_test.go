package c1_test

import (
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
)

// act is one request that takes an owner.
type act struct{ method, path, body string }

// rights are what the owners of the app, of the resource and of the entitlement may do; each needs the one before it too.
func (d owners) rights(member string) (ofApp, ofResource, ofEntitlement []act) {
	v1, end := "/api/v1/apps/"+d.app, d.instant(48*time.Hour)
	entitlement, resource := v1+"/entitlements/"+d.entry, v1+"/resource_types/"+d.typ+"/resources/"+d.resource
	give := "/api/interim/v1/apps/" + d.app + "/entitlements/" + d.entry + "/grants"
	duration := v1 + "/entitlements/" + d.entry + "/users/" + member
	k := d.kinds()
	ofEntitlement = []act{
		{"POST", entitlement, `{"entitlement":{"description":"Those who read"}}`},
		{"POST", give, `{"appUserId":"` + member + `","deprovisionAt":"` + end + `"}`},
		{"POST", duration + "/update-grant-duration", `{"newDeprovisionAt":"` + end + `"}`},
		{"POST", duration + "/remove-grant-duration", `{}`},
		{"DELETE", give + "/" + member, `{}`},
		{"GET", k[1].path + "/users", ""},
		{"GET", k[1].path + "/entitlements", ""},
		{"GET", entitlement + "/ownerids", ""},
		{"PUT", k[1].path, `{"roleSlug":"deputy","userRefs":[{"id":"` + c1.KSUID(d.ada.ID) + `"}]}`},
		{"POST", k[1].path + "/entitlements/deputy/" + d.app + "/" + d.entry, "{}"},
	}
	ofResource = []act{
		{"POST", resource, `{"appResource":{"description":"The pages"}}`},
		{"GET", k[2].path + "/users", ""},
		{"POST", k[2].path + "/users/deputy/" + c1.KSUID(d.ada.ID), "{}"},
	}
	ofApp = []act{
		{"POST", v1, `{"app":{"description":"All that is written"}}`},
		{"GET", v1 + "/owners", ""},
		{"GET", k[0].path + "/users", ""},
		{"GET", k[3].path + "/users", ""},
		{"GET", k[4].path + "/users", ""},
		{"POST", k[0].path + "/users/deputy/" + c1.KSUID(d.ada.ID), "{}"},
		{"PUT", k[3].path, `{"roleSlug":"deputy","userRefs":[{"id":"` + c1.KSUID(d.ada.ID) + `"}]}`},
	}
	return ofApp, ofResource, ofEntitlement
}

// try makes the requests as a Basic User and fails unless all of them are answered with the status.
func (d owners) try(who directory.User, title string, status int, acts ...act) {
	d.Helper()
	d.as(who, iam.BasicUser)
	for _, a := range acts {
		if got := d.call(a.method, a.path, a.body); got.status != status {
			d.Errorf("%s: %s %s: %d %v, want %d", title, a.method, a.path, got.status, got.body, status)
		}
	}
}

func TestAnOwnerMayWhatAnotherAndAFormerOwnerMayNot(t *testing.T) {
	onOwnerDoors(t, "", func(d owners) {
		linus := d.person("Linus", iam.BasicUser)
		ofApp, ofResource, ofEntitlement := d.rights(d.account)
		all := append(append(append([]act{}, ofApp...), ofResource...), ofEntitlement...)
		for i, k := range d.kinds()[:3] {
			may := [][]act{all, append(append([]act{}, ofResource...), ofEntitlement...), ofEntitlement}[[]int{0, 2, 1}[i]]
			mayNot := [][]act{nil, ofApp, append(append([]act{}, ofApp...), ofResource...)}[[]int{0, 2, 1}[i]]
			row := k.path + "/users/primary/" + c1.KSUID(linus.ID)
			d.try(linus, "before owning the "+k.name, 403, all...)
			d.as(d.ada, iam.SuperAdministrator)
			d.want(200, "", "POST", row, "{}")
			d.try(linus, "owner of the "+k.name, 200, may...)
			d.try(linus, "owner of the "+k.name, 403, mayNot...)
			d.as(d.ada, iam.SuperAdministrator)
			d.want(200, "", "DELETE", row, "{}")
			d.try(linus, "former owner of the "+k.name, 403, all...)
		}
		d.as(d.ada, iam.SuperAdministrator)
		d.want(200, "", "POST", d.kinds()[0].path+"/users/deputy/"+c1.KSUID(linus.ID), "{}")
		d.try(linus, "another role", 403, all...)
	})
}

func TestAnOwnerThroughAnEntitlementMayUntilItsTimeEnds(t *testing.T) {
	onOwnerDoors(t, "", func(d owners) {
		linus := d.person("Linus", iam.BasicUser)
		ofApp, ofResource, ofEntitlement := d.rights(d.account)
		all := append(append(append([]act{}, ofApp...), ofResource...), ofEntitlement...)
		d.hold(linus, d.instant(time.Hour))
		d.want(200, "", "POST", d.kinds()[0].path+"/entitlements/primary/"+d.teamApp+"/"+d.team, "{}")
		d.try(linus, "while it lasts", 200, all...)
		d.clock.Set(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC).Add(-time.Microsecond))
		d.try(linus, "a moment before the end", 200, all...)
		d.clock.Set(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC))
		d.try(linus, "at the end, of which nobody took notice yet", 403, all...)
	})
}

func TestAnOwnerNeitherNamesNorServesThemself(t *testing.T) {
	onOwnerDoors(t, "", func(d owners) {
		// Grace owns the app for an hour, and the team's app as well: without these refusals she could keep both.
		d.hold(d.grace, d.instant(time.Hour))
		d.want(200, "", "POST", d.kinds()[0].path+"/entitlements/primary/"+d.teamApp+"/"+d.team, "{}")
		d.want(200, "", "POST", "/api/v2/apps/"+d.teamApp+"/owners/entitlements/primary/"+d.teamApp+"/"+d.team, "{}")
		d.as(d.grace, iam.BasicUser)
		mine := d.call("GET", "/api/v1/apps/"+d.teamApp+"/app_users", "").text("list.0.appUser.id")
		me := c1.KSUID(d.grace.ID)
		held := "/api/v1/apps/" + d.teamApp + "/entitlements/" + d.team + "/users/" + mine
		d.try(d.grace, "herself", 403,
			act{"POST", d.kinds()[0].path + "/users/primary/" + me, "{}"},
			act{"PUT", d.kinds()[0].path, `{"roleSlug":"primary","userRefs":[{"id":"` + me + `"}]}`},
			act{"POST", "/api/v1/apps/" + d.app + "/owners/" + me, "{}"},
			act{"PUT", "/api/v1/apps/" + d.app + "/owners", `{"userIds":["` + me + `"]}`},
			act{"POST", "/api/v1/apps/" + d.app + "/entitlements/" + d.entry + "/owners", `{"userId":"` + me + `"}`},
			act{"POST", held + "/remove-grant-duration", "{}"},
			act{"POST", held + "/update-grant-duration", `{"newDeprovisionAt":"` + d.instant(48*time.Hour) + `"}`},
			act{"POST", "/api/interim/v1/apps/" + d.teamApp + "/entitlements/" + d.team + "/grants", `{"appUserId":"` + mine + `"}`},
		)
		d.as(d.ada, iam.SuperAdministrator)
		d.want(200, "", "POST", d.kinds()[0].path+"/users/primary/"+me, "{}")
		d.try(d.grace, "who is named stays named", 200, act{"PUT", d.kinds()[0].path, `{"roleSlug":"primary","userRefs":[{"id":"` + me + `"}]}`})
	})
}

func TestAnOwnerSeesTheAccountsAndGrantsOfTheirApp(t *testing.T) {
	onOwnerDoors(t, "", func(d owners) {
		linus := d.person("Linus", iam.BasicUser)
		d.as(d.ada, iam.SuperAdministrator)
		d.want(200, "", "POST", "/api/interim/v1/apps/"+d.app+"/entitlements/"+d.entry+"/grants", `{"appUserId":"`+d.account+`"}`)
		v1 := "/api/v1/apps/" + d.app
		lists := []act{
			{"GET", v1 + "/app_users", ""},
			{"GET", v1 + "/entitlements/" + d.entry + "/grants", ""},
			{"POST", "/api/v1/search/grants", `{"appIds":["` + d.app + `"]}`},
			{"POST", "/api/v1/search/grants", `{"entitlementRefs":[{"appId":"` + d.app + `","id":"` + d.entry + `"}]}`},
			{"POST", "/api/v1/search/app_users", `{"appIds":["` + d.app + `"]}`},
		}
		count := func(title string, want int) {
			d.Helper()
			d.as(linus, iam.BasicUser)
			for _, l := range lists {
				if a := d.call(l.method, l.path, l.body); a.status != 200 || len(a.list()) != want {
					d.Errorf("%s: %s %s: %d, %d of %d: %v", title, l.method, l.path, a.status, len(a.list()), want, a.body)
				}
			}
		}
		count("a stranger", 0)
		d.as(d.ada, iam.SuperAdministrator)
		d.want(200, "", "POST", d.kinds()[0].path+"/users/primary/"+c1.KSUID(linus.ID), "{}")
		count("the owner", 1)
		if a := d.call("POST", "/api/v1/search/grants", "{}"); len(a.list()) != 0 {
			d.Errorf("the grants of every app: %v", a.body)
		}
		d.as(d.ada, iam.SuperAdministrator)
		d.want(200, "", "PUT", d.kinds()[0].path, `{"roleSlug":"primary"}`)
		count("the former owner", 0)
	})
}

func TestSearchingForOwnershipAgreesWithTheLists(t *testing.T) {
	onOwnerDoors(t, "owners_search", func(d owners) {
		linus := d.person("Linus", iam.BasicUser)
		me := c1.KSUID(linus.ID)
		d.hold(linus, d.instant(time.Hour))
		d.want(200, "An app, through an entitlement", "POST", d.kinds()[0].path+"/entitlements/primary/"+d.teamApp+"/"+d.team, "{}")
		for _, k := range d.kinds()[1:5] {
			d.want(200, "By name", "POST", k.path+"/users/primary/"+me, "{}")
		}
		const search = "/api/v1/search/user-ownership"
		first := d.want(200, "What Linus owns", "POST", search, `{"userId":"`+me+`","pageSize":2}`)
		rest := d.want(200, "The rest", "POST", search, `{"userId":"`+me+`","pageSize":2,"pageToken":"`+first.text("nextPageToken")+`"}`)
		if len(first.list()) != 2 || len(rest.list()) != 1 || rest.text("nextPageToken") != "" {
			d.Errorf("pages of %d and %d", len(first.list()), len(rest.list()))
		}
		d.want(200, "Only resources", "POST", search, `{"userId":"`+me+`","ownershipTypes":["USER_OWNERSHIP_TYPE_RESOURCE"]}`)
		d.want(200, "Nobody owns nothing", "POST", search, `{"userId":"`+noOwner+`"}`)
		d.want(400, "Somebody", "POST", search, `{}`)
		d.want(400, "No such kind", "POST", search, `{"userId":"`+me+`","ownershipTypes":[0]}`)
		d.invalid("POST", search, map[string]string{"userId": `{"userId":"` + strings.Repeat("x", 1<<20) + `"}`})
		resources := `{"ownerUserIds":["` + me + `"]}`
		if a := d.call("POST", "/api/v1/search/app_resources", resources); a.text("list.0.appResource.id") != d.resource || len(a.list()) != 1 {
			d.Errorf("resources of an owner: %v", a.body)
		}
		unowned := d.call("POST", "/api/v1/search/app_resources", `{"unownedOnly":true,"appIds":["`+d.app+`"]}`)
		for i := range unowned.list() {
			if unowned.text("list."+string(rune('0'+i))+".appResource.id") == d.resource {
				d.Error("a resource with an owner is among those without")
			}
		}
		d.as(d.grace, iam.BasicUser)
		d.want(403, "Of others only for administrators", "POST", search, `{"userId":"`+me+`"}`)
		if a := d.call("POST", "/api/v1/search/app_resources", resources); len(a.list()) != 0 {
			d.Errorf("a filter told a colleague what somebody owns: %v", a.body)
		}
		d.as(linus, iam.BasicUser)
		d.want(200, "One's own", "POST", search, `{"userId":"`+me+`","ownershipTypes":["USER_OWNERSHIP_TYPE_APP"]}`)
		d.clock.Advance(time.Hour)
		d.want(200, "No longer", "POST", search, `{"userId":"`+me+`","ownershipTypes":["USER_OWNERSHIP_TYPE_APP"]}`)
	})
}

func TestAPersonSeesTheServiceAccountsTheyOwn(t *testing.T) {
	onOwnerDoors(t, "", func(d owners) {
		linus := d.person("Linus", iam.BasicUser)
		const mine = "/api/v1/app_users/owned_service_accounts"
		d.as(d.ada, iam.SuperAdministrator)
		d.want(200, "", "POST", "/api/v1/apps/"+d.app+"/app_users/"+d.account, `{"appUser":{"appUserType":"APP_USER_TYPE_SERVICE_ACCOUNT"}}`)
		d.want(200, "", "POST", d.kinds()[4].path+"/users/primary/"+c1.KSUID(linus.ID), "{}")
		d.want(200, "", "POST", d.kinds()[0].path+"/users/primary/"+c1.KSUID(linus.ID), "{}")
		d.account2()
		d.as(linus, iam.BasicUser)
		if a := d.call("POST", mine, `{"expandMask":{"paths":["*"]}}`); a.status != 200 || len(a.list()) != 1 || a.text("list.0.appUser.id") != d.account {
			d.Errorf("%d %v", a.status, a.body)
		}
		d.as(d.grace, iam.BasicUser)
		if a := d.call("POST", mine, `{}`); a.status != 200 || len(a.list()) != 0 {
			d.Errorf("somebody else's: %d %v", a.status, a.body)
		}
	})
}

// account2 is a service account that nobody owns.
func (d owners) account2() {
	d.Helper()
	id := d.granting.account("robot", d.app, d.ada.ID)
	d.want(200, "", "POST", "/api/v1/apps/"+d.app+"/app_users/"+id, `{"appUser":{"appUserType":"APP_USER_TYPE_SERVICE_ACCOUNT"}}`)
}
