package c1_test

import (
	"testing"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/directory"
)

// Managers and policies form no circle; what owns itself, or each other, is nothing special, and gives nobody anything.
func TestCirclesAreRefusedOrGiveNobodyAnything(t *testing.T) {
	onTaskDoors(t, "", func(d *tasking) {
		d.as(d.edith, "system:owner")
		managedBy := func(u directory.User) string { return `{"user":{"managerIds":["` + c1.KSUID(u.ID) + `"]}}` }
		at := func(u directory.User) string { return "/api/interim/v1/users/" + c1.KSUID(u.ID) }
		d.need(200, "", "POST", at(d.ada), managedBy(d.grace))
		d.need(200, "", "POST", at(d.grace), managedBy(d.linus))
		for _, below := range []directory.User{d.ada, d.grace, d.linus} {
			d.invalid("POST", at(d.linus), map[string]string{"managerIds": managedBy(below)})
		}

		const yes = `{"displayName":"yes","policyType":"POLICY_TYPE_GRANT","policySteps":{"grant":{"steps":[{"accept":{}}]}}`
		first := d.need(200, "", "POST", "/api/v1/policies", yes+`}`).text("policy.id")
		second := d.need(200, "", "POST", "/api/v1/policies", yes+`,"rules":[{"condition":"true","policyId":"`+first+`"}]}`).text("policy.id")
		for _, id := range []string{first, second} {
			d.invalid("POST", "/api/v1/policies/"+first, map[string]string{
				"rules[0].policyId": `{"policy":{"rules":[{"condition":"true","policyId":"` + id + `"}]}}`,
			})
		}

		owned := "/api/v2/apps/" + d.wiki + "/entitlements/" + d.member + "/owners/entitlements/"
		self := "/" + d.wiki + "/" + d.member
		d.need(200, "", "POST", owned+"primary"+self, "{}")
		d.need(200, "", "POST", "/api/v2/apps/"+d.wiki+"/owners/entitlements/primary"+self, "{}")
		d.need(200, "", "GET", "/api/v2/apps/"+d.wiki+"/entitlements/"+d.member+"/owners/entitlements", "")
		for _, slug := range []string{"Primary", "a%20b", "pri%C3%A9"} {
			d.invalid("POST", owned+slug+self, map[string]string{"roleSlug": "{}"})
		}
		made := d.request("")
		for _, u := range []directory.User{d.ada, d.linus} { // neither holds it
			d.as(u, "system:user")
			if a := d.call("POST", action(made.task(), "approve"), `{"policyStepId":"`+made.step()+`"}`); a.status != 403 && a.status != 404 {
				t.Errorf("%s approves what owns itself: %v", u.DisplayName, a.body)
			}
		}
		d.as(d.grace, "system:user")
		d.need(200, "", "POST", action(made.task(), "approve"), `{"policyStepId":"`+made.step()+`"}`)
	})
}
