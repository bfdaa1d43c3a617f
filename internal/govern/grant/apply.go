package grant

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// apply writes one step of one grant: the row over the version that was read, the operation it asks for, the event that tells of
// it, and the alarm for its end.
func (s *Service) apply(tx *db.Tx, actor audit.Actor, before held, after *Grant, effect Effect, now time.Time) error {
	after.UpdatedAt = now
	write := save
	if onlyEnd(before.Grant, *after) {
		write = moveEnd
	}
	if err := write(tx, *after, now); err != nil {
		return err
	}
	after.Version++
	if before.Derived > 0 && after.Derived == 0 {
		if err := endSources(tx, []ID{after.ID}, now); err != nil {
			return err
		}
	}
	if effect.Call != "" {
		if err := s.Provision.Replace(tx, effect.Call, []provision.Order{order(*after)}, now); err != nil {
			return err
		}
	}
	if !after.DeprovisionAt.IsZero() && (before.DeprovisionAt.IsZero() || after.DeprovisionAt.Before(before.DeprovisionAt)) {
		due.Wake(tx, after.DeprovisionAt) // an end that only moved away finds its alarm set too early, which harms nobody
	}
	e := event(*after, effect.Kind, before.User)
	if !before.DeprovisionAt.Equal(after.DeprovisionAt) {
		e.Data["from"], e.Data["to"] = shown(before.DeprovisionAt), shown(after.DeprovisionAt)
	}
	if after.EndNote != "" {
		e.Data["reason"] = after.EndNote
	}
	if err := s.Audit.Record(tx, actor, e); err != nil {
		return err
	}
	if before.State == after.State {
		return s.endMoved(tx, now, before, Step{*after, effect.Kind, before.User})
	}
	if over(before.Grant, *after) {
		if err := s.tellEnded(tx, []held{{Grant: *after, User: before.User}}); err != nil {
			return err
		}
	}
	return s.watched(tx, now, Step{*after, effect.Kind, before.User})
}

// onlyEnd reports whether two rows differ in their direct end at most.
func onlyEnd(a, b Grant) bool {
	a.DeprovisionAt, a.UpdatedAt = b.DeprovisionAt, b.UpdatedAt
	return a == b
}

// orders are what the operations of grants are about; grants that ask nobody are left out.
func orders(grants []held) []provision.Order {
	list := make([]provision.Order, 0, len(grants))
	for _, h := range grants {
		if h.Connector != "" {
			list = append(list, order(h.Grant))
		}
	}
	return list
}

func order(g Grant) provision.Order {
	return provision.Order{
		GrantID: string(g.ID), Connector: g.Connector, App: g.App, Entitlement: g.Entitlement, Account: g.Account,
	}
}

// activities of the events that are no updates.
var activities = map[string]audit.Activity{
	"grant.created": audit.Create, "grant.discovered": audit.Create,
	"grant.revoked": audit.Delete, "grant.ended": audit.Delete, "grant.ended_on_time": audit.Delete,
	"grant.removed": audit.Delete, "grant.removed_in_target": audit.Delete, "grant.abandoned": audit.Delete,
}

// event is what the audit says of a step of g. kind is one of those that rule.go names.
func event(g Grant, kind string, user directory.UserID) audit.Event {
	activity, ok := activities[kind]
	if !ok {
		activity = audit.Update
	}
	data := map[string]any{"entitlementId": string(g.Entitlement), "accountId": string(g.Account), "state": string(g.State)}
	if g.EndReason != "" {
		data["endReason"] = string(g.EndReason)
	}
	if !g.EndingAt.IsZero() {
		data["endedAt"] = shown(g.EndingAt)
	}
	if g.EndedBy.ID != "" {
		data["endedBy"] = string(g.EndedBy.ID)
	}
	return audit.Event{
		Kind: kind, Activity: activity, ObjectType: "grant", ObjectID: string(g.ID), AppID: string(g.App), UserID: string(user),
		Message: strings.ReplaceAll(strings.TrimPrefix(kind, "grant."), "_", " "), Data: data,
	}
}

// shown is a time as the audit shows it, nil for none.
func shown(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Format(time.RFC3339Nano)
}

// person is the actor as the row keeps them: nobody for Interim and its syncs.
func person(a audit.Actor) Person {
	if a.UserID == "" {
		return Person{}
	}
	return Person{ID: directory.UserID(a.UserID), Name: a.Name}
}

// superAdmin reports whether the caller may exceed an entitlement's longest time.
func superAdmin(ctx context.Context) bool { return iam.SuperAdmin(ctx) == nil }

func required(field string) error { return fault.InvalidField(field, "is required") }

func checkNote(note string) error {
	if n := utf8.RuneCountInString(note); n > MaxNote {
		return fault.InvalidField("reason", "has %d characters; at most %d are allowed", n, MaxNote)
	}
	return text.Block("reason", note)
}

// us is a moment in the database's form.
func us(t time.Time) int64 { return clock.Micros(t) }
