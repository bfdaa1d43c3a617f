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
