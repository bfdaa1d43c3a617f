package opal_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/iam"
)

// settle does all that is due, a second at a time.
func (d *door) settle() {
	d.Helper()
	for range 20 {
		d.clock.Advance(time.Second)
		n := 0
		for _, s := range append(d.Grants.Enders(), d.Groups.Bindings.Keeper(), d.Groups.Porter()) {
			k, err := s.Run(d.Context(), d.clock.Now())
			if err != nil {
				d.Fatal(err)
			}
			n += k
		}
		if n == 0 {
			return
		}
	}
	d.Fatal("it does not settle")
}

// until moves the clock to a moment, and does nothing that is due by then.
func (d *door) until(at time.Time) { d.clock.Advance(at.Sub(d.clock.Now())) }

// expires is the end that an answer shows.
func (a answer) expires(t *testing.T) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, a.text("expiration_date"))
	if err != nil {
		t.Fatal(err, a)
	}
	return at
}

func TestWhatAGroupHoldsItsMembersHoldUntilItsEnd(t *testing.T) {
	onDoor(t, "group_resources", func(d *door) {
		ada, grace := d.person("Ada Byron", iam.BasicUser), d.person("Grace Hopper", iam.BasicUser)
		d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		readers, ledger := d.newItem("group", "readers", string(a.ID)), d.newItem("resource", "ledger", string(a.ID))
		attic := d.newItem("resource", "attic", string(a.ID))
		d.hold(ada, readers)
		at := "/groups/" + readers + "/resources"
		given := d.want(200, "The group holds the ledger for an hour", "POST", at+"/"+ledger, `{"duration_minutes":60,"access_level_remote_id":""}`)
		d.want(200, "Once more, for less: the later end stays", "POST", at+"/"+ledger, `{"duration_minutes":30}`)
		d.want(200, "It is listed with the group", "GET", at, "")
		d.want(200, "And with the resource", "GET", "/resources/"+ledger+"/groups", "")
		d.settle()
		d.want(200, "Its member has it, not directly", "GET", "/resources/"+ledger+"/users", "")
		d.want(200, "Somebody joins", "POST", "/groups/"+readers+"/users/"+string(grace.ID), `{"duration_minutes":10}`)
		d.want(200, "And has it as well", "GET", "/resources/users/"+string(grace.ID), "")
		d.hold(ada, ledger)
		d.want(200, "One has it in two ways", "GET", "/resources/users/"+string(ada.ID), "")
		d.until(noon.Add(30 * time.Minute)) // nothing due is done
		status := "/resource-user-access-status/" + ledger + "/"
		d.want(200, "Who is in the group no longer has it no longer", "GET", status+string(grace.ID), "")
		d.want(200, "From the end on the others have what they have besides", "DELETE", "/resources/"+ledger+"/users/"+string(ada.ID), "")
		d.until(given.expires(t).Add(-time.Microsecond))
		d.want(200, "Until the end it is held", "GET", status+string(ada.ID), "")
		d.until(given.expires(t))
		d.want(200, "And no longer", "GET", status+string(ada.ID), "")
		d.want(200, "In no list", "GET", "/resources/"+ledger+"/users", "")
		d.want(200, "Nor is the group's", "GET", at, "")
		d.settle()
		d.want(200, "Others are the whole list", "PUT", at, fmt.Sprintf(`{"resources":[{"resource_id":%q},{"resource_id":%q,"access_level_remote_id":""}]}`, ledger, attic))
		d.want(200, "Which is listed by name", "GET", at, "")
		d.want(200, "One less", "PUT", at, fmt.Sprintf(`{"resources":[{"resource_id":%q}]}`, attic))
		d.settle()
		d.want(200, "The member has what is left", "GET", "/resources/users/"+string(ada.ID), "")
		d.want(200, "None", "PUT", at, `{"resources":null}`)
		d.settle()
		d.want(200, "And nothing", "GET", "/resources/users/"+string(ada.ID), "")
		d.want(404, "Another level", "POST", at+"/"+ledger, `{"access_level_remote_id":"admin"}`)
		d.want(404, "A group is no resource", "POST", at+"/"+readers, "")
		d.want(404, "Nor a resource a group", "GET", "/groups/"+ledger+"/resources", "")
		d.want(404, "All or none", "PUT", at, fmt.Sprintf(`{"resources":[{"resource_id":%q},{"resource_id":%q}]}`, ledger, readers))
		d.want(200, "None it is", "GET", at, "")
		d.refused(400, "POST", at+"/"+ledger, map[string]string{
			"duration_minutes": `{"duration_minutes":-1}`, "access_level_remote_id": `{"access_level_remote_id":7}`,
		})
		d.refused(400, "PUT", at, map[string]string{"resources": `{}`, "resource_id": `{"resources":[{}]}`})
		d.as(ada, iam.BasicUser)
		d.want(403, "People do not give what others own", "POST", at+"/"+ledger, "")
		d.want(403, "Nor set it", "PUT", at, `{"resources":[]}`)
	})
}

func TestWhoIsInAGroupInAnotherHasWhatThatHas(t *testing.T) {
	onDoor(t, "containing_groups", func(d *door) {
		ada := d.person("Ada Byron", iam.BasicUser)
		d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		juniors, staff, all := d.newItem("group", "juniors", string(a.ID)), d.newItem("group", "staff", string(a.ID)), d.newItem("group", "all", string(a.ID))
		ledger := d.newItem("resource", "ledger", string(a.ID))
		d.hold(ada, juniors)
		in := func(g string) string { return "/groups/" + g + "/containing-groups" }
		body := func(g, more string) string { return fmt.Sprintf(`{"containing_group_id":%q%s}`, g, more) }
		d.want(200, "The juniors are in the staff, for a while", "POST", in(juniors), body(staff, `,"duration_minutes":90`))
		d.want(200, "Who are in all, for good", "POST", in(staff), body(all, ""))
		d.want(200, "Which hold a resource", "POST", "/groups/"+all+"/resources/"+ledger, "")
		d.want(400, "No circle", "POST", in(all), body(juniors, ""))
		d.want(400, "However small", "POST", in(all), body(all, ""))
		d.settle()
		d.want(200, "One group", "GET", in(juniors)+"/"+staff, "")
		d.want(200, "All that contain it", "GET", in(juniors), "")
		d.want(200, "Of a level that there is not", "GET", in(juniors)+"?access_level_remote_id=admin", "")
		d.want(404, "Not this one, or not at first hand", "GET", in(juniors)+"/"+all, "")
		d.want(200, "The junior is in all three", "GET", "/groups/users/"+string(ada.ID), "")
		d.want(200, "And has what they have", "GET", "/resources/"+ledger+"/users", "")
		d.until(noon.Add(90 * time.Minute))
		d.want(200, "From the end on, without anybody's doing, no more", "GET", "/resources/"+ledger+"/users", "")
		d.want(200, "Nor in the groups between", "GET", "/groups/users/"+string(ada.ID), "")
		d.want(404, "Nor is the group", "DELETE", in(juniors)+"/"+staff, "")
		d.want(200, "Again, for good", "POST", in(juniors), body(staff, `,"access_level_remote_id":""`))
		d.settle()
		d.want(200, "It is had again", "GET", "/groups/users/"+string(ada.ID), "")
		d.want(204, "Taken out by somebody", "DELETE", in(juniors)+"/"+staff, "")
		d.settle()
		d.want(200, "It is lost", "GET", "/groups/users/"+string(ada.ID), "")
		d.want(404, "Twice is too often", "DELETE", in(juniors)+"/"+staff, "")
		d.want(404, "A resource contains nothing", "POST", in(juniors), body(ledger, ""))
		d.refused(400, "POST", in(juniors), map[string]string{
			"containing_group_id": `{}`, "duration_minutes": body(staff, `,"duration_minutes":-1`),
		})
		d.as(ada, iam.BasicUser)
		d.want(403, "People put no groups into others", "POST", in(juniors), body(all, ""))
		d.want(403, "Nor take them out", "DELETE", in(staff)+"/"+all, "")
		d.want(200, "They see what they see", "GET", in(staff), "")
	})
}

func TestWhatSomebodyMayNotSeeIsInNoListOfWhatGroupsHold(t *testing.T) {
	onDoor(t, "", func(d *door) {
		ada := d.person("Ada Byron", iam.BasicUser)
		root := d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		open, secret := d.newItem("group", "open", string(a.ID)), d.newItem("group", "secret", string(a.ID))
		shown, hidden := d.newItem("resource", "shown", string(a.ID)), d.newItem("resource", "hidden", string(a.ID))
		for _, path := range []string{"/groups/" + secret, "/resources/" + hidden} {
			if a := d.call("PUT", path+"/visibility", `{"visibility":"LIMITED","visibility_group_ids":[]}`); a.status != 200 {
				d.Fatal(a)
			}
		}
		for _, g := range []string{open, secret} {
			for _, r := range []string{shown, hidden} {
				d.want(200, "", "POST", "/groups/"+g+"/resources/"+r, "")
			}
		}
		d.want(200, "", "POST", "/groups/"+open+"/containing-groups", fmt.Sprintf(`{"containing_group_id":%q}`, secret))
		count := func(path, list string) int {
			d.Helper()
			all, _ := d.want(200, "", "GET", path, "").at(list).([]any)
			return len(all)
		}
		for path, want := range map[string][3]any{
			"/groups/" + open + "/resources":         {"group_resources", 2, 1},
			"/resources/" + shown + "/groups":        {"group_resources", 2, 1},
			"/groups/" + open + "/containing-groups": {"containing_groups", 1, 0},
		} {
			list := want[0].(string)
			d.as(root, iam.SuperAdministrator)
			if n := count(path, list); n != want[1] {
				t.Errorf("%s: the administrator sees %d", path, n)
			}
			d.as(ada, iam.BasicUser)
			if n := count(path, list); n != want[2] {
				t.Errorf("%s: Ada sees %d", path, n)
			}
		}
		for _, path := range []string{"/groups/" + secret + "/resources", "/resources/" + hidden + "/groups", "/groups/" + open + "/containing-groups/" + secret} {
			d.want(404, "", "GET", path, "")
		}
	})
}

func TestOfManyWhoGiveAGroupTheSameAtOnceOneBindsAndNoneFails(t *testing.T) {
	onDoor(t, "", func(d *door) {
		d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		readers, ledger := d.newItem("group", "readers", string(a.ID)), d.newItem("resource", "ledger", string(a.ID))
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				body := fmt.Sprintf(`{"duration_minutes":%d}`, 10+n)
				if a := d.call("POST", "/groups/"+readers+"/resources/"+ledger, body); a.status != 200 {
					d.Errorf("%v", a)
				}
			})
		}
		all.Wait()
		list := d.call("GET", "/groups/"+readers+"/resources", "")
		if rows, _ := list.at("group_resources").([]any); len(rows) != 1 || list.text("group_resources.0.expiration_date") != "2026-05-04T12:17:00Z" {
			t.Error(list)
		}
	})
}

func TestTheOtherDoorShowsWhatAGroupGivesAsPassedOn(t *testing.T) {
	onDoor(t, "", func(d *door) {
		ada := d.person("Ada Byron", iam.BasicUser)
		d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		readers, ledger := d.newItem("group", "readers", string(a.ID)), d.newItem("resource", "ledger", string(a.ID))
		d.hold(ada, readers)
		d.want(200, "", "POST", "/groups/"+readers+"/resources/"+ledger, `{"duration_minutes":60}`)
		d.settle()
		path := func(of app.EntitlementRef) string {
			return fmt.Sprintf("/api/v1/apps/%s/entitlements/%s/users", c1.KSUID(of.AppID), c1.KSUID(of.ID))
		}
		of := d.level(ledger)
		there := d.besides("GET", path(of), "")
		if there.text("list.0.grantSources.0.id") != c1.KSUID(d.level(readers).ID) || there.at("list.0.appEntitlementUserBindingDeprovisionAt") != nil {
			t.Error(there)
		}
		d.clock.Advance(time.Hour)
		if there := d.besides("GET", path(of), ""); there.at("list.0") != nil {
			t.Error(there)
		}
	})
}
