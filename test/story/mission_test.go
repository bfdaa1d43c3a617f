package story

import (
	"net/http"
	"testing"
	"time"
)

// What an organisation that manages who may do what for how long asks of the API, and of nothing else: a delegation with an expiry,
// an end that moves, a delegation with a reason, credentials bound to networks and roles, and owners by an entitlement.

func TestALiveGrantsEndIsMovedAndADelegationHasStartEndAndReason(t *testing.T) {
	inCompany(t, func(c *company) {
		// An administrator has Linus stand in for Barbara until this evening.
		c.decides(byManager, thenProvision)
		evening := c.now().Add(8 * time.Hour).Truncate(time.Microsecond)
		set := c.admin.post("/api/v1/users/"+c.manager.id+"/set-delegation-by-admin",
			object{"delegatedUserId": c.deputy.id, "delegationExpireAt": stamp(evening)})
		if ends, _ := time.Parse(time.RFC3339Nano, text(set, "item", "expirationAt")); !ends.Equal(evening) || text(set, "item", "startAt") == "" {
			t.Errorf("the delegation: %v", set)
		}
		c.manager.refused(http.StatusForbidden, http.MethodPost, "/api/v1/users/"+c.manager.id+"/set-delegation-by-admin", object{})
		r := c.asks(c.asker, object{"grantDuration": "28800s"})
		c.deputy.approves(r)
		r.ends(granted)

		// The live grant's end is moved nearer, and then further away; no task is opened and nothing is provisioned again.
		for _, in := range []time.Duration{time.Hour, 2 * time.Hour} {
			end := c.now().Add(in).Truncate(time.Microsecond)
			moved := c.admin.post(c.bindingPath("update-grant-duration"), object{"newDeprovisionAt": stamp(end)})
			if got, _ := time.Parse(time.RFC3339Nano, text(moved, "binding", "deprovisionAt")); !got.Equal(end) {
				t.Errorf("the end is %v, want %v", got, end)
			}
		}
		c.asker.refused(http.StatusForbidden, http.MethodPost, c.bindingPath("update-grant-duration"),
			object{"newDeprovisionAt": stamp(c.now().Add(time.Minute))})
		c.advance(time.Hour + time.Minute)
		if !c.allowed() || len(c.revokes(c.asker)) != 0 {
			t.Error("the end that was moved away has come")
		}
		c.advance(time.Hour)
		if c.allowed() {
			t.Error("the end that was set last has come and Grace still may")
		}
		c.endedOnTime(c.asker)

		// Barbara says herself who answers beside her, from when until when, and why.
		c.back()
		opens := c.now().Add(time.Hour)
		made := c.manager.post("/api/interim/v1/delegations", object{
			"delegateUserId": c.deputy.id, "startAt": stamp(opens), "endAt": stamp(opens.Add(time.Hour)), "reason": "parental leave",
		})
		if text(made, "delegation", "reason") != "parental leave" || text(made, "delegation", "state") != "DELEGATION_STATE_SCHEDULED" {
			t.Errorf("the delegation: %v", made)
		}
		r = c.asks(c.asker, nil)
		r.waitsFor(c.manager)
		c.advance(time.Hour + time.Second)
		r.waitsFor(c.manager, c.deputy)
		c.deputy.approves(r)
		r.ends(granted)
		if d := r.decisions(); text(d[0], "userId") != c.deputy.id || text(d[0], "forUserId") != c.manager.id {
			t.Errorf("decisions: %v", d)
		}
		c.advance(time.Hour)
		found := list(c.manager.post("/api/interim/v1/search/delegations", object{"delegatorUserIds": []string{c.manager.id}}), "list")
		over := 0
		for _, d := range found {
			if text(d, "reason") == "parental leave" && text(d, "state") == "DELEGATION_STATE_OVER" {
				over++
			}
		}
		if over != 1 {
			t.Errorf("what is kept of it: %v", found)
		}
	})
}

// A credential does no more than its roles reach, from no other network than its own, however much its owner may.
func TestACredentialDecidesOnlyWhatItsRolesReachAndFromItsNetworks(t *testing.T) {
	inCompany(t, func(c *company) {
		c.decides(byAppOwners, thenProvision)
		role := func(name string, permissions ...string) string {
			return text(c.admin.post("/api/interim/v1/roles", object{"displayName": name, "permissions": permissions}), "role", "id")
		}
		const in = "permission/c1.api.task.v1."
		reads := role("Reads tasks", in+"TaskService.Get", in+"TaskSearchService.Search")
		decides := role("Decides tasks", in+"TaskService.Get", in+"TaskActionsService.Approve")
		for _, id := range []string{reads, decides} {
			c.admin.post("/api/interim/v1/users/"+c.owner.id+"/roles/"+id, object{})
		}
		with := func(body object) *person {
			body["displayName"] = "Scoped"
			made := c.owner.post("/api/v1/iam/personal_clients", body)
			return c.person(text(made, "client", "clientId"), text(made, "clientSecret"))
		}
		reader := with(object{"scopedRoles": []string{reads}})
		decider := with(object{"scopedRoles": []string{decides}, "allowSourceCidr": []string{"127.0.0.0/8"}})
		elsewhere := with(object{"scopedRoles": []string{decides}, "allowSourceCidr": []string{"192.0.2.0/24"}})

		r := c.asks(c.asker, nil)
		yes := object{"policyStepId": r.step(), "comment": "from my phone"}
		reader.get("/api/v1/tasks/" + r.id)
		reader.refused(http.StatusForbidden, http.MethodPost, r.path("approve"), yes)
		reader.refused(http.StatusForbidden, http.MethodPost, r.path("comment"), object{"comment": "hm"})
		if status, answer := elsewhere.tryToken(elsewhere.assertion()); status == http.StatusOK {
			t.Errorf("from outside its networks: %v", answer)
		}
		decider.refused(http.StatusForbidden, http.MethodPost, r.path("deny"), yes)
		decider.refused(http.StatusForbidden, http.MethodGet, "/api/v1/apps/"+c.appID, nil)
		r.waitsFor(c.owner)
		decider.post(r.path("approve"), yes)
		r.ends(granted)
	})
}

// Margaret owns the Warehouse as long as she is on call.
func TestAnOwnerByAnEntitlementDecidesAsLongAsTheyHoldIt(t *testing.T) {
	inCompany(t, func(c *company) {
		c.decides(byAppOwners, thenProvision)
		owners := "/api/v2/apps/" + c.appID + "/owners"
		one := owners + "/entitlements/primary/" + c.teams + "/" + c.onCall
		made := c.admin.post(one, object{}) // as it is already: the same answer
		if text(made, "appOwnerEntitlement", "appId") != c.appID || text(made, "appOwnerEntitlement", "roleSlug") != "primary" ||
			text(made, "appOwnerEntitlement", "appEntitlement", "id") != c.onCall ||
			text(made, "appOwnerEntitlement", "appEntitlement", "displayName") != "on call" {
			t.Errorf("the owner: %v", made)
		}
		c.asker.refused(http.StatusForbidden, http.MethodPost, one, object{})

		relief := c.hire("Katherine")
		c.puts(relief, c.now().Add(time.Hour))
		r := c.asks(c.asker, nil)
		r.waitsFor(c.owner, relief)
		relief.approves(r)
		r.ends(granted)

		other := c.asks(c.deputy, nil)
		other.waitsFor(c.owner, relief)
		c.advance(time.Hour)
		other.waitsFor(c.owner) // at the very end of the relief's time on call, before anybody has noticed it
		relief.mayNotDecide(other)
		c.admin.do(http.MethodDelete, one, object{})
		c.owner.mayNotDecide(other)
		c.admin.refused(http.StatusNotFound, http.MethodDelete, one, object{})
		c.admin.post(one, object{})
		c.owner.approves(other)
		other.ends(granted)
	})
}
