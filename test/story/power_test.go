package story

import (
	"net/http"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
)

// keeper has Grace hold, for an hour, a scoped role that lets her change who has access to a resource of the Opal API, and the app too.
func (o *office) keeper(resource string) {
	o.t.Helper()
	role := text(o.admin.post("/v1/resources", object{"name": "Keepers", "resource_type": "OPAL_SCOPED_ROLE", "app_id": string(app.Own)}),
		"resource_id")
	o.admin.do(http.MethodPut, "/v1/resources/"+role+"/scoped-role-permissions", object{"permissions": []object{
		{"permission_name": "EDIT_ASSIGNMENTS", "target_type": "RESOURCE", "target_ids": []string{resource}, "allow_all": false},
		{"permission_name": "EDIT_SETTINGS", "target_type": "CONNECTION", "target_ids": []string{uuid(o.t, o.appID)}, "allow_all": false},
	}})
	o.admin.post("/v1/resources/"+role+"/users/"+uuid(o.t, o.graceID), object{"duration_minutes": 60})
}

// What a scoped role lets its holder do at the one API it lets them do at the other, about the same objects and as long.
func TestAScopedRoleReachesBothAPIsUntilItEnds(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		o := newPaperOffice(s)
		books := text(o.admin.post("/api/v1/apps", object{"displayName": "Books"}), "app", "id")
		payroll := s.paper(books, "payroll")
		adaID := text(o.admin.post("/api/interim/v1/users", object{"displayName": "Ada", "email": "ada@example.com"}), "user", "id")
		account := text(o.admin.post("/api/interim/v1/apps/"+o.appID+"/accounts", object{"displayName": "Ada L.", "identityUserId": adaID}),
			"appUser", "id")
		view := o.admin.get("/api/v1/apps/" + o.appID + "/entitlements/" + o.reporting)
		in := "/api/v1/apps/" + o.appID + "/entitlements/" + o.reporting + "/users/" + account
		give, other := object{"appUserId": account}, "/api/interim/v1/apps/"+books+"/entitlements/"+payroll+"/grants"
		end := object{"newDeprovisionAt": stamp(s.now().Add(8 * time.Hour))}

		o.grace.refused(http.StatusForbidden, http.MethodPost, o.grantsPath(), give)
		o.keeper(uuid(t, text(view, "appEntitlementView", "appEntitlement", "appResourceId")))
		o.grace.post(o.grantsPath(), give)
		if o.check(adaID)["allowed"] != true {
			t.Error("Ada may not")
		}
		o.grace.post(in+"/update-grant-duration", end)
		o.grace.post(in+"/remove-grant-duration", object{})
		o.grace.do(http.MethodDelete, o.grantsPath()+"/"+account, object{})
		if o.check(adaID)["allowed"] == true {
			t.Error("Ada may still")
		}
		o.grace.post("/api/v1/apps/"+o.appID, object{"app": object{"description": "What we keep."}, "updateMask": "description"})

		o.grace.refused(http.StatusForbidden, http.MethodPost, other, give)
		o.grace.refused(http.StatusForbidden, http.MethodPost, o.grantsPath(), object{"appUserId": o.account})

		o.grace.post(o.grantsPath(), give)
		s.advance(time.Hour)
		o.grace.refused(http.StatusForbidden, http.MethodPost, in+"/update-grant-duration", end)
		o.grace.refused(http.StatusForbidden, http.MethodDelete, o.grantsPath()+"/"+account, object{})
		o.grace.refused(http.StatusForbidden, http.MethodPost, "/api/v1/apps/"+o.appID,
			object{"app": object{"description": "What I keep."}, "updateMask": "description"})
		if o.check(adaID)["allowed"] != true {
			t.Error("what she gave ended with her role")
		}
	})
}
