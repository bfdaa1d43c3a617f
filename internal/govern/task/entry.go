package task

import (
	"maps"
	"slices"
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
	if t.Group.there() {
		data["groupId"] = string(t.Group.ID)
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

// Spoken reports whether the line tells of a deed for which somebody gave a reason in words of their own, which it shows besides. What
// Interim itself says is none, nor is a word that is what the line tells: a comment, or why something failed or was given up.
func (e Entry) Spoken() bool {
	return e.Comment != "" && e.User != "" && slices.Contains(spoken, e.Kind)
}

// spoken are the kinds of the deeds that people give reasons for.
var spoken = []AuditKind{
	ApproversChosen, StepReassigned, StepSkipped, TaskRestarted, HardReset, TaskEscalated, StateChanged, ProvisionEnded, ProvisionAgain,
}

// SpokenSQL is the condition of [Entry.Spoken].
var SpokenSQL = func() string {
	names := make([]string, len(spoken))
	for n, k := range spoken {
		names[n] = "'" + string(k) + "'"
	}
	return "note <> '' and user_id <> '' and kind in (" + strings.Join(names, ",") + ")"
}()

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
