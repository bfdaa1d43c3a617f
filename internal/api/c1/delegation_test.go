package c1_test

import (
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/api/c1"
)

const stranger = "287oY0rG4UirjDNFEYguMBvxyim" // well-formed, nobody

func TestAnAdministratorSetsAPersonsExpiringDelegate(t *testing.T) {
	onDoors(t, "delegation_by_admin", func(d *door) {
		d.person("Ada", "system:owner")
		boss := d.made("boss", "user.id", "Who will be away", "/api/interim/v1/users", `{"displayName":"Grace","managerIds":[]}`)
		deputy := d.made("deputy", "user.id", "Who stands in", "/api/interim/v1/users", `{"displayName":"Linus"}`)
		other := d.made("other", "user.id", "Somebody else", "/api/interim/v1/users", `{"displayName":"Joan"}`)
		set := "/api/v1/users/" + boss + "/set-delegation-by-admin"
		shown := func(want string) {
			d.Helper()
			if got := d.call("GET", "/api/v1/users/"+boss, "").text("userView.user.delegatedUserId"); got != want {
				d.Errorf("delegatedUserId is %q, want %q", got, want)
			}
		}
		d.want(200, "Nothing to remove", "POST", set, `{}`)
		d.want(200, "From tomorrow for a day", "POST", set,
			`{"delegatedUserId":"`+deputy+`","delegationStartAt":"2026-05-05T08:00:00Z","delegationExpireAt":"2026-05-06T08:00:00Z"}`)
		shown("")
		d.clock.Set(time.Date(2026, 5, 5, 8, 0, 0, 0, time.UTC))
		shown(deputy)
		d.want(200, "The user while the window is open", "POST", "/api/v1/search/users",
			`{"refs":[{"id":"`+boss+`"}],"expandMask":{"paths":["delegated_user_id"]}}`)
		for filter, want := range map[string]string{
			`"delegateStatus":"DELEGATE_STATUS_HAS_DELEGATE"`: boss,
			`"isDelegate":true`:                                                                         deputy,
			`"delegatedUserIds":["` + deputy + `"]`:                                                     boss,
			`"delegatedUserIds":["` + other + `"]`:                                                      "",
			`"delegatedUserIds":["` + stranger + `"]`:                                                   "",
			`"delegateStatus":"DELEGATE_STATUS_NO_DELEGATE","refs":[{"id":"` + boss + `"}]`:             "",
			`"delegateStatus":"DELEGATE_STATUS_NO_DELEGATE","isDelegate":true`:                          deputy,
			`"delegateStatus":"DELEGATE_STATUS_HAS_DELEGATE","isDelegate":true`:                         "",
			`"delegateStatus":"DELEGATE_STATUS_NO_DELEGATE","refs":[{"id":"` + other + `"}]`:            other,
			`"delegateStatus":"DELEGATE_STATUS_UNSPECIFIED","query":"grace","delegatedUserIds":[]`:      boss,
			`"delegateStatus":"DELEGATE_STATUS_HAS_DELEGATE","excludeIds":["` + boss + `"]`:             "",
			`"delegateStatus":"DELEGATE_STATUS_HAS_DELEGATE","delegatedUserIds":["` + deputy + `"]`:     boss,
			`"delegatedUserIds":["` + deputy + `","` + other + `"],"userStatuses":["ENABLED"]`:          boss,
			`"isDelegate":true,"delegatedUserIds":["` + deputy + `"]`:                                   "",
			`"isDelegate":true,"userStatuses":["DISABLED"]`:                                             "",
			`"isDelegate":false,"refs":[{"id":"` + deputy + `"}]`:                                       deputy,
			`"delegateStatus":"DELEGATE_STATUS_HAS_DELEGATE","pageSize":1,"expandMask":{"paths":["*"]}`: boss,
		} {
			a := d.call("POST", "/api/v1/search/users", "{"+filter+"}")
			if got := a.text("list.0.userId"); a.status != 200 || got != want || len(a.list()) > 1 {
				d.Errorf("%s: %d %v, want %q", filter, a.status, a.body, want)
			}
		}
		d.want(200, "The same for longer, on the same delegation", "POST", set,
			`{"delegatedUserId":"`+deputy+`","delegationExpireAt":"2026-05-07T08:00:00Z"}`)
		d.clock.Advance(time.Hour)
		d.want(200, "Somebody else, for ever", "POST", set, `{"delegatedUserId":"`+other+`"}`)
		shown(other)
		d.want(200, "A window that is past does nothing", "POST", set,
			`{"delegatedUserId":"`+deputy+`","delegationStartAt":"2026-05-01T08:00:00Z","delegationExpireAt":"2026-05-02T08:00:00Z"}`)
		shown("")
		d.want(200, "Until an end that comes", "POST", set, `{"delegatedUserId":"`+deputy+`","delegationExpireAt":"2026-05-05T10:00:00Z"}`)
		d.clock.Set(time.Date(2026, 5, 5, 10, 0, 0, 0, time.UTC))
		shown("")
		d.want(200, "Removed", "POST", set, `{"delegatedUserId":""}`)
		d.want(200, "Removed again", "POST", set, `{}`)
	})
}

func TestBadInputAboutADelegateNamesTheField(t *testing.T) {
	onDoors(t, "delegation_by_admin_refused", func(d *door) {
		ada := d.person("Ada", "system:owner")
		boss := d.made("boss", "user.id", "Somebody", "/api/interim/v1/users", `{"displayName":"Grace"}`)
		gone := d.made("gone", "user.id", "Somebody who will be gone", "/api/interim/v1/users", `{"displayName":"Gone"}`)
		d.want(200, "Gone", "DELETE", "/api/interim/v1/users/"+gone, "{}")
		set := "/api/v1/users/" + boss + "/set-delegation-by-admin"
		delegate := `"delegatedUserId":"` + c1.KSUID(ada.ID) + `"`
		for _, c := range []struct{ what, field, body string }{
			{"Oneself", "delegatedUserId", `{"delegatedUserId":"` + boss + `"}`},
			{"Nobody", "delegatedUserId", `{"delegatedUserId":"` + stranger + `"}`},
			{"Somebody who is gone", "delegatedUserId", `{"delegatedUserId":"` + gone + `"}`},
			{"What is no id", "delegatedUserId", `{"delegatedUserId":"deputy"}`},
			{"An end at the start", "delegationExpireAt", `{` + delegate + `,"delegationStartAt":"2026-05-05T08:00:00Z","delegationExpireAt":"2026-05-05T08:00:00Z"}`},
			{"An end before the start", "delegationExpireAt", `{` + delegate + `,"delegationStartAt":"2026-05-05T08:00:00Z","delegationExpireAt":"2026-05-04T09:00:00Z"}`},
			{"An end now, no start", "delegationExpireAt", `{` + delegate + `,"delegationExpireAt":"2026-05-04T08:00:00Z"}`},
			{"What is no time", "delegationStartAt", `{` + delegate + `,"delegationStartAt":"tomorrow"}`},
			{"An unknown field", "reason", `{` + delegate + `,"reason":"leave"}`},
		} {
			a := d.want(400, c.what, "POST", set, c.body)
			if !strings.Contains(a.text("message"), c.field) {
				d.Errorf("%s: %v does not name %s", c.what, a.body, c.field)
			}
		}
		d.invalid("POST", set, map[string]string{"delegatedUserId": `{"delegatedUserId":"` + strings.Repeat("x", 1<<20) + `"}`})
		d.want(404, "Of nobody", "POST", "/api/v1/users/"+stranger+"/set-delegation-by-admin", `{`+delegate+`}`)
		d.want(404, "Of somebody who is gone", "POST", "/api/v1/users/"+gone+"/set-delegation-by-admin", `{`+delegate+`}`)
		d.want(404, "Removed of nobody", "POST", "/api/v1/users/"+stranger+"/set-delegation-by-admin", `{}`)
		d.want(400, "Of what is no id", "POST", "/api/v1/users/boss/set-delegation-by-admin", `{`+delegate+`}`)
		for field, body := range map[string]string{
			"delegateStatus": `{"delegateStatus":7}`, "delegatedUserIds": `{"delegatedUserIds":["x"]}`, "isDelegate": `{"isDelegate":"maybe"}`,
		} {
			if a := d.call("POST", "/api/v1/search/users", body); a.status != 400 || !strings.Contains(a.text("message"), field) {
				d.Errorf("%s: %d %v", body, a.status, a.body)
			}
		}
	})
}

func TestOnlyAnUnscopedSuperAdministratorSetsDelegatesOfOthers(t *testing.T) {
	onDoors(t, "", func(d *door) {
		ada := d.person("Ada", "system:owner")
		boss := d.made("boss", "user.id", "", "/api/interim/v1/users", `{"displayName":"Grace"}`)
		byAdmin, own := "/api/v1/users/"+boss+"/set-delegation-by-admin", "/api/interim/v1/users/"+boss+"/delegation"
		body, ours := `{"delegatedUserId":"`+c1.KSUID(ada.ID)+`"}`, `{"delegateUserId":"`+c1.KSUID(ada.ID)+`"}`
		refuse := func(who string) {
			d.Helper()
			for path, body := range map[string]string{
				byAdmin: body, own: ours,
				"/api/interim/v1/delegations": `{"delegatorUserId":"` + boss + `","delegateUserId":"` + c1.KSUID(ada.ID) + `"}`,
			} {
				if a := d.call("POST", path, body); a.status != 403 {
					d.Errorf("%s, %s: %d %v", who, path, a.status, a.body)
				}
			}
			for _, c := range []struct{ method, path, body string }{{"POST", byAdmin, "{}"}, {"DELETE", own, ""}} {
				if a := d.call(c.method, c.path, c.body); a.status != 403 {
					d.Errorf("%s, %s %s: %d %v", who, c.method, c.path, a.status, a.body)
				}
			}
		}
		d.who.Scoped = true
		refuse("a scoped credential")
		for _, role := range []string{"system:viewer", "system:user", "system:application-admin", "system:system-logs-reader"} {
			d.person(strings.ToUpper(role[7:8])+role[8:], role)
			refuse(role)
		}
		d.as(ada, "system:owner")
		d.want(200, "", "POST", byAdmin, body)
	})
}

func TestAColleagueDoesNotLearnWhoStandsInForWhom(t *testing.T) {
	onDoors(t, "", func(d *door) {
		ada := d.person("Ada", "system:owner")
		boss := d.made("boss", "user.id", "", "/api/interim/v1/users", `{"displayName":"Grace"}`)
		d.want(200, "", "POST", "/api/v1/users/"+boss+"/set-delegation-by-admin", `{"delegatedUserId":"`+c1.KSUID(ada.ID)+`"}`)
		linus := d.person("Linus", "system:user")
		if a := d.call("GET", "/api/v1/users/"+boss, ""); a.status != 200 || a.text("userView.user.delegatedUserId") != "" {
			d.Errorf("%v", a.body)
		}
		for _, filter := range []string{
			`"delegateStatus":"DELEGATE_STATUS_HAS_DELEGATE"`, `"isDelegate":true`, `"delegatedUserIds":["` + c1.KSUID(ada.ID) + `"]`,
		} {
			if a := d.call("POST", "/api/v1/search/users", "{"+filter+"}"); a.status != 200 || len(a.list()) != 0 {
				d.Errorf("%s tells %v", filter, a.body)
			}
		}
		me := "/api/interim/v1/users/" + c1.KSUID(linus.ID) + "/delegation"
		d.want(200, "", "POST", me, `{"delegateUserId":"`+boss+`"}`)
		a := d.call("POST", "/api/v1/users/introspect", `{"expandMask":{"paths":["delegated_user_id"]}}`)
		if a.text("userView.user.delegatedUserId") != boss || a.text("userView.delegatedUserPath") != "$.expanded[0]" {
			d.Errorf("oneself: %v", a.body)
		}
	})
}
