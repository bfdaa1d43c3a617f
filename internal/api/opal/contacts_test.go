package opal_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/contact"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
)

const nobodysID = "00000000-0000-7000-8000-000000000000"

func TestMessageChannelsBelongToGroupsAndResources(t *testing.T) {
	onDoor(t, "message_channels", func(d *door) {
		grace := d.person("Grace", iam.BasicUser)
		ada := d.person("Ada", iam.SuperAdministrator)
		appID := string(d.app("warehouse").ID)
		group, resource := d.newItem("group", "readers", appID), d.newItem("resource", "orders", appID)

		general := d.made("general", "message_channel_id", "register a channel", "/message-channels",
			`{"third_party_provider":"SLACK","remote_id":"C0001"}`)
		if again := d.call("POST", "/message-channels", `{"third_party_provider":"SLACK","remote_id":"C0001","name":"other"}`); again.text("message_channel_id") != general ||
			again.text("name") != "C0001" {
			d.Error("registered again it is another:", again)
		}
		secret := d.made("secret", "message_channel_id", "one with a name", "/message-channels",
			`{"third_party_provider":"SLACK","remote_id":"C0002","name":"on fire","is_private":true}`)
		d.refused(http.StatusBadRequest, "POST", "/message-channels", map[string]string{
			"third_party_provider": `{"third_party_provider":"PAGER_DUTY","remote_id":"C0003"}`,
			"remote_id":            `{"third_party_provider":"SLACK","remote_id":" "}`,
			"name":                 fmt.Sprintf(`{"third_party_provider":"SLACK","remote_id":"C0003","name":%q}`, strings.Repeat("x", 257)),
		})
		d.want(http.StatusOK, "list them", "GET", "/message-channels", "")
		d.want(http.StatusOK, "read one", "GET", "/message-channels/"+secret, "")
		d.want(http.StatusNotFound, "no channel", "GET", "/message-channels/"+group, "")

		both := fmt.Sprintf(`{"message_channel_ids":[%q,%q,%q]}`, secret, general, secret)
		for _, of := range []string{"/groups/" + group, "/resources/" + resource} {
			d.want(http.StatusOK, "none yet", "GET", of+"/message-channels", "")
			d.want(http.StatusOK, "both", "PUT", of+"/message-channels", both)
			d.want(http.StatusOK, "what it has", "GET", of+"/message-channels", "")
			d.refused(http.StatusBadRequest, "PUT", of+"/message-channels", map[string]string{
				"message_channel_ids": fmt.Sprintf(`{"message_channel_ids":[%q]}`, group),
				"expected array":      `{"message_channel_ids":"` + general + `"}`,
			})
			d.want(http.StatusOK, "that changed nothing", "PUT", of+"/message-channels", both)
			d.want(http.StatusOK, "one", "PUT", of+"/message-channels", fmt.Sprintf(`{"message_channel_ids":[%q]}`, general))
			d.want(http.StatusOK, "none, as opal-go says it", "PUT", of+"/message-channels", `{"message_channel_ids":null}`)
		}
		d.want(http.StatusNotFound, "a resource is no group", "PUT", "/groups/"+resource+"/message-channels", both)
		d.want(http.StatusNotFound, "a group is no resource", "PUT", "/resources/"+group+"/message-channels", both)

		owner := d.made("team", "owner_id", "an owner that is told there", "/owners",
			fmt.Sprintf(`{"name":"team","user_ids":[%q],"reviewer_message_channel_id":%q}`, ada.ID, general))
		d.refused(http.StatusBadRequest, "POST", "/owners", map[string]string{
			"reviewer_message_channel_id": fmt.Sprintf(`{"name":"other","user_ids":[],"reviewer_message_channel_id":%q}`, nobodysID),
		})
		d.refused(http.StatusBadRequest, "PUT", "/owners", map[string]string{
			"reviewer_message_channel_id": fmt.Sprintf(`{"owners":[{"owner_id":%q,"reviewer_message_channel_id":%q}]}`, owner, nobodysID),
		})
		d.as(grace, iam.BasicUser)
		for _, path := range []string{"/message-channels", "/message-channels/" + general, "/groups/" + group + "/message-channels"} {
			if a := d.call("GET", path, ""); a.status != http.StatusForbidden {
				d.Errorf("Grace reads %s: %d", path, a.status)
			}
		}
		if a := d.call("PUT", "/groups/"+group+"/message-channels", both); a.status != http.StatusForbidden {
			d.Error("Grace sets channels:", a.status)
		}
	})
}

func TestWhoIsOnCallIsAMemberOfTheGroupForThatTime(t *testing.T) {
	onDoor(t, "on_call", func(d *door) {
		ada, grace := d.person("Ada", iam.BasicUser), d.person("Grace", iam.BasicUser)
		d.person("Root", iam.SuperAdministrator)
		group := d.newItem("group", "responders", string(d.app("pager").ID))
		other := d.newItem("group", "others", string(d.app("wiki").ID))
		first := d.made("first", "on_call_schedule_id", "register a schedule", "/on-call-schedules",
			`{"third_party_provider":"PAGER_DUTY","remote_id":"P1","name":"first line"}`)
		second := d.made("second", "on_call_schedule_id", "and one of the other provider", "/on-call-schedules",
			`{"third_party_provider":"OPSGENIE","remote_id":"P1"}`)
		if again := d.call("POST", "/on-call-schedules", `{"third_party_provider":"PAGER_DUTY","remote_id":"P1"}`); again.text("on_call_schedule_id") != first {
			d.Error("registered again it is another:", again)
		}
		d.refused(http.StatusBadRequest, "POST", "/on-call-schedules", map[string]string{
			"third_party_provider": `{"third_party_provider":"SLACK","remote_id":"P1"}`,
			"remote_id":            `{"third_party_provider":"OPSGENIE","remote_id":""}`,
		})
		d.want(http.StatusOK, "list them", "GET", "/on-call-schedules", "")
		d.want(http.StatusOK, "read one", "GET", "/on-call-schedules/"+second, "")
		d.want(http.StatusNotFound, "no schedule", "GET", "/on-call-schedules/"+group, "")

		d.want(http.StatusOK, "none yet", "GET", "/groups/"+group+"/on-call-schedules", "")
		d.want(http.StatusOK, "both", "PUT", "/groups/"+group+"/on-call-schedules", fmt.Sprintf(`{"on_call_schedule_ids":[%q,%q]}`, second, first))
		d.want(http.StatusOK, "what it has", "GET", "/groups/"+group+"/on-call-schedules", "")
		d.refused(http.StatusBadRequest, "PUT", "/groups/"+group+"/on-call-schedules", map[string]string{
			"on_call_schedule_ids": fmt.Sprintf(`{"on_call_schedule_ids":[%q]}`, nobodysID),
		})
		d.want(http.StatusNotFound, "no group", "PUT", "/groups/"+nobodysID+"/on-call-schedules", `{}`)
		d.watch(first, ada, 0, 8)
		d.watch(second, grace, 8, 16)
		d.want(http.StatusOK, "a day's members: Ada until eight hours are over", "GET", "/groups/"+group+"/users", "")
		d.pass(8)
		d.want(http.StatusOK, "then Grace", "GET", "/groups/"+group+"/users", "")
		d.want(http.StatusOK, "who also has it otherwise, for two hours", "POST", "/groups/"+group+"/users/"+string(grace.ID), `{"duration_minutes":120}`)
		d.want(http.StatusOK, "and stays on call", "GET", "/groups/"+group+"/users", "")
		d.pass(7)
		d.want(http.StatusOK, "after that she is there by her shift alone", "GET", "/groups/"+group+"/users", "")
		d.pass(1)
		d.want(http.StatusOK, "then nobody", "GET", "/groups/"+group+"/users", "")

		d.watch(first, ada, 16, 40)
		if !d.holds(ada, group) || d.holds(ada, other) {
			d.Error("a shift that is set does not count at once")
		}
		d.want(http.StatusOK, "a group without the schedule", "PUT", "/groups/"+group+"/on-call-schedules", fmt.Sprintf(`{"on_call_schedule_ids":[%q]}`, second))
		d.pass(0)
		if d.holds(ada, group) {
			d.Error("a schedule that is taken away leaves its people")
		}
		d.as(grace, iam.BasicUser)
		for _, path := range []string{"/on-call-schedules", "/on-call-schedules/" + first, "/groups/" + group + "/on-call-schedules"} {
			if a := d.call("GET", path, ""); a.status != http.StatusForbidden {
				d.Errorf("Grace reads %s: %d", path, a.status)
			}
		}
	})
}

// watch makes u be on call by a schedule from and until so many hours after noon, and nobody else.
func (d *door) watch(schedule string, u directory.User, from, until int) {
	d.Helper()
	if err := d.Contacts.SetShifts(iam.AsSystem(d.Context()), contact.ScheduleID(schedule), []contact.Shift{
		{User: u.ID, From: noon.Add(time.Duration(from) * time.Hour), Until: noon.Add(time.Duration(until) * time.Hour)},
	}); err != nil {
		d.Fatal(err)
	}
	d.pass(0)
}

// pass lets hours pass and does what is due then.
func (d *door) pass(hours int) {
	d.Helper()
	d.clock.Advance(time.Duration(hours) * time.Hour)
	auto := automation.New(automation.Deps{DB: d.DB, Clock: d.clock, Audit: d.Audit, Grants: d.Grants, Policies: d.Policies})
	defer auto.Close()
	for range 20 {
		n := 0
		for _, s := range append(d.Grants.Enders(), auto.OnCall()) {
			done, err := s.Run(d.Context(), d.clock.Now())
			if err != nil {
				d.Fatal(s.Name(), err)
			}
			n += done
		}
		if n == 0 {
			return
		}
	}
	d.Fatal("it does not settle")
}
