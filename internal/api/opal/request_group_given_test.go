package opal_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
)

// most sets the longest that access to an item may last.
func (d *door) most(itemID string, longest time.Duration) {
	d.Helper()
	of := d.level(itemID)
	if _, err := d.Apps.UpdateEntitlement(iam.AsSystem(d.Context()), of.AppID, of.ID, func(e *app.Entitlement) error {
		e.MaxGrant = longest
		return nil
	}); err != nil {
		d.Fatal(err)
	}
}

// led is a shop whose readers somebody leads.
func (d *door) led() (s shop, leader directory.User) {
	d.Helper()
	s = d.shop()
	leader = d.person("Ada Byron", iam.BasicUser)
	d.lead(leader, s.readers)
	return s, leader
}

// The threat: what a person would be given for an hour by now, a group asks for before and is given for good.
func TestAGroupIsGivenNothingForLongerThanIsAllowedByThen(t *testing.T) {
	onDoor(t, "", func(d *door) {
		s, _ := d.led()
		for _, minutes := range []string{":-1", ":300"} {
			d.most(s.orders, 0)
			d.as(s.root, iam.SuperAdministrator)
			asked := d.call("POST", "/requests", strings.Replace(forGroup("resource", s.orders, s.readers), ":60", minutes, 1)).text("id")
			d.most(s.orders, time.Hour)
			d.as(s.grace, iam.BasicUser)
			d.want(http.StatusOK, "It is approved later", "POST", "/requests/"+asked+"/approve", regular)
			d.as(s.root, iam.SuperAdministrator)
			held := d.want(http.StatusOK, "It is held", "GET", "/groups/"+s.readers+"/resources", "")
			at, err := time.Parse(time.RFC3339Nano, held.text("group_resources.0.expiration_date"))
			if err != nil || !at.Equal(d.clock.Now().Add(time.Hour)) {
				d.Errorf("asked%s: held until %v, %v", minutes, at, held)
			}
			d.want(http.StatusOK, "It is taken", "PUT", "/groups/"+s.readers+"/resources", `{"resources":[]}`)
			d.settle()
		}
	})
}

func TestAMemberByWayOfAnotherGroupDoesNotDecide(t *testing.T) {
	onDoor(t, "", func(d *door) {
		s, ada := d.led()
		juniors := d.thing(s, "Juniors", true)
		d.as(s.root, iam.SuperAdministrator)
		d.want(http.StatusOK, "The juniors are in the readers", "POST", "/groups/"+juniors+"/containing-groups", fmt.Sprintf(`{"containing_group_id":%q}`, s.readers))
		d.as(ada, iam.BasicUser)
		id := d.made("asked", "id", "Their leader asks", "/requests", forGroup("resource", s.orders, s.readers))
		if !d.works(s.grace, id) {
			d.Error("Grace, who owns the app, is not asked")
		}
		d.hold(s.grace, juniors)
		d.settle()
		d.as(s.grace, iam.BasicUser)
		if d.works(s.grace, id) {
			d.Error("a member is asked")
		}
		for _, level := range []string{"REGULAR", "ADMIN"} {
			for _, what := range []string{"approve", "deny"} {
				a := d.call("POST", "/requests/"+id+"/"+what, fmt.Sprintf(`{"level":%q,"comment":"mine"}`, level))
				if a.status == http.StatusOK {
					d.Errorf("a member could %s as %s: %v", what, level, a)
				}
			}
		}
		d.as(s.root, iam.SuperAdministrator)
		d.want(http.StatusOK, "It falls to the administrators", "POST", "/requests/"+id+"/approve", `{"level":"ADMIN"}`)
	})
}
