package opal_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/iam"
)

func TestGroupsAreShownAsRolesOfAResource(t *testing.T) {
	onDoor(t, "idp_group_mappings", func(d *door) {
		grace := d.person("Grace", iam.BasicUser)
		ada := d.person("Ada", iam.SuperAdministrator)
		a := string(d.app("okta").ID)
		of, one, two := d.newItem("resource", "crm", a), d.newItem("group", "crm-admins", a), d.newItem("group", "crm-users", a)
		all := "/idp-group-mappings/" + of
		at := all + "/groups/" + one

		d.want(http.StatusOK, "none", "GET", all, "")
		d.want(http.StatusNotFound, "not this one", "GET", at, "")
		d.want(http.StatusOK, "as it is, for a start", "POST", at, "")
		d.want(http.StatusOK, "hidden", "POST", at, `{"hidden_from_end_user":true,"alias":null}`)
		d.want(http.StatusOK, "under another name, still hidden", "POST", at, `{"alias":"Administrator"}`)
		d.want(http.StatusOK, "read it", "GET", at, "")
		d.want(http.StatusOK, "an administrator sees the group", "GET", "/groups/"+one, "")

		d.as(grace, iam.BasicUser)
		d.want(http.StatusNotFound, "people do not", "GET", "/groups/"+one, "")
		d.want(http.StatusOK, "nor in a list", "GET", "/groups", "")
		d.want(http.StatusNotFound, "nor do they ask for it", "POST", "/requests",
			fmt.Sprintf(`{"resources":[],"groups":[{"id":%q}],"reason":"please","duration_minutes":60}`, one))
		for _, path := range []string{all, at} {
			if got := d.call("GET", path, ""); got.status != http.StatusForbidden {
				d.Errorf("Grace reads %s: %d", path, got.status)
			}
		}
		d.as(ada, iam.SuperAdministrator)
		d.hold(grace, one)
		d.as(grace, iam.BasicUser)
		d.want(http.StatusNotFound, "nor who is in it", "GET", "/groups/"+one, "")
		d.as(ada, iam.SuperAdministrator)

		d.want(http.StatusOK, "the whole list", "PUT", all,
			fmt.Sprintf(`{"mappings":[{"group_id":%q,"alias":"User"},{"group_id":%q,"hidden_from_end_user":false}]}`, two, one))
		d.want(http.StatusOK, "what there is then, in that order", "GET", all, "")
		d.want(http.StatusOK, "one that is said again stays in its place", "POST", all+"/groups/"+two, `{"alias":"Somebody"}`)
		d.want(http.StatusOK, "as it does", "GET", all, "")
		d.as(grace, iam.BasicUser)
		if got := d.call("GET", "/groups/"+one, ""); got.status != http.StatusOK {
			d.Error("it stays hidden:", got)
		}
		d.as(ada, iam.SuperAdministrator)
		d.refused(http.StatusBadRequest, "PUT", all, map[string]string{
			"twice":         fmt.Sprintf(`{"mappings":[{"group_id":%q},{"group_id":%q}]}`, one, one),
			"no such group": fmt.Sprintf(`{"mappings":[{"group_id":%q}]}`, of),
			"alias":         fmt.Sprintf(`{"mappings":[{"group_id":%q,"alias":%q}]}`, one, strings.Repeat("x", 257)),
		})
		d.want(http.StatusNotFound, "a group has none", "GET", "/idp-group-mappings/"+one, "")
		d.want(http.StatusNotFound, "a resource is none", "POST", all+"/groups/"+of, "")
		d.want(http.StatusOK, "one is taken away", "DELETE", at, "")
		d.want(http.StatusNotFound, "once", "DELETE", at, "")
		d.want(http.StatusOK, "the other as earlier clients do", "DELETE", all+"/"+two+"/", "")
		d.want(http.StatusNotFound, "once, too", "DELETE", all+"/"+two+"/", "")
		d.want(http.StatusOK, "one and none", "POST", at, "")
		d.want(http.StatusOK, "none, as opal-go says it", "PUT", all, `{"mappings":null}`)
		d.want(http.StatusOK, "none is left", "GET", all, "")
	})
}

func TestMappingsAndContactsGoWithWhatTheyAreOf(t *testing.T) {
	onDoor(t, "", func(d *door) {
		grace := d.person("Grace", iam.BasicUser)
		d.person("Ada", iam.SuperAdministrator)
		channel := d.call("POST", "/message-channels", `{"third_party_provider":"SLACK","remote_id":"C1"}`).text("message_channel_id")
		schedule := d.call("POST", "/on-call-schedules", `{"third_party_provider":"OPSGENIE","remote_id":"S1"}`).text("on_call_schedule_id")
		one, two := d.app("one"), d.app("two")
		of := d.newItem("resource", "crm", string(one.ID))
		var groups []string
		for n, a := range []app.App{one, two, two} {
			g := d.newItem("group", fmt.Sprint("group-", n), string(a.ID))
			groups = append(groups, g)
			for path, body := range map[string]string{
				"POST /idp-group-mappings/" + of + "/groups/" + g: "",
				"PUT /groups/" + g + "/message-channels":          fmt.Sprintf(`{"message_channel_ids":[%q]}`, channel),
				"PUT /groups/" + g + "/on-call-schedules":         fmt.Sprintf(`{"on_call_schedule_ids":[%q]}`, schedule),
			} {
				method, path, _ := strings.Cut(path, " ")
				if a := d.call(method, path, body); a.status != http.StatusOK {
					d.Fatal(path, a)
				}
			}
		}
		d.watch(schedule, grace, 0, 10)
		if !d.holds(grace, groups[0]) || !d.holds(grace, groups[2]) {
			d.Fatal("who is on call is in no group")
		}
		left := func(what string, want int) {
			d.Helper()
			for _, table := range []string{"item_mapping", "message_channel_item", "on_call_duty"} {
				var n int
				if err := d.DB.Q(d.Context()).Row(`select count(*) from ` + table).Scan(&n); err != nil {
					d.Fatal(err)
				}
				if n != want {
					d.Errorf("%s: %d in %s, want %d", what, n, table, want)
				}
			}
		}
		left("at first", 3)
		if a := d.call("DELETE", "/groups/"+groups[0], ""); a.status != http.StatusOK {
			d.Fatal(a)
		}
		left("a group was deleted", 2)
		if err := d.Apps.DeleteApp(iam.AsSystem(d.Context()), two.ID); err != nil {
			d.Fatal(err)
		}
		left("an app was deleted", 0)
		if _, err := d.Directory.Delete(iam.AsSystem(d.Context()), grace.ID, ""); err != nil {
			d.Fatal(err)
		}
		if shifts, err := d.Contacts.Shifts(d.Context(), "x"); err == nil {
			d.Error(shifts)
		}
		if a := d.call("GET", "/on-call-schedules/"+schedule, ""); a.status != http.StatusOK {
			d.Error("the schedule went with its people:", a)
		}
		var n int
		if err := d.DB.Q(d.Context()).Row(`select count(*) from on_call_shift`).Scan(&n); err != nil || n != 0 {
			d.Error("shifts of nobody:", n, err)
		}
	})
}
