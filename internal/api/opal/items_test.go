package opal_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
)

// app makes an app and names it in the transcript.
func (d *door) app(name string) app.App {
	d.Helper()
	a, err := d.Apps.CreateApp(d.Context(), app.App{DisplayName: name})
	if err != nil {
		d.Fatal(err)
	}
	d.names[string(a.ID)] = name
	return a
}

func TestAGroupIsMadeChangedLimitedAndDeleted(t *testing.T) {
	onDoor(t, "groups", func(d *door) {
		root := d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		group := d.made("readers", "group_id", "A group in an app", "/groups",
			fmt.Sprintf(`{"name":"Readers","group_type":"OPAL_GROUP","app_id":%q,"unknown":1,"remote_info":{"connector_group":{"group_id":"r"}}}`, a.ID))
		other := d.made("writers", "group_id", "Another", "/groups",
			fmt.Sprintf(`{"name":"Writers","group_type":"CONNECTOR_GROUP","app_id":%q,"description":"who write"}`, a.ID))
		d.want(http.StatusOK, "Both are changed, and answered in the order of the request", "PUT", "/groups", fmt.Sprintf(`{"groups":[
			{"group_id":%q,"description":"who may write"},
			{"group_id":%q,"name":"All readers","require_mfa_to_approve":true,"custom_request_notification":"Ask kindly","group_leader_user_ids":[%q],
			 "request_configurations":[
				{"priority":0,"allow_requests":true,"auto_approval":false,"require_mfa_to_request":false,"require_support_ticket":false,
				 "max_duration_minutes":120,"recommended_duration_minutes":60,
				 "reviewer_stages":[{"operator":"OR","owner_ids":[],"require_manager_approval":true}]},
				{"priority":1,"allow_requests":true,"auto_approval":true,"require_mfa_to_request":false,"require_support_ticket":false,
				 "condition":{"group_ids":[%q]}}]}]}`, other, group, root.ID, other))
		d.want(http.StatusOK, "One is read", "GET", "/groups/"+group, "")
		d.want(http.StatusOK, "By type", "GET", "/groups?group_type_filter=OPAL_GROUP", "")
		d.want(http.StatusOK, "By ids, separated", "GET", "/groups?group_ids="+group+","+other+"&page_size=1", "")
		d.want(http.StatusOK, "By ids, repeated, and name", "GET", "/groups?group_ids="+group+"&group_ids="+other+"&group_name=Writers", "")
		d.want(http.StatusOK, "Everybody sees it", "GET", "/groups/"+group+"/visibility", "")
		d.want(http.StatusOK, "Only writers see it", "PUT", "/groups/"+group+"/visibility",
			fmt.Sprintf(`{"visibility":"LIMITED","visibility_group_ids":[%q]}`, other))
		ada := d.person("Ada", iam.BasicUser)
		d.want(http.StatusNotFound, "Ada is no writer", "GET", "/groups/"+group, "")
		d.want(http.StatusOK, "She sees the others", "GET", "/groups", "")
		d.want(http.StatusForbidden, "And changes none", "DELETE", "/groups/"+other, "")
		d.as(root, iam.SuperAdministrator)
		d.hold(ada, other)
		d.as(ada, iam.BasicUser)
		d.want(http.StatusOK, "As a writer she sees it", "GET", "/groups/"+group, "")
		d.as(root, iam.SuperAdministrator)
		d.want(http.StatusOK, "It is deleted", "DELETE", "/groups/"+group, "")
		d.want(http.StatusNotFound, "And gone", "GET", "/groups/"+group, "")
		d.want(http.StatusNotFound, "A group is no resource", "GET", "/resources/"+other, "")
		stage := `[{"priority":0,"allow_requests":true,"auto_approval":true,"require_mfa_to_request":false,"require_support_ticket":false,` +
			`"reviewer_stages":[{"operator":"OR","owner_ids":[],"require_manager_approval":true}]}]`
		d.refused(http.StatusBadRequest, "PUT", "/groups", map[string]string{
			"groups":                 `{"groups":[]}`,
			"twice":                  fmt.Sprintf(`{"groups":[{"group_id":%q},{"group_id":%q}]}`, other, other),
			"request_configurations": fmt.Sprintf(`{"groups":[{"group_id":%q,"request_configurations":%s}]}`, other, stage),
		})
		d.refused(http.StatusNotFound, "PUT", "/groups", map[string]string{
			"group not found": fmt.Sprintf(`{"groups":[{"group_id":%q,"name":"x"},{"group_id":%q}]}`, other, root.ID),
		})
	})
}

// level is the default level of an item.
func (d *door) level(itemID string) app.EntitlementRef {
	d.Helper()
	q := d.DB.Q(d.Context())
	i, err := item.Get(q, item.ID(itemID))
	if err != nil {
		d.Fatal(err)
	}
	l, err := d.Items.LevelOf(q, i, "")
	if err != nil {
		d.Fatal(err)
	}
	return l.Entitlement
}

// hold makes u hold the default level of an item from now on.
func (d *door) hold(u directory.User, itemID string) {
	d.Helper()
	level := d.level(itemID)
	ctx := iam.AsSystem(d.Context())
	account, err := d.Grants.AccountFor(ctx, level.AppID, u.ID)
	if err != nil {
		d.Fatal(err)
	}
	key := grant.Key{App: level.AppID, Entitlement: level.ID, Account: account}
	if _, err := d.Grants.Create(ctx, key, time.Time{}); err != nil {
		d.Fatal(err)
	}
}

func TestAResourceIsMadeChangedAndDeleted(t *testing.T) {
	onDoor(t, "resources", func(d *door) {
		d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		d.want(http.StatusOK, "Apps", "GET", "/apps", "")
		d.want(http.StatusOK, "An app", "GET", "/apps/"+string(a.ID), "")
		resource := d.made("orders", "resource_id", "A resource in an app", "/resources",
			fmt.Sprintf(`{"name":"Orders","resource_type":"CUSTOM","app_id":%q,"description":"what was ordered"}`, a.ID))
		d.want(http.StatusOK, "It is changed", "PUT", "/resources", fmt.Sprintf(
			`{"resources":[{"resource_id":%q,"name":"All orders","require_mfa_to_connect":true,"risk_sensitivity_override":"HIGH",`+
				`"ticket_propagation":{"enabled_on_grant":true,"enabled_on_revocation":false}}]}`, resource))
		d.want(http.StatusOK, "All", "GET", "/resources?resource_name=All+orders&resource_type_filter=CUSTOM", "")
		d.want(http.StatusOK, "None of that type", "GET", "/resources?resource_type_filter=AWS_IAM_ROLE", "")
		d.want(http.StatusOK, "It is deleted", "DELETE", "/resources/"+resource, "")
		d.want(http.StatusNotFound, "And gone", "DELETE", "/resources/"+resource, "")
		d.refused(http.StatusBadRequest, "POST", "/resources", map[string]string{
			"resource_type": fmt.Sprintf(`{"name":"x","resource_type":"SPOON","app_id":%q}`, a.ID),
			"app_id":        `{"name":"x","resource_type":"CUSTOM"}`,
			"name":          fmt.Sprintf(`{"name":"","resource_type":"CUSTOM","app_id":%q}`, a.ID),
		})
	})
}
