package c1_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
)

// onOwnedForAnHour has Grace own the app, through the team's entitlement and for an hour only.
func onOwnedForAnHour(t *testing.T, test func(d owners)) {
	t.Helper()
	onOwnerDoors(t, "", func(d owners) {
		d.hold(d.grace, d.instant(time.Hour))
		d.want(200, "", "POST", d.kinds()[0].path+"/entitlements/primary/"+d.teamApp+"/"+d.team, "{}")
		test(d)
	})
}

func TestAnOwnerForATimeMakesNoEntitlementThatTheyHoldAnOwner(t *testing.T) {
	onOwnedForAnHour(t, func(d owners) {
		// Grace holds another entitlement for good: through it she would own for good.
		d.want(200, "", "POST", "/api/interim/v1/apps/"+d.app+"/entitlements/"+d.entry+"/grants", `{"appUserId":"`+d.account+`"}`)
		entry, team := `{"appId":"`+d.app+`","id":"`+d.entry+`"}`, `{"appId":"`+d.teamApp+`","id":"`+d.team+`"}`
		for _, k := range d.kinds()[:5] {
			d.try(d.grace, k.name, 403,
				act{"POST", k.path + "/entitlements/primary/" + d.app + "/" + d.entry, "{}"},
				act{"PUT", k.path, `{"roleSlug":"primary","appEntitlementRefs":[` + team + `,` + entry + `]}`},
				act{"POST", k.path + "/entitlements/deputy/" + d.app + "/" + d.entry, "{}"},
			)
		}
		d.try(d.grace, "what is there stays", 200,
			act{"POST", d.kinds()[0].path + "/entitlements/primary/" + d.teamApp + "/" + d.team, "{}"},
			act{"PUT", d.kinds()[0].path, `{"roleSlug":"primary","appEntitlementRefs":[` + team + `]}`},
		)
		d.as(d.ada, iam.SuperAdministrator)
		d.want(200, "", "DELETE", "/api/interim/v1/apps/"+d.app+"/entitlements/"+d.entry+"/grants/"+d.account, "{}")
		d.settle()
		d.try(d.grace, "what others hold", 200, act{"POST", d.kinds()[0].path + "/entitlements/primary/" + d.app + "/" + d.entry, "{}"})
	})
}

func TestAnOwnerLivesByTheRulesThatAdministratorsMade(t *testing.T) {
	onOwnedForAnHour(t, func(d owners) {
		auto := d.made("policy", "policy.id", "", "/api/v1/policies",
			`{"displayName":"At once","policyType":"POLICY_TYPE_GRANT","policySteps":{"grant":{"steps":[{"accept":{}},{"provision":{}}]}}}`)
		app, entitlement := "/api/v1/apps/"+d.app, "/api/v1/apps/"+d.app+"/entitlements/"+d.entry
		elsewhere := `{"delegated":{"appId":"` + d.teamApp + `","entitlementId":"` + d.team + `"}}`
		d.want(200, "", "POST", entitlement, `{"entitlement":{"durationGrant":"3600s","provisionerPolicy":{"manual":{"instructions":"Call"}}}}`)
		d.try(d.grace, "who decides, what is given, for how long", 403,
			act{"POST", app, `{"app":{"grantPolicyId":"` + auto + `"}}`},
			act{"POST", entitlement, `{"entitlement":{"grantPolicyId":"` + auto + `"}}`},
			act{"POST", app, `{"app":{"identityMatching":"APP_USER_IDENTITY_MATCHING_STRICT"}}`},
			act{"POST", entitlement, `{"entitlement":{"annotations":{"tier":"low"}}}`},
			act{"POST", entitlement, `{"entitlement":{"displayName":"What the rule lets everybody have"}}`},
			act{"POST", entitlement, `{"entitlement":{"alias":"open-to-all"}}`},
			act{"POST", entitlement, `{"entitlement":{"slug":"open"}}`},
			act{"POST", entitlement, `{"entitlement":{"emergencyGrantEnabled":true}}`},
			act{"POST", entitlement, `{"entitlement":{"overrideAccessRequestsDefaults":true}}`},
			act{"POST", entitlement, `{"entitlement":{},"overrideAccessRequestsDefaults":true}`},
			act{"POST", entitlement, `{"entitlement":{"emergencyGrantPolicyId":"` + auto + `"}}`},
			act{"POST", entitlement, `{"entitlement":{"provisionerPolicy":` + elsewhere + `}}`},
			act{"POST", entitlement, `{"entitlement":{"provisionerPolicy":{"multiStep":{"provisionSteps":[` + elsewhere + `]}}}}`},
			act{"POST", entitlement, `{"entitlement":{"deprovisionerPolicy":` + elsewhere + `}}`},
			act{"POST", entitlement, `{"entitlement":{"provisionerPolicy":null},"updateMask":"provisionerPolicy"}`},
			act{"POST", entitlement, `{"entitlement":{"durationGrant":"7200s"}}`},
			act{"POST", entitlement, `{"entitlement":{"durationUnset":{}}}`},
			act{"POST", entitlement, `{"entitlement":{},"updateMask":"durationGrant"}`},
		)
		d.as(d.ada, iam.SuperAdministrator)
		d.want(200, "", "POST", app, `{"app":{"grantPolicyId":"`+auto+`"}}`)
		d.want(200, "", "POST", entitlement, `{"entitlement":{"grantPolicyId":"`+auto+`"}}`)
		d.try(d.grace, "the same again, with other words", 200,
			act{"POST", app, `{"app":{"grantPolicyId":"` + auto + `","description":"Written"}}`},
			act{"POST", entitlement, `{"entitlement":{"grantPolicyId":"` + auto + `","durationGrant":"3600s","description":"Read",` +
				`"provisionerPolicy":{"manual":{"instructions":"Call"}}}}`},
		)
		d.try(d.grace, "none", 403, act{"POST", entitlement, `{"entitlement":{},"updateMask":"grantPolicyId"}`})
	})
}

func TestWhoChoosesTheGrantPolicyAgainWantsItToDecideAndAnOwnerDoesNotChoose(t *testing.T) {
	onOwnedForAnHour(t, func(d owners) {
		auto := d.made("policy", "policy.id", "", "/api/v1/policies",
			`{"displayName":"At once","policyType":"POLICY_TYPE_GRANT","policySteps":{"grant":{"steps":[{"accept":{}},{"provision":{}}]}}}`)
		entitlement := "/api/v1/apps/" + d.app + "/entitlements/" + d.entry
		again := `{"entitlement":{"grantPolicyId":"` + auto + `","description":"Read"},"updateMask":"grantPolicyId"}`
		appID, _ := id.FromKSUID(d.app)
		entry, _ := id.FromKSUID(d.entry)
		read := func() app.Entitlement {
			e, err := app.GetEntitlement(d.deps.DB.Q(d.Context()), app.ID(appID), app.EntitlementID(entry))
			d.ok(err)
			return e
		}
		admin := func() { d.as(d.ada, iam.SuperAdministrator) }
		admin()
		d.want(200, "", "POST", entitlement, again)
		if e := read(); c1.KSUID(e.GrantPolicyID) != auto || e.Overruled || e.Description == "Read" {
			t.Errorf("%+v", e)
		}
		d.ok(d.deps.DB.Write(d.Context(), func(tx *db.Tx) error { // as the configuration of an item does
			e := read()
			return d.deps.Apps.Overrule(tx, audit.System(), app.ResourceRef{AppID: e.AppID, ID: e.ResourceID})
		}))
		d.try(d.grace, "the same again", 403,
			act{"POST", entitlement, again}, act{"POST", entitlement, `{"entitlement":{"grantPolicyId":"` + auto + `"}}`})
		d.try(d.grace, "words", 200, act{"POST", entitlement, `{"entitlement":{"grantPolicyId":"","description":"Written"},"updateMask":"description"}`})
		admin()
		d.want(200, "", "POST", entitlement, `{"entitlement":{"grantPolicyId":"","description":"Written"},"updateMask":"description"}`)
		if e := read(); c1.KSUID(e.GrantPolicyID) != auto || !e.Overruled || e.Description != "Written" {
			t.Errorf("of what the mask does not name: %+v", e)
		}
		d.want(200, "", "POST", entitlement, again)
		if read().Overruled {
			t.Error("chosen again, and overruled")
		}
		d.want(200, "", "POST", entitlement, `{"entitlement":{},"updateMask":"grantPolicyId"}`)
		if e := read(); e.GrantPolicyID != "" {
			t.Errorf("%+v", e)
		}
	})
}

func TestAnOwnerChoosesTheFormThatIsFilledIn(t *testing.T) {
	onOwnedForAnHour(t, func(d owners) {
		d.as(d.ada, iam.SuperAdministrator)
		form := d.made("form", "requestSchema.id", "", "/api/v1/request_schemas", `{"name":"Why"}`)
		ref := func(appID, entry string) string {
			return `{"entitlementRef":{"appId":"` + appID + `","id":"` + entry + `"},"requestSchemaId":"` + form + `"}`
		}
		const bindings = "/api/v1/request_schema_entitlement_binding"
		own := "/api/v1/apps/" + d.app + "/entitlements/" + d.entry
		d.try(d.grace, "of what they own", 200,
			act{"POST", bindings, ref(d.app, d.entry)}, act{"DELETE", bindings, ref(d.app, d.entry)},
			act{"POST", own, `{"entitlement":{"requestSchemaId":"` + form + `"},"updateMask":"requestSchemaId"}`},
		)
		d.try(d.grace, "of what they hold and do not own", 403,
			act{"POST", bindings, ref(d.teamApp, d.team)}, act{"DELETE", bindings, ref(d.teamApp, d.team)})
		d.try(d.grace, "the form itself, and what the app asks for by default", 403,
			act{"POST", "/api/v1/request_schemas/" + form, `{"requestSchema":{"form":{"displayName":"Else"}}}`}, act{"DELETE", "/api/v1/request_schemas/" + form, "{}"},
			act{"POST", "/api/v1/apps/" + d.app + "/access_request_defaults", `{"requestSchemaId":"` + form + `"}`})
	})
}

func TestAnOwnerWhoIsAnAdministratorMakesTheRules(t *testing.T) {
	onOwnerDoors(t, "", func(d owners) {
		d.want(200, "", "POST", d.kinds()[0].path+"/users/primary/"+c1.KSUID(d.ada.ID), "{}")
		d.as(d.ada, "system:application-admin")
		d.want(200, "", "POST", "/api/v1/apps/"+d.app+"/entitlements/"+d.entry, `{"entitlement":{"durationGrant":"7200s"}}`)
	})
}

// What a service or an agent may, whoever owns it may.
func TestAnOwnerServesNoServiceOfTheirs(t *testing.T) {
	onOwnerDoors(t, "", func(d owners) {
		robot := d.person("Robot", iam.BasicUser)
		d.ok(d.deps.DB.Write(d.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`update users set kind = 'SERVICE' where id = $1`, string(robot.ID))
			return err
		}))
		d.as(d.ada, iam.SuperAdministrator)
		its := d.granting.account("robot-in-app", d.app, robot.ID)
		d.want(200, "", "POST", d.kinds()[0].path+"/users/primary/"+c1.KSUID(d.grace.ID), "{}")
		give := act{"POST", "/api/interim/v1/apps/" + d.app + "/entitlements/" + d.entry + "/grants", `{"appUserId":"` + its + `"}`}
		name := act{"POST", d.kinds()[1].path + "/users/deputy/" + c1.KSUID(robot.ID), "{}"}
		d.want(200, "", "POST", "/api/v2/users/"+c1.KSUID(robot.ID)+"/owners/users/primary/"+c1.KSUID(d.grace.ID), "{}")
		d.try(d.grace, "a service that she owns", 403, give, name)
		d.as(d.ada, iam.SuperAdministrator)
		d.want(200, "", "DELETE", "/api/v2/users/"+c1.KSUID(robot.ID)+"/owners/users/primary/"+c1.KSUID(d.grace.ID), "{}")
		d.try(d.grace, "a service of somebody else", 200, give, name)
	})
}

// Whoever is in the set for now would else be written down as an owner for good, by their own hand or by naming somebody else.
func TestAnOwnerAsAMemberOfASetLeavesTheSetWhereItIs(t *testing.T) {
	onOwnerDoors(t, "", func(d owners) {
		admins := t.Context()
		appID, err := c1.ID[app.ID]("id", "app", d.app)
		if err != nil {
			d.Fatal(err)
		}
		set, err := d.deps.Owners.CreateSet(admins, owner.Set{Name: "Wiki team", Members: []directory.UserID{d.grace.ID}})
		if err != nil {
			d.Fatal(err)
		}
		if err := d.deps.Owners.Share(admins, owner.OfApp(appID), owner.Primary, set.ID); err != nil {
			d.Fatal(err)
		}
		of, first := d.kinds()[0].path, "/api/v1/apps/"+d.app+"/owners"
		me, ada := c1.KSUID(d.grace.ID), c1.KSUID(d.ada.ID)
		d.try(d.grace, "who owns it", 403,
			act{"PUT", of, `{"roleSlug":"primary","userRefs":[{"id":"` + me + `"}]}`},
			act{"PUT", of, `{"roleSlug":"primary","userRefs":[{"id":"` + ada + `"}]}`},
			act{"POST", of + "/users/primary/" + ada, "{}"},
			act{"DELETE", of + "/users/primary/" + me, "{}"},
			act{"PUT", first, `{"userIds":["` + me + `"]}`},
			act{"POST", first + "/" + ada, "{}"},
			act{"DELETE", first + "/" + me, "{}"},
		)
		d.try(d.grace, "another role, and the app itself", 200,
			act{"POST", of + "/users/deputy/" + ada, "{}"},
			act{"POST", "/api/v1/apps/" + d.app, `{"app":{"description":"All that is written"}}`},
		)
		d.as(d.ada, iam.SuperAdministrator)
		d.want(200, "", "POST", of+"/users/primary/"+ada, "{}")
	})
}
