package opal_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/iam"
)

func clauses(appID, key, value string) string {
	return fmt.Sprintf(`{"clauses":[{"selectors":[{"key":%q,"value":%q,"connection_id":%q}]}]}`, key, value, appID)
}

func TestAnAccessRuleTakesInWhoMatches(t *testing.T) {
	onDoor(t, "access_rules", func(d *door) {
		own := d.interim()
		ada, grace := d.person("Ada", iam.BasicUser), d.person("Grace", iam.BasicUser)
		root := d.person("Root", iam.SuperAdministrator)
		team := d.owner("rule owners", root)
		data := d.made("team-data", "tag_id", "A tag", "/tag", `{"tag_key":"team","tag_value":"data"}`)
		away := d.made("away", "tag_id", "Another", "/tag", `{"tag_key":"away"}`)
		body := func(status string) string {
			return fmt.Sprintf(`{"name":"Data people","description":"who work with data","admin_owner_id":%q,"status":%q,"ruleClauses":{
				"when":{"clauses":[
					{"selectors":[{"key":"team","value":"data","connection_id":%q},{"key":"team","value":"ops","connection_id":%q}],"attribute_selectors":[]},
					{"selectors":null,"attribute_selectors":[{"attribute":"HR_IDP_STATUS","values":["ACTIVE","DEPROVISIONED"]}]}]},
				"unless":%s}}`, team, status, own, own, clauses(own, "away", ""))
		}
		rule := d.want(http.StatusCreated, "An access rule", "POST", "/access-rules", body("ACTIVE")).text("access_rule_id")
		d.names[rule] = "data-people"
		members := func(title string) { d.want(http.StatusOK, title, "GET", "/groups/"+rule+"/users", "") }
		d.want(http.StatusOK, "Ada is tagged afterwards", "POST", "/tags/"+data+"/users/"+string(ada.ID), "")
		d.want(http.StatusOK, "Grace too", "POST", "/tags/"+data+"/users/"+string(grace.ID), "")
		d.want(http.StatusOK, "But Grace is away", "POST", "/tags/"+away+"/users/"+string(grace.ID), "")
		d.settle()
		members("Ada is in")
		d.want(http.StatusOK, "It is read", "GET", "/access-rules/"+rule, "")
		d.want(http.StatusOK, "And listed", "GET", "/access-rules", "")
		d.want(http.StatusOK, "It is a group", "GET", "/groups/"+rule, "")

		d.want(http.StatusOK, "It is paused", "PUT", "/access-rules/"+rule, body("PAUSED"))
		d.want(http.StatusOK, "Grace is back", "DELETE", "/tags/"+away+"/users/"+string(grace.ID), "")
		d.want(http.StatusOK, "And Ada elsewhere", "DELETE", "/tags/"+data+"/users/"+string(ada.ID), "")
		d.settle()
		members("Ada stays, and nobody comes")
		d.want(http.StatusOK, "It goes on", "PUT", "/access-rules/"+rule, body("ACTIVE"))
		d.settle()
		members("Grace is in")

		d.refused(http.StatusBadRequest, "POST", "/access-rules", map[string]string{
			"ruleClauses": fmt.Sprintf(`{"name":"x","description":"","admin_owner_id":%q,"status":"ACTIVE"}`, team),
			"ruleClauses.when": fmt.Sprintf(
				`{"name":"x","description":"","admin_owner_id":%q,"status":"ACTIVE","ruleClauses":{"when":{"clauses":[]}}}`, team),
			"unless": fmt.Sprintf(`{"name":"x","description":"","admin_owner_id":%q,"status":"ACTIVE","ruleClauses":{"when":%s,
				"unless":{"clauses":[]}}}`, team, clauses(own, "a", "b")),
			"selectors": fmt.Sprintf(
				`{"name":"x","description":"","admin_owner_id":%q,"status":"ACTIVE","ruleClauses":{"when":{"clauses":[{"selectors":[]}]}}}`, team),
			"status": fmt.Sprintf(`{"name":"x","description":"","admin_owner_id":%q,"status":"OFF","ruleClauses":{"when":%s}}`, team, clauses(own, "a", "b")),
			"connection_id": fmt.Sprintf(`{"name":"x","description":"","admin_owner_id":%q,"status":"ACTIVE","ruleClauses":{"when":%s}}`, team,
				clauses(rule, "a", "b")),
			"admin_owner_id": fmt.Sprintf(`{"name":"x","description":"","admin_owner_id":%q,"status":"ACTIVE","ruleClauses":{"when":%s}}`, rule,
				clauses(own, "a", "b")),
			"values": fmt.Sprintf(`{"name":"x","description":"","admin_owner_id":%q,"status":"ACTIVE","ruleClauses":{"when":{"clauses":[
				{"selectors":[],"attribute_selectors":[{"attribute":"HR_IDP_STATUS","values":["SLEEPY"]}]}]}}}`, team),
		})
		d.refused(http.StatusBadRequest, "POST", "/groups", map[string]string{
			"POST /access-rules": fmt.Sprintf(`{"name":"x","group_type":"OPAL_ACCESS_RULE","app_id":%q}`, own),
		})
		d.as(ada, iam.BasicUser)
		d.want(http.StatusForbidden, "Whom it takes in is for administrators to know", "GET", "/access-rules/"+rule, "")
		d.as(root, iam.SuperAdministrator)
		d.want(http.StatusOK, "It is deleted as a group", "DELETE", "/groups/"+rule, "")
		d.want(http.StatusNotFound, "And gone", "GET", "/access-rules/"+rule, "")
		d.settle()
		if n := len(d.events("automation.deleted")); n != 1 {
			t.Errorf("%d automations were deleted", n)
		}
	})
}

func TestAnAccessRuleWhoseAutomationIsGoneTakesNobodyInAndSaysSo(t *testing.T) {
	onDoor(t, "", func(d *door) {
		own := d.interim()
		root := d.person("Root", iam.SuperAdministrator)
		body := fmt.Sprintf(`{"name":"Rule","description":"","admin_owner_id":%q,"status":"ACTIVE","ruleClauses":{"when":%s}}`,
			d.owner("owners", root), clauses(own, "team", "data"))
		rule := d.want(http.StatusCreated, "A rule", "POST", "/access-rules", body).text("access_rule_id")
		ctx := iam.AsSystem(t.Context())
		must(t, d.Automations.Delete(ctx, d.level(rule)))
		if a := d.call("GET", "/access-rules/"+rule, ""); a.text("status") != "PAUSED" || len(a.at("ruleClauses.when.clauses").([]any)) != 0 {
			t.Errorf("shown as %v", a.body)
		}
		_, err := d.Automations.Create(ctx, automation.Rule{Of: d.level(rule), Kind: automation.Nobody})
		must(t, err)
		if a := d.want(http.StatusOK, "It is said again", "PUT", "/access-rules/"+rule, body); a.text("status") != "ACTIVE" ||
			a.text("ruleClauses.when.clauses.0.selectors.0.key") != "team" {
			t.Errorf("shown as %v", a.body)
		}
	})
}

func TestOfTwoWhoChangeAnAccessRuleAtOnceOneWinsWhole(t *testing.T) {
	onDoor(t, "", func(d *door) {
		own := d.interim()
		root := d.person("Root", iam.SuperAdministrator)
		owners := d.owner("owners", root)
		body := func(n int) string {
			return fmt.Sprintf(`{"name":"Rule %d","description":"","admin_owner_id":%q,"status":"ACTIVE","ruleClauses":{"when":%s}}`,
				n, owners, clauses(own, "team", fmt.Sprint(n)))
		}
		rule := d.want(http.StatusCreated, "A rule", "POST", "/access-rules", body(0)).text("access_rule_id")
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				if a := d.call("PUT", "/access-rules/"+rule, body(n)); a.status != http.StatusOK && a.status != http.StatusConflict {
					t.Errorf("answered %d %v", a.status, a.body)
				}
			})
		}
		all.Wait()
		a := d.call("GET", "/access-rules/"+rule, "")
		if "Rule "+a.text("ruleClauses.when.clauses.0.selectors.0.value") != a.text("name") {
			t.Errorf("of two changes: %v", a.body)
		}
	})
}
