package owner

import (
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
)

// event is the audit event about one row.
func event(row Owner, kind string, a audit.Activity) audit.Event {
	e := blank(row.Object, row.Role, kind, a)
	verb := map[string]string{"owner.added": "added", "owner.removed": "removed"}[kind]
	if row.User != "" {
		e.UserID, e.Data["userId"] = string(row.User), string(row.User)
		e.Message = verb + " a user as " + row.Role + " owner of the " + string(row.Kind)
		return e
	}
	e.Data["entitlement"] = ref(row.Via)
	e.Message = verb + " an entitlement as " + row.Role + " owner of the " + string(row.Kind)
	return e
}

// setEvent is the audit event about all owners of one role, as they are from then on.
func setEvent(o Object, role string, users []directory.UserID, entitlements []app.EntitlementRef) audit.Event {
	e := blank(o, role, "owner.set", audit.Update)
	list := make([]map[string]string, len(entitlements))
	for i, v := range entitlements {
		list[i] = ref(v)
	}
	e.Data["userIds"], e.Data["entitlements"] = append([]directory.UserID{}, users...), list
	e.Message = "set the " + role + " owners of the " + string(o.Kind)
	return e
}

func blank(o Object, role, kind string, a audit.Activity) audit.Event {
	return audit.Event{
		Kind: kind, Activity: a, ObjectType: string(o.Kind), ObjectID: o.ID, AppID: string(o.App), Data: map[string]any{"role": role},
	}
}

func ref(v app.EntitlementRef) map[string]string {
	return map[string]string{"appId": string(v.AppID), "id": string(v.ID)}
}
