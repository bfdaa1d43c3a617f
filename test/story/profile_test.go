package story

import (
	"testing"
)

// tasksOf are the tasks about somebody that came out of a catalog, oldest first.
func (c *company) tasksOf(e *employee, origin string) []*request {
	c.t.Helper()
	var found []*request
	for _, v := range list(c.admin.post("/api/v1/search/tasks", object{
		"subjectIds": []string{e.id}, "sortBy": "TASK_SEARCH_SORT_BY_REVERSE_CREATED_AT", "pageSize": 100,
	}), "list") {
		if text(v, "task", "origin") == origin {
			found = append([]*request{{c, text(v, "task", "id")}}, found...)
		}
	}
	return found
}

// opened waits for the n-th task about somebody that came out of a catalog.
func (c *company) opened(e *employee, origin string, n int) *request {
	c.t.Helper()
	c.await("a task is opened by "+origin, func() bool { return len(c.tasksOf(e, origin)) >= n })
	all := c.tasksOf(e, origin)
	if len(all) != n {
		c.t.Fatalf("%d tasks of %s, want %d", len(all), origin, n)
	}
	return all[n-1]
}

// Who comes into the department is proposed for its catalog, then for what is in it; who leaves it loses both when that is decided, in
// the real database, and no sooner.
func TestAProfileIsGivenAndTakenByThePoliciesOfWhatIsInIt(t *testing.T) {
	inRealCompany(t, func(c *company) {
		const byProfile, byEnrollment = "TASK_ORIGIN_PROFILE_MEMBERSHIP_AUTOMATION", "TASK_ORIGIN_PROFILE_MEMBERSHIP"
		held := func() bool { return c.target.holds("reporting", "Grace H.") }
		made := c.admin.post("/api/v1/policies", object{
			"displayName": "Who takes", "policyType": "POLICY_TYPE_REVOKE",
			"policySteps": object{"revoke": object{"steps": []object{byAppOwners, thenProvision}}},
		})
		c.decides(byAppOwners, thenProvision)
		c.sets(object{"revokePolicyId": text(made, "policy", "id")})
		kit := "/api/v1/catalogs/" + text(c.admin.post("/api/v1/catalogs", object{
			"displayName":                     "Reporting kit",
			"enrollmentBehavior":              "REQUEST_CATALOG_ENROLLMENT_BEHAVIOR_ENFORCE_ENTITLEMENT_REQUEST_POLICY",
			"unenrollmentBehavior":            "REQUEST_CATALOG_UNENROLLMENT_BEHAVIOR_REVOKE_UNJUSTIFIED",
			"unenrollmentEntitlementBehavior": "REQUEST_CATALOG_UNENROLLMENT_ENTITLEMENT_BEHAVIOR_ENFORCE",
		}), "requestCatalogView", "requestCatalog", "id")
		c.admin.post(kit+"/requestable_entries", object{"appEntitlements": []object{{"appId": c.appID, "id": c.reporting}}})
		automation := kit + "/bundle_automation"
		c.admin.post(automation, object{
			"enabled": true, "createTasks": true, "cel": object{"expression": `subject.department == "Reporting"`},
		})

		c.movesTo("Reporting")
		enrolling := c.opened(c.asker, byProfile, 1)
		if got := text(c.admin.get(automation), "state", "status"); got != "BUNDLE_AUTOMATION_RUN_STATUS_SUCCESS" {
			t.Errorf("the run is %s", got)
		}
		c.asker.mayNotDecide(enrolling)
		admin := &employee{person: c.admin, name: "the administrator", id: c.boot.UserID}
		admin.approves(enrolling)
		enrolling.ends(granted)
		giving := c.opened(c.asker, byEnrollment, 1)
		giving.waitsFor(c.owner)
		if held() || c.allowed() {
			t.Fatal("Grace has the role before anybody said so")
		}
		c.stop()
		c.up() // nothing is asked twice by who begins anew
		c.owner.approves(giving)
		giving.ends(granted)
		c.await("the role is there", func() bool { return held() && c.allowed() })

		c.movesTo("Sales")
		leaving := c.opened(c.asker, byProfile, 2)
		leaving.ends(revoked) // what is in Interim's own app is taken by the built-in policy, which asks nobody
		taking := c.opened(c.asker, byEnrollment, 2)
		taking.waitsFor(c.owner)
		if !held() || !c.allowed() {
			t.Fatal("the role went before anybody said so")
		}
		c.owner.approves(taking)
		taking.ends(revoked)
		c.await("the role is gone", func() bool { return !held() && !c.allowed() })
		c.opened(c.asker, byProfile, 2)
		c.opened(c.asker, byEnrollment, 2)
	})
}
