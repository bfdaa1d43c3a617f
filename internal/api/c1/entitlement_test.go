package c1_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
)

// hold gives an account an entitlement, straight into the table: giving is another door's business.
func (d *door) hold(appKSUID, entitlementKSUID, accountKSUID string) {
	d.Helper()
	var uuids []any
	for _, k := range []string{appKSUID, entitlementKSUID, accountKSUID} {
		u, err := id.FromKSUID(k)
		if err != nil {
			d.Fatal(err)
		}
		uuids = append(uuids, u)
	}
	err := d.deps.DB.Write(d.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into grants (id, app_id, entitlement_id, account_id, state, direct, derived, force_end, created_at, end_reason,
				end_note, target_note, discovered, granted_by, granted_by_name, granted_task, policy_version, decided_by, decided_for, ended_by,
				ended_by_name, ended_task, updated_at, version)
			values ($1,$2,$3,$4,'active','manual',0,false,$5,'','','',false,'','','','','','','','','',$5,1)`,
			append(append([]any{id.New(d.clock.Now())}, uuids...), clock.Micros(d.clock.Now()))...)
		return err
	})
	if err != nil {
		d.Fatal(err)
	}
}

func TestEntitlementsFromCreationToDeletion(t *testing.T) {
	onDoors(t, "entitlements", func(d *door) {
		d.person("Ada", "system:owner")
		d.nameBuiltins()
		wiki, roles, writers, member := d.catalog()
		all := "/api/v1/apps/" + wiki + "/entitlements"
		of := `"appResourceTypeId":"` + roles + `","appResourceId":"` + writers + `"`
		admin := d.made("admin", "appEntitlementView.appEntitlement.id", "Everything that is served", all, `{"displayName":"Writers admin",`+of+`,
			"description":"May decide","alias":"writers-admin","slug":"admin","purpose":"APP_ENTITLEMENT_PURPOSE_VALUE_PERMISSION",
			"durationGrant":"3600s","annotations":{"managed_by":"terraform"},"provisionPolicy":{"manual":{"instructions":"Call Grace"}},
			"expandMask":{"paths":["app_id","app_resource_id","app_resource_type_id"]}}`)
		d.want(409, "An alias is unique", "POST", all, `{"displayName":"x",`+of+`,"alias":"writers-admin"}`)
		d.want(200, "One", "GET", all+"/"+admin, "")
		d.want(200, "All of an app, the built-in one too", "GET", all, "")
		d.want(200, "All of a resource", "GET", all+"/resource_types/"+roles+"/resources/"+writers, "")
		d.clock.Advance(1_000_000)
		d.want(200, "A shorter time", "POST", all+"/"+admin, `{"entitlement":{"durationGrant":"60s"},"updateMask":"durationGrant"}`)
		d.want(200, "No limit any more", "POST", all+"/"+admin, `{"entitlement":{"durationUnset":{}}}`)
		d.want(200, "Nested messages are replaced whole", "POST", all+"/"+admin,
			`{"entitlement":{"provisionerPolicy":{"unconfigured":{}},"deprovisionerPolicy":{"manual":{"userIds":[]}}}}`)
		d.want(200, "The built-in one takes settings", "POST", all+"/"+c1.KSUID(app.AccessEntitlement), `{"entitlement":{"durationGrant":"86400.5s"}}`)
		d.want(200, "By alias", "POST", "/api/v1/search/entitlements", `{"alias":"writers-admin","expandMask":{"paths":["*"]}}`)
		d.want(200, "By part of a name, without the built-in one", "POST", "/api/v1/search/entitlements",
			`{"query":"WRITERS","excludeImmutable":true,"excludedEntitlementRefs":[{"appId":"`+wiki+`","id":"`+member+`"}]}`)
		d.want(200, "Deleted", "DELETE", all+"/"+admin, "{}")
		d.want(404, "Gone", "GET", all+"/"+admin, "")
		d.want(400, "The built-in one stays", "DELETE", all+"/"+c1.KSUID(app.AccessEntitlement), "{}")
		d.want(200, "The alias is free again", "POST", all+"/"+member, `{"entitlement":{"alias":"writers-admin"}}`)
		d.want(200, "Deleted ones too", "POST", "/api/v1/search/entitlements", `{"includeDeleted":true,"query":"admin"}`)
	})
}

// Terraform's provider sends an object back as it read it, without a mask, whatever of it is settable.
func TestAnEntitlementSentBackAsItWasReadIsNotChanged(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", "system:owner")
		appID, _, ids := d.synced()
		path := "/api/v1/apps/" + c1.KSUID(appID) + "/entitlements/"
		d.call("POST", path+ids["entitlement"], `{"entitlement":{"displayName":"Renamed","provisionerPolicy":{"connector":{"defaultBehavior":{}}}}}`)
		for _, entitlement := range []string{ids["entitlement"], c1.KSUID(app.AccessEntitlement)} {
			read := d.call("GET", path+entitlement, "")
			d.clock.Advance(1_000_000)
			body, err := json.Marshal(map[string]any{"entitlement": read.at("appEntitlementView.appEntitlement"), "updateMask": nil})
			if err != nil {
				d.Fatal(err)
			}
			a := d.want(200, "", "POST", path+entitlement, string(body))
			if got, want := asJSON(d, a.at("appEntitlementView")), asJSON(d, read.at("appEntitlementView")); got != want {
				d.Errorf("got  %s\nwant %s", got, want)
			}
		}
	})
}

func TestAnEntitlementSaysWhetherTheDefaultsOfItsAppHoldForIt(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", "system:owner")
		wiki, roles, writers, member := d.catalog()
		all := "/api/v1/apps/" + wiki + "/entitlements"
		d.want(200, "", "POST", "/api/v1/apps/"+wiki+"/access_request_defaults", `{"defaultsEnabled":true,"durationGrant":"3600s"}`)
		const shown = "appEntitlementView.appEntitlement."
		expect := func(a answer, applied, overrides bool) {
			d.Helper()
			if a.at(shown+"defaultValuesApplied") != applied || a.at(shown+"overrideAccessRequestsDefaults") != overrides {
				d.Errorf("want applied %t, overrides %t: %d %v", applied, overrides, a.status, a.body)
			}
		}
		own := d.call("POST", all, `{"displayName":"Own","appResourceTypeId":"`+roles+`","appResourceId":"`+writers+`","overrideAccessRequestsDefaults":true}`)
		expect(own, false, true)
		expect(d.call("GET", all+"/"+member, ""), true, false)
		expect(d.call("POST", all+"/"+member, `{"entitlement":{"durationGrant":"60s"}}`), false, false)
		expect(d.call("POST", all+"/"+member, `{"entitlement":{},"updateMask":"durationGrant"}`), true, false)
		expect(d.call("POST", all+"/"+member, `{"entitlement":{"defaultValuesApplied":false,"description":"x"}}`), true, false)
		expect(d.call("POST", all+"/"+member, `{"entitlement":{},"overrideAccessRequestsDefaults":true}`), false, true)
		expect(d.call("POST", all+"/"+member, `{"entitlement":{"description":"y"},"overrideAccessRequestsDefaults":false}`), false, true)
		expect(d.call("POST", all+"/"+member, `{"entitlement":{"overrideAccessRequestsDefaults":false}}`), true, false)
		for _, v := range d.call("POST", "/api/v1/search/entitlements", `{"appIds":["`+wiki+`"]}`).list() {
			v := answer{body: v.(map[string]any)}
			if applied := v.text("appEntitlement.displayName") != "Own"; v.at("appEntitlement.defaultValuesApplied") != applied {
				d.Errorf("listed: %v", v.body)
			}
		}
	})
}

func TestSettingsOfAnEntitlementThatWouldDoNothingAreRefusedByName(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", "system:owner")
		wiki, roles, writers, member := d.catalog()
		const other = `"287oY0rG4UirjDNFEYguMBvxyim"`
		settings := map[string]string{
			"matchBatonId": `"x"`,
		}
		all := "/api/v1/apps/" + wiki + "/entitlements"
		for field, value := range settings {
			d.unserved("POST", all, map[string]string{"CreateAppEntitlementRequest." + field: `{"displayName":"a","appResourceTypeId":"` + roles +
				`","appResourceId":"` + writers + `","` + field + `":` + value + `}`})
			d.unserved("POST", all+"/"+member, map[string]string{"AppEntitlement." + field: `{"entitlement":{"` + field + `":` + value + `}}`})
		}
		const search = "AppEntitlementSearchServiceSearchRequest."
		d.unserved("POST", "/api/v1/search/entitlements", map[string]string{
			search + "accessReviewId":       `{"accessReviewId":` + other + `}`,
			search + "membershipType OWNER": `{"membershipType":["APP_ENTITLEMENT_MEMBERSHIP_TYPE_OWNER"]}`,
		})
		if a := d.call("POST", "/api/v1/search/entitlements", `{"membershipType":["APP_ENTITLEMENT_MEMBERSHIP_TYPE_MEMBER"]}`); len(a.list()) != 2 {
			d.Errorf("members: %d %v", a.status, a.body)
		}
	})
}

func TestBadInputAboutEntitlementsIsRefusedByNameOfTheField(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", "system:owner")
		wiki, roles, writers, member := d.catalog()
		all := "/api/v1/apps/" + wiki + "/entitlements"
		of := `"appResourceTypeId":"` + roles + `","appResourceId":"` + writers + `"`
		d.invalid("POST", all, map[string]string{
			"appResourceId":     `{"displayName":"a","appResourceTypeId":"` + roles + `"}`,
			"appResourceTypeId": `{"displayName":"a","appResourceId":"` + writers + `"}`,
			"displayName":       `{` + of + `}`,
			"durationGrant":     `{"displayName":"a",` + of + `,"durationGrant":"0s"}`,
			"durationGrant'":    `{"displayName":"a",` + of + `,"durationGrant":"-1s"}`,
			"durationGrant''":   `{"displayName":"a",` + of + `,"durationGrant":"3153600001s"}`,
			"durationGrant'''":  `{"displayName":"a",` + of + `,"durationGrant":"1.0000001s"}`,
			"alias":             `{"displayName":"a",` + of + `,"alias":"two words"}`,
			"alias'":            `{"displayName":"a",` + of + `,"alias":"` + strings.Repeat("a", 129) + `"}`,
			"slug":              `{"displayName":"a",` + of + `,"slug":"` + strings.Repeat("a", 129) + `"}`,
			"purpose":           `{"displayName":"a",` + of + `,"purpose":77}`,
			"expandMask":        `{"displayName":"a",` + of + `,"expandMask":{"paths":["color"]}}`,
		})
		d.invalid("POST", all+"/"+member, map[string]string{
			"appResourceId":      `{"entitlement":{"appResourceId":"` + wiki + `"}}`,
			"appResourceTypeId":  `{"entitlement":{"appResourceTypeId":"` + wiki + `"}}`,
			"isManuallyManaged":  `{"entitlement":{"isManuallyManaged":false}}`,
			"sourceConnectorIds": `{"entitlement":{"sourceConnectorIds":{"a":"b"}}}`,
			"updateMask":         `{"entitlement":{},"updateMask":"provisionerPolicy.manual"}`,
			"durationGrant":      `{"entitlement":{"durationGrant":"0s"}}`,
		})
		d.invalid("POST", "/api/v1/search/entitlements", map[string]string{
			"refs.id":           `{"refs":[{"appId":"` + wiki + `","id":"x"}]}`,
			"sourceConnectorId": `{"sourceConnectorId":"x"}`,
			"resourceTraitIds":  `{"resourceTraitIds":["role"]}`,
			"membershipType":    `{"membershipType":[0]}`,
		})
		for path, want := range map[string]int{
			all + "/x": http.StatusBadRequest,
			"/api/v1/apps/" + roles + "/entitlements/" + member: http.StatusNotFound,
			"/api/v1/apps/" + roles + "/entitlements":           http.StatusOK, // the list of an unknown app is empty
		} {
			if a := d.call("GET", path, ""); a.status != want || len(a.list()) != 0 {
				d.Errorf("GET %s: %d %v", path, a.status, a.body)
			}
		}
	})
}

func TestWhatAnAccountHoldsIsShownToItsUserOnly(t *testing.T) {
	onDoors(t, "", func(d *door) {
		ada := d.person("Ada", "system:owner")
		grace := d.person("Grace", "system:user")
		d.as(ada, "system:owner")
		wiki, _, _, member := d.catalog()
		accounts := map[string]string{}
		for name, user := range map[string]string{"ada": c1.KSUID(ada.ID), "grace": c1.KSUID(grace.ID)} {
			accounts[name] = d.made(name+"'s account", "appUser.id", "", "/api/interim/v1/apps/"+wiki+"/accounts",
				fmt.Sprintf(`{"username":%q,"identityUserId":%q}`, name, user))
			d.hold(wiki, member, accounts[name])
		}
		d.as(grace, "system:user")
		for _, path := range []string{"/api/v1/apps/%s/entitlements/users/%s", "/api/v1/search/apps/%s/entitlements/users/%s"} {
			if a := d.call("GET", fmt.Sprintf(path, wiki, accounts["grace"]), ""); len(a.list()) != 1 || a.text("list.0.appEntitlement.grantCount") != "2" {
				d.Errorf("her own: %d %v", a.status, a.body)
			}
			if a := d.call("GET", fmt.Sprintf(path, wiki, accounts["ada"]), ""); a.status != http.StatusOK || len(a.list()) != 0 {
				d.Errorf("another's: %d %v", a.status, a.body)
			}
		}
		d.as(ada, "system:owner")
		if a := d.call("GET", "/api/v1/apps/"+wiki, ""); a.text("app.userCount") != "2" {
			d.Errorf("users: %v", a.body)
		}
		if a := d.call("POST", "/api/v1/search/entitlements", `{"excludeAppUserIds":["`+accounts["ada"]+`"]}`); len(a.list()) != 1 {
			d.Errorf("what she does not hold: %v", a.body)
		}
	})
}
