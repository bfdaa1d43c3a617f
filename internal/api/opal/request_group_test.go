package opal_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
)

// lead makes somebody a leader of a group.
func (d *door) lead(u directory.User, group string) {
	d.Helper()
	_, err := d.Items.Update(iam.AsSystem(d.Context()), []item.Change{{ID: item.ID(group), Become: func(i *item.Item) error {
		i.Leaders = append(i.Leaders, u.ID)
		return nil
	}}})
	if err != nil {
		d.Fatal(err)
	}
}

// forGroup is a request of one thing for a group, for an hour.
func forGroup(kind, thing, group string) string {
	list := fmt.Sprintf(`"resources":[{"id":%q}],"groups":[]`, thing)
	if kind == "group" {
		list = fmt.Sprintf(`"resources":[],"groups":[{"id":%q}]`, thing)
	}
	return fmt.Sprintf(`{%s,"reason":"the yearly one","duration_minutes":60,"target_group_id":%q}`, list, group)
}

func TestALeaderAsksForTheirGroupWhichHoldsItUntilItsEnd(t *testing.T) {
	onDoor(t, "request_group", func(d *door) {
		s := d.shop()
		ada, linus := d.person("Ada Byron", iam.BasicUser), d.person("Linus Example", iam.BasicUser)
		mia := d.person("Mia Example", iam.BasicUser)
		d.hold(linus, s.readers)
		d.lead(ada, s.readers)
		body := forGroup("resource", s.orders, s.readers)
		d.want(http.StatusForbidden, "Who leads no group does not ask for one", "POST", "/requests", body)
		d.as(linus, iam.BasicUser)
		d.want(http.StatusForbidden, "Nor does its member", "POST", "/requests", body)
		d.as(ada, iam.BasicUser)
		id := d.made("asked", "id", "Its leader asks", "/requests", body)
		d.want(http.StatusConflict, "Once", "POST", "/requests", body)
		d.want(http.StatusOK, "It shows for whom it is", "GET", "/requests/"+id, "")
		d.want(http.StatusForbidden, "Who asked does not decide", "POST", "/requests/"+id+"/approve", regular)
		d.want(http.StatusOK, "It is for no person", "GET", "/requests?target_user_id="+string(ada.ID), "")
		d.as(linus, iam.BasicUser)
		d.want(http.StatusNotFound, "A member does not decide", "POST", "/requests/"+id+"/approve", regular)
		there := d.besides("GET", "/api/v1/tasks/"+c1.KSUID(id), "")
		if there.status == http.StatusOK {
			d.Error("a member without a part in it sees it at the other door", there)
		}
		d.as(s.root, iam.SuperAdministrator)
		there = d.besides("GET", "/api/v1/tasks/"+c1.KSUID(id), "")
		grant := "taskView.task.type.grant."
		if there.text("taskView.task.displayName") != "Orders for the group Readers" || there.text(grant+"identityUserId") != "" ||
			there.text(grant+"appUserId") != "" || there.text("taskView.task.userId") != "" || there.text(grant+"grantDuration") != "3600s" {
			d.Error("the other door shows", there)
		}
		d.as(s.grace, iam.BasicUser)
		step := there.text("taskView.task.policy.current.id")
		if there = d.besides("POST", "/api/v1/tasks/"+c1.KSUID(id)+"/action/approve", fmt.Sprintf(`{"policyStepId":%q,"comment":"go ahead"}`, step)); there.status != 200 {
			d.Error("approved at the other door:", there)
		}
		d.want(http.StatusOK, "Who owns it approved at the other door", "GET", "/requests/"+id, "")
		d.settle()
		d.as(s.root, iam.SuperAdministrator)
		d.want(http.StatusOK, "The group holds it, for an hour from then", "GET", "/groups/"+s.readers+"/resources", "")
		d.want(http.StatusOK, "And its member by the group", "GET", "/resources/"+s.orders+"/users", "")
		of := d.level(s.orders)
		bindings := fmt.Sprintf("/api/v1/apps/%s/entitlements/%s/users", c1.KSUID(of.AppID), c1.KSUID(of.ID))
		if there = d.besides("GET", bindings, ""); there.text("list.0.grantSources.0.id") != c1.KSUID(d.level(s.readers).ID) {
			d.Error("the other door shows", there)
		}
		d.want(http.StatusOK, "Who joins later has it too", "POST", "/groups/"+s.readers+"/users/"+string(mia.ID), "")
		d.settle()
		if !d.holds(mia, s.orders) || !d.holds(linus, s.orders) {
			d.Error("a member has not got what the group holds")
		}
		d.as(ada, iam.BasicUser)
		more := d.made("more", "id", "Held already, it is extended", "/requests", strings.Replace(body, `":60`, `":120`, 1))
		d.as(s.grace, iam.BasicUser)
		d.want(http.StatusOK, "With approval", "POST", "/requests/"+more+"/approve", regular)
		d.as(ada, iam.BasicUser)
		less := d.made("less", "id", "For less", "/requests", strings.Replace(body, `":60`, `":5`, 1))
		d.as(s.grace, iam.BasicUser)
		d.want(http.StatusOK, "The later end stays", "POST", "/requests/"+less+"/approve", regular)
		d.as(s.root, iam.SuperAdministrator)
		held := d.want(http.StatusOK, "Two hours from then", "GET", "/groups/"+s.readers+"/resources", "")
		d.settle()
		at, err := time.Parse(time.RFC3339Nano, held.text("group_resources.0.expiration_date"))
		if err != nil {
			d.Fatal(err)
		}
		d.until(at.Add(-time.Microsecond))
		if !d.holds(linus, s.orders) || !d.holds(mia, s.orders) {
			d.Error("it ended too early")
		}
		d.until(at)
		if d.holds(linus, s.orders) || d.holds(mia, s.orders) {
			d.Error("it did not end")
		}
		d.settle()
		d.want(http.StatusOK, "Nobody has it", "GET", "/resources/"+s.orders+"/users", "")
		d.want(http.StatusOK, "Nor the group", "GET", "/groups/"+s.readers+"/resources", "")
		ended := d.events("proxy.ended")
		if len(ended) != 1 || ended[0].Data["taskId"] != id {
			d.Errorf("evidence of the end: %+v", ended)
		}
	})
}

// configuredFor are configurations of which one is for a group: it asks nobody, for an hour at most, and all others ask who owns the item.
func configuredFor(group string) string {
	const rest = `"require_mfa_to_request":false,"require_support_ticket":false`
	return fmt.Sprintf(`[{"allow_requests":true,"auto_approval":false,%s,"priority":0,"reviewer_stages":[
			{"operator":"AND","require_manager_approval":true,"require_admin_approval":true,"owner_ids":[]}]},
		{"allow_requests":true,"auto_approval":true,%[1]s,"priority":1,"max_duration_minutes":60,"condition":{"group_ids":[%q]}}]`, rest, group)
}

func TestHowAnItemIsConfiguredHoldsForGroupsToo(t *testing.T) {
	onDoor(t, "request_group_configured", func(d *door) {
		s := d.shop()
		ada := d.person("Ada Byron", iam.BasicUser)
		staff, juniors := d.thing(s, "Staff", true), d.thing(s, "Juniors", true)
		for _, g := range []string{staff, juniors, s.readers} {
			d.lead(ada, g)
		}
		d.configure(s, s.orders, configuredFor(staff))
		d.as(s.root, iam.SuperAdministrator)
		d.want(http.StatusOK, "The juniors are in the staff", "POST", "/groups/"+juniors+"/containing-groups", fmt.Sprintf(`{"containing_group_id":%q}`, staff))
		d.as(ada, iam.BasicUser)
		d.hold(ada, staff) // whose access it is counts, and not who asks
		asked := d.made("readers' request", "id", "For a group that the condition does not name", "/requests", forGroup("resource", s.orders, s.readers))
		d.want(http.StatusOK, "Who owns it is asked, in place of a manager too", "GET", "/requests/"+asked, "")
		for _, g := range []string{staff, juniors} {
			d.want(http.StatusBadRequest, "Longer than it lets", "POST", "/requests", strings.Replace(forGroup("resource", s.orders, g), `":60`, `":61`, 1))
			at := d.made("request for the "+d.names[g], "id", "For one that it names, or that is in that", "/requests", forGroup("resource", s.orders, g))
			d.want(http.StatusOK, "Approved by itself", "GET", "/requests/"+at, "")
		}
		d.as(s.grace, iam.BasicUser)
		d.want(http.StatusOK, "Who owns it fills both slots", "POST", "/requests/"+asked+"/approve", regular)
		d.configure(s, s.orders, `[{"allow_requests":false,"auto_approval":false,"require_mfa_to_request":false,"require_support_ticket":false,"priority":0}]`)
		d.as(ada, iam.BasicUser)
		d.want(http.StatusForbidden, "Nobody may ask, for a group neither", "POST", "/requests", forGroup("resource", s.orders, staff))
		d.as(s.root, iam.SuperAdministrator)
		d.want(http.StatusForbidden, "Whoever they are", "POST", "/requests", forGroup("resource", s.orders, staff))
	})
}

func TestWhoMayAskForAGroupAndForWhat(t *testing.T) {
	onDoor(t, "request_group_who", func(d *door) {
		s := d.shop()
		ada, edith := d.person("Ada Byron", iam.BasicUser), d.person("Edith Clarke", iam.BasicUser)
		staff, secret := d.thing(s, "Staff", true), d.thing(s, "Secret", false)
		hidden := d.thing(s, "Hidden", true)
		d.lead(ada, s.readers)
		d.own(edith, s.orders)
		d.as(s.root, iam.SuperAdministrator)
		unlisted := d.newItem("resource", "Unlisted", string(s.app.ID))
		limit := `{"visibility":"LIMITED","visibility_group_ids":[]}`
		d.want(http.StatusOK, "One is for nobody", "PUT", "/resources/"+secret+"/visibility", limit)
		d.want(http.StatusOK, "A group as well", "PUT", "/groups/"+hidden+"/visibility", limit)
		d.as(ada, iam.BasicUser)
		d.want(http.StatusNotFound, "What its leader does not see is not there", "POST", "/requests", forGroup("resource", secret, s.readers))
		d.want(http.StatusNotFound, "Nor a group that they do not see", "POST", "/requests", forGroup("resource", s.orders, hidden))
		d.want(http.StatusNotFound, "Nor one that there is not", "POST", "/requests", forGroup("resource", s.orders, string(ada.ID)))
		d.want(http.StatusNotFound, "A resource is no group", "POST", "/requests", forGroup("resource", s.orders, s.orders))
		d.want(http.StatusBadRequest, "A group does not hold itself", "POST", "/requests", forGroup("group", s.readers, s.readers))
		d.want(http.StatusBadRequest, "For one or the other", "POST", "/requests",
			strings.Replace(forGroup("resource", s.orders, s.readers), `"target_group_id"`, `"target_user_id":"`+string(ada.ID)+`","target_group_id"`, 1))
		nested := d.made("nested", "id", "It may be in another group", "/requests", forGroup("group", staff, s.readers))
		both := d.made("both", "id", "Several things at once", "/requests", fmt.Sprintf(
			`{"resources":[{"id":%q},{"id":%q}],"groups":null,"reason":"all","duration_minutes":-1,"target_group_id":%q}`, s.orders, unlisted, s.readers))
		d.as(s.grace, iam.BasicUser)
		for _, id := range []string{nested, both} {
			d.want(http.StatusOK, "Grace, who owns the app, approves", "POST", "/requests/"+id+"/approve", regular)
		}
		d.settle()
		d.as(s.root, iam.SuperAdministrator)
		d.want(http.StatusOK, "The readers are in the staff, for an hour", "GET", "/groups/"+s.readers+"/containing-groups", "")
		d.want(http.StatusOK, "And hold the rest without end", "GET", "/groups/"+s.readers+"/resources", "")
		d.want(http.StatusBadRequest, "So that the staff cannot be in the readers", "POST", "/requests", forGroup("group", s.readers, staff))
		d.as(edith, iam.BasicUser)
		owners := d.made("owner's request", "id", "Who owns what is asked for may ask for any group", "/requests", forGroup("resource", s.orders, staff))
		d.want(http.StatusForbidden, "And decides as little", "POST", "/requests/"+owners+"/approve", `{"level":"ADMIN"}`)
		d.want(http.StatusForbidden, "Not for other things", "POST", "/requests", forGroup("resource", unlisted, staff))
		d.as(s.root, iam.SuperAdministrator)
		admins := d.made("administrator's request", "id", "An administrator asks for everything", "/requests", forGroup("resource", secret, hidden))
		d.want(http.StatusOK, "Of a group one sees", "GET", "/requests?requester_id="+string(s.root.ID), "")
		d.want(http.StatusOK, "And deletes it", "DELETE", "/groups/"+hidden, "")
		d.want(http.StatusOK, "Which ends what was asked for it", "GET", "/requests/"+admins, "")
	})
}
