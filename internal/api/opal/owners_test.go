package opal_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/interim-access/interim/internal/govern/iam"
)

func TestAnOwnerIsMadeReadChangedGivenSomethingAndDeleted(t *testing.T) {
	onDoor(t, "owners", func(d *door) {
		ada, grace := d.person("Ada", iam.BasicUser), d.person("Grace", iam.BasicUser)
		root := d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		item := d.made("orders", "resource_id", "A resource begins with its app's owner", "/resources",
			fmt.Sprintf(`{"name":"Orders","resource_type":"CUSTOM","app_id":%q}`, a.ID))
		group := d.made("readers", "group_id", "So does a group", "/groups",
			fmt.Sprintf(`{"name":"Readers","group_type":"OPAL_GROUP","app_id":%q}`, a.ID))
		d.want(http.StatusOK, "The owner of an app that none owns", "GET", "/owners/"+string(a.ID), "")
		team := d.made("team", "owner_id", "An owner of people", "/owners", fmt.Sprintf(
			`{"name":"Ops/Team","description":"who operate","access_request_escalation_period":30,"user_ids":[%q,%q]}`, grace.ID, ada.ID))
		channel := d.made("channel", "message_channel_id", "Where it is told", "/message-channels",
			`{"third_party_provider":"SLACK","remote_id":"C0001"}`)
		follow := d.made("follow", "owner_id", "An owner of a group's members", "/owners", fmt.Sprintf(
			`{"name":"Followers","user_ids":null,"source_group_id":%q,"reviewer_message_channel_id":%q}`, group, channel))
		d.want(http.StatusOK, "People in their order", "GET", "/owners/"+team+"/users", "")
		d.want(http.StatusOK, "In another order", "PUT", "/owners/"+team+"/users", fmt.Sprintf(`{"user_ids":[%q,%q]}`, ada.ID, grace.ID))
		d.want(http.StatusOK, "By name, escaped", "GET", "/owners/name/Ops%2FTeam", "")
		d.want(http.StatusNotFound, "No such name", "GET", "/owners/name/Nobody", "")
		d.hold(ada, group)
		d.hold(grace, group)
		d.want(http.StatusOK, "Members of a group in another order", "PUT", "/owners/"+follow+"/users",
			fmt.Sprintf(`{"user_ids":[%q,%q]}`, grace.ID, ada.ID))
		d.want(http.StatusBadRequest, "And nobody else", "PUT", "/owners/"+follow+"/users",
			fmt.Sprintf(`{"user_ids":[%q,%q]}`, root.ID, ada.ID))
		d.want(http.StatusOK, "All", "GET", "/owners", "")
		d.want(http.StatusOK, "Both are changed, in the order of the request; empty clears", "PUT", "/owners", fmt.Sprintf(
			`{"owners":[{"owner_id":%q,"reviewer_message_channel_id":"","source_group_id":""},{"owner_id":%q,"name":"Operators"}]}`, follow, team))
		d.want(http.StatusOK, "Without a group nobody is left", "GET", "/owners/"+follow+"/users", "")
		d.want(http.StatusOK, "It is given a resource", "PUT", "/resources",
			fmt.Sprintf(`{"resources":[{"resource_id":%q,"admin_owner_id":%q}]}`, item, team))
		d.want(http.StatusOK, "What is shown may be said again", "PUT", "/groups",
			fmt.Sprintf(`{"groups":[{"group_id":%q,"admin_owner_id":%q}]}`, group, a.ID))
		d.want(http.StatusBadRequest, "Owners without a name own nothing else", "PUT", "/groups",
			fmt.Sprintf(`{"groups":[{"group_id":%q,"admin_owner_id":%q}]}`, group, item))
		d.want(http.StatusConflict, "What owns something stays", "DELETE", "/owners/"+team, "")
		d.want(http.StatusOK, "Apps by owner", "GET", "/apps?owner_filter="+string(a.ID), "")
		d.want(http.StatusOK, "None of that owner", "GET", "/apps?owner_filter="+team, "")
		d.want(http.StatusOK, "The other goes", "DELETE", "/owners/"+follow, "")
		d.want(http.StatusNotFound, "And is gone", "GET", "/owners/"+follow, "")
		d.want(http.StatusBadRequest, "An app's own owners are not changed here", "DELETE", "/owners/"+string(a.ID), "")
		d.refused(http.StatusBadRequest, "POST", "/owners", map[string]string{
			"name":                             `{"name":"","user_ids":[]}`,
			"user_ids":                         fmt.Sprintf(`{"name":"x","user_ids":[%q],"source_group_id":%q}`, ada.ID, group),
			"access_request_escalation_period": `{"name":"x","user_ids":[],"access_request_escalation_period":-1}`,
			"source_group_id":                  fmt.Sprintf(`{"name":"x","user_ids":[],"source_group_id":%q}`, item),
		})
		d.refused(http.StatusConflict, "POST", "/owners", map[string]string{"operators": `{"name":"operators","user_ids":[]}`})
		d.as(ada, iam.BasicUser)
		d.want(http.StatusOK, "Who belongs to one sees it", "GET", "/owners/"+team, "")
		d.want(http.StatusForbidden, "And changes none", "PUT", "/owners/"+team+"/users", `{"user_ids":[]}`)
		d.person("Linus", iam.BasicUser)
		d.want(http.StatusOK, "Others see none", "GET", "/owners", "")
		d.want(http.StatusNotFound, "Nor read it", "GET", "/owners/"+team, "")
	})
}
