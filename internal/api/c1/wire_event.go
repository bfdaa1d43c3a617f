package c1

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/id"
)

// The class of every event we show: OCSF 1.3.0, category Application Activity, class API Activity.
const (
	ocsfVersion  = "1.3.0"
	ocsfCategory = 6
	ocsfClass    = 6003
)

// ocsf shows an event as an object of the class API Activity. metadata.uid is the event's own id; time is in milliseconds since
// 1970; what the class has no member for is under unmapped.
func ocsf(e audit.Event) map[string]any {
	status, statusID := "Success", 1
	if e.Failed {
		status, statusID = "Failure", 2
	}
	user := map[string]any{"uid": KSUID(e.Actor.UserID), "name": e.Actor.Name, "type": "User", "type_id": 1}
	if e.Actor.Kind != audit.KindUser {
		user["type"], user["type_id"] = "System", 3
	}
	if e.Actor.Email != "" {
		user["email_addr"] = e.Actor.Email
	}
	service, _, _ := strings.Cut(e.Kind, ".")
	o := map[string]any{
		"activity_id": int(e.Activity), "activity_name": e.Activity.Name(),
		"category_uid": ocsfCategory, "category_name": "Application Activity",
		"class_uid": ocsfClass, "class_name": "API Activity",
		"type_uid": ocsfClass*100 + int(e.Activity), "type_name": "API Activity: " + e.Activity.Name(),
		"severity_id": 1, "severity": "Informational",
		"status_id": statusID, "status": status,
		"time":    e.At.UnixMilli(),
		"message": e.Message,
		"metadata": map[string]any{
			"uid": KSUID(e.ID), "version": ocsfVersion,
			"product": map[string]any{"name": "Interim", "vendor_name": "Interim"},
		},
		"actor": map[string]any{"user": user},
		"api": map[string]any{
			"operation": e.Kind, "service": map[string]any{"name": service}, "request": map[string]any{"uid": e.Actor.RequestID},
		},
		"src_endpoint": map[string]any{"ip": e.Actor.IP},
		"resources":    []any{map[string]any{"type": e.ObjectType, "uid": KSUID(e.ObjectID)}},
	}
	if more := unmapped(e); len(more) > 0 {
		o["unmapped"] = more
	}
	return o
}

// eventIdentity is an identity among the data of an event: a string that is nothing else.
var eventIdentity = regexp.MustCompile(`"` + identity.String() + `"`)

// unmapped shows the rest of an event, with its identities spelled as everywhere on this door.
func unmapped(e audit.Event) map[string]any {
	more := map[string]any{}
	for k, v := range map[string]string{
		"app_id": KSUID(e.AppID), "user_id": KSUID(e.UserID), "client_id": KSUID(e.Actor.ClientKey), "on_behalf_of": KSUID(e.Actor.OnBehalfOf),
	} {
		if v != "" {
			more[k] = v
		}
	}
	if len(e.Data) > 0 {
		// Through JSON, so that whatever an event carries has the form a Struct takes.
		if raw, err := json.Marshal(e.Data); err == nil {
			var data map[string]any
			raw = eventIdentity.ReplaceAllFunc(raw, func(quoted []byte) []byte {
				return []byte(`"` + id.KSUID(string(quoted[1:len(quoted)-1])) + `"`)
			})
			if json.Unmarshal(raw, &data) == nil {
				more["data"] = data
			}
		}
	}
	return more
}
