package task

import (
	"maps"
	"strings"
	"unicode"

	"github.com/interim-access/interim/internal/govern/audit"
)

// event is a line of the history as the audit has it.
func (t Task) event(e Entry) audit.Event {
	data := map[string]any{
		"taskId": string(t.ID), "number": t.Number, "kind": string(t.Kind), "entitlementId": string(t.Entitlement),
		"accountId": string(t.Account),
	}
	if e.Step != "" {
		data["stepId"] = string(e.Step)
	}
	if e.For != "" {
		data["decidedFor"] = string(e.For)
	}
	if e.Comment != "" {
		data["comment"] = e.Comment
	}
	maps.Copy(data, e.Data)
	activity := audit.Update
	if e.Kind == TaskCreated {
		activity = audit.Create
	}
	name := spelled(e.Kind)
	return audit.Event{
		At: e.At, Kind: "task." + name, Activity: activity, Failed: e.Kind == ProvisionFailure || e.Kind == ExpressionFailed, ObjectType: "task",
		ObjectID: string(t.ID), AppID: string(t.App), UserID: string(t.Subject), Message: strings.ReplaceAll(name, "_", " "), Data: data,
	}
}

// spelled is a kind as the audit spells kinds: "grantOutcome" is "grant_outcome", and "taskCreated" "created".
func spelled(k AuditKind) string {
	var b strings.Builder
	for _, r := range strings.TrimPrefix(string(k), "task") {
		if unicode.IsUpper(r) && b.Len() > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
