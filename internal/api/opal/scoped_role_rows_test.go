package opal_test

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
)

// attempt is a request of an operation about an object. Where what it shows tells whether it reached the object, and not that it was
// answered, shown does; it is given the object.
type attempt struct {
	method, path, body string
	shown              func(a answer, id string) bool
}

// listed reports whether a list has an entry whose member is the object.
func listed(list, member string) func(answer, string) bool {
	return func(a answer, id string) bool {
		entries, _ := a.at(list).([]any)
		return slices.ContainsFunc(entries, func(e any) bool { m, _ := e.(map[string]any); return m[member] == id })
	}
}

// stageOfPowers is what the objects in the requests below hang together with.
type stageOfPowers struct{ tag, grace, service, containing, open, group, resource, app, set string }

// attempts are the operations of this door that powers reach. ID stands for the object.
func attempts(s stageOfPowers) map[string]attempt {
	position := func(a answer, _ string) bool { return a.text("position")+a.text("results.0.position") == "Engineer" }
	out := map[string]attempt{
		"Bundles.AddBundleGroup":       {method: "POST", path: "/bundles/ID/groups", body: `{"group_id":"` + s.open + `"}`},
		"Bundles.AddBundleResource":    {method: "POST", path: "/bundles/ID/resources", body: `{"resource_id":"` + s.resource + `"}`},
		"Bundles.CreateBundle":         {method: "POST", path: "/bundles", body: `{"name":"New","admin_owner_id":"` + s.set + `"}`},
		"Bundles.DeleteBundle":         {method: "DELETE", path: "/bundles/ID"},
		"Bundles.GetBundle":            {method: "GET", path: "/bundles/ID"},
		"Bundles.GetBundleGroups":      {method: "GET", path: "/bundles/ID/groups"},
		"Bundles.GetBundleResources":   {method: "GET", path: "/bundles/ID/resources"},
		"Bundles.GetBundleVisibility":  {method: "GET", path: "/bundles/ID/visibility"},
		"Bundles.GetBundles":           {method: "GET", path: "/bundles", shown: listed("bundles", "bundle_id")},
		"Bundles.RemoveBundleGroup":    {method: "DELETE", path: "/bundles/ID/groups/" + s.group},
		"Bundles.RemoveBundleResource": {method: "DELETE", path: "/bundles/ID/resources/" + s.resource},
		"Bundles.SetBundleVisibility": {method: "PUT", path: "/bundles/ID/visibility",
			body: `{"visibility":"LIMITED","visibility_group_ids":[]}`},
		"Bundles.UpdateBundle": {method: "PUT", path: "/bundles/ID", body: `{"description":"changed"}`},

		"EventStreams.CreateEventStream": {method: "POST", path: "/event-streams",
			body: `{"name":"New","connection_type":"WEBHOOK","webhook_url":"https://new.example.com","credentials":null}`},
		"EventStreams.DeleteEventStream": {method: "DELETE", path: "/event-streams/ID"},
		"EventStreams.GetEventStreams":   {method: "GET", path: "/event-streams"},
		"EventStreams.UpdateEventStream": {method: "PUT", path: "/event-streams/ID", body: `{"name":"Renamed"}`},

		"Groups.CreateGroup": {method: "POST", path: "/groups",
			body: `{"name":"New","group_type":"OPAL_GROUP","app_id":"` + s.app + `"}`},
		"Groups.CreateGroupUser":          {method: "POST", path: "/groups/ID/users/" + s.grace, body: `{}`},
		"Groups.DeleteGroupUser":          {method: "DELETE", path: "/groups/ID/users/" + s.grace},
		"Groups.UpdateGroupUser":          {method: "PUT", path: "/groups/ID/users/" + s.grace, body: `{"duration_minutes":90}`},
		"Groups.DeleteGroup":              {method: "DELETE", path: "/groups/ID"},
		"Groups.GetGroup":                 {method: "GET", path: "/groups/ID"},
		"Groups.GetGroupContainingGroup":  {method: "GET", path: "/groups/ID/containing-groups/" + s.containing},
		"Groups.GetGroupContainingGroups": {method: "GET", path: "/groups/ID/containing-groups"},
		"Groups.GetGroupResources":        {method: "GET", path: "/groups/ID/resources"},
		"Groups.GetGroupReviewers":        {method: "GET", path: "/groups/ID/reviewers"},
		"Groups.GetGroupReviewersStages":  {method: "GET", path: "/groups/ID/reviewer-stages"},
		"Groups.GetGroupTags":             {method: "GET", path: "/groups/ID/tags"},
		"Groups.GetGroupUsers":            {method: "GET", path: "/groups/ID/users"},
		"Groups.GetGroupVisibility":       {method: "GET", path: "/groups/ID/visibility"},
		"Groups.GetGroups":                {method: "GET", path: "/groups", shown: listed("results", "group_id")},
		"Groups.GetUserGroups":            {method: "GET", path: "/groups/users/ID"},
		"Groups.UpdateGroupReviewers":     {method: "PUT", path: "/groups/ID/reviewers", body: `{"reviewer_ids":[]}`},
		"Groups.UpdateGroupReviewersStages": {method: "PUT", path: "/groups/ID/reviewer-stages",
			body: `{"stages":[{"require_manager_approval":true,"operator":"AND","owner_ids":[]}]}`},
		"Groups.UpdateGroupVisibility": {method: "PUT", path: "/groups/ID/visibility", body: `{"visibility":"LIMITED"}`},

		"Owners.CreateOwner":      {method: "POST", path: "/owners", body: `{"name":"New","user_ids":["` + s.grace + `"]}`},
		"Owners.DeleteOwner":      {method: "DELETE", path: "/owners/ID"},
		"Owners.GetOwnerFromName": {method: "GET", path: "/owners/name/NAME"},
		"Owners.GetOwnerID":       {method: "GET", path: "/owners/ID"},
		"Owners.GetOwnerUsers":    {method: "GET", path: "/owners/ID/users"},
		"Owners.GetOwners":        {method: "GET", path: "/owners", shown: listed("results", "owner_id")},
		"Owners.UpdateOwnerUsers": {method: "PUT", path: "/owners/ID/users", body: `{"user_ids":["` + s.grace + `"]}`},
		"Owners.UpdateOwners":     {method: "PUT", path: "/owners", body: `{"owners":[{"owner_id":"ID","description":"changed"}]}`},

		"Requests.CreateRequest": {method: "POST", path: "/requests",
			body: `{"resources":[],"groups":[{"id":"` + s.open + `"}],"reason":"on call","duration_minutes":60,"target_user_id":"ID"}`},

		"Resources.AddResourceNhi":  {method: "POST", path: "/resources/ID/non-human-identities/" + s.service, body: `{}`},
		"Resources.AddResourceUser": {method: "POST", path: "/resources/ID/users/" + s.grace, body: `{}`},
		"Resources.CreateResource": {method: "POST", path: "/resources",
			body: `{"name":"New","resource_type":"CUSTOM","app_id":"` + s.app + `"}`},
		"Resources.DeleteResource":              {method: "DELETE", path: "/resources/ID"},
		"Resources.DeleteResourceNhi":           {method: "DELETE", path: "/resources/ID/non-human-identities/" + s.service},
		"Resources.DeleteResourceUser":          {method: "DELETE", path: "/resources/ID/users/" + s.grace},
		"Resources.GetResourceGroups":           {method: "GET", path: "/resources/ID/groups"},
		"Resources.GetResourceID":               {method: "GET", path: "/resources/ID"},
		"Resources.GetResourceNhis":             {method: "GET", path: "/resources/ID/non-human-identities"},
		"Resources.GetResourceReviewerStages":   {method: "GET", path: "/resources/ID/reviewer-stages"},
		"Resources.GetResourceReviewers":        {method: "GET", path: "/resources/ID/reviewers"},
		"Resources.GetResourceTags":             {method: "GET", path: "/resources/ID/tags"},
		"Resources.GetResourceUser":             {method: "GET", path: "/resources/ID/users/" + s.grace},
		"Resources.GetResourceUserAccessStatus": {method: "GET", path: "/resource-user-access-status/ID/" + s.grace},
		"Resources.GetResourceUsers":            {method: "GET", path: "/resources/ID/users"},
		"Resources.GetResourceVisibility":       {method: "GET", path: "/resources/ID/visibility"},
		"Resources.GetResources":                {method: "GET", path: "/resources", shown: listed("results", "resource_id")},
		"Resources.GetUserResources":            {method: "GET", path: "/resources/users/ID"},
		"Resources.UpdateResourceReviewerStages": {method: "PUT", path: "/resources/ID/reviewer-stages",
			body: `{"stages":[{"require_manager_approval":true,"operator":"AND","owner_ids":[]}]}`},
		"Resources.UpdateResourceReviewers":  {method: "PUT", path: "/resources/ID/reviewers", body: `{"reviewer_ids":[]}`},
		"Resources.UpdateResourceUser":       {method: "PUT", path: "/resources/ID/users/" + s.grace, body: `{"duration_minutes":90}`},
		"Resources.UpdateResourceVisibility": {method: "PUT", path: "/resources/ID/visibility", body: `{"visibility":"LIMITED"}`},

		"Users.GetUser":     {method: "GET", path: "/user?user_id=ID", shown: position},
		"Users.GetUserTags": {method: "GET", path: "/users/ID/tags"},
		"Users.GetUsers": {method: "GET", path: "/users", shown: func(a answer, id string) bool {
			people, _ := a.at("results").([]any)
			return slices.ContainsFunc(people, func(p any) bool {
				m, _ := p.(map[string]any)
				return m["user_id"] == id && m["position"] == "Engineer"
			})
		}},
	}
	for _, kind := range []string{"Group", "Resource", "User"} {
		at := "/tags/" + s.tag + "/" + strings.ToLower(kind) + "s/ID"
		out["Tags.Create"+kind+"Tag"], out["Tags.Delete"+kind+"Tag"] = attempt{method: "POST", path: at}, attempt{method: "DELETE", path: at}
	}
	return out
}

// Change and configuration are one operation; each act may change its own.
func change(act, sort string) attempt {
	say := `"name":"Renamed"`
	if act == "configure" {
		say = `"max_duration":60`
	}
	return attempt{method: "PUT", path: "/" + sort + "s", body: `{"` + sort + `s":[{"` + sort + `_id":"ID",` + say + `}]}`}
}

var (
	wordOfAct = map[string]string{
		"read": "READ", "read-holders": "READ_ASSIGNMENTS", "read-settings": "READ_SETTINGS", "make": "CREATE", "delete": "DELETE",
		"change": "EDIT_SETTINGS", "configure": "EDIT_REQUEST_CONFIGURATIONS", "tag": "EDIT_TAGS", "assign": "EDIT_ASSIGNMENTS",
		"request-for": "REQUEST_ON_BEHALF", "stream": "EDIT_EVENT_STREAM",
	}
	wordOfSort = map[string]string{
		"resource": "RESOURCE", "group": "GROUP", "catalog": "BUNDLE", "user": "USER", "owner": "OWNER", "app": "CONNECTION",
		"*": "ACCESS_REVIEW",
	}
)

// powerRows are the lines of the table of powers that are about this door: act, sort and operation.
func powerRows(t *testing.T) (rows [][3]string) {
	t.Helper()
	raw, err := os.ReadFile("../../govern/iam/power.csv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(strings.TrimSpace(string(raw)), "\n") {
		cells := strings.Split(line, ",")
		if op, ours := strings.CutPrefix(cells[2], "opal.v1."); ours {
			rows = append(rows, [3]string{cells[0], cells[1], op})
		}
	}
	return rows
}

// may reports whether an attempt about an object reaches it.
func (d *door) may(a attempt, id string) bool {
	d.Helper()
	fill := strings.NewReplacer("ID", id, "NAME", "Set%20"+id)
	got := d.call(a.method, fill.Replace(a.path), fill.Replace(a.body))
	if got.status >= http.StatusInternalServerError || got.status == http.StatusBadRequest {
		d.Fatalf("%s %s %s: %d %v", a.method, fill.Replace(a.path), fill.Replace(a.body), got.status, got.body)
	}
	return got.status < http.StatusMultipleChoices && (a.shown == nil || a.shown(got, id))
}

func TestEachLineOfTheTableOfPowersLetsDoThatAndNoMore(t *testing.T) {
	onDoor(t, "", func(d *door) {
		own := d.interim()
		ada, grace := d.person("Ada", iam.BasicUser), d.person("Grace", iam.BasicUser)
		root := d.person("Root", iam.SuperAdministrator)
		make1 := func(path, body, id string) string {
			a := d.call("POST", path, body)
			if a.text(id) == "" {
				d.Fatalf("%s %s: %v", path, body, a.body)
			}
			return a.text(id)
		}
		group := func(name string) string {
			return make1("/groups", fmt.Sprintf(`{"name":%q,"group_type":"OPAL_GROUP","app_id":%q}`, name, own), "group_id")
		}
		service, err := d.Directory.Create(d.Context(), directory.User{Kind: directory.KindService, DisplayName: "Robot"})
		if err != nil {
			d.Fatal(err)
		}
		s := stageOfPowers{
			tag: make1("/tag", `{"tag_key":"k","tag_value":"v"}`, "tag_id"), grace: string(grace.ID), containing: group("All"), open: group("Open"),
			group: group("Listed"), resource: d.resource(own), app: own, service: string(service.ID),
			set: make1("/owners", `{"name":"Curators","user_ids":[]}`, "owner_id"),
		}
		n := 0
		object := map[string]func() string{
			"group": func() string {
				g := group("Group")
				d.call("POST", "/groups/"+g+"/users/"+s.grace, `{}`)
				d.call("POST", "/groups/"+g+"/containing-groups", `{"containing_group_id":"`+s.containing+`"}`)
				d.call("POST", "/tags/"+s.tag+"/groups/"+g, "")
				d.call("PUT", "/groups/"+g+"/visibility", `{"visibility":"LIMITED"}`)
				return g
			},
			"resource": func() string {
				r := d.resource(own)
				d.call("POST", "/resources/"+r+"/users/"+s.grace, `{}`)
				d.call("POST", "/resources/"+r+"/non-human-identities/"+s.service, `{}`)
				d.call("POST", "/tags/"+s.tag+"/resources/"+r, "")
				d.call("PUT", "/resources/"+r+"/visibility", `{"visibility":"LIMITED"}`)
				return r
			},
			"catalog": func() string {
				b := make1("/bundles", `{"name":"Bundle","admin_owner_id":"`+s.set+`"}`, "bundle_id")
				d.call("POST", "/bundles/"+b+"/groups", `{"group_id":"`+s.group+`"}`)
				d.call("POST", "/bundles/"+b+"/resources", `{"resource_id":"`+s.resource+`"}`)
				d.call("PUT", "/bundles/"+b+"/visibility", `{"visibility":"LIMITED","visibility_group_ids":[]}`)
				return b
			},
			"owner": func() string {
				o := make1("/owners", fmt.Sprintf(`{"name":"Set %d","user_ids":[]}`, n), "owner_id")
				d.call("PUT", "/owners", fmt.Sprintf(`{"owners":[{"owner_id":%q,"name":"Set %s"}]}`, o, o))
				return o
			},
			"user": func() string {
				n++
				u, err := d.Directory.Create(d.Context(), directory.User{
					DisplayName: "Somebody", Email: fmt.Sprintf("somebody-%d@example.com", n), JobTitle: "Engineer",
				})
				if err != nil {
					d.Fatal(err)
				}
				d.call("POST", "/tags/"+s.tag+"/users/"+string(u.ID), "")
				return string(u.ID)
			},
			"*": func() string {
				return make1("/event-streams",
					`{"name":"S","connection_type":"WEBHOOK","webhook_url":"https://s.example.com","credentials":null}`, "event_stream_id")
			},
		}
		all := attempts(s)
		for _, row := range powerRows(t) {
			act, sort, op := row[0], row[1], row[2]
			n++
			a, known := all[op]
			if op == "Groups.UpdateGroups" || op == "Resources.UpdateResources" {
				a, known = change(act, sort), true
			}
			if !known {
				d.Errorf("%v: nothing tries it", row)
				continue
			}
			d.as(root, iam.SuperAdministrator)
			first, last, outside := object[sort](), object[sort](), object[sort]()
			said := permission(wordOfAct[act], wordOfSort[sort], first, last)
			if act == "make" || act == "stream" {
				said = permission(wordOfAct[act], wordOfSort[sort])
			}
			role := d.scopedRole(fmt.Sprint("Role ", n), permissions(said))
			seen := func(id string) bool {
				who := d.who
				d.as(ada, iam.BasicUser)
				may := d.may(a, id)
				d.who = who
				return may
			}
			if seen(first) {
				d.Errorf("%v: done before it was given", row)
			}
			if got := d.call("POST", "/resources/"+role+"/users/"+string(ada.ID), `{"duration_minutes":60}`); got.status != http.StatusOK {
				d.Fatalf("to hold: %v", got.body)
			}
			d.clock.Advance(time.Hour - time.Microsecond)
			if !seen(first) {
				d.Errorf("%v: not done in the last moment", row)
			}
			if act != "make" && act != "stream" && seen(outside) {
				d.Errorf("%v: done outside of the targets", row)
			}
			d.clock.Advance(time.Microsecond)
			if seen(last) {
				d.Errorf("%v: done from the end on", row)
			}
			d.call("DELETE", "/resources/"+role, "")
		}
	})
}
