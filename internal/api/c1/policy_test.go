package c1_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/policy"
)

// everyStep is a policy with each kind of step and approval that can be saved; %s are a user, an app and an entitlement in it.
const everyStep = `{
 "displayName":"Everything","description":"One of each","policyType":"POLICY_TYPE_GRANT","annotations":{"team":"red"},
 "reassignTasksToDelegates":true,
 "rules":[
  {"condition":"subject.department == \"Finance\"","stepKey":"finance"},
  {"condition":"task.isGrantPermanent","policyId":"$other"}],
 "policySteps":{
  "grant":{"steps":[
   {"approval":{"users":{"userIds":["$user"]},"allowReassignment":true,"allowedReassignees":["$user"],"requireDenialReason":true,
     "escalationEnabled":true,"escalation":{"expiration":"3600","escalationComment":"late","reassignToApprovers":{"approverIds":["$user"]}}}},
   {"approval":{"manager":{"fallback":true,"fallbackUserIds":["$user"],"isGroupFallbackEnabled":true,
     "fallbackGroupIds":[{"appId":"$app","appEntitlementId":"$entitlement"}]},"allowDelegation":true}},
   {"approval":{"appOwners":{"requireDistinctApprovers":true}}},
   {"approval":{"entitlementOwners":{}}},
   {"approval":{"resourceOwners":{"allowSelfApproval":true}}},
   {"approval":{"group":{"appId":"$app","appGroupId":"$entitlement"},"escalation":{"expiration":60,"skipStep":{}}}},
   {"approval":{"self":{}}},
   {"approval":{"expression":{"expressions":["appOwners","c1.directory.users.v1.GetManagers(subject)"]}}},
   {"wait":{"name":"a while","duration":{"duration":"60s"},"timeoutDuration":"3600s","commentOnFirstWait":"waiting"}},
   {"wait":{"condition":{"condition":"subject.status == UserStatus.ENABLED"}}},
   {"wait":{"untilTime":{"hours":9,"minutes":30,"timezone":"Europe/Berlin"}}},
   {"provision":{"provisionPolicy":{"manual":{"userIds":["$user"],"instructions":"Do it"}}}},
   {"provision":{}},
   {"accept":{"acceptMessage":"yes"}}]},
  "finance":{"steps":[{"reject":{"rejectMessage":"no"}}]}}}`

func (d *door) policyWorld() (fill *strings.Replacer, wiki, member string) {
	d.Helper()
	ada := d.person("Ada", "system:owner")
	wiki, _, _, member = d.catalog()
	other := d.made("other", "policy.id", "a policy needs no more than this", "/api/v1/policies",
		`{"displayName":"Other","policyType":"POLICY_TYPE_GRANT","policySteps":{"grant":{"steps":[{"accept":{}}]}}}`)
	return strings.NewReplacer("$user", c1.KSUID(ada.ID), "$other", other, "$app", wiki, "$entitlement", member), wiki, member
}

func TestPolicies(t *testing.T) {
	onDoors(t, "policies", func(d *door) {
		d.names[c1.KSUID(policy.BuiltinID(policy.Grant))] = "builtin-grant"
		d.names[c1.KSUID(policy.BuiltinID(policy.Revoke))] = "builtin-revoke"
		d.names[c1.KSUID(policy.BuiltinID(policy.Certify))] = "builtin-certify"
		fill, wiki, member := d.policyWorld()
		id := d.made("everything", "policy.id", "a policy with everything", "/api/v1/policies", fill.Replace(everyStep))
		path := "/api/v1/policies/" + id
		d.want(200, "it is read", "GET", path, "")
		d.want(200, "what the mask names is changed", "POST", path,
			`{"policy":{"displayName":"Renamed","description":"ignored","annotations":{"team":"","owner":"ada"}},"updateMask":"displayName,annotations"}`)
		d.want(200, "the list, first page", "GET", "/api/v1/policies?page_size=2", "")
		d.want(200, "a search", "POST", "/api/v1/search/policies", `{"query":"renam","policyTypes":["POLICY_TYPE_GRANT"]}`)
		d.want(200, "nothing has a scope", "POST", "/api/v1/search/policies", `{"scopeView":"POLICY_SCOPE_VIEW_SCOPED"}`)
		d.want(400, "a policy in use stays", "DELETE", "/api/v1/policies/"+fill.Replace("$other"), "")
		d.want(400, "a built-in policy stays", "DELETE", "/api/v1/policies/"+c1.KSUID(policy.BuiltinID(policy.Grant)), "{}")
		d.want(400, "nor does it change", "POST", "/api/v1/policies/"+c1.KSUID(policy.BuiltinID(policy.Grant)), `{"policy":{"displayName":"mine"}}`)
		d.want(200, "an app chooses it", "POST", "/api/v1/apps/"+wiki, `{"app":{"grantPolicyId":"`+id+`"}}`)
		if found := d.need(200, "", "POST", "/api/v1/search/apps", `{"policyRefs":[{"id":"`+id+`"}]}`); len(found.list()) != 1 || found.text("list.0.id") != wiki {
			d.Errorf("apps by it: %v", found.body)
		}
		entitlement := "/api/v1/apps/" + wiki + "/entitlements/" + member
		d.want(200, "an entitlement too, for emergencies", "POST", entitlement,
			`{"entitlement":{"emergencyGrantEnabled":true,"emergencyGrantPolicyId":"`+id+`"}}`)
		d.want(200, "which is found by it", "POST", "/api/v1/search/entitlements", `{"policyRefs":[{"id":"`+id+`"}]}`)
		d.want(400, "now it stays", "DELETE", path, "")
		d.want(200, "", "POST", "/api/v1/apps/"+wiki, `{"app":{"grantPolicyId":""}}`)
		d.want(200, "", "POST", entitlement, `{"entitlement":{"emergencyGrantPolicyId":""}}`)
		d.want(200, "and now it goes", "DELETE", path, "")
		d.want(200, "and is read with its end", "GET", path, "")
		d.want(404, "but not deleted twice", "DELETE", path, "")
		d.want(404, "an unknown one", "GET", "/api/v1/policies/287oY0rG4UirjDNFEYguMBvxyim", "")
		d.want(200, "a sound expression", "POST", "/api/v1/policies/validate/cel", `{"text":"subject.department == \"x\""}`)
		d.want(200, "one that is not", "POST", "/api/v1/policies/validate/cel", `{"text":"true &&\n subject.nope"}`)
		d.want(200, "an expression of accounts", "POST", "/api/v1/policies/test-account-provision-policy",
			`{"cel":"subject.email.split(\"@\")"}`)
		d.want(400, "one that fails", "POST", "/api/v1/policies/test-account-provision-policy", `{"cel":"subject.profile[\"x\"]"}`)
	})
}

// Terraform compares what it wrote with what it reads.
func TestAPolicyReadAndWrittenBackChangesNothing(t *testing.T) {
	onDoors(t, "", func(d *door) {
		fill, _, _ := d.policyWorld()
		id := d.made("everything", "policy.id", "", "/api/v1/policies", fill.Replace(everyStep))
		read := d.want(200, "", "GET", "/api/v1/policies/"+id, "")
		body, err := json.Marshal(read.body)
		if err != nil {
			d.Fatal(err)
		}
		again := d.want(200, "", "POST", "/api/v1/policies/"+id, string(body))
		after, _ := json.Marshal(again.body)
		if string(body) != string(after) {
			d.Errorf("before %s\nafter  %s", body, after)
		}
	})
}

func TestPoliciesThatCouldNotWorkAreRefusedByTheirField(t *testing.T) {
	onDoors(t, "", func(d *door) {
		fill, _, _ := d.policyWorld()
		const stranger = `"287oY0rG4UirjDNFEYguMBvxyim"`
		with := func(step string) string {
			return `{"displayName":"p","policyType":"POLICY_TYPE_GRANT","policySteps":{"grant":{"steps":[` + fill.Replace(step) + `]}}}`
		}
		const at = "policySteps.grant.steps[0]"
		d.invalid("POST", "/api/v1/policies", map[string]string{
			"policyType":                           `{"displayName":"p"}`,
			"policySteps.grant":                    `{"displayName":"p","policyType":"POLICY_TYPE_GRANT"}`,
			"policySteps.grant.steps":              `{"displayName":"p","policyType":"POLICY_TYPE_GRANT","policySteps":{"grant":{"steps":[]}}}`,
			"displayName":                          strings.Replace(with(`{"accept":{}}`), `"p"`, `""`, 1),
			"rules[0].condition":                   strings.Replace(with(`{"accept":{}}`), `{`, `{"rules":[{"condition":"","stepKey":"grant"}],`, 1),
			"rules[0].condition: line 1, column 9": strings.Replace(with(`{"accept":{}}`), `{`, `{"rules":[{"condition":"subject.x","stepKey":"grant"}],`, 1),
			"rules[0].policyId":                    strings.Replace(with(`{"accept":{}}`), `{`, `{"rules":[{"condition":"true","policyId":`+stranger+`}],`, 1),
			"baselinePolicyId":                     `{"displayName":"p","policyType":"POLICY_TYPE_GRANT","baselinePolicyId":"x"}`,
			"scope.appId":                          strings.Replace(with(`{"accept":{}}`), `{`, `{"scope":{"appId":`+stranger+`},`, 1),
			"annotations":                          strings.Replace(with(`{"accept":{}}`), `{`, `{"annotations":{"c1/x":"y"},`, 1),
			"postActions":                          strings.Replace(with(`{"accept":{}}`), `{`, `{"postActions":[{}],`, 1),
			at:                                     with(`{}`),
			at + ".approval":                       with(`{"approval":{}}`),
			at + ".approval.users.userIds":         with(`{"approval":{"users":{}}}`),
			at + ".approval.users.userIds[0]":      with(`{"approval":{"users":{"userIds":[` + stranger + `]}}}`),
			at + ".approval.users.userIds[1]":      with(`{"approval":{"users":{"userIds":["$user",""]}}}`),
			at + ".approval.allowedReassignees[0]": with(`{"approval":{"self":{},"allowedReassignees":["x"]}}`),
			at + ".approval.escalation":            with(`{"approval":{"self":{},"escalationEnabled":true}}`),
			at + ".approval.escalation.expiration": with(`{"approval":{"self":{},"escalation":{"skipStep":{}}}}`),
			at + ".approval.group.appGroupId":      with(`{"approval":{"group":{"appId":"$app","appGroupId":` + stranger + `}}}`),
			at + ".wait":                           with(`{"wait":{}}`),
			at + ".wait.duration.duration":         with(`{"wait":{"duration":{}}}`),
			at + ".wait.condition.condition":       with(`{"wait":{"condition":{}}}`),
			at + ".accept.acceptMessage":           with(`{"accept":{"acceptMessage":"` + strings.Repeat("x", 2049) + `"}}`),
			at + ".provision.provisionPolicy: action is not possible": with(`{"provision":{"provisionPolicy":{"action":{}}}}`),
		})
		for kind, step := range map[string]string{
			"form": `{"form":{}}`, "action": `{"action":{}}`, "agent": `{"approval":{"agent":{}}}`,
			"requiresStepUpProviderId": `{"approval":{"self":{},"requiresStepUpProviderId":"x"}}`,
		} {
			d.unserved("POST", "/api/v1/policies", map[string]string{kind: with(step)})
		}
		d.invalid("POST", "/api/v1/policies/"+fill.Replace("$other"), map[string]string{
			"policy":            `{}`,
			"updateMask":        `{"policy":{},"updateMask":"nope"}`,
			"policyType":        `{"policy":{"policyType":"POLICY_TYPE_REVOKE"}}`,
			"policySteps.grant": `{"policy":{},"updateMask":"policySteps"}`,
			"rules[0].policyId": `{"policy":{"rules":[{"condition":"true","policyId":"` + fill.Replace("$other") + `"}]}}`,
		})
		d.invalid("POST", "/api/v1/search/policies", map[string]string{
			"refs": `{"refs":[{"id":"x"}]}`, "query": `{"query":"` + strings.Repeat("x", 1025) + `"}`,
			"scopeAppId": `{"scopeView":"POLICY_SCOPE_VIEW_GLOBAL_AND_OBJECT"}`,
		})
		d.invalid("GET", "/api/v1/policies?page_token=x", map[string]string{"pageToken": ""})
	})
}

func TestPoliciesAreNobodysBusinessButAdministrators(t *testing.T) {
	onDoors(t, "", func(d *door) {
		fill, _, _ := d.policyWorld()
		one := "/api/v1/policies/" + fill.Replace("$other")
		create := `{"displayName":"p","policyType":"POLICY_TYPE_GRANT","policySteps":{"grant":{"steps":[{"accept":{}}]}}}`
		reads := [][3]string{
			{"GET", "/api/v1/policies", ""}, {"GET", one, ""}, {"POST", "/api/v1/search/policies", "{}"},
			{"POST", "/api/v1/policies/validate/cel", `{"text":"true"}`},
		}
		writes := [][3]string{
			{"POST", "/api/v1/policies", create}, {"POST", one, `{"policy":{"displayName":"q"}}`},
			{"POST", "/api/v1/policies/test-account-provision-policy", `{"cel":"1"}`}, {"DELETE", one, ""},
		}
		for role, may := range map[string][2]bool{
			"system:user": {false, false}, "system:viewer": {true, false}, "system:system-logs-reader": {false, false},
		} {
			d.person(strings.ReplaceAll(role, ":", "-"), role)
			for i, list := range [][][3]string{reads, writes} {
				for _, c := range list {
					if a := d.call(c[0], c[1], c[2]); (a.status == http.StatusOK) != may[i] || !may[i] && a.status != http.StatusForbidden {
						d.Errorf("%s: %s %s: %d", role, c[0], c[1], a.status)
					}
				}
			}
		}
	})
}
