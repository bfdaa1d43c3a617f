package c1_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
)

// scene is Grace with everything a colleague may not know, and who asks about her.
type scene struct {
	*door
	boss, grace, role, app, account string
}

func (d *door) scene() scene {
	d.Helper()
	d.person("Ada", "system:owner")
	s := scene{door: d, role: c1.KSUID(iam.BuiltinID("system:viewer"))}
	s.boss = d.made("boss", "user.id", "", "/api/interim/v1/users", `{"displayName":"Boss"}`)
	s.grace = d.made("grace", "user.id", "", "/api/interim/v1/users", `{"displayName":"Grace","email":"grace@example.com",
		"username":"hopper","department":"Navy","jobTitle":"Admiral","employeeIds":["4711"],"managerIds":["`+s.boss+`"]}`)
	d.want(200, "", "POST", "/api/interim/v1/users/"+s.grace+"/roles/"+s.role, "")
	s.app = d.made("app", "app.id", "", "/api/v1/apps", `{"displayName":"Wiki"}`)
	s.account = d.made("account", "appUser.id", "", "/api/interim/v1/apps/"+s.app+"/accounts",
		`{"displayName":"Grace","identityUserId":"`+s.grace+`"}`)
	return s
}

// with puts a stranger before the door who holds a custom role of these permissions only.
func (s scene) with(permissions ...string) {
	scopes := iam.Scopes{}
	for _, p := range permissions {
		scopes["permission/c1.api."+p] = iam.All
	}
	s.who = &iam.Principal{UserID: directory.UserID("01985f2e-0000-7000-8000-000000000000"), Kind: iam.KindPersonal, Scopes: scopes}
}

// shows reports whether an answer holds what only who may read users may know of Grace.
func (a answer) shows() bool { return strings.Contains(fmt.Sprint(a.body), "Admiral") }

func TestAFilterTellsNoMoreThanTheListShows(t *testing.T) {
	onDoors(t, "", func(d *door) {
		s := d.scene()
		filters := map[string]bool{ // whether a colleague may ask that
			`{"query":"grace"}`: true, `{"query":"grace@example.com"}`: true, `{"email":"grace@example.com"}`: true,
			`{"query":"hopper"}`: false, `{"departments":["Navy"]}`: false, `{"jobTitles":["Admiral"]}`: false,
			`{"managerIds":["` + s.boss + `"]}`: false, `{"roleIds":["` + s.role + `"]}`: false, `{"sourceAppIds":["` + s.app + `"]}`: false,
		}
		for body := range filters {
			if a := d.call("POST", "/api/v1/search/users", body); len(a.list()) != 1 {
				d.Errorf("Super Administrator %s: %v", body, a.body)
			}
		}
		d.person("Linus", "system:user")
		for body, may := range filters {
			if a := d.call("POST", "/api/v1/search/users", body); a.status != 200 || (len(a.list()) == 1) != may {
				d.Errorf("Basic User %s: %d %v", body, a.status, a.body)
			}
		}
		if _, err := d.deps.Directory.Update(d.Context(), d.who.UserID, func(u *directory.User) error {
			u.Department, u.Username = "Sales", "torvalds"
			return nil
		}); err != nil {
			d.Fatal(err)
		}
		for _, body := range []string{`{"query":"torvalds"}`, `{"departments":["Sales"]}`} {
			if a := d.call("POST", "/api/v1/search/users", body); len(a.list()) != 1 {
				d.Errorf("about oneself %s: %v", body, a.body)
			}
		}
	})
}

func TestNobodyIsShownWholeBesideWhatWasAskedFor(t *testing.T) {
	onDoors(t, "", func(d *door) {
		s := d.scene()
		for operation, ask := range map[string]func() answer{
			"app.v1.AppUserService.Search": func() answer {
				return d.call("POST", "/api/v1/search/app_users", `{"userIds":["`+s.grace+`"],"expandMask":{"paths":["*"]}}`)
			},
			"app.v1.AppUserService.Update": func() answer {
				return d.call("POST", "/api/v1/apps/"+s.app+"/app_users/"+s.account, `{"appUser":{"appUserType":"APP_USER_TYPE_USER"},"expandMask":{"paths":["*"]}}`)
			},
		} {
			s.with(operation)
			if a := ask(); a.status != 200 || !strings.Contains(fmt.Sprint(a.body), "grace@example.com") || a.shows() {
				d.Errorf("%s alone: %d %v", operation, a.status, a.body)
			}
			s.with(operation, "user.v1.UserService.Get")
			if a := ask(); a.status != 200 || !a.shows() {
				d.Errorf("%s and reading users: %d %v", operation, a.status, a.body)
			}
		}
	})
}

func TestRolesAreExpandedForWhoMayReadThem(t *testing.T) {
	onDoors(t, "", func(d *door) {
		s := d.scene()
		for _, c := range []struct {
			rights []string
			path   string
		}{
			{[]string{"user.v1.UserSearch.Search"}, ""},
			{[]string{"user.v1.UserSearch.Search", "iam.v1.Roles.Get"}, "$.expanded[0]"},
		} {
			s.with(c.rights...)
			a := d.call("POST", "/api/v1/search/users", `{"query":"grace","expandMask":{"paths":["role_ids"]}}`)
			if a.status != 200 || a.text("list.0.rolesPath") != c.path {
				d.Errorf("%v: %d %v", c.rights, a.status, a.body)
			}
		}
	})
}

func TestBadFiltersNameTheField(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", "system:owner")
		long := strings.Repeat("x", c1.MaxQuery+1)
		d.invalid("POST", "/api/v1/search/users", map[string]string{
			"departments": `{"departments":["` + long + `"]}`, "jobTitles": `{"jobTitles":["` + long + `"]}`,
			"ids": `{"ids":["x"]}`, "refs.id": `{"refs":[{"id":"x"}]}`,
		})
		d.invalid("POST", "/api/v1/systemlog/events", map[string]string{"sortDirection": `{"sortDirection":999}`})
		d.invalid("POST", "/api/interim/v1/users", map[string]string{"employeeIds[0]": `{"displayName":"x","employeeIds":["` + long + `"]}`})
	})
}

func TestWhoReadsNoPoliciesSeesOfOneTheStepsOfTheirTaskAndNotWhatItGoesBy(t *testing.T) {
	onTaskDoors(t, "", func(d *tasking) {
		d.as(d.edith, "system:owner")
		made := d.need(200, "", "POST", "/api/v1/policies", `{"displayName":"By time","policyType":"POLICY_TYPE_GRANT",
			"rules":[{"condition":"task.grantDuration < duration('61s')","stepKey":"brief"},{"condition":"subject.department == 'Riches'","stepKey":"brief"}],
			"annotations":{"why":"cheap"},
			"policySteps":{"grant":{"steps":[{"approval":{"appOwners":{}}}]},"brief":{"steps":[{"accept":{}}]}}}`)
		d.need(200, "", "POST", "/api/v1/apps/"+d.wiki+"/entitlements/"+d.member,
			`{"entitlement":{"grantPolicyId":"`+made.text("policy.id")+`"},"updateMask":"grantPolicyId"}`)
		id := d.request(`,"grantDuration":"3600s"`).task()
		for _, c := range []struct {
			role  string
			rules bool
		}{{"system:user", false}, {"system:viewer", true}} {
			d.as(d.ada, c.role)
			seen := d.need(200, "", "GET", "/api/v1/tasks/"+id, "")
			heard := d.need(200, "", "POST", "/api/v1/task/audits", `{"taskId":"`+id+`"}`)
			text := fmt.Sprint(seen.body, heard.body)
			for _, word := range []string{"61s", "Riches", "cheap", "brief"} {
				if c.rules != strings.Contains(fmt.Sprint(seen.body), word) || !c.rules && strings.Contains(text, word) {
					t.Errorf("%s: %q is shown: %v", c.role, word, !c.rules)
				}
			}
			if !strings.Contains(text, "appOwners") {
				t.Errorf("%s does not see who decides: %v", c.role, seen.body)
			}
		}
	})
}
