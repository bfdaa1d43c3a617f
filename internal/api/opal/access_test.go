package opal_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/api/transcode"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/db"
)

// newItem makes a group or a resource in an app and names it in the transcript; root stands before the door.
func (d *door) newItem(kind, name, appID string) string {
	d.Helper()
	path, word := "/groups", "OPAL_GROUP"
	if kind == "resource" {
		path, word = "/resources", "CUSTOM"
	}
	a := d.call("POST", path, fmt.Sprintf(`{"name":%q,"description":"of %s","%s_type":%q,"app_id":%q}`, name, name, kind, word, appID))
	id := a.text(kind + "_id")
	if a.status != http.StatusOK || id == "" {
		d.Fatalf("%v", a)
	}
	d.names[id] = name
	return id
}

// own makes u the primary owner of an item.
func (d *door) own(u directory.User, itemID string) {
	d.Helper()
	i, err := item.Get(d.DB.Q(d.Context()), item.ID(itemID))
	if err != nil {
		d.Fatal(err)
	}
	o := owner.Object{Kind: owner.Resource, App: i.AppID, ID: string(i.ID)}
	if err := d.Owners.Set(iam.AsSystem(d.Context()), o, owner.Primary, []directory.UserID{u.ID}, nil); err != nil {
		d.Fatal(err)
	}
}

func TestSomebodyIsPutIntoAGroupForATimeAndTakenOut(t *testing.T) {
	onDoor(t, "group_users", func(d *door) {
		ada, grace := d.person("Ada Byron", iam.BasicUser), d.person("Grace Hopper", iam.BasicUser)
		root := d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		group := d.newItem("group", "readers", string(a.ID))
		in := func(u directory.User) string { return "/groups/" + group + "/users/" + string(u.ID) }
		d.want(200, "Without a body it is for good", "POST", in(ada), "")
		d.want(200, "For an hour, as older clients say it", "POST", in(grace)+"?duration_minutes=60&access_level_remote_id=", "")
		d.want(200, "Once more, for less: the later end stays", "POST", in(grace), `{"duration_minutes":30,"access_level_remote_id":""}`)
		d.want(200, "Exactly half an hour from now", "PUT", in(grace), `{"duration_minutes":30}`)
		d.want(200, "Who is in it", "GET", "/groups/"+group+"/users", "")
		next := d.want(200, "One a page", "GET", "/groups/"+group+"/users?page_size=1", "").text("next")
		d.want(200, "The next", "GET", "/groups/"+group+"/users?page_size=1&cursor="+next, "")
		d.want(200, "The groups of Grace", "GET", "/groups/users/"+string(grace.ID), "")
		d.want(200, "Without end", "PUT", in(grace), `{"duration_minutes":0}`)
		d.want(200, "Over now", "PUT", in(grace), `{"duration_minutes":-1}`)
		d.want(404, "There is nothing left to change", "PUT", in(grace), `{"duration_minutes":5}`)
		d.want(200, "Out", "DELETE", in(ada)+"?access_level_remote_id=", "")
		d.want(404, "Out already", "DELETE", in(ada), "")
		d.want(404, "No such level", "POST", in(ada), `{"duration_minutes":0,"access_level_remote_id":"writer"}`)
		d.want(404, "Nobody", "POST", "/groups/"+group+"/users/"+group, "")
		d.want(404, "A group is no resource", "POST", "/resources/"+group+"/users/"+string(ada.ID), "")
		d.refused(400, "POST", in(ada), map[string]string{
			"duration_minutes":       `{"duration_minutes":525961}`,
			"minutes: expected":      `{"duration_minutes":-1}`,
			"access_level_remote_id": `{"access_level_remote_id":7}`,
		})
		d.refused(400, "PUT", in(ada), map[string]string{"duration_minutes": `{}`})
		d.as(root, iam.SuperAdministrator)
		d.want(200, "For an hour", "POST", in(grace), `{"duration_minutes":60}`)
		d.clock.Advance(time.Hour)
		d.want(200, "At its end it is over, whether or not anybody noticed", "GET", "/groups/"+group+"/users", "")
		d.want(404, "And cannot be made longer", "PUT", in(grace), `{"duration_minutes":60}`)
	})
}

func TestAccessToAResourceIsGivenShownAndTaken(t *testing.T) {
	onDoor(t, "resource_users", func(d *door) {
		ada := d.person("Ada Byron", iam.BasicUser)
		d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		orders := d.newItem("resource", "orders", string(a.ID))
		of := "/resources/" + orders + "/users/" + string(ada.ID)
		status := "/resource-user-access-status/" + orders + "/" + string(ada.ID)
		d.want(200, "None yet", "GET", of, "")
		d.want(200, "Nor now", "GET", status, "")
		d.want(200, "For a day", "POST", of+"?duration_minutes=1440", `null`)
		d.want(200, "Now there is", "GET", status, "")
		d.want(200, "What Ada has of it", "GET", of, "")
		d.want(200, "Who has it", "GET", "/resources/"+orders+"/users?limit=10", "")
		d.want(200, "What Ada has", "GET", "/resources/users/"+string(ada.ID)+"?limit=10&include_unmanaged=true", "")
		d.want(200, "For an hour from now", "PUT", of, `{"duration_minutes":60,"access_level_remote_id":""}`)
		d.want(200, "It is taken", "DELETE", of, "")
		d.want(200, "Nobody has it", "GET", "/resources/"+orders+"/users", "")
		d.want(200, "Nobody is connected", "GET", "/sessions?resource_id="+orders, "")
		d.want(404, "To nothing nobody is", "GET", "/sessions?resource_id="+string(ada.ID), "")
		d.want(400, "A resource has to be said", "GET", "/sessions", "")
	})
}

// Others' access is nobody's business: whoever is neither the person nor an owner finds nothing there.
func TestNobodySeesOrChangesTheAccessOfOthersWithoutARight(t *testing.T) {
	onDoor(t, "access_rights", func(d *door) {
		ada, grace := d.person("Ada Byron", iam.BasicUser), d.person("Grace Hopper", iam.BasicUser)
		root := d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		orders, readers := d.newItem("resource", "orders", string(a.ID)), d.newItem("group", "readers", string(a.ID))
		for _, u := range []directory.User{ada, grace} {
			d.want(200, "Given", "POST", "/resources/"+orders+"/users/"+string(u.ID), "")
			d.want(200, "Put in", "POST", "/groups/"+readers+"/users/"+string(u.ID), "")
		}
		for _, path := range []string{"/resources/" + orders, "/groups/" + readers} {
			d.as(grace, iam.BasicUser)
			d.want(200, "Grace sees herself", "GET", path+"/users", "")
			for verb, body := range map[string]string{"POST": "", "PUT": `{"duration_minutes":1}`, "DELETE": ""} {
				if a := d.call(verb, path+"/users/"+string(ada.ID), body); a.status != 403 {
					d.Errorf("%s: %v", verb, a)
				}
			}
		}
		d.want(200, "Her own", "GET", "/resources/users/"+string(grace.ID), "")
		d.want(404, "Ada's", "GET", "/resources/users/"+string(ada.ID), "")
		d.want(404, "Ada's groups", "GET", "/groups/users/"+string(ada.ID), "")
		d.want(404, "Ada's of it", "GET", "/resources/"+orders+"/users/"+string(ada.ID), "")
		d.want(404, "Whether Ada has it", "GET", "/resource-user-access-status/"+orders+"/"+string(ada.ID), "")
		d.want(200, "Whether she has it", "GET", "/resource-user-access-status/"+orders+"/"+string(grace.ID), "")
		d.as(root, iam.SuperAdministrator)
		for kind, path := range map[string]string{"resources": orders, "groups": readers} {
			if a := d.call("PUT", "/"+kind+"/"+path+"/visibility", `{"visibility":"LIMITED"}`); a.status != 200 {
				d.Fatal(a)
			}
		}
		d.person("Linus", iam.BasicUser)
		for _, path := range []string{"/resources/" + orders, "/groups/" + readers} {
			for verb, body := range map[string]string{"POST": "", "PUT": `{"duration_minutes":1}`, "DELETE": ""} {
				if a := d.call(verb, path+"/users/"+string(ada.ID), body); a.status != 404 {
					d.Errorf("%s: what is not seen is not there: %v", verb, a)
				}
			}
			d.want(404, "What Linus does not see", "GET", path+"/users", "")
		}
	})
}

func TestAnOwnerGivesAndTakesButNotToThemself(t *testing.T) {
	onDoor(t, "access_owner", func(d *door) {
		ada, grace := d.person("Ada Byron", iam.BasicUser), d.person("Grace Hopper", iam.BasicUser)
		d.person("Root", iam.SuperAdministrator)
		readers := d.newItem("group", "readers", string(d.app("warehouse").ID))
		other := d.newItem("group", "writers", string(d.app("shop").ID))
		d.own(grace, readers)
		in := func(u directory.User) string { return "/groups/" + readers + "/users/" + string(u.ID) }
		d.want(200, "Grace is in it for an hour", "POST", in(grace), `{"duration_minutes":60}`)
		d.as(grace, iam.BasicUser)
		d.want(200, "She puts Ada into it", "POST", in(ada), `{"duration_minutes":60}`)
		d.want(200, "And sees both", "GET", "/groups/"+readers+"/users", "")
		d.want(200, "And whether Ada is in", "PUT", in(ada), `{"duration_minutes":90}`)
		d.want(403, "She does not stay longer herself", "POST", in(grace), "")
		d.want(403, "In no way", "PUT", in(grace), `{"duration_minutes":0}`)
		d.want(403, "Nor shorter: that would be an end set", "PUT", in(grace), `{"duration_minutes":5}`)
		d.want(200, "She may leave", "PUT", in(grace), `{"duration_minutes":-1}`)
		d.want(200, "And take Ada out", "DELETE", in(ada), "")
		d.want(403, "Of other groups she owns nothing", "POST", "/groups/"+other+"/users/"+string(ada.ID), "")
	})
}

// besides is the C1 door over the same core, for the same caller.
func (d *door) besides(method, path, body string) answer {
	d.Helper()
	deps := &c1.Deps{
		DB: d.DB, Clock: d.Clock, Tokens: d.Tokens, Audit: d.Audit, Directory: d.Directory, IAM: d.IAM, Apps: d.Apps, Owners: d.Owners,
		Read: d.Read, Grants: d.Grants, Delegations: d.Delegations, Policies: d.Policies, Catalogs: d.Catalogs, Tasks: d.Tasks,
	}
	gateway := transcode.New(transcode.Options{Interceptors: d.Interceptors})
	deps.Register(gateway)
	rec := httptest.NewRecorder()
	gateway.Handler().ServeHTTP(rec, httptest.NewRequestWithContext(d.Context(), method, path, strings.NewReader(body)))
	a := answer{status: rec.Code}
	if err := json.Unmarshal(rec.Body.Bytes(), &a.body); err != nil {
		d.Fatalf("%s %s: %v: %s", method, path, err, rec.Body)
	}
	return a
}

func TestWhatOneDoorExtendsTheOtherShows(t *testing.T) {
	onDoor(t, "", func(d *door) {
		ada := d.person("Ada Byron", iam.BasicUser)
		d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		readers := d.newItem("group", "readers", string(a.ID))
		level := d.level(readers)
		in := "/groups/" + readers + "/users/" + string(ada.ID)
		here := d.call("POST", in, `{"duration_minutes":60}`)
		bindings := fmt.Sprintf("/api/v1/apps/%s/entitlements/%s/users", c1.KSUID(a.ID), c1.KSUID(level.ID))
		account := d.besides("GET", bindings, "").text("list.0.appUser.appUser.id")
		if account == "" {
			d.Fatal("the other door shows no account", d.besides("GET", bindings, ""))
		}
		end := func() string {
			d.Helper()
			k := grant.Key{App: a.ID, Entitlement: level.ID}
			k.Account, _ = d.Grants.AccountFor(iam.AsSystem(d.Context()), a.ID, ada.ID)
			g, err := d.Grants.Get(d.Context(), k)
			if err != nil {
				d.Fatal(err)
			}
			return g.DeprovisionAt.UTC().Format(time.RFC3339Nano)
		}
		same := func(what string, opal, c1 string) {
			d.Helper()
			if opal != c1 || opal != end() {
				d.Errorf("%s: %q here, %q there, %q in truth", what, opal, c1, end())
			}
		}
		shown := func() string {
			d.Helper()
			return d.besides("GET", bindings, "").text("list.0.appEntitlementUserBindingDeprovisionAt")
		}
		same("given here", here.text("expiration_date"), shown())
		here = d.call("PUT", in, `{"duration_minutes":180}`)
		same("extended here", here.text("expiration_date"), shown())
		later := noon.Add(5*time.Hour + time.Microsecond).Format(time.RFC3339Nano)
		change := d.besides("POST", fmt.Sprintf("/api/v1/apps/%s/entitlements/%s/users/%s/update-grant-duration", c1.KSUID(a.ID),
			c1.KSUID(level.ID), account), fmt.Sprintf(`{"newDeprovisionAt":%q}`, later))
		if change.status != 200 {
			d.Fatal(change)
		}
		same("extended there", d.call("GET", "/groups/"+readers+"/users", "").text("results.0.expiration_date"), shown())
		if here = d.call("PUT", in, `{"duration_minutes":0}`); here.at("expiration_date") != nil || shown() != "" {
			d.Errorf("without end: %v here, %q there", here, shown())
		}
	})
}

// However many there are in a list, it costs the same number of statements.
func TestListsOfAccessAskNoMoreForMore(t *testing.T) {
	onDoor(t, "", func(d *door) {
		var people []directory.User
		for n := range 12 {
			people = append(people, d.person(fmt.Sprintf("Person%d", n), iam.BasicUser))
		}
		d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		readers := d.newItem("group", "readers", string(a.ID))
		for n := range 12 {
			d.hold(people[n], readers)
			d.hold(people[0], d.newItem("resource", fmt.Sprintf("thing %d", n), string(a.ID)))
		}
		for _, path := range []string{"/groups/" + readers + "/users", "/resources/users/" + string(people[0].ID)} {
			if few, many := d.statements(path+"?page_size=2"), d.statements(path+"?page_size=12"); few != many {
				d.Errorf("%s: %d statements for 2, %d for 12", path, few, many)
			}
		}
	})
}

func (d *door) statements(path string) (n int) {
	d.Helper()
	stop := d.DB.Record(func(db.Statement) { n++ })
	defer stop()
	if a := d.call("GET", path, ""); a.status != 200 {
		d.Fatal(a)
	}
	return n
}
