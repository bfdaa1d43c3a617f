package opal_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/page"
)

// owner makes an owner of one person and names it in the transcript.
func (d *door) owner(name string, of directory.User) string {
	d.Helper()
	v, err := d.Owners.CreateSet(iam.AsSystem(d.Context()), owner.Set{Name: name, Members: []directory.UserID{of.ID}})
	if err != nil {
		d.Fatal(err)
	}
	d.names[string(v.ID)] = name
	return string(v.ID)
}

func TestABundleIsMadeFilledLimitedAndDeleted(t *testing.T) {
	onDoor(t, "bundles", func(d *door) {
		ada := d.person("Ada", iam.BasicUser)
		root := d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		curators := d.owner("curators", root)
		orders := d.made("orders", "resource_id", "A resource", "/resources", fmt.Sprintf(`{"name":"Orders","resource_type":"CUSTOM","app_id":%q}`, a.ID))
		readers := d.made("readers", "group_id", "A group", "/groups", fmt.Sprintf(`{"name":"Readers","group_type":"OPAL_GROUP","app_id":%q}`, a.ID))
		i, err := item.Get(d.DB.Q(t.Context()), item.ID(orders))
		if err == nil {
			_, err = d.Apps.CreateEntitlement(iam.AsSystem(t.Context()), app.Entitlement{
				AppID: a.ID, TypeID: i.TypeID, ResourceID: i.ID, DisplayName: "May write", Slug: "write",
			})
		}
		if err != nil {
			d.Fatal(err)
		}

		bundle := d.want(http.StatusCreated, "A bundle", "POST", "/bundles",
			fmt.Sprintf(`{"name":"New in the warehouse","description":"what everybody needs","admin_owner_id":%q}`, curators)).text("bundle_id")
		d.names[bundle] = "bundle"
		d.refused(http.StatusBadRequest, "POST", "/bundles", map[string]string{
			"name":           fmt.Sprintf(`{"name":"","admin_owner_id":%q}`, curators),
			"admin_owner_id": `{"name":"x"}`,
			"no owner":       fmt.Sprintf(`{"name":"x","admin_owner_id":%q}`, a.ID),
		})
		at := "/bundles/" + bundle
		d.want(http.StatusCreated, "The resource, at a level", "POST", at+"/resources", fmt.Sprintf(`{"resource_id":%q,"access_level_remote_id":"write"}`, orders))
		d.want(http.StatusCreated, "At the default level too", "POST", at+"/resources", fmt.Sprintf(`{"resource_id":%q}`, orders))
		d.want(http.StatusCreated, "Once more, which changes nothing", "POST", at+"/resources", fmt.Sprintf(`{"resource_id":%q,"access_level_remote_id":""}`, orders))
		d.want(http.StatusCreated, "The group", "POST", at+"/groups", fmt.Sprintf(`{"group_id":%q}`, readers))
		d.want(http.StatusNotFound, "A group is no resource", "POST", at+"/resources", fmt.Sprintf(`{"resource_id":%q}`, readers))
		d.want(http.StatusNotFound, "It has no such level", "POST", at+"/groups", fmt.Sprintf(`{"group_id":%q,"access_level_remote_id":"x"}`, readers))
		d.want(http.StatusOK, "A page of the resources", "GET", at+"/resources?page_size=1", "")
		d.want(http.StatusOK, "The groups", "GET", at+"/groups", "")
		d.want(http.StatusOK, "It is renamed", "PUT", at, `{"name":"Warehouse","bundle_id":"whatever","total_num_items":99}`)
		d.want(http.StatusOK, "Nothing is changed, and it is answered all the same", "PUT", at, `{}`)
		d.want(http.StatusOK, "By part of its name", "GET", "/bundles?contains=HOUSE", "")
		d.want(http.StatusOK, "By what is no part of it", "GET", "/bundles?contains=wharf", "")
		d.want(http.StatusOK, "Everybody sees it", "GET", at+"/visibility", "")

		d.as(ada, iam.BasicUser)
		d.want(http.StatusOK, "Ada sees it", "GET", "/bundles", "")
		d.want(http.StatusForbidden, "And does not change it", "PUT", at, `{"name":"Mine"}`)
		d.as(root, iam.SuperAdministrator)
		d.want(http.StatusOK, "Only writers see the orders", "PUT", "/resources/"+orders+"/visibility", `{"visibility":"LIMITED"}`)
		d.as(ada, iam.BasicUser)
		d.want(http.StatusOK, "Ada sees a smaller bundle", "GET", at, "")
		d.want(http.StatusOK, "Without the orders", "GET", at+"/resources", "")
		d.as(root, iam.SuperAdministrator)
		if a := d.want(http.StatusOK, "Only readers see the bundle", "PUT", at+"/visibility",
			fmt.Sprintf(`{"visibility":"LIMITED","visibility_group_ids":[%q]}`, readers)); a.body != nil {
			d.Errorf("answered %v", a.body)
		}
		d.want(http.StatusOK, "As it says", "GET", at+"/visibility", "")
		d.as(ada, iam.BasicUser)
		for _, path := range []string{at, at + "/visibility", at + "/groups", at + "/resources"} {
			d.want(http.StatusNotFound, "Ada is no reader", "GET", path, "")
		}
		d.want(http.StatusForbidden, "And changes none, there or not", "DELETE", at, "")
		d.as(root, iam.SuperAdministrator)
		d.hold(ada, readers)
		d.as(ada, iam.BasicUser)
		d.want(http.StatusOK, "Now she is", "GET", at, "")

		d.as(root, iam.SuperAdministrator)
		d.want(http.StatusConflict, "Its owner owns something", "DELETE", "/owners/"+curators, "")
		d.want(http.StatusOK, "The level is taken out", "DELETE", at+"/resources/"+orders+"?access_level_remote_id=write", "")
		d.want(http.StatusNotFound, "It is out", "DELETE", at+"/resources/"+orders+"?access_level_remote_id=write", "")
		d.want(http.StatusOK, "The other too", "DELETE", at+"/resources/"+orders+"?access_level_remote_id=", "")
		d.want(http.StatusOK, "And the group", "DELETE", at+"/groups/"+readers, "")
		d.want(http.StatusOK, "It is empty", "GET", at, "")
		d.want(http.StatusOK, "It is deleted", "DELETE", at, "")
		d.want(http.StatusNotFound, "And gone", "GET", at, "")
		d.want(http.StatusOK, "Its owner owns nothing any more", "DELETE", "/owners/"+curators, "")
	})
}

func TestACatalogOfTheOtherAPIIsABundle(t *testing.T) {
	onDoor(t, "", func(d *door) {
		d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		readers := d.made("readers", "group_id", "A group", "/groups", fmt.Sprintf(`{"name":"Readers","group_type":"OPAL_GROUP","app_id":%q}`, a.ID))
		ctx := iam.AsSystem(t.Context())
		c, err := d.Catalogs.Create(ctx, catalog.Catalog{DisplayName: "Shelf", Published: true})
		must(t, err)
		must(t, d.Catalogs.Add(ctx, c.ID, []app.EntitlementRef{d.level(readers), {AppID: a.ID, ID: app.AccessEntitlement}}))
		must(t, d.Catalogs.AddAudience(ctx, c.ID, []app.EntitlementRef{d.level(readers), {AppID: a.ID, ID: app.AccessEntitlement}}))
		at := "/bundles/" + string(c.ID)
		if b := d.call("GET", at, ""); b.at("total_num_items") != 1.0 || b.at("admin_owner_id") != nil {
			t.Errorf("shown as %v", b.body)
		}
		if v := d.call("GET", at+"/visibility", ""); v.text("visibility") != "LIMITED" || v.text("visibility_group_ids.0") != readers ||
			v.at("visibility_group_ids.1") != nil {
			t.Errorf("seen by %v", v.body)
		}
		_, err = d.Catalogs.Update(ctx, c.ID, func(c *catalog.Catalog) error { c.Published = false; return nil })
		must(t, err)
		if v := d.call("GET", at+"/visibility", ""); v.text("visibility") != "LIMITED" || v.at("visibility_group_ids.0") != nil {
			t.Errorf("not published, and seen by %v", v.body)
		}
		d.want(http.StatusOK, "Everybody", "PUT", at+"/visibility", `{"visibility":"GLOBAL","visibility_group_ids":null}`)
		if c, err = d.Catalogs.Get(ctx, c.ID); err != nil || !c.Published || !c.Everyone || len(c.Audience) > 0 {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

func TestOfTwoWhoChangeABundleAtOnceNeitherLosesAnything(t *testing.T) {
	onDoor(t, "", func(d *door) {
		root := d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		bundle := d.want(http.StatusCreated, "A bundle", "POST", "/bundles",
			fmt.Sprintf(`{"name":"Tools","admin_owner_id":%q}`, d.owner("curators", root))).text("bundle_id")
		const n = 8
		var groups [n]string
		for i := range groups {
			groups[i] = d.made(fmt.Sprint("group-", i), "group_id", "A group", "/groups",
				fmt.Sprintf(`{"name":"Group %d","group_type":"OPAL_GROUP","app_id":%q}`, i, a.ID))
		}
		var all sync.WaitGroup
		var codes [2 * n]int
		for i, g := range groups {
			all.Go(func() {
				codes[i] = d.call("POST", "/bundles/"+bundle+"/groups", fmt.Sprintf(`{"group_id":%q}`, g)).status
			})
			all.Go(func() {
				codes[n+i] = d.call("PUT", "/bundles/"+bundle, fmt.Sprintf(`{"description":"by %d"}`, i)).status
			})
		}
		all.Wait()
		won := 0
		for i, code := range codes {
			switch {
			case i < n && code != http.StatusCreated, code != http.StatusCreated && code != http.StatusOK && code != http.StatusConflict:
				t.Errorf("the answers were %v", codes)
			case code == http.StatusOK:
				won++
			}
		}
		b := d.call("GET", "/bundles/"+bundle, "")
		if b.at("total_num_groups") != float64(n) || won == 0 {
			t.Errorf("of %d groups %v are in it; %d changes were made", n, b.at("total_num_groups"), won)
		}
		if told := len(d.events("catalog.updated")); told != won {
			t.Errorf("%d changes, %d events", won, told)
		}
	})
}

func TestBundlesAreReadPageByPage(t *testing.T) {
	onDoor(t, "", func(d *door) {
		for n := range 5 {
			_, err := d.Catalogs.Create(iam.AsSystem(t.Context()), catalog.Catalog{DisplayName: fmt.Sprint("Bundle ", n)})
			must(t, err)
		}
		d.person("Root", iam.SuperAdministrator)
		path, seen := "/bundles?page_size=2", 0
		for range 3 {
			a := d.want(http.StatusOK, "A page", "GET", path, "")
			seen += len(a.at("bundles").([]any))
			if a.at("total_count") != 5.0 {
				t.Errorf("of %v", a.at("total_count"))
			}
			path = "/bundles?page_size=2&cursor=" + a.text("next")
		}
		if seen != 5 {
			t.Errorf("%d of 5", seen)
		}
		d.refused(http.StatusBadRequest, "GET", "/bundles?contains=x&cursor="+d.call("GET", "/bundles?page_size=2", "").text("next"),
			map[string]string{"cursor": ""})
	})
}

// events are the audit events of a kind.
func (d *door) events(kind string) (found []audit.Event) {
	d.Helper()
	list, err := d.Audit.List(d.Context(), audit.Filter{}, page.Request{Size: 200})
	must(d.T, err)
	return slices.DeleteFunc(list.Items, func(e audit.Event) bool { return e.Kind != kind })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
