package c1_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	appv2 "github.com/interim-access/interim/gen/c1/api/app/v2"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/app"
)

func TestAnEntitlementThatOwnsAnAppIsAnsweredInFullThroughBothDoors(t *testing.T) {
	onOwnerDoors(t, "", func(d owners) {
		path := d.kinds()[0].path + "/entitlements/primary/" + d.teamApp + "/" + d.team
		json := d.want(200, "", "POST", path, "{}")
		request := &appv2.CreateAppEntitlementOwnerRequest{
			AppId: d.app, RoleSlug: "primary", AppEntitlementRef: &appv1.AppEntitlementRef{AppId: d.teamApp, Id: d.team},
		}
		client := appv2.NewAppOwnersClient(d.dial())
		made, err := client.CreateEntitlementOwner(d.Context(), request)
		if err != nil {
			d.Fatal(err)
		}
		row := made.GetAppOwnerEntitlement()
		teamApp, err := c1.ID[app.ID]("appId", "app", d.teamApp)
		d.ok(err)
		e, err := app.GetEntitlement(d.deps.DB.Q(d.Context()), teamApp, app.AccessEntitlement)
		d.ok(err)
		if !proto.Equal(row.GetAppEntitlement(), c1.EncodeEntitlement(e, 0)) {
			d.Errorf("not the full entitlement: %v", row)
		}
		if json.text("appOwnerEntitlement.createdAt") != row.GetCreatedAt().AsTime().Format("2006-01-02T15:04:05Z") ||
			json.text("appOwnerEntitlement.appEntitlement.displayName") != row.GetAppEntitlement().GetDisplayName() ||
			json.text("appOwnerEntitlement.appId") != row.GetAppId() || row.GetRoleSlug() != "primary" {
			d.Errorf("the doors differ: %v and %v", json.body, row)
		}
		request.AppEntitlementRef.Id = noOwner
		if _, err := client.CreateEntitlementOwner(d.Context(), request); err == nil || !strings.Contains(err.Error(), "entitlement not found: "+noOwner) {
			d.Errorf("an unknown entitlement: %v", err)
		}
	})
}
