package c1_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/db"
)

// automating puts automations behind the door.
func (d *door) automating() {
	d.Helper()
	if d.deps.Grants == nil {
		d.deps.Grants = grant.New(grant.Deps{
			DB: d.deps.DB, Clock: d.clock, Audit: d.deps.Audit, Apps: d.deps.Apps, Provision: provision.New(provision.Deps{DB: d.deps.DB, Clock: d.clock}),
		})
	}
	d.deps.Automations = automation.New(automation.Deps{
		DB: d.deps.DB, Clock: d.clock, Audit: d.deps.Audit, Grants: d.deps.Grants, Policies: d.deps.Policies,
	})
	d.Cleanup(d.deps.Automations.Close)
	d.deps.Grants.Watch(d.deps.Automations)
	d.deps.Catalogs.Rules = d.deps.Automations
	err := d.deps.DB.Write(d.Context(), func(tx *db.Tx) error {
		_, err := d.deps.Apps.EnsureApp(tx, audit.System(), app.App{ID: app.Own, DisplayName: "Interim"})
		return err
	})
	if err != nil {
		d.Fatal(err)
	}
	d.names[ksuidOf(app.Own)] = "interim"
}

// kept makes the passes that are due.
func (d *door) kept() {
	d.Helper()
	d.clock.Advance(time.Second)
	for range 10 {
		n, err := d.deps.Automations.Keeper().Run(d.Context(), d.clock.Now())
		if err != nil {
			d.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

func TestAutomationsThroughTheDoor(t *testing.T) {
	onDoors(t, "automations", func(d *door) {
		d.automating()
		d.super("Ada")
		grace, err := d.deps.Directory.Create(d.Context(), directory.User{DisplayName: "Grace", Email: "grace@example.com", Department: "Sales"})
		if err != nil {
			d.Fatal(err)
		}
		linus, err := d.deps.Directory.Create(d.Context(), directory.User{DisplayName: "Linus", Email: "linus@example.com", Department: "Sales"})
		if err != nil {
			d.Fatal(err)
		}
		d.names[ksuidOf(grace.ID)], d.names[ksuidOf(linus.ID)] = "grace", "linus"
		path, body := d.plainEntitlement("")
		one := path + "/" + d.need(http.StatusOK, "", "POST", path, body).text("appEntitlementView.appEntitlement.id")
		other := d.need(http.StatusOK, "", "POST", path, body).text("appEntitlementView.appEntitlement.id")
		d.names[strings.TrimPrefix(one, path+"/")], d.names[other] = "writer", "reader"
		auto := one + "/automation"
		d.want(http.StatusNotFound, "there is none", "GET", auto, "")
		d.want(http.StatusOK, "made", "POST", auto+"/create", `{"automation":{"displayName":"Sales","description":"all of them","cel":{"expression":"subject.department == 'Sales'"}}}`)
		d.want(http.StatusConflict, "twice", "POST", auto+"/create", `{"automation":{"none":{}}}`)
		d.kept()
		d.want(http.StatusOK, "read, after its first pass", "GET", auto, "")
		d.want(http.StatusOK, "the entitlement says so", "GET", one, "")
		if got := d.need(http.StatusOK, "", "POST", "/api/v1/search/entitlements", `{"isAutomated":true}`); len(got.list()) != 1 {
			d.Errorf("%v", got.body)
		}
		d.want(http.StatusOK, "who holds it", "GET", one+"/users", "")
		d.want(http.StatusOK, "one is passed over", "POST", auto+"/exclusions", `{"userIds":["`+ksuidOf(linus.ID)+`"]}`)
		d.want(http.StatusOK, "who is", "GET", auto+"/exclusions", "")
		d.kept()
		if got := d.need(http.StatusOK, "", "GET", one+"/users", ""); len(got.list()) != 1 {
			d.Errorf("%v", got.body)
		}
		d.want(http.StatusOK, "no longer", "DELETE", auto+"/exclusions", `{"userIds":["`+ksuidOf(linus.ID)+`"]}`)
		d.kept()
		readers := `{"displayName":"Readers","description":"not written","entitlements":{"entitlementRefs":[{"appId":"` +
			strings.Split(path, "/")[4] + `","id":"` + other + `"}]},"updateMask":"displayName,entitlements"}`
		d.want(http.StatusOK, "changed by a mask", "POST", auto+"/update", readers)
		d.kept()
		d.want(http.StatusOK, "it matches nobody, and says so", "GET", auto, "")
		d.need(http.StatusOK, "", "POST", auto+"/update", readers)
		d.kept()
		if got := d.need(http.StatusOK, "", "GET", one+"/users", ""); len(got.list()) != 0 {
			d.Errorf("saved again as it is, and still held by %v", got.body)
		}
		d.want(http.StatusOK, "all is well again", "GET", auto, "")
		d.want(http.StatusOK, "changed by its keys", "POST", auto+"/update", `{"none":{}}`)
		d.want(http.StatusOK, "deleted", "DELETE", auto, "{}")
		for _, c := range [][3]string{{"GET", auto, ""}, {"DELETE", auto, "{}"}, {"POST", auto + "/update", `{"none":{}}`}, {"GET", auto + "/exclusions", ""}} {
			d.want(http.StatusNotFound, "gone", c[0], c[1], c[2])
		}
		d.kept()
		if got := d.need(http.StatusOK, "", "GET", one+"/users", ""); len(got.list()) != 0 {
			d.Errorf("%v", got.body)
		}
	})
}

func TestMalformedAutomationsAreRefused(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.automating()
		d.super("Ada")
		path, body := d.plainEntitlement("")
		e := d.need(http.StatusOK, "", "POST", path, body).text("appEntitlementView.appEntitlement.id")
		auto, appID := path+"/"+e+"/automation", strings.Split(path, "/")[4]
		in := func(s string) string { return `{"automation":{` + s + `}}` }
		d.invalid("POST", auto+"/create", map[string]string{
			"automation": `{}`, "conditions": in(``), "expression": in(`"cel":{}`), "expression'": in(`"cel":{"expression":"subject"}`), "expression''": in(`"basic":{"expression":"("}`),
			"expression'''": in(`"cel":{"expression":"` + strings.Repeat("x", 1<<20) + `"}`), "entitlementRefs": in(`"entitlements":{}`),
			"entitlementRefs'": in(`"entitlements":{"entitlementRefs":[{"appId":"x","id":"x"}]}`), "entitlementRefs''": in(`"entitlements":{"entitlementRefs":[{"appId":"` + appID + `","id":"` + someID + `"}]}`),
			"entitlementRefs'''": in(`"entitlements":{"entitlementRefs":[{"appId":"` + appID + `","id":"` + e + `"}]}`),
			"displayName":        in(`"none":{},"displayName":"` + strings.Repeat("x", 257) + `"`), "description": in(`"none":{},"description":"` + strings.Repeat("x", 1<<20) + `"`),
		})
		d.need(http.StatusNotFound, "not found", "POST", path+"/"+someID+"/automation/create", in(`"none":{}`))
		d.need(http.StatusBadRequest, "appEntitlementId", "GET", path+"/x/automation", "")
		d.need(http.StatusOK, "", "POST", auto+"/create", in(`"none":{}`))
		many := strings.Repeat(`"`+someID+`",`, 100) + `"` + someID + `"`
		d.invalid("POST", auto+"/exclusions", map[string]string{
			"userIds": `{}`, "userIds'": `{"userIds":["x"]}`, "userIds''": `{"userIds":["` + someID + `"]}`, "userIds'''": `{"userIds":[` + many + `]}`,
		})
		d.invalid("POST", auto+"/update", map[string]string{
			"updateMask": `{"updateMask":"color"}`, "conditions": `{"updateMask":"cel"}`, "expression": `{"cel":{"expression":"1"}}`, "displayName": `{"displayName":"a\nb"}`,
		})
	})
}

func TestWhoMayDoWhatWithAutomationsAndBindings(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.automating()
		d.super("Ada")
		path, body := d.plainEntitlement("")
		e := d.need(http.StatusOK, "", "POST", path, body).text("appEntitlementView.appEntitlement.id")
		auto, appID := path+"/"+e+"/automation", strings.Split(path, "/")[4]
		binding := "/api/v1/apps/" + appID + "/" + e + "/bindings/" + appID + "/" + e
		for role, may := range map[string][2]int{
			"system:viewer": {http.StatusNotFound, http.StatusForbidden}, "system:application-admin": {http.StatusNotFound, http.StatusBadRequest},
			iam.BasicUser: {http.StatusForbidden, http.StatusForbidden}, "system:system-logs-reader": {http.StatusForbidden, http.StatusForbidden},
		} {
			d.person(strings.TrimPrefix(role, "system:"), role)
			for _, p := range []string{auto, auto + "/exclusions", binding} {
				if got := d.call("GET", p, ""); got.status != may[0] {
					d.Errorf("%s GET %s: %d", role, p, got.status)
				}
			}
			for _, c := range [][3]string{{"POST", auto + "/create", "{}"}, {"POST", auto + "/exclusions", "{}"}, {"DELETE", auto + "/exclusions", "{}"}, {"POST", binding, "{}"}} {
				if got := d.call(c[0], c[1], c[2]); got.status != may[1] {
					d.Errorf("%s %s %s: %d %v", role, c[0], c[1], got.status, got.body)
				}
			}
			for _, c := range [][3]string{{"POST", auto + "/update", "{}"}, {"DELETE", auto, "{}"}, {"DELETE", binding, "{}"}} {
				if got := d.call(c[0], c[1], c[2]); (got.status == http.StatusForbidden) != (may[1] == http.StatusForbidden) {
					d.Errorf("%s %s %s: %d %v", role, c[0], c[1], got.status, got.body)
				}
			}
		}
	})
}
