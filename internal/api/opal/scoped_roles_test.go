package opal_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/iam"
)

// scopedRole makes a scoped role with permissions, as an administrator does, and answers its id.
func (d *door) scopedRole(name, permissions string) string {
	d.Helper()
	role := d.call(http.MethodPost, "/resources", fmt.Sprintf(
		`{"name":%q,"resource_type":"OPAL_SCOPED_ROLE","app_id":%q}`, name, d.interim())).text("resource_id")
	d.names[role] = name
	if a := d.call("PUT", "/resources/"+role+"/scoped-role-permissions", permissions); a.status != http.StatusOK {
		d.Fatalf("permissions of %s: %v", name, a.body)
	}
	return role
}

// permission is one permission over some targets, or without any over all.
func permission(name, kind string, targets ...string) string {
	list := ""
	for _, t := range targets {
		list += fmt.Sprintf(",%q", t)
	}
	if list != "" {
		list = list[1:]
	}
	return fmt.Sprintf(`{"permission_name":%q,"target_type":%q,"target_ids":[%s],"allow_all":%v}`, name, kind, list, len(targets) == 0)
}

func permissions(list ...string) string {
	out := ""
	for _, p := range list {
		out += "," + p
	}
	return `{"permissions":[` + out[1:] + `]}`
}

func TestWhoHoldsAScopedRoleMayDoWhatItSaysWhileTheyHoldIt(t *testing.T) {
	onDoor(t, "scoped_roles", func(d *door) {
		own := d.interim()
		ada := d.person("Ada", iam.BasicUser)
		grace := d.person("Grace", iam.BasicUser)
		root := d.person("Root", iam.SuperAdministrator)
		team := d.made("team", "group_id", "A group", "/groups", fmt.Sprintf(`{"name":"Team","group_type":"OPAL_GROUP","app_id":%q}`, own))
		other := d.made("other", "group_id", "Another group", "/groups",
			fmt.Sprintf(`{"name":"Other","group_type":"OPAL_GROUP","app_id":%q}`, own))
		role := d.made("role", "resource_id", "A scoped role", "/resources",
			fmt.Sprintf(`{"name":"Keepers","resource_type":"OPAL_SCOPED_ROLE","app_id":%q}`, own))
		at := "/resources/" + role + "/scoped-role-permissions"
		d.want(http.StatusOK, "Nobody said anything yet", "GET", at, "")
		d.want(http.StatusOK, "It is set", "PUT", at, permissions(
			permission("EDIT_ASSIGNMENTS", "GROUP", team), permission("EDIT_SETTINGS", "GROUP", team), permission("DELETE", "RESOURCE", role),
			permission("RESET_MFA", "USER"), `{"permission_name":"CREATE","target_type":"BUNDLE","allow_all":false}`))
		d.want(http.StatusOK, "And read as it was set", "GET", at, "")
		d.want(http.StatusOK, "Ada holds it for an hour", "POST", "/resources/"+role+"/users/"+string(ada.ID), `{"duration_minutes":60}`)

		d.as(ada, iam.BasicUser)
		d.want(http.StatusOK, "She puts Grace into the group", "POST", "/groups/"+team+"/users/"+string(grace.ID), `{"duration_minutes":600}`)
		d.want(http.StatusForbidden, "Not herself", "POST", "/groups/"+team+"/users/"+string(ada.ID), `{"duration_minutes":600}`)
		d.want(http.StatusForbidden, "Not into another group", "POST", "/groups/"+other+"/users/"+string(grace.ID), `{"duration_minutes":60}`)
		d.want(http.StatusOK, "She renames it", "PUT", "/groups", fmt.Sprintf(`{"groups":[{"group_id":%q,"name":"The team"}]}`, team))
		d.want(http.StatusForbidden, "She does not say how it is asked for", "PUT", "/groups",
			fmt.Sprintf(`{"groups":[{"group_id":%q,"auto_approval":true}]}`, team))
		d.want(http.StatusForbidden, "Nor both at once", "PUT", "/groups",
			fmt.Sprintf(`{"groups":[{"group_id":%q,"name":"Mine"},{"group_id":%q,"name":"Mine"}]}`, team, other))
		d.want(http.StatusForbidden, "What gives such rights is beyond them", "DELETE", "/resources/"+role, "")
		d.want(http.StatusForbidden, "Who may create nothing creates nothing", "POST", "/bundles",
			fmt.Sprintf(`{"name":"Mine","description":"","admin_owner_id":%q}`, own))
		d.want(http.StatusForbidden, "She does not say what the role lets do", "PUT", at, permissions(permission("DELETE", "GROUP")))
		d.clock.Advance(time.Hour)
		d.want(http.StatusForbidden, "From the end of the hour on there is nothing", "DELETE", "/groups/"+team+"/users/"+string(grace.ID), "")

		d.as(root, iam.SuperAdministrator)
		d.want(http.StatusBadRequest, "What is no scoped role has no permissions", "PUT",
			"/resources/"+d.resource(own)+"/scoped-role-permissions", `{"permissions":[]}`)
		d.refused(http.StatusBadRequest, "PUT", at, map[string]string{
			"permission_name": permissions(permission("FLY", "USER")),
			"target_type":     permissions(permission("READ", "MOON")),
			"permissions":     `{}`,
			"target_ids":      permissions(permission("READ", "RESOURCE", team)),
			"such user":       permissions(permission("READ", "USER", team)),
			"such review":     permissions(permission("STOP", "ACCESS_REVIEW", team)),
			"a target twice":  permissions(permission("READ", "GROUP", team, team)),
			"the same twice":  permissions(permission("READ", "GROUP", team), permission("READ", "GROUP", other)),
		})
		d.want(http.StatusOK, "The group is deleted", "DELETE", "/groups/"+team, "")
		d.want(http.StatusOK, "And named no more", "GET", at, "")
		d.want(http.StatusOK, "It is emptied", "PUT", at, `{"permissions":null}`)
		d.want(http.StatusOK, "What happened", "GET", "/events?object_filter="+role, "")
	})
}

// resource makes a resource of an app.
func (d *door) resource(in string) string {
	d.Helper()
	id := d.call(http.MethodPost, "/resources", fmt.Sprintf(`{"name":"Thing","resource_type":"CUSTOM","app_id":%q}`, in)).text("resource_id")
	d.names[id] = "thing"
	return id
}
