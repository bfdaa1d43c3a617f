package opal_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/page"
)

// What can be asked for is one answer: what the other API's search lists, and what a request here is let do.
func TestWhatIsMadeHereCanBeAskedForByWhoSeesIt(t *testing.T) {
	onDoor(t, "", func(d *door) {
		ada := d.person("Ada", iam.BasicUser)
		root := d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		orders := d.made("orders", "resource_id", "A resource", "/resources", fmt.Sprintf(`{"name":"Orders","resource_type":"CUSTOM","app_id":%q}`, a.ID))
		readers := d.made("readers", "group_id", "A group", "/groups", fmt.Sprintf(`{"name":"Readers","group_type":"OPAL_GROUP","app_id":%q}`, a.ID))
		i, err := item.Get(d.DB.Q(t.Context()), item.ID(orders))
		must(t, err)
		mere, err := d.Apps.CreateResource(iam.AsSystem(t.Context()), app.Resource{AppID: a.ID, TypeID: i.TypeID, DisplayName: "Mere"})
		must(t, err)
		_, err = d.Apps.CreateEntitlement(iam.AsSystem(t.Context()), app.Entitlement{
			AppID: a.ID, TypeID: mere.TypeID, ResourceID: mere.ID, DisplayName: "Mere", Slug: "access",
		})
		must(t, err)

		check := func(when, of string, status int) {
			t.Helper()
			d.as(ada, iam.BasicUser)
			got := d.call("POST", "/requests", fmt.Sprintf(`{"resources":[{"id":%q}],"groups":[],"reason":"work","duration_minutes":60}`, of))
			offers, err := d.Read.Offers(t.Context(), read.OfferFilter{User: ada.ID}, page.Request{Size: 50})
			must(t, err)
			listed := false
			for _, o := range offers.Items {
				listed = listed || string(o.ResourceID) == of
			}
			if open := status == http.StatusOK || status == http.StatusConflict; got.status != status || listed != open {
				t.Errorf("%s: answered %d, want %d; listed %t: %v", when, got.status, status, listed, got.body)
			}
			d.as(root, iam.SuperAdministrator)
		}
		check("made here", orders, http.StatusOK)
		check("made by others, and in no catalog", string(mere.ID), http.StatusForbidden)
		d.want(http.StatusOK, "limited", "PUT", "/resources/"+orders+"/visibility", fmt.Sprintf(`{"visibility":"LIMITED","visibility_group_ids":[%q]}`, readers))
		check("limited", orders, http.StatusNotFound)

		bundle := d.want(http.StatusCreated, "A bundle for everybody", "POST", "/bundles",
			fmt.Sprintf(`{"name":"Tools","admin_owner_id":%q}`, d.owner("curators", root))).text("bundle_id")
		for _, r := range []string{orders, string(mere.ID)} {
			d.want(http.StatusCreated, "with it", "POST", "/bundles/"+bundle+"/resources", fmt.Sprintf(`{"resource_id":%q}`, r))
		}
		check("limited, though a bundle lists it", orders, http.StatusNotFound)
		check("a bundle lists it", string(mere.ID), http.StatusOK)
		d.hold(ada, readers)
		check("limited to readers, of whom Ada is one, who has asked already", orders, http.StatusConflict)
	})
}

func TestWhatAConnectorReadsIsOfferedOnceSomebodySaysWhoSeesIt(t *testing.T) {
	onDoor(t, "", func(d *door) {
		d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		typ, err := d.Apps.CreateResourceType(iam.AsSystem(t.Context()), app.ResourceType{AppID: a.ID, Kind: app.KindCustom, DisplayName: "Role"})
		must(t, err)
		r, err := d.Apps.CreateResource(iam.AsSystem(t.Context()), app.Resource{AppID: a.ID, TypeID: typ.ID, DisplayName: "Mere"})
		must(t, err)
		offered := func() any { return d.call("GET", "/resources/"+string(r.ID), "").at("is_requestable") }
		d.want(http.StatusOK, "Its risk is set", "PUT", "/resources", fmt.Sprintf(`{"resources":[{"resource_id":%q,"risk_sensitivity_override":"LOW"}]}`, r.ID))
		if offered() != false {
			t.Error("offered by a change of something else")
		}
		d.want(http.StatusOK, "Everybody sees it, and may ask", "PUT", "/resources/"+string(r.ID)+"/visibility", `{"visibility":"GLOBAL"}`)
		if offered() != true {
			t.Error("not offered")
		}
	})
}
