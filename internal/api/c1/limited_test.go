package c1_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/id"
)

// idOf is an identity of the API as the core has it.
func idOf(d *door, ksuid string) string {
	d.Helper()
	uuid, err := id.FromKSUID(ksuid)
	d.ok(err)
	return uuid
}

func TestNoListNamesAnItemToWhomItIsNotShown(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.automating()
		d.super("Ada")
		path, body := d.plainEntitlement("")
		made := d.need(http.StatusOK, "", "POST", path, body)
		entitlement, resource := made.text("appEntitlementView.appEntitlement.id"), made.text("appEntitlementView.appEntitlement.appResourceId")
		in, typ := strings.TrimSuffix(path, "/entitlements"), made.text("appEntitlementView.appEntitlement.appResourceTypeId")
		resources := in + "/resource_types/" + typ + "/resources"
		shown := func() (lists, objects string) {
			for _, ask := range [][3]string{
				{"GET", path, ""},
				{"GET", resources, ""},
				{"GET", path + "/resource_types/" + typ + "/resources/" + resource, ""},
				{"POST", "/api/v1/search/entitlements", `{}`},
				{"POST", "/api/v1/search/app_resources", `{}`},
			} {
				text := fmt.Sprint(d.need(http.StatusOK, "", ask[0], ask[1], ask[2]).body)
				lists += fmt.Sprint(strings.Contains(text, "News") || strings.Contains(text, "Writer"), " ")
			}
			for _, at := range []string{path + "/" + entitlement, resources + "/" + resource} {
				objects += fmt.Sprint(d.call("GET", at, "").status, " ")
			}
			return lists, objects
		}
		expect := func(why string, seen bool, status int) {
			d.Helper()
			lists, objects := shown()
			if want := strings.Repeat(fmt.Sprint(seen, " "), 5); lists != want {
				d.Errorf("%s: listed %s, want %s", why, lists, want)
			}
			if want := strings.Repeat(fmt.Sprint(status, " "), 2); objects != want {
				d.Errorf("%s: read %s, want %s", why, objects, want)
			}
		}
		ada := d.who
		grace := d.person("Grace", iam.BasicUser)
		expect("what is not limited", true, http.StatusOK)

		items := item.New(item.Deps{DB: d.deps.DB, Clock: d.clock, Audit: d.deps.Audit, Apps: d.deps.Apps})
		appID := app.ID(idOf(d, strings.TrimPrefix(in, "/api/v1/apps/")))
		_, err := items.Update(iam.AsSystem(d.Context()), []item.Change{{ID: item.ID(idOf(d, resource)), Become: func(i *item.Item) error {
			i.Limited = true
			return nil
		}}})
		d.ok(err)
		expect("what is limited", false, http.StatusForbidden)
		account, err := d.deps.Apps.CreateAccount(d.Context(), app.Account{AppID: appID, UserID: grace.ID, DisplayName: "Grace"})
		d.ok(err)
		_, err = d.deps.Grants.Create(d.Context(), grant.Key{
			App: appID, Entitlement: app.EntitlementID(idOf(d, entitlement)), Account: account.ID,
		}, d.clock.Now().Add(time.Hour))
		d.ok(err)
		expect("what she has access to", true, http.StatusOK)
		d.clock.Advance(time.Hour)
		expect("what she had access to", false, http.StatusForbidden)
		d.who = ada
		expect("an administrator", true, http.StatusOK)
	})
}
