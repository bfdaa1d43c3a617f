package opal_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/iam"
)

func TestTagsArePutOnUsersGroupsAndResources(t *testing.T) {
	onDoor(t, "tags", func(d *door) {
		grace := d.person("Grace", iam.BasicUser)
		d.person("Ada", iam.SuperAdministrator)
		appID := string(d.app("warehouse").ID)
		resource := d.made("orders", "resource_id", "make a resource", "/resources", `{"name":"orders","resource_type":"CUSTOM","app_id":"`+appID+`"}`)
		group := d.made("readers", "group_id", "make a group", "/groups", `{"name":"readers","group_type":"OPAL_GROUP","app_id":"`+appID+`"}`)

		team := d.made("team-data", "tag_id", "make a tag", "/tag", `{"tag_key":"team","tag_value":"data"}`)
		bare := d.made("legacy", "tag_id", "one without a value, the older way", "/tag?tag_key=legacy&admin_owner_id=x", `null`)
		d.want(http.StatusConflict, "a second of the same key and value", http.MethodPost, "/tag", `{"tag_key":"team","tag_value":"data"}`)
		d.refused(http.StatusBadRequest, http.MethodPost, "/tag", map[string]string{"tag_key": `{"tag_value":"data"}`})
		d.want(http.StatusOK, "read it", http.MethodGet, "/tag/"+team, "")
		d.want(http.StatusOK, "find it", http.MethodGet, "/tag?tag_key=team&tag_value=data", "")
		d.want(http.StatusOK, "find the one without a value", http.MethodGet, "/tag?tag_key=legacy", "")
		d.want(http.StatusNotFound, "a value that nobody has", http.MethodGet, "/tag?tag_key=team&tag_value=ops", "")
		d.want(http.StatusOK, "list them", http.MethodGet, "/tags?page_size=1", "")

		for _, of := range []string{"users/" + string(grace.ID), "groups/" + group, "resources/" + resource} {
			d.want(http.StatusOK, "put it on", http.MethodPost, "/tags/"+team+"/"+of, `{}`)
			d.want(http.StatusOK, "once more", http.MethodPost, "/tags/"+team+"/"+of, ``)
			d.want(http.StatusOK, "what is on it", http.MethodGet, "/"+of+"/tags", "")
			d.want(http.StatusNotFound, "take one off that is not on it", http.MethodDelete, "/tags/"+bare+"/"+of, "")
		}
		d.want(http.StatusNotFound, "a group is no resource", http.MethodPost, "/tags/"+team+"/resources/"+group, "")
		d.want(http.StatusNotFound, "nobody", http.MethodPost, "/tags/"+team+"/users/"+resource, "")
		d.want(http.StatusNotFound, "no tag", http.MethodPost, "/tags/"+resource+"/users/"+string(grace.ID), "")
		for _, list := range []string{"/users", "/groups", "/resources"} {
			d.want(http.StatusOK, "those with any of the tags", http.MethodGet, list+"?tag_ids="+bare+"&tag_ids="+team, "")
			if a := d.call(http.MethodGet, list+"?tag_ids="+bare, ""); len(a.at("results").([]any)) != 0 {
				d.Errorf("%s: %v", list, a.body)
			}
		}
		d.want(http.StatusOK, "take it off", http.MethodDelete, "/tags/"+team+"/resources/"+resource, "")
		d.want(http.StatusOK, "delete it", http.MethodDelete, "/tag/"+team, "")
		d.want(http.StatusOK, "it is off the group too", http.MethodGet, "/groups/"+group+"/tags", "")
		d.want(http.StatusNotFound, "it is gone", http.MethodDelete, "/tag/"+team, "")
	})
}

func TestTagsGoWithWhatTheyAreOn(t *testing.T) {
	onDoor(t, "", func(d *door) {
		grace := d.person("Grace", iam.BasicUser)
		d.person("Ada", iam.SuperAdministrator)
		var resources []string
		var apps []app.ID
		for n := range 2 {
			appID := d.app(fmt.Sprint("app-", n)).ID
			apps = append(apps, appID)
			a := d.call(http.MethodPost, "/resources", `{"name":"orders","resource_type":"CUSTOM","app_id":"`+string(appID)+`"}`)
			resources = append(resources, a.text("resource_id"))
		}
		made := d.call(http.MethodPost, "/tag", `{"tag_key":"team"}`).text("tag_id")
		for _, of := range []string{"users/" + string(grace.ID), "resources/" + resources[0], "resources/" + resources[1]} {
			if a := d.call(http.MethodPost, "/tags/"+made+"/"+of, ""); a.status != http.StatusOK {
				d.Fatal(a)
			}
		}
		left := func(what string, users, resources int) {
			var u, r int
			if err := d.DB.Q(d.Context()).Row(`select (select count(*) from tag_user), (select count(*) from tag_resource)`).Scan(&u, &r); err != nil {
				d.Fatal(err)
			}
			if u != users || r != resources {
				d.Errorf("%s: on %d users and %d resources, want %d and %d", what, u, r, users, resources)
			}
		}
		system := iam.AsSystem(d.Context())
		if a := d.call(http.MethodDelete, "/resources/"+resources[0], ""); a.status != http.StatusOK {
			d.Fatal(a)
		}
		left("a resource was deleted", 1, 1)
		if err := d.Apps.DeleteApp(system, apps[1]); err != nil {
			d.Fatal(err)
		}
		left("an app was deleted", 1, 0)
		if _, err := d.Directory.Disable(system, grace.ID, ""); err != nil {
			d.Fatal(err)
		}
		left("a user was disabled", 1, 0)
		if _, err := d.Directory.Delete(system, grace.ID, ""); err != nil {
			d.Fatal(err)
		}
		left("a user was deleted", 0, 0)
	})
}

func TestWhoMayNotSeeATagDoesNot(t *testing.T) {
	onDoor(t, "", func(d *door) {
		grace := d.person("Grace", iam.BasicUser)
		ada := d.person("Ada", iam.SuperAdministrator)
		made := d.call(http.MethodPost, "/tag", `{"tag_key":"team"}`).text("tag_id")
		d.call(http.MethodPost, "/tags/"+made+"/users/"+string(ada.ID), "")
		d.as(grace, iam.BasicUser)
		for path, status := range map[string]int{
			"/tags": http.StatusForbidden, "/tag/" + made: http.StatusForbidden, "/tag?tag_key=team": http.StatusForbidden,
			"/users/" + string(grace.ID) + "/tags": http.StatusOK, "/users/" + string(ada.ID) + "/tags": http.StatusNotFound,
		} {
			if a := d.call(http.MethodGet, path, ""); a.status != status {
				d.Errorf("%s: %d, want %d", path, a.status, status)
			}
		}
		if a := d.call(http.MethodGet, "/users?tag_ids="+made, ""); len(a.at("results").([]any)) != 0 {
			d.Error("a list tells a colleague who has a tag:", a.body)
		}
		if a := d.call(http.MethodPost, "/tags/"+made+"/users/"+string(grace.ID), ""); a.status != http.StatusForbidden {
			d.Error("a user tags themself:", a.status)
		}
	})
}
