package c1_test

import (
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/api/c1"
)

func TestAPersonDelegatesWhatTheyAreAsked(t *testing.T) {
	onDoors(t, "delegation_own", func(d *door) {
		grace, linus := d.person("Grace", "system:user"), d.person("Linus", "system:user")
		ada := d.person("Ada", "system:user")
		me := "/api/interim/v1/users/" + c1.KSUID(ada.ID) + "/delegation"
		d.want(200, "Nobody yet", "GET", me, "")
		d.want(200, "Nobody to remove", "DELETE", me, "")
		a := d.want(200, "Instead of me next week", "POST", me,
			`{"delegateUserId":"`+c1.KSUID(grace.ID)+`","startAt":"2026-05-11T00:00:00Z","endAt":"2026-05-18T00:00:00Z","reason":"on leave"}`)
		d.names[a.text("delegation.id")] = "instead"
		beside := d.made("beside", "delegation.id", "Beside me from now on", "/api/interim/v1/delegations",
			`{"delegateUserId":"`+c1.KSUID(linus.ID)+`","reason":"too much to do"}`)
		d.want(200, "Who answers instead", "GET", me, "")
		d.want(200, "Who answers now", "POST", me+"/preview", "{}")
		d.want(200, "Who will answer then", "POST", me+"/preview", `{"at":"2026-05-11T00:00:00Z"}`)
		d.want(400, "Who answered then", "POST", me+"/preview", `{"at":"2026-05-01T00:00:00Z"}`)
		d.want(200, "One of them", "GET", "/api/interim/v1/delegations/"+beside, "")
		d.want(200, "A page", "POST", "/api/interim/v1/search/delegations", `{"pageSize":1}`)
		d.want(200, "Those that are open", "POST", "/api/interim/v1/search/delegations", `{"states":["DELEGATION_STATE_OPEN"]}`)
		d.clock.Set(time.Date(2026, 5, 18, 0, 0, 0, 0, time.UTC))
		d.want(200, "Those that are over", "POST", "/api/interim/v1/search/delegations", `{"states":["DELEGATION_STATE_OVER"]}`)
		d.want(200, "Deleted", "DELETE", "/api/interim/v1/delegations/"+beside, "{}")
		d.want(404, "Deleted already", "DELETE", "/api/interim/v1/delegations/"+beside, "{}")
		d.want(200, "Taken back", "DELETE", me, "{}")
		d.want(200, "What was", "POST", "/api/interim/v1/search/delegations",
			`{"states":["DELEGATION_STATE_DELETED"],"modes":["DELEGATION_MODE_ADD"]}`)
		d.as(ada, "system:owner")
		events := d.call("POST", "/api/v1/systemlog/events", `{"pageSize":100}`)
		var kinds []string
		for _, e := range events.list() {
			if kind := (answer{body: e.(map[string]any)}).text("api.operation"); strings.HasPrefix(kind, "delegation.") {
				kinds = append(kinds, kind)
			}
		}
		if got := strings.Join(kinds, " "); got != "delegation.set delegation.created delegation.deleted delegation.removed" {
			d.Errorf("events: %s", got)
		}
	})
}

func TestWhoWouldAnswerOnTheStepsOfAPolicy(t *testing.T) {
	onDoors(t, "delegation_preview", func(d *door) {
		grace := d.person("Grace", "system:user")
		ada := d.person("Ada", "system:owner")
		me := "/api/interim/v1/users/" + c1.KSUID(ada.ID) + "/delegation"
		set := d.want(200, "Somebody stands in", "POST", me, `{"delegateUserId":"`+c1.KSUID(grace.ID)+`"}`)
		d.names[set.text("delegation.id")] = "instead"
		approval := `{"approval":{"users":{"userIds":["` + c1.KSUID(ada.ID) + `"]},"allowDelegation":`
		made := d.made("policy", "policy.id", "A policy with and without delegation", "/api/v1/policies",
			`{"displayName":"Two eyes","policyType":"POLICY_TYPE_GRANT","policySteps":{"grant":{"steps":[`+approval+`true}},{"wait":{"name":"x","duration":{"duration":"60s"}}},`+
				approval+`false}}]}}}`)
		d.want(200, "On its steps", "POST", me+"/preview", `{"policyId":"`+made+`"}`)
		d.want(404, "On those of none", "POST", me+"/preview", `{"policyId":"`+stranger+`"}`)
		d.want(400, "On those of what is no id", "POST", me+"/preview", `{"policyId":"x"}`)
		d.want(200, "Deleted", "DELETE", "/api/v1/policies/"+made, "{}")
		d.want(404, "On those of one that is gone", "POST", me+"/preview", `{"policyId":"`+made+`"}`)
		d.as(ada, "system:user")
		d.want(403, "Who may not read policies", "POST", me+"/preview", `{"policyId":"`+made+`"}`)
		d.want(200, "Without one", "POST", me+"/preview", `{}`)
	})
}

func TestDelegationsAreThoseOfTheirTwoPeople(t *testing.T) {
	onDoors(t, "", func(d *door) {
		ada, grace := d.person("Ada", "system:user"), d.person("Grace", "system:user")
		add := d.call("POST", "/api/interim/v1/delegations", `{"delegateUserId":"`+c1.KSUID(ada.ID)+`"}`)
		id := add.text("delegation.id")
		path := "/api/interim/v1/delegations/" + id
		search := func(body string) int {
			d.Helper()
			return len(d.want(200, "", "POST", "/api/interim/v1/search/delegations", body).list())
		}
		d.as(ada, "system:user") // the delegate sees it and cannot take it away
		d.want(200, "", "GET", path, "")
		d.want(403, "", "DELETE", path, "{}")
		if n := search("{}"); n != 1 {
			d.Errorf("the delegate sees %d", n)
		}
		d.person("Linus", "system:user") // others do not
		d.want(403, "", "GET", path, "")
		d.want(403, "", "DELETE", path, "{}")
		for _, who := range []string{c1.KSUID(ada.ID), c1.KSUID(grace.ID)} {
			d.want(403, "", "GET", "/api/interim/v1/users/"+who+"/delegation", "")
			d.want(403, "", "POST", "/api/interim/v1/users/"+who+"/delegation/preview", "{}")
		}
		if n := search(`{"delegatorUserIds":["` + c1.KSUID(grace.ID) + `"]}`); n != 0 {
			d.Errorf("others see %d", n)
		}
		d.person("Joan", "system:viewer") // administrators see it
		d.want(200, "", "GET", path, "")
		d.want(403, "", "DELETE", path, "{}")
		d.want(200, "", "POST", "/api/interim/v1/users/"+c1.KSUID(ada.ID)+"/delegation/preview", "{}")
		for body, want := range map[string]int{
			`{"delegatorUserIds":["` + c1.KSUID(grace.ID) + `"]}`: 1, `{"delegateUserIds":["` + c1.KSUID(ada.ID) + `"]}`: 1,
			`{"delegatorUserIds":["` + c1.KSUID(ada.ID) + `"]}`: 0, `{"modes":["DELEGATION_MODE_REASSIGN"]}`: 0,
			`{"delegateUserIds":["` + stranger + `"]}`: 0,
		} {
			if n := search(body); n != want {
				d.Errorf("%s: %d, want %d", body, n, want)
			}
		}
		d.person("Barbara", "system:owner")
		d.want(200, "", "DELETE", path, "")
	})
}

func TestBadInputAboutDelegationsNamesTheField(t *testing.T) {
	onDoors(t, "delegation_refused", func(d *door) {
		grace, ada := d.person("Grace", "system:user"), d.person("Ada", "system:owner")
		to := `"delegateUserId":"` + c1.KSUID(grace.ID) + `"`
		create, me := "/api/interim/v1/delegations", "/api/interim/v1/users/"+c1.KSUID(ada.ID)+"/delegation"
		for _, path := range []string{create, me} {
			for _, c := range []struct{ what, body string }{
				{"Nobody", `{}`},
				{"Oneself", `{"delegateUserId":"` + c1.KSUID(ada.ID) + `"}`},
				{"Somebody unknown", `{"delegateUserId":"` + stranger + `"}`},
				{"What is no id", `{"delegateUserId":"grace"}`},
				{"An end before the start", `{` + to + `,"startAt":"2026-05-05T08:00:00Z","endAt":"2026-05-05T07:59:59Z"}`},
				{"An end that is past", `{` + to + `,"endAt":"2026-05-04T07:59:59Z"}`},
				{"What is no time", `{` + to + `,"startAt":"soon"}`},
				{"A text that is none", `{` + to + `,"reason":"a\u0000b"}`},
				{"A text that rewrites a screen", `{` + to + `,"reason":"\u001b[2J"}`},
			} {
				d.want(400, c.what, "POST", path, c.body)
			}
			for _, reason := range []string{strings.Repeat("x", 1025), strings.Repeat("x", 1<<20)} {
				d.invalid("POST", path, map[string]string{"reason": `{` + to + `,"reason":"` + reason + `"}`})
			}
		}
		d.want(200, "An empty window beside somebody does nothing", "POST", create,
			`{`+to+`,"startAt":"2026-05-05T08:00:00Z","endAt":"2026-05-05T08:00:00Z"}`)
		d.want(400, "Instead of somebody it is refused", "POST", me, `{`+to+`,"startAt":"2026-05-05T08:00:00Z","endAt":"2026-05-05T08:00:00Z"}`)
		d.want(404, "For nobody", "POST", create, `{"delegatorUserId":"`+stranger+`",`+to+`}`)
		d.want(404, "For nobody", "POST", "/api/interim/v1/users/"+stranger+"/delegation", `{`+to+`}`)
		d.want(404, "Of nobody", "GET", "/api/interim/v1/users/"+stranger+"/delegation", "")
		d.want(404, "Of nobody", "POST", "/api/interim/v1/users/"+stranger+"/delegation/preview", "{}")
		d.want(400, "What is no id", "GET", create+"/x", "")
		d.want(404, "None", "GET", create+"/"+stranger, "")
		d.want(404, "None", "DELETE", create+"/"+stranger, "{}")
		d.want(400, "A state that selects nothing", "POST", "/api/interim/v1/search/delegations", `{"states":["DELEGATION_STATE_UNSPECIFIED"]}`)
		d.want(400, "An unknown mode", "POST", "/api/interim/v1/search/delegations", `{"modes":[9]}`)
		d.want(400, "A token of another list", "POST", "/api/interim/v1/search/delegations", `{"pageToken":"AAAA"}`)
	})
}
