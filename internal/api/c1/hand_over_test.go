package c1_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/directory"
)

// Grace's account, with a grant, becomes Linus's: each sees their own part of the past, and nothing of the other.
func TestHistoryDoesNotFollowAnAccountToItsNextHolder(t *testing.T) {
	onGrantDoors(t, "", func(d granting) {
		grace, linus := d.person("Grace", "system:user"), d.person("Linus", "system:user")
		ada := d.person("Ada", "system:owner")
		wiki, _, _, member := d.catalog()
		account := d.account("shared", wiki, grace.ID)
		thing := "/api/interim/v1/apps/" + wiki + "/entitlements/" + member + "/grants"
		d.want(200, "", "POST", thing, `{"appUserId":"`+account+`"}`)
		d.clock.Advance(time.Hour)
		d.want(200, "", "POST", "/api/interim/v1/apps/"+wiki+"/accounts/"+account,
			`{"identityUserId":"`+c1.KSUID(linus.ID)+`"}`)
		d.clock.Advance(time.Hour)
		history := "/api/v1/apps/" + wiki + "/entitlements/" + member + "/grants"
		asOf := func(after time.Duration) answer {
			return d.call("POST", "/api/interim/v1/search/grants_as_of", `{"at":"`+d.instant(after)+`"}`)
		}
		for _, v := range []struct {
			who          directory.User
			role         string
			first, then  string // whom as-of names before and after the hand-over
			began, ended string
		}{
			{ada, "system:owner", c1.KSUID(grace.ID), c1.KSUID(linus.ID), d.instant(0), ""},
			{grace, "system:user", c1.KSUID(grace.ID), "", d.instant(0), d.instant(time.Hour)},
			{linus, "system:user", "", c1.KSUID(linus.ID), d.instant(time.Hour), ""},
		} {
			d.as(v.who, v.role)
			for after, want := range map[time.Duration]string{30 * time.Minute: v.first, 90 * time.Minute: v.then} {
				if a := asOf(after); a.status != 200 || len(a.list()) != min(len(want), 1) || a.text("list.0.userId") != want {
					t.Errorf("%s after %v: %d %v", v.who.DisplayName, after, a.status, a.body)
				}
			}
			a := d.call("GET", history, "")
			if len(a.list()) != 1 || a.text("list.0.discovered") != v.began || a.text("list.0.expired") != v.ended {
				t.Errorf("%s: %v", v.who.DisplayName, a.body)
			}
			if shown := fmt.Sprint(a.body); v.who.ID == grace.ID && strings.Contains(shown, c1.KSUID(linus.ID)) {
				t.Errorf("Grace is shown Linus: %s", shown)
			}
		}
	})
}
