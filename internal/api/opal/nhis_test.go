package opal_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
)

// nhi makes a user that is no person and names it in the transcript.
func (d *door) nhi(kind directory.Kind, name string) directory.User {
	d.Helper()
	u, err := d.Directory.Create(d.Context(), directory.User{Kind: kind, DisplayName: name})
	if err != nil {
		d.Fatal(err)
	}
	d.names[string(u.ID)] = name
	return u
}

func TestAServiceIsGivenAccessToAResourceForATimeAndLosesIt(t *testing.T) {
	onDoor(t, "nhis", func(d *door) {
		ada := d.person("Ada Byron", iam.BasicUser)
		root := d.person("Root", iam.SuperAdministrator)
		deploy, scout := d.nhi(directory.KindService, "deploy"), d.nhi(directory.KindAgent, "scout")
		gone := d.nhi(directory.KindService, "gone")
		if _, err := d.Directory.Delete(iam.AsSystem(d.Context()), gone.ID, ""); err != nil {
			d.Fatal(err)
		}
		a := d.app("warehouse")
		orders, readers := d.newItem("resource", "orders", string(a.ID)), d.newItem("group", "readers", string(a.ID))
		list := "/resources/" + orders + "/non-human-identities"
		of := func(u directory.User) string { return list + "/" + string(u.ID) }
		next := d.want(200, "One a page", "GET", "/non-human-identities?page_size=1", "").text("next")
		d.want(200, "The other, and no people", "GET", "/non-human-identities?page_size=1&cursor="+next, "")
		d.want(400, "A cursor of another list", "GET", "/users?cursor="+next, "")
		d.want(200, "None has access yet", "GET", list, "")
		d.want(200, "For an hour", "POST", of(deploy), `{"duration_minutes":60,"access_level_remote_id":""}`)
		d.want(200, "Once more, for less: the later end stays", "POST", of(deploy), `{"duration_minutes":30}`)
		d.want(200, "Without end", "POST", of(scout), `{"duration_minutes":0}`)
		d.want(200, "A person has it, too", "POST", "/resources/"+orders+"/users/"+string(ada.ID), `{"duration_minutes":0}`)
		d.want(200, "Which have it; no people", "GET", list, "")
		next = d.want(200, "One a page", "GET", list+"?limit=1", "").text("next")
		d.want(200, "The next", "GET", list+"?limit=1&cursor="+next, "")
		d.want(200, "It is taken", "DELETE", of(scout)+"?access_level_remote_id=", "")
		d.want(404, "There is nothing left to take", "DELETE", of(scout), "")
		d.want(404, "A person is none", "POST", of(ada), `{"duration_minutes":0}`)
		d.want(404, "Nor is what a person has taken here", "DELETE", of(ada), "")
		d.want(404, "Nobody", "POST", list+"/"+orders, `{"duration_minutes":0}`)
		d.want(404, "Gone", "POST", of(gone), `{"duration_minutes":0}`)
		d.want(404, "No such level", "POST", of(deploy), `{"duration_minutes":0,"access_level_remote_id":"writer"}`)
		d.want(404, "A group is no resource", "POST", "/resources/"+readers+"/non-human-identities/"+string(deploy.ID), "")
		d.want(404, "No resource", "GET", "/resources/"+string(ada.ID)+"/non-human-identities", "")
		d.want(404, "None to read, either", "GET", "/resources/"+string(deploy.ID), "")
		d.refused(400, "POST", of(deploy), map[string]string{
			"duration_minutes": `{"duration_minutes":525961}`, "minutes: expected": `{"duration_minutes":-1}`,
		})
		d.clock.Advance(time.Hour)
		d.as(root, iam.SuperAdministrator)
		d.want(200, "At its end it is over, whether or not anybody noticed", "GET", list, "")
		d.want(404, "And cannot be taken any more", "DELETE", of(deploy), "")
		d.want(200, "The person's is left", "DELETE", "/resources/"+orders+"/users/"+string(ada.ID), "")
	})
}

// Who may give what to services is who may give it to people, and nobody else learns which have it.
func TestNobodySeesOrChangesTheAccessOfServicesWithoutARight(t *testing.T) {
	onDoor(t, "", func(d *door) {
		ada, grace := d.person("Ada Byron", iam.BasicUser), d.person("Grace Hopper", iam.BasicUser)
		root := d.person("Root", iam.SuperAdministrator)
		deploy := d.nhi(directory.KindService, "deploy")
		orders := d.newItem("resource", "orders", string(d.app("warehouse").ID))
		d.own(grace, orders)
		list := "/resources/" + orders + "/non-human-identities"
		one := list + "/" + string(deploy.ID)
		status := func(who directory.User, role, method, path string, want, shown int) {
			d.Helper()
			d.as(who, role)
			a := d.call(method, path, "")
			found, _ := a.at("results").([]any)
			if a.status != want || len(found) != shown {
				d.Errorf("%s: %s %s: %v, want %d with %d", who.DisplayName, method, path, a, want, shown)
			}
		}
		status(grace, iam.BasicUser, "POST", one, 200, 0)
		status(grace, iam.BasicUser, "GET", list, 200, 1)
		status(deploy, iam.BasicUser, "GET", list, 200, 1)
		status(deploy, iam.BasicUser, "POST", one, 403, 0)
		status(ada, iam.BasicUser, "GET", list, 200, 0)
		status(ada, iam.BasicUser, "GET", "/non-human-identities", 200, 1)
		for _, path := range []string{one, list + "/" + string(ada.ID), list + "/" + orders} {
			for _, method := range []string{"POST", "DELETE"} {
				status(ada, iam.BasicUser, method, path, 403, 0)
				status(ada, "system:viewer", method, path, 403, 0)
			}
		}
		status(ada, "system:viewer", "GET", list, 200, 1)
		d.as(root, iam.SuperAdministrator)
		if a := d.call("PUT", "/resources/"+orders+"/visibility", `{"visibility":"LIMITED"}`); a.status != 200 {
			d.Fatal(a)
		}
		status(ada, iam.BasicUser, "DELETE", one, 404, 0)
		status(ada, iam.BasicUser, "POST", one, 404, 0)
		status(ada, iam.BasicUser, "GET", list, 404, 0)
		status(grace, iam.BasicUser, "DELETE", one, 200, 0)
	})
}

// What an owner runs acts for them: they do not give themself access by it.
func TestAnOwnerGivesNothingToAServiceOfTheirOwn(t *testing.T) {
	onDoor(t, "", func(d *door) {
		grace := d.person("Grace Hopper", iam.BasicUser)
		d.person("Root", iam.SuperAdministrator)
		deploy := d.nhi(directory.KindService, "deploy")
		orders := d.newItem("resource", "orders", string(d.app("warehouse").ID))
		d.own(grace, orders)
		if err := d.Owners.Set(iam.AsSystem(d.Context()), owner.OfUser(deploy.ID), owner.Primary, []directory.UserID{grace.ID}, nil); err != nil {
			d.Fatal(err)
		}
		d.as(grace, iam.BasicUser)
		d.want(403, "Not to what she runs", "POST", "/resources/"+orders+"/non-human-identities/"+string(deploy.ID), "")
	})
}

func TestATokenThatReadsOnlyGivesNothingToServices(t *testing.T) {
	d := guarded(t, 0)
	reads := "Bearer " + d.token(iam.ReadOnly)
	const none = "00000000-0000-4000-8000-000000000001"
	for _, method := range []string{"POST", "DELETE"} {
		inShape(t, method, d.with(method, "/resources/"+none+"/non-human-identities/"+none, reads), 403)
	}
	if rec := d.with("GET", "/non-human-identities", reads); rec.Code != 200 {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}
