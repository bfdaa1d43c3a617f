package opal_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/iam"
)

func TestEventsAreListedFilteredAndRead(t *testing.T) {
	onDoor(t, "events", func(d *door) {
		grace := d.person("Grace Hopper", iam.BasicUser)
		root := d.person("Root", iam.SuperAdministrator)
		d.who.IP = netip.MustParseAddr("192.0.2.7")
		d.clock.Advance(24 * time.Hour)
		token, _, err := d.IAM.CreateAPIToken(iam.AsSystem(d.Context()), root.ID, iam.NewAPIToken{Label: "terraform:ci", Access: iam.FullAccess})
		if err != nil {
			d.Fatal(err)
		}
		d.names[string(token.ID)] = "token"
		d.clock.Advance(time.Hour)
		d.made("team", "tag_id", "make a tag", "/tag", `{"tag_key":"team"}`)
		d.who.Kind, d.who.ClientKey = iam.KindToken, token.ID
		delegation := d.made("window", "id", "delegate, with an API token", "/delegations", fmt.Sprintf(`{"delegator_user_id":%q,
			"delegate_user_id":%q,"start_time":"2026-05-05T12:00:00Z","end_time":"2026-05-06T12:00:00Z","reason":"leave"}`, root.ID, grace.ID))
		d.secrets = []string{token.Preview, "<preview>"}
		d.want(http.StatusOK, "All, the newest first", "GET", "/events", "")
		d.want(http.StatusOK, "About an object", "GET", "/events?object_filter="+delegation, "")
		d.want(http.StatusOK, "About a person", "GET", "/events?page_size=1&object_filter="+string(grace.ID), "")
		d.want(http.StatusOK, "Of a type", "GET", "/events?event_type_filter=USERS_CREATED", "")
		d.want(http.StatusOK, "Of a type that there is not", "GET", "/events?event_type_filter=USER_MFA_RESET", "")
		d.want(http.StatusOK, "Until the end of a date", "GET", "/events?end_date_filter=2026-05-04&event_type_filter=USERS_CREATED&page_size=1", "")
		d.want(http.StatusOK, "Of an actor, from a moment on", "GET", "/events?start_date_filter=2026-05-05T13:00:00Z&actor_filter="+string(root.ID), "")
		d.want(http.StatusOK, "By a token", "GET", "/events?api_token_filter=terraform:ci:"+token.Preview, "")
		d.want(http.StatusOK, "By a token that there is not", "GET", "/events?api_token_filter=terraform:ci:********none", "")
		d.want(http.StatusBadRequest, "A token without its preview", "GET", "/events?api_token_filter=terraform", "")
		d.want(http.StatusBadRequest, "No date", "GET", "/events?start_date_filter=yesterday", "")
		d.want(http.StatusBadRequest, "No id", "GET", "/events?actor_filter=root", "")
		next := d.want(http.StatusOK, "One a page", "GET", "/events?page_size=1", "").text("next")
		one := d.want(http.StatusOK, "The next page", "GET", "/events?page_size=1&cursor="+next, "").text("results.0.event_id")
		d.want(http.StatusBadRequest, "A cursor is bound to its filters", "GET", "/events?page_size=1&event_type_filter=TAGS_CREATED&cursor="+next, "")
		d.want(http.StatusOK, "One is read", "GET", "/events/"+one, "")
		d.want(http.StatusNotFound, "One that there is not", "GET", "/events/"+string(grace.ID), "")
	})
}

func TestEveryEventIsFoundByWhatItShows(t *testing.T) {
	onDoor(t, "", func(d *door) {
		d.person("Grace", iam.BasicUser)
		root := d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		d.call(http.MethodPost, "/resources", `{"name":"orders","resource_type":"CUSTOM","app_id":"`+string(a.ID)+`"}`)
		group := d.call(http.MethodPost, "/groups", `{"name":"readers","group_type":"OPAL_GROUP","app_id":"`+string(a.ID)+`"}`).text("group_id")
		d.call(http.MethodPut, "/groups", `{"groups":[{"group_id":"`+group+`","description":"who read","custom_request_notification":"read"}]}`)
		d.call(http.MethodPost, "/tag", `{"tag_key":"team"}`)
		d.call(http.MethodPost, "/owners", fmt.Sprintf(`{"name":"Data","user_ids":[%q]}`, root.ID))
		all := d.call(http.MethodGet, "/events?page_size=1000", "")
		list, _ := all.at("results").([]any)
		if len(list) < 6 {
			d.Fatal(all)
		}
		types := map[string]bool{}
		for i := range list {
			at := fmt.Sprintf("results.%d.", i)
			kind, found := all.text(at+"event_type"), []string{}
			for cursor := ""; ; {
				page := d.call(http.MethodGet, "/events?page_size=2&event_type_filter="+kind+"&cursor="+cursor, "")
				for j := range page.at("results").([]any) {
					found = append(found, page.text(fmt.Sprintf("results.%d.event_id", j)))
					if got := page.text(fmt.Sprintf("results.%d.event_type", j)); got != kind {
						d.Errorf("%s among %s", got, kind)
					}
				}
				if cursor = page.text("next"); cursor == "" {
					break
				}
			}
			if !slices.Contains(found, all.text(at+"event_id")) {
				d.Errorf("no %s among its kind: %v", kind, found)
			}
			types[kind] = true
			if all.text(at+"sub_events.0.sub_event_type") != kind || all.text(at+"actor_name") == "" || !uuid.MatchString(all.text(at+"actor_user_id")) {
				d.Errorf("%v", all.at(at[:len(at)-1]))
			}
		}
		for _, kind := range []string{"USERS_CREATED", "APPS_CREATED", "RESOURCES_CREATED", "GROUPS_CREATED", "GROUPS_UPDATED", "TAGS_CREATED", "OWNERS_CREATED"} {
			if !types[kind] {
				d.Errorf("no %s among %v", kind, types)
			}
		}
	})
}

func TestADeletedActorKeepsTheirName(t *testing.T) {
	onDoor(t, "", func(d *door) {
		ada := d.person("Ada Byron", iam.SuperAdministrator)
		d.call(http.MethodPost, "/tag", `{"tag_key":"team"}`)
		d.person("Root", iam.SuperAdministrator)
		if _, err := d.Directory.Delete(iam.AsSystem(d.Context()), ada.ID, ""); err != nil {
			d.Fatal(err)
		}
		a := d.call(http.MethodGet, "/events?actor_filter="+string(ada.ID), "")
		if a.text("results.0.actor_name") != "Ada Byron" || a.text("results.0.actor_email") != "ada@example.com" ||
			a.text("results.0.actor_user_id") != string(ada.ID) {
			d.Errorf("%v", a.body)
		}
	})
}

func TestEventsAndStreamsAreForWhoeverMayReadTheSystemLog(t *testing.T) {
	onDoor(t, "", func(d *door) {
		grace := d.person("Grace", iam.BasicUser)
		d.person("Root", iam.SuperAdministrator)
		made := d.call(http.MethodPost, "/event-streams", `{"name":"SIEM","connection_type":"WEBHOOK","webhook_url":"https://siem.example.com"}`)
		id := made.text("event_stream_id")
		event := d.call(http.MethodGet, "/events?page_size=1", "").text("results.0.event_id")
		for _, c := range []struct {
			role                   string
			events, streams, write int
		}{
			{iam.BasicUser, 403, 403, 403}, {"system:viewer", 200, 200, 403}, {"system:system-logs-reader", 200, 403, 403}, {"system:application-admin", 403, 403, 403},
		} {
			d.as(grace, c.role)
			for path, status := range map[string]int{"/events": c.events, "/events/" + event: c.events, "/event-streams": c.streams} {
				if a := d.call(http.MethodGet, path, ""); a.status != status {
					d.Errorf("%s %s: %d, want %d", c.role, path, a.status, status)
				}
			}
			for _, w := range [][3]string{
				{http.MethodPost, "/event-streams", `{"name":"x","connection_type":"WEBHOOK","webhook_url":"https://x.example.com"}`},
				{http.MethodPut, "/event-streams/" + id, `{"enabled":false}`}, {http.MethodDelete, "/event-streams/" + id, ""},
			} {
				if a := d.call(w[0], w[1], w[2]); a.status != c.write {
					d.Errorf("%s %s %s: %d, want %d", c.role, w[0], w[1], a.status, c.write)
				}
			}
		}
	})
}
