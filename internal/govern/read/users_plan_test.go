package read

import (
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/tag"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/page"
)

// Who answers instead of whom is looked up in the indexes of delegations, whichever way it is asked.
func TestUsersAreFoundByTheirDelegatesWithoutReadingATable(t *testing.T) {
	lists := map[string]UserFilter{
		"all":                     {},
		"with a delegate":         {Delegated: HasDelegate},
		"without a delegate":      {Delegated: NoDelegate},
		"who are delegates":       {IsDelegate: true},
		"of some delegates":       {DelegateIDs: []directory.UserID{"a", "b"}},
		"with a tag":              {Tags: []tag.ID{"a", "b"}},
		"by all of it":            {Delegated: HasDelegate, IsDelegate: true, DelegateIDs: []directory.UserID{"a"}},
		"delegates, to colleague": {IsDelegate: true, Own: "me"},
	}
	onWorlds(t, func(w *world) {
		for name, f := range lists {
			for _, r := range []page.Request{{Size: 25}, {Size: 25, After: page.Key{"a"}}} {
				sql, args := usersSQL(f, clock.Micros(start), r)
				if plan := w.plan(sql, args); full(plan) || sorts(plan) {
					w.Errorf("%s:\n%s\n%s", name, sql, plan)
				}
			}
		}
	})
}

// Services and agents are found among any number of people.
func TestServicesAndAgentsAreReadFromTheirIndex(t *testing.T) {
	onWorlds(t, func(w *world) {
		for _, f := range []UserFilter{{Nonhuman: true}, {Nonhuman: true, Own: "me", Statuses: []directory.Status{directory.Enabled}}} {
			for _, r := range []page.Request{{Size: 25}, {Size: 25, After: page.Key{"a"}}} {
				sql, args := usersSQL(f, clock.Micros(start), r)
				if plan := w.plan(sql, args); full(plan) || sorts(plan) || !strings.Contains(plan, "users_nonhuman") {
					w.Errorf("%s\n%s", sql, plan)
				}
			}
		}
	})
}
