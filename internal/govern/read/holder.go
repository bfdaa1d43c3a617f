package read

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// HandedOver is why a grant ended for somebody who asks for their own, where another took over the account and the grant with it.
const HandedOver grant.Reason = "ACCOUNT_HANDED_OVER"

// Holding is somebody's time with an account, [From, Until).
type Holding struct {
	User  directory.UserID // empty: nobody's
	From  time.Time
	Until time.Time // zero: still theirs
}

// whose is a condition on holders h of the accounts of grants g, which may bind values: it finds at most one holder of an account, or
// one or more times of one holder with it.
type whose func(w *db.Where) string

// until is when a grant g ends as things are, as [grant.Grant.Until] has it: null is never.
var until = `coalesce(g.ending_at, ` + grant.UntilSQL("g.") + `)`

// moment is who held the account at a time.
func moment(at time.Time) whose {
	return func(w *db.Where) string { return app.HeldSQL("h.", w.Bind(clock.Micros(at))) }
}

// began is who held the account when the grant began.
func began(*db.Where) string { return app.HeldSQL("h.", "g.active_at") }

// ended is who held the account at the last moment of a grant that ended. At its end itself the account may be another's already.
func ended(*db.Where) string {
	return app.HeldSQL("h.", "(case when g.ending_at > g.active_at then g.ending_at - 1 else g.active_at end)")
}

// before is who held the account at a time or, if the grant was over then, at its last moment.
func before(at time.Time) whose {
	return func(w *db.Where) string {
		now := w.Bind(clock.Micros(at))
		return app.HeldSQL("h.", `(case when `+until+` is null or `+until+` > `+now+` then `+now+`
			when `+until+` > g.active_at then `+until+` - 1 else g.active_at end)`)
	}
}

// during is everybody who held the account at any time while the grant was in force.
func during(*db.Where) string {
	return `((h.until_at is null or h.until_at > g.active_at)
		and (h.from_at <= g.active_at or ` + until + ` is null or h.from_at < ` + until + `))`
}

// ofUsers adds that grants g are those of one of the users; no users add nothing. What users ever held is few, and is looked up first.
func ofUsers(w *db.Where, users []directory.UserID, then whose) {
	switch {
	case len(users) == 0:
	case then == nil:
		anyOf(w, "g.account_id in (select a.id from account a where a.user_id in %s)", users)
	default:
		anyOf(w, "g.account_id in (select h.account_id from account_holder h where h.user_id in %s)", users)
		anyOf(w, "exists (select 1 from account_holder h where h.app_id = g.app_id and h.account_id = g.account_id and h.user_id in %s and "+
			then(w)+")", users)
	}
}

// lookBack is a question about the past; its zero value is one about now.
type lookBack struct {
	then whose
	own  directory.UserID // who asks, if they may see no more than their own
}

// tell adds to each of the list, made at that time, who held its account then, and shows to whoever asks for their own no more than
// that part of it.
func (l lookBack) tell(q db.Q, at time.Time, list []Binding) error {
	if l.then == nil || len(list) == 0 {
		return nil
	}
	of := make(map[grant.ID]*Binding, len(list))
	ids := make([]grant.ID, len(list))
	for i := range list {
		ids[i], of[list[i].ID] = list[i].ID, &list[i]
	}
	sql, args := l.sql(ids)
	err := each(q, sql, args, func(r *db.Rows) error {
		var (
			h    Holding
			id   grant.ID
			from int64
			till *int64
		)
		if err := r.Scan(&id, &h.User, &from, &till); err != nil {
			return err
		}
		if h.From = clock.FromMicros(from); till != nil {
			h.Until = clock.FromMicros(*till)
		}
		of[id].Held = h
		return nil
	})
	if err == nil && l.own != "" {
		for i := range list {
			list[i].part(at)
		}
	}
	return err
}

// sql asks for the last time that the one holder had each account.
func (l lookBack) sql(ids []grant.ID) (string, []any) {
	var w db.Where
	in(&w, "g.id", ids)
	w.And(l.then(&w))
	if l.own != "" {
		w.And("h.user_id = ?", string(l.own))
	}
	where, args := w.SQL()
	return `select g.id, h.user_id, max(h.from_at), case when count(h.from_at) = count(h.until_at) then max(h.until_at) end
		from grants g join account_holder h on h.app_id = g.app_id and h.account_id = g.account_id` + where + `
		group by g.id, h.user_id`, args
}

// part cuts a grant, as listed at a time, down to what its holder had of it: to them it began no earlier than they had the account, and
// ended when that went to another. The threat: what others do with an account, told to whoever had it before or has it after.
func (b *Binding) part(at time.Time) {
	g, h := &b.Grant, b.Held
	if h.From.After(g.CreatedAt) {
		g.CreatedAt, g.Given = h.From, grant.Provenance{}
	}
	if h.From.After(g.ActiveAt) {
		g.ActiveAt = h.From
	}
	if end := g.Until(); h.Until.IsZero() || !end.IsZero() && !h.Until.Before(end) {
		return
	}
	if !at.Before(h.Until) {
		b.Sources, g.Derived = nil, 0
	}
	g.State, g.EndReason, g.EndNote, g.TargetNote = grant.Ended, HandedOver, "", ""
	g.EndingAt, g.EndedAt, g.UpdatedAt = h.Until, h.Until, h.Until
	g.DeprovisionAt, g.RemovedAt, g.SeenAt = time.Time{}, time.Time{}, time.Time{}
	g.EndedBy, g.EndedTask = grant.Person{}, ""
}
