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

// shared is the audit event about an object that a set owns from then on.
func shared(o Object, role string, v Set) audit.Event {
	e := blank(o, role, "owner.shared", audit.Update)
	e.Data["setId"] = string(v.ID)
	e.Message = "made " + v.Name + " the " + role + " owner of the " + string(o.Kind)
	return e
}

// unshared is the audit event about an object that a set owns no longer; who was in it is named there instead.
func unshared(o Object, role string, v Set) audit.Event {
	e := blank(o, role, "owner.unshared", audit.Update)
	e.Data["setId"], e.Data["userIds"], e.Data["source"] = string(v.ID), users(v), ref(v.Source)
	e.Message = "named the members of " + v.Name + " as " + role + " owners of the " + string(o.Kind) + " instead of it"
	return e
}

func aboutSet(v Set, kind string, a audit.Activity, message string, data map[string]any) audit.Event {
	return audit.Event{
		Kind: kind, Activity: a, ObjectType: "owner_set", ObjectID: string(v.ID), Message: message + " owner " + v.Name, Data: data,
	}
}

func setCreated(v Set) audit.Event {
	return aboutSet(v, "owner_set.created", audit.Create, "created", differences(Set{}, v))
}

func setUpdated(v Set, diff map[string]any) audit.Event {
	return aboutSet(v, "owner_set.updated", audit.Update, "changed", diff)
}

func setDeleted(v Set) audit.Event {
	return aboutSet(v, "owner_set.deleted", audit.Delete, "deleted", differences(v, Set{}))
}
