package c1_test

import (
	"testing"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/iam"
)

func TestUsersFromCreationToDeletion(t *testing.T) {
	onDoors(t, "users", func(d *door) {
		d.person("Ada", "system:owner")
		grace := d.made("grace", "user.id", "A manager", "/api/interim/v1/users",
			`{"displayName":"Grace","email":"Grace@Example.com","jobTitle":"Admiral","department":"Navy"}`)
		linus := d.made("linus", "user.id", "Somebody with a manager", "/api/interim/v1/users",
			`{"display_name":"Linus","email":"linus@example.com","managerIds":["`+grace+`"],"employeeIds":["7"]}`)
		d.clock.Advance(1_000_000)
		d.want(200, "Without a mask the keys are the mask, empty ones too", "POST", "/api/interim/v1/users/"+grace,
			`{"user":{"department":"","profile":{"site":"Berlin"}}}`)
		d.want(200, "One user", "GET", "/api/v1/users/"+grace, "")
		d.want(200, "Search with everything expanded", "POST", "/api/v1/search/users", `{"email":"LINUS@example.com","expandMask":{"paths":["*"]}}`)
		d.want(200, "Search by manager", "POST", "/api/v1/search/users", `{"managerIds":["`+grace+`"]}`)
		d.want(200, "Search that matches nobody", "POST", "/api/v1/search/users", `{"departments":["Navy"],"userStatuses":["ENABLED"]}`)
		d.want(200, "A page", "GET", "/api/v1/users?page_size=1", "")
		d.want(200, "The caller", "POST", "/api/v1/users/introspect", `{"expandMask":{"paths":["role_ids"]}}`)
		d.want(200, "No profile types yet", "GET", "/api/v1/users/"+grace+"/profile-types", "")
		d.want(409, "An address that is taken", "POST", "/api/interim/v1/users", `{"displayName":"Other","email":"linus@EXAMPLE.com"}`)
		d.want(200, "Shut out", "POST", "/api/interim/v1/users/"+linus+"/disable", `{"reason":"left"}`)
		d.want(200, "Let in again", "POST", "/api/interim/v1/users/"+linus+"/enable", "{}")
		d.want(200, "Deleted", "DELETE", "/api/interim/v1/users/"+linus, "{}")
		d.want(404, "Gone", "GET", "/api/v1/users/"+linus, "")
		d.want(404, "Gone for good", "POST", "/api/interim/v1/users/"+linus+"/enable", "{}")
		d.want(200, "Kept as history", "POST", "/api/v1/search/users", `{"userStatuses":["DELETED"]}`)
	})
}

func TestBadInputAboutUsersNamesTheField(t *testing.T) {
	onDoors(t, "users_refused", func(d *door) {
		d.person("Ada", "system:owner")
		for _, c := range []struct{ what, path, body string }{
			{"No name", "/api/interim/v1/users", `{"email":"x@example.com"}`},
			{"No address", "/api/interim/v1/users", `{"displayName":"X","email":"nowhere"}`},
			{"A manager of another form", "/api/interim/v1/users", `{"displayName":"X","managerIds":["boss"]}`},
			{"A manager who is nobody", "/api/interim/v1/users", `{"displayName":"X","managerIds":["287oY0rG4UirjDNFEYguMBvxyim"]}`},
			{"A kind that only Interim makes", "/api/interim/v1/users", `{"displayName":"X","type":"USER_TYPE_SYSTEM"}`},
			{"A profile of numbers", "/api/interim/v1/users/" + c1.KSUID(d.who.UserID), `{"user":{"profile":{"floor":3}}}`},
			{"An unknown field", "/api/v1/search/users", `{"nickname":"x"}`},
			{"An id of another form", "/api/v1/search/users", `{"refs":[{"id":"x"}]}`},
			{"A status that selects nothing", "/api/v1/search/users", `{"userStatuses":["UNKNOWN"]}`},
			{"An unknown path", "/api/v1/search/users", `{"expandMask":{"paths":["salary"]}}`},
			{"A token of another list", "/api/v1/search/users", `{"pageToken":"AAAA"}`},
		} {
			d.want(400, c.what, "POST", c.path, c.body)
		}
		d.want(404, "Nobody", "POST", "/api/interim/v1/users/287oY0rG4UirjDNFEYguMBvxyim/disable", "{}")
	})
}

func TestWhatAnUpdateOfAUserCannotChangeIsRefusedAndMayBeSentBack(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", "system:owner")
		grace := d.made("grace", "user.id", "", "/api/interim/v1/users", `{"displayName":"Grace"}`)
		role := c1.KSUID(iam.BuiltinID("system:viewer"))
		path := "/api/interim/v1/users/" + grace
		d.invalid("POST", path, map[string]string{
			"user.status":  `{"user":{"status":"DISABLED"}}`,
			"user.roleIds": `{"user":{"roleIds":["` + role + `"]}}`,

			"user.delegatedUserId": `{"user":{"delegatedUserId":"` + grace + `"}}`,
		})
		d.invalid("POST", path, map[string]string{"user.status": `{"user":{},"updateMask":"status"}`})
		d.want(200, "", "POST", path+"/roles/"+role, "")
		d.want(200, "", "POST", path, `{"user":{"status":"ENABLED","roleIds":["`+role+`"],"delegatedUserId":"","jobTitle":"x"}}`)
		d.want(404, "", "POST", "/api/interim/v1/users/287oY0rG4UirjDNFEYguMBvxyim", `{"user":{"status":"DISABLED"}}`)
		d.invalid("POST", path, map[string]string{"user.roleIds": `{"user":{},"updateMask":"roleIds"}`})
	})
}

func TestAColleagueSeesWhoSomebodyIsAndNoMore(t *testing.T) {
	onDoors(t, "users_as_colleague", func(d *door) {
		d.person("Ada", "system:owner")
		boss := d.made("boss", "user.id", "Somebody else", "/api/interim/v1/users",
			`{"displayName":"Grace","email":"grace@example.com","jobTitle":"Admiral","employeeIds":["1"]}`)
		d.person("Linus", "system:user")
		d.want(200, "Somebody else", "GET", "/api/v1/users/"+boss, "")
		d.want(200, "Everybody", "POST", "/api/v1/search/users", `{"expandMask":{"paths":["*"]}}`)
		d.want(200, "Oneself", "POST", "/api/v1/users/introspect", "{}")
		d.want(403, "Changing somebody", "POST", "/api/interim/v1/users/"+boss, `{"user":{"displayName":"x"}}`)
		d.want(403, "The system log", "POST", "/api/v1/systemlog/events", "{}")
	})
}

func TestAColleagueWhoIsGoneIsNobody(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", "system:owner")
		gone := d.made("gone", "user.id", "", "/api/interim/v1/users", `{"displayName":"Grace"}`)
		d.want(200, "", "DELETE", "/api/interim/v1/users/"+gone, "{}")
		search := map[string]string{
			"by status": `{"userStatuses":["DELETED"]}`, "by id": `{"userStatuses":["DELETED","ENABLED"],"refs":[{"id":"` + gone + `"}]}`,
			"by name": `{"userStatuses":["DELETED"],"query":"grace"}`,
		}
		found := func(body string) int {
			list, _ := d.call("POST", "/api/v1/search/users", body).at("list").([]any)
			return len(list)
		}
		for how, body := range search {
			if found(body) != 1 {
				d.Errorf("%s: an administrator does not find who is gone", how)
			}
		}
		d.person("Linus", "system:user")
		for how, body := range search {
			if n := found(body); n != 0 {
				d.Errorf("%s: a colleague finds %d people who are gone", how, n)
			}
		}
		if found(`{"userStatuses":["ENABLED","DELETED"]}`) != 2 {
			d.Errorf("who is there is not found any more")
		}
		d.want(404, "", "GET", "/api/v1/users/"+gone, "")
	})
}

func TestTheSystemLogTellsWhatHappened(t *testing.T) {
	onDoors(t, "systemlog", func(d *door) {
		d.person("Ada", "system:owner")
		d.made("grace", "user.id", "Something happens", "/api/interim/v1/users", `{"displayName":"Grace"}`)
		events := d.call("POST", "/api/v1/systemlog/events", `{"pageSize":100,"sortDirection":"SORT_DIRECTION_DESC"}`)
		for path, want := range map[string]any{
			"list.0.class_uid": 6003.0, "list.0.metadata.version": "1.3.0", "list.0.api.operation": "user.created",
			"list.0.activity_name": "Create", "list.0.type_uid": 600301.0, "list.0.actor.user.name": "Ada", "list.0.resources.0.type": "user",
		} {
			if got := events.at(path); got != want {
				d.Errorf("%s is %v, want %v", path, got, want)
			}
		}
		newest, _ := events.at("list.0.metadata.uid").(string)
		after := d.call("POST", "/api/v1/systemlog/events", `{"sinceEventUid":"`+newest+`"}`)
		if list, _ := after.at("list").([]any); len(list) != 0 {
			d.Errorf("after the newest: %v", list)
		}
		d.want(400, "An event that is none", "POST", "/api/v1/systemlog/events", `{"sinceEventUid":"x"}`)
	})
}
