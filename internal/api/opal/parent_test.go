package opal_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/db"
)

func TestAResourceHangsBelowAnother(t *testing.T) {
	onDoor(t, "resource_parents", func(d *door) {
		d.person("Root", iam.SuperAdministrator)
		a, other := string(d.app("warehouse").ID), string(d.app("elsewhere").ID)
		top, middle, leaf := d.newItem("resource", "account", a), d.newItem("resource", "database", a), d.newItem("resource", "table", a)
		stranger := d.newItem("resource", "stranger", other)
		below := func(id, parent string) string {
			return fmt.Sprintf(`{"resources":[{"resource_id":%q,"parent_resource_id":%s}]}`, id, parent)
		}
		quoted := func(s string) string { return fmt.Sprintf("%q", s) }
		d.want(http.StatusOK, "one below another", "PUT", "/resources", below(middle, quoted(top)))
		d.want(http.StatusOK, "and a third below that", "PUT", "/resources", below(leaf, quoted(middle)))
		d.want(http.StatusOK, "left out, it stays", "PUT", "/resources", fmt.Sprintf(`{"resources":[{"resource_id":%q,"name":"orders"}]}`, leaf))
		d.want(http.StatusOK, "what is below", "GET", "/resources?parent_resource_id="+middle, "")
		d.want(http.StatusOK, "all that is below, at whatever depth", "GET", "/resources?ancestor_resource_id="+top, "")
		d.want(http.StatusOK, "nothing is below itself", "GET", "/resources?ancestor_resource_id="+leaf, "")
		for _, bad := range []string{
			below(top, quoted(top)), below(top, quoted(leaf)), below(top, quoted(stranger)), below(top, quoted(nobodysID)), below(top, `"x"`),
		} {
			d.refused(http.StatusBadRequest, "PUT", "/resources", map[string]string{"parent_resource_id": bad})
		}
		d.want(http.StatusOK, "null is none", "PUT", "/resources", below(leaf, "null"))
		d.want(http.StatusOK, "below the first again", "PUT", "/resources", below(leaf, quoted(top)))
		d.want(http.StatusOK, "empty is none", "PUT", "/resources", below(leaf, `""`))
		d.want(http.StatusOK, "the first is deleted", "DELETE", "/resources/"+top, "")
		d.want(http.StatusOK, "and what hung below it does not", "GET", "/resources/"+middle, "")
	})
}

func TestAResourceIsFoundByWhatItsTargetCallsIt(t *testing.T) {
	onDoor(t, "resource_remote_ids", func(d *door) {
		d.person("Root", iam.SuperAdministrator)
		c, other := d.readBy(app.App{DisplayName: "CRM"}, nil), d.readBy(app.App{DisplayName: "Warehouse"}, nil)
		err := d.DB.Write(d.Context(), func(tx *db.Tx) error {
			for of, name := range map[app.ConnectorRef]string{c.Ref(): "orders,2026", other.Ref(): "parts"} {
				if _, _, err := d.Apps.UpsertResources(tx, of, []app.SeenResource{
					{ExternalID: name, TypeID: app.CredentialType, DisplayName: name}, {ExternalID: "both", TypeID: app.CredentialType, DisplayName: "Both"},
				}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			d.Fatal(err)
		}
		one := d.want(http.StatusOK, "a comma is part of it", "GET", "/resources?resource_type_filter=CUSTOM&remote_id=orders%2C2026", "")
		d.names[one.text("results.0.resource_id")] = "orders"
		if all, _ := d.call("GET", "/resources?remote_id=both", "").at("results").([]any); len(all) != 2 {
			d.Errorf("two targets know %d of that name", len(all))
		}
		d.want(http.StatusOK, "nobody calls anything so", "GET", "/resources?remote_id=orders", "")
	})
}
