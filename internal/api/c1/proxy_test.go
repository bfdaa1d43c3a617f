package c1_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/api/c1"
)

func ksuidOf[T ~string](v T) string { return c1.KSUID(v) }

func TestBindingsOfEntitlementsThroughTheDoor(t *testing.T) {
	onDoors(t, "bindings", func(d *door) {
		d.automating()
		d.super("Ada")
		path, body := d.plainEntitlement("")
		group := d.need(http.StatusOK, "", "POST", path, body).text("appEntitlementView.appEntitlement.id")
		role := d.need(http.StatusOK, "", "POST", path, body).text("appEntitlementView.appEntitlement.id")
		d.names[group], d.names[role] = "group", "role"
		appID := strings.Split(path, "/")[4]
		way := func(from, to string) string {
			return "/api/v1/apps/" + appID + "/" + from + "/bindings/" + appID + "/" + to
		}
		one := way(group, role)
		d.want(http.StatusNotFound, "not bound", "GET", one, "")
		d.want(http.StatusOK, "bound", "POST", one, `{"expandMask":{"paths":["src_app_id","dst_app_entitlement_id"]}}`)
		d.want(http.StatusConflict, "twice", "POST", one, "{}")
		d.want(http.StatusBadRequest, "to itself", "POST", way(group, group), "{}")
		d.want(http.StatusBadRequest, "in a circle", "POST", way(role, group), "{}")
		d.want(http.StatusOK, "read", "GET", one, "")
		grace := d.person("Grace", "system:viewer")
		d.super("Linus")
		d.need(http.StatusOK, "", "POST", path+"/"+group+"/add-manual-user", `{"userIds":["`+ksuidOf(grace.ID)+`"]}`)
		d.want(http.StatusOK, "who is in the group has the role", "GET", path+"/"+role+"/users", "")
		d.want(http.StatusOK, "by way of the group", "GET", path+"/"+role+"/users/"+ksuidOf(grace.ID)+"/grants", "")
		d.want(http.StatusOK, "unbound", "DELETE", one, "{}")
		for _, c := range [][2]string{{"GET", ""}, {"DELETE", "{}"}} {
			d.want(http.StatusNotFound, "gone", c[0], one, c[1])
		}
		d.kept()
		d.want(http.StatusOK, "nobody has", "GET", path+"/"+role+"/users", "")
		d.want(http.StatusNotFound, "an unknown destination", "POST", way(group, someID), "{}")
		d.want(http.StatusNotFound, "an unknown source", "POST", way(someID, role), "{}")
		d.need(http.StatusBadRequest, "srcAppEntitlementId", "GET", way("x", role), "")
		d.need(http.StatusBadRequest, "dstAppEntitlementId", "POST", way(group, "x"), "{}")
		d.invalid("POST", one, map[string]string{"expandMask": `{"expandMask":{"paths":["color"]}}`})
	})
}
