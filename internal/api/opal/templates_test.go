package opal_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
)

// template makes a template whose items everybody may ask for, whom the keepers decide about.
func (d *door) template(keepers, name string, minutes int) string {
	d.Helper()
	return d.made("template", "configuration_template_id", "A template", "/configuration-templates", fmt.Sprintf(
		`{"name":%q,"admin_owner_id":%q,"visibility":{"visibility":"GLOBAL"},"require_mfa_to_approve":false,"require_mfa_to_connect":true,
		"custom_request_notification":"Be kind","ticket_propagation":{"enabled_on_grant":true,"enabled_on_revocation":false},
		"request_configurations":%s}`, name, keepers, configuration(fmt.Sprintf(
			`"max_duration_minutes":%d;"reviewer_stages":[{"operator":"AND","owner_ids":[%q],"require_manager_approval":true}]`, minutes, keepers))))
}

func TestItemsTakeTheirSettingsFromATemplate(t *testing.T) {
	onDoor(t, "templates", func(d *door) {
		s := d.shop()
		p := d.staff(s)
		id := d.template(p.keepers, "Standard", 60)
		d.want(http.StatusOK, "All of them", "GET", "/configuration-templates", "")
		put := func(status int, title, more string) answer {
			d.Helper()
			return d.want(status, title, "PUT", "/resources", fmt.Sprintf(`{"resources":[{"resource_id":%q%s}]}`, s.orders, more))
		}
		shown := d.call("GET", "/resources/"+s.orders, "").text("admin_owner_id")
		put(http.StatusBadRequest, "What a template says otherwise is not said with it", fmt.Sprintf(
			`,"configuration_template_id":%q,"request_configurations":%s`, id, configuration(`"allow_requests":false`)))
		put(http.StatusOK, "A resource follows it, in the words of a client that says what it was shown", fmt.Sprintf(
			`,"configuration_template_id":%q,"request_configurations":[],"admin_owner_id":%q`, id, shown))
		d.want(http.StatusOK, "And has all that it says", "GET", "/resources/"+s.orders, "")
		put(http.StatusOK, "What it has may be said again", fmt.Sprintf(`,"configuration_template_id":%q,"name":"Orders","admin_owner_id":%q`, id, p.keepers))
		put(http.StatusConflict, "And nothing else", `,"custom_request_notification":"Be quick"`)
		put(http.StatusConflict, "Nor another owner", fmt.Sprintf(`,"admin_owner_id":%q`, string(s.app.ID)))
		d.want(http.StatusConflict, "Nor whom it asks", "PUT", "/resources/"+s.orders+"/reviewers", `{"reviewer_ids":[]}`)
		d.want(http.StatusConflict, "Nor who sees it", "PUT", "/resources/"+s.orders+"/visibility", `{"visibility":"LIMITED","visibility_group_ids":[]}`)
		d.want(http.StatusConflict, "A template that is followed is not deleted", "DELETE", "/configuration-templates/"+id, "")

		d.as(p.ada, iam.BasicUser)
		ask := fmt.Sprintf(`{"resources":[{"id":%q}],"groups":[],"reason":"","duration_minutes":90}`, s.orders)
		d.want(http.StatusBadRequest, "It has an effect", "POST", "/requests", ask)
		d.as(s.root, iam.SuperAdministrator)
		d.want(http.StatusOK, "The template changes", "PUT", "/configuration-templates", fmt.Sprintf(
			`{"configuration_template_id":%q,"name":"Longer","request_configurations":%s}`, id, configuration(`"auto_approval":true;"max_duration_minutes":90`)))
		d.as(p.ada, iam.BasicUser)
		d.want(http.StatusOK, "And the resource with it", "POST", "/requests", ask)
		if !d.holds(p.ada, s.orders) {
			d.Error("not given")
		}

		d.as(s.root, iam.SuperAdministrator)
		put(http.StatusOK, "It follows it no longer and keeps what it had", `,"configuration_template_id":null`)
		put(http.StatusOK, "It is its own", `,"custom_request_notification":"Be quick"`)
		put(http.StatusOK, "It follows again", fmt.Sprintf(`,"configuration_template_id":%q`, id))
		put(http.StatusOK, "The empty text unlinks, too", `,"configuration_template_id":""`)
		d.want(http.StatusOK, "Nobody follows it any more", "DELETE", "/configuration-templates/"+id, "")
		d.want(http.StatusNotFound, "It is gone", "DELETE", "/configuration-templates/"+id, "")
		put(http.StatusBadRequest, "And cannot be followed", fmt.Sprintf(`,"configuration_template_id":%q`, id))

		d.as(p.ada, iam.BasicUser)
		for _, c := range [][3]string{
			{"GET", "/configuration-templates", ""}, {"DELETE", "/configuration-templates/" + id, ""},
			{"PUT", "/configuration-templates", fmt.Sprintf(`{"configuration_template_id":%q}`, id)},
		} {
			if a := d.call(c[0], c[1], c[2]); a.status != http.StatusForbidden {
				d.Errorf("somebody: %s %s: %d", c[0], c[1], a.status)
			}
		}
	})
}

func TestBadTemplates(t *testing.T) {
	onDoor(t, "", func(d *door) {
		s := d.shop()
		p := d.staff(s)
		d.template(p.keepers, "Standard", 60)
		nobody := "0197a1b2-0000-7000-8000-000000000000"
		body := func(more string) string {
			said := `{"name":"Other","admin_owner_id":"` + p.keepers + `","visibility":{"visibility":"GLOBAL"},"require_mfa_to_approve":false,"require_mfa_to_connect":false`
			name, _, _ := strings.Cut(more, ":")
			if at := strings.Index(said, name+":"); at > 0 {
				said = said[:at] + `"was` + said[at+1:]
			}
			return said + "," + more + "}"
		}
		d.refused(http.StatusBadRequest, "POST", "/configuration-templates", map[string]string{
			"name":                             body(`"name":""`),
			"admin_owner_id":                   body(`"admin_owner_id":"` + nobody + `"`),
			"visibility_group_ids":             body(`"visibility":{"visibility":"LIMITED","visibility_group_ids":["` + nobody + `"]}`),
			"linked_audit_message_channel_ids": body(`"linked_audit_message_channel_ids":["` + nobody + `"]`),
			"member_oncall_schedule_ids":       body(`"member_oncall_schedule_ids":["` + nobody + `"]`),
			"break_glass_user_ids":             body(`"break_glass_user_ids":["` + nobody + `"]`),
			"owner_ids":                        body(`"request_configurations":` + configuration(`"reviewer_stages":[{"operator":"OR","owner_ids":["`+nobody+`"]}]`)),
			"request_configurations":           body(`"request_configurations":` + configuration(`"priority":1`)),
		})
		d.refused(http.StatusConflict, "POST", "/configuration-templates", map[string]string{"name": body(`"name":"Standard"`)})
		d.refused(http.StatusNotFound, "PUT", "/configuration-templates", map[string]string{"": `{"configuration_template_id":"` + nobody + `"}`})
	})
}

// A template that many items follow is taken up in steps, by whoever is there to go on.
func TestManyItemsTakeWhatChangesInTheirTemplateInSteps(t *testing.T) {
	onDoor(t, "", func(d *door) {
		s := d.shop()
		p := d.staff(s)
		id := d.template(p.keepers, "Standard", 60)
		ctx := iam.AsSystem(d.Context())
		const many = 47
		list := make([]item.ID, many)
		for n := range list {
			i, err := d.Items.Create(ctx, item.Draft{AppID: s.app.ID, Name: fmt.Sprintf("Shelf %d", n), Settings: item.Settings{TemplateID: id}})
			if err != nil {
				d.Fatal(err)
			}
			list[n] = i.ID
		}
		took := func() (n int) {
			d.Helper()
			found, err := item.Many(d.DB.Q(ctx), list)
			if err != nil {
				d.Fatal(err)
			}
			for _, i := range found {
				if i.Configurations[0].MaxDuration == 30*time.Minute && i.Limited {
					n++
				}
			}
			return n
		}
		d.as(s.root, iam.SuperAdministrator)
		if a := d.call("PUT", "/configuration-templates", fmt.Sprintf(
			`{"configuration_template_id":%q,"visibility":{"visibility":"LIMITED"},"request_configurations":%s}`, id, configuration(`"max_duration_minutes":30`),
		)); a.status != http.StatusOK {
			d.Fatal(a.body)
		}
		if n := took(); n == 0 || n == many {
			d.Errorf("%d of %d took it at once", n, many)
		}
		source := d.Items.Follower()
		for range many {
			if _, some, err := source.Next(ctx); err != nil || !some {
				break
			}
			var all sync.WaitGroup // two replicas
			for range 2 {
				all.Go(func() {
					if _, err := source.Run(ctx, d.clock.Now()); err != nil {
						d.Error(err)
					}
				})
			}
			all.Wait()
		}
		if n := took(); n != many {
			d.Errorf("%d of %d took it in the end", n, many)
		}
		if a := d.call("GET", "/groups/"+string(list[0]), ""); a.status != http.StatusNotFound {
			d.Error("a resource is no group")
		}
		if a := d.call("GET", "/resources/"+string(list[0]), ""); a.text("configuration_template_id") != id || a.text("admin_owner_id") != p.keepers {
			d.Errorf("made with a template: %v", a.body)
		}
	})
}

func TestReviewersAndStagesAreThoseOfTheDefaultConfiguration(t *testing.T) {
	onDoor(t, "reviewers", func(d *door) {
		s := d.shop()
		p := d.staff(s)
		for _, c := range []struct{ path, stages string }{{"/resources/" + s.orders, "reviewer-stages"}, {"/groups/" + s.readers, "reviewer-stages"}} {
			d.as(s.root, iam.SuperAdministrator)
			d.want(http.StatusOK, "Nobody said who reviews", "GET", c.path+"/reviewers", "")
			d.want(http.StatusOK, "Nor in which stages", "GET", c.path+"/"+c.stages, "")
			d.want(http.StatusOK, "The keepers do", "PUT", c.path+"/reviewers", fmt.Sprintf(`{"reviewer_ids":[%q]}`, p.keepers))
			d.want(http.StatusOK, "In one stage", "GET", c.path+"/"+c.stages, "")
			d.want(http.StatusOK, "And the manager, in another", "PUT", c.path+"/"+c.stages, fmt.Sprintf(
				`{"stages":[{"operator":"AND","owner_ids":[%q]},{"operator":"OR","owner_ids":[],"require_manager_approval":true}]}`, p.keepers))
			d.want(http.StatusOK, "The owners among them", "GET", c.path+"/reviewers", "")
			d.refused(http.StatusBadRequest, "PUT", c.path+"/reviewers", map[string]string{
				"owner_ids": fmt.Sprintf(`{"reviewer_ids":[%q]}`, p.ada.ID), "reviewer_ids": `{"reviewer_ids":["x"]}`,
			})
			d.as(p.ada, iam.BasicUser)
			d.want(http.StatusForbidden, "Who is no administrator sets none", "PUT", c.path+"/reviewers", `{"reviewer_ids":[]}`)
		}
		id := d.askFor(p.ada, s.orders)
		d.want(http.StatusOK, "What is set has an effect", "GET", "/requests/"+id, "")
		d.as(s.root, iam.SuperAdministrator)
		d.want(http.StatusOK, "Nobody reviews any more", "PUT", "/resources/"+s.orders+"/reviewers", `{"reviewer_ids":null}`)
		d.want(http.StatusNotFound, "Of nothing", "GET", "/resources/"+s.readers+"/reviewers", "")
	})
}

// Two administrators at once, one of whom has an item follow a template while the other gives it something else: whoever comes second is
// refused, or their word is overruled. What follows a template has what the template says.
func TestWhatFollowsATemplateHasNothingElseWhoeverIsAtItAtOnce(t *testing.T) {
	onDoor(t, "", func(d *door) {
		s := d.shop()
		p := d.staff(s)
		d.as(s.root, iam.SuperAdministrator)
		others := d.call("POST", "/owners", fmt.Sprintf(`{"name":"Others","user_ids":[%q]}`, p.linus.ID)).text("owner_id")
		channel := func(id string) string {
			return d.call("POST", "/message-channels", fmt.Sprintf(`{"third_party_provider":"SLACK","remote_id":%q}`, id)).text("message_channel_id")
		}
		one, two := channel("C1"), channel("C2")
		id := d.template(p.keepers, "Standard", 60)
		if a := d.call("PUT", "/configuration-templates", fmt.Sprintf(`{"configuration_template_id":%q,"linked_audit_message_channel_ids":[%q]}`, id, one)); a.status != 200 {
			d.Fatal(a)
		}
		for n := range 6 {
			r := d.newItem("resource", fmt.Sprintf("r%d", n), string(s.app.ID))
			put := func(more string) {
				d.call("PUT", "/resources", fmt.Sprintf(`{"resources":[{"resource_id":%q%s}]}`, r, more))
			}
			var all sync.WaitGroup
			all.Go(func() { put(fmt.Sprintf(`,"configuration_template_id":%q`, id)) })
			all.Go(func() { put(fmt.Sprintf(`,"admin_owner_id":%q`, others)) })
			all.Go(func() {
				d.call("PUT", "/resources/"+r+"/message-channels", fmt.Sprintf(`{"message_channel_ids":[%q]}`, two))
			})
			all.Wait()
			shown, told := d.call("GET", "/resources/"+r, ""), d.call("GET", "/resources/"+r+"/message-channels", "")
			if shown.text("configuration_template_id") != id {
				continue
			}
			if shown.text("admin_owner_id") != p.keepers || told.text("channels.0.message_channel_id") != one || told.at("channels.1") != nil {
				d.Errorf("it follows the template, and has %v and %v", shown.text("admin_owner_id"), told.body)
			}
		}
	})
}
