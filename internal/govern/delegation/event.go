package delegation

import (
	"cmp"
	"maps"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
)

// people are the users that events name.
type people map[directory.UserID]directory.User

// with returns p and whoever else the delegations are of.
func (p people) with(q db.Q, list ...Delegation) (people, error) {
	all := maps.Clone(p)
	if all == nil {
		all = people{}
	}
	missing := map[directory.UserID]bool{}
	for _, d := range list {
		for _, u := range []directory.UserID{d.Delegator, d.Delegate} {
			if _, ok := all[u]; !ok {
				missing[u] = true
			}
		}
	}
	ids := make([]directory.UserID, 0, len(missing))
	for u := range missing {
		ids = append(ids, u)
	}
	users, err := directory.Many(q, ids)
	for _, u := range users {
		all[u.ID] = u
	}
	return all, err
}

// event tells of d and both its people.
func (p people) event(d Delegation, kind string, activity audit.Activity) audit.Event {
	how := map[Mode]string{Reassign: "instead of", Add: "beside"}[d.Mode]
	verb := map[string]string{
		"delegation.set": "answers", "delegation.created": "answers", "delegation.changed": "goes on answering",
	}[kind]
	if verb == "" {
		verb = "no longer answers"
	}
	delegator, delegate := p.name(d.Delegator), p.name(d.Delegate)
	return audit.Event{
		Kind: kind, Activity: activity, ObjectType: "delegation", ObjectID: string(d.ID), UserID: string(d.Delegator),
		Message: delegate + " " + verb + " " + how + " " + delegator,
		Data: map[string]any{
			"delegatorUserId": d.Delegator, "delegatorName": delegator, "delegateUserId": d.Delegate, "delegateName": delegate,
			"mode": d.Mode, "startAt": shown(d.From), "endAt": shown(d.Until), "reason": d.Reason,
		},
	}
}

func (p people) name(u directory.UserID) string { return cmp.Or(p[u].DisplayName, string(u)) }

// shown is a time as the audit shows it, nil for none.
func shown(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func byID(a, b Delegation) int { return cmp.Compare(a.ID, b.ID) }
