package task

import (
	"fmt"
	"slices"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// many is how many rows one statement adds.
const many = 50

// queue adds rows, all of the same columns, many in a statement.
func queue(tx db.Queuer, into string, columns int, rows [][]any) {
	for _, chunk := range db.Chunks(rows, many) {
		tx.Queue(into+` values `+db.Values(len(chunk), columns, 1)+` on conflict do nothing`, slices.Concat(chunk...)...)
	}
}

// asks are the rows of whom the open step asks: its slots down to the tier that decides, so that who comes back to an earlier one is
// found too.
func (t Task) asks() (slots, stands [][]any) {
	i := t.Current
	if i == nil || i.State != Pending || !i.approving() && !i.manual() {
		return nil, nil
	}
	list := t.downTo(i.Tier, i.Slots)
	if len(i.Seats) > 0 {
		list = nil
	}
	for _, seat := range i.Seats {
		if seat.Filled == nil {
			list = append(list, t.downTo(seat.Tier, seat.Slots)...)
		}
	}
	for _, s := range list {
		slots = append(slots, []any{string(t.ID), string(s.Kind), string(s.User), string(s.Of), string(s.App), s.Object, t.Number})
	}
	for _, s := range i.Fixed {
		stands = append(stands, []any{string(t.ID), string(s.For), string(s.User), s.Delegation})
	}
	return slots, stands
}

// downTo are the slots of the tiers of the open step down to one, from those it names.
func (t Task) downTo(last Tier, named []Slot) []Slot {
	list, a := slices.Clip(named), t.Current.Step.Approval
	if a != nil && a.Kind == policy.Slots {
		for n, tier := range []Tier{ItemOwners, AppOwners} {
			if !tier.beyond(last) {
				list = append(list, t.owners()[n])
			}
		}
	}
	if a != nil && last.beyond(AppOwners) {
		list = append(list, fallback(a)...)
	}
	if last.beyond(Fallback) {
		list = append(list, Slot{Kind: ToAdmins})
	}
	return list
}

// saveAsks writes whom the open step asks, where that has changed.
func saveAsks(tx *db.Tx, before, after Task) {
	oldSlots, oldStands := before.asks()
	slots, stands := after.asks()
	if len(oldSlots)+len(oldStands) > 0 && fmt.Sprint(oldSlots, oldStands) == fmt.Sprint(slots, stands) {
		return
	}
	if len(oldSlots) > 0 {
		tx.Queue(`delete from task_slot where task_id = $1`, string(after.ID))
	}
	if len(oldStands) > 0 {
		tx.Queue(`delete from task_stand where task_id = $1`, string(after.ID))
	}
	queue(tx, `insert into task_slot (task_id, kind, user_id, of_kind, app_id, object_id, number)`, 7, slots)
	queue(tx, `insert into task_stand (task_id, for_id, user_id, delegation_id)`, 4, stands)
}

// saveAsked writes whom the steps asked that are over now, and for whom those answered; of the open step, whom its slots asked that
// are filled now.
func saveAsked(tx *db.Tx, before, after Task) {
	var rows [][]any
	seen := map[directory.UserID]bool{}
	note := func(people []directory.UserID) {
		for _, u := range people {
			if !seen[u] {
				seen[u], rows = true, append(rows, []any{string(u), string(after.ID)})
			}
		}
	}
	for _, i := range after.History[min(len(before.History), len(after.History)):] {
		note(i.Asked())
		for _, s := range i.Fixed {
			note(only(s.For))
		}
	}
	if i := after.Current; i != nil {
		for _, s := range i.Seats {
			if s.Filled != nil {
				note(s.Eligible)
				note(only(s.Filled.For))
			}
		}
	}
	queue(tx, `insert into task_asked (user_id, task_id)`, 2, rows)
}

// only is u alone; nobody if u is nobody.
func only(u directory.UserID) []directory.UserID {
	if u == "" {
		return nil
	}
	return []directory.UserID{u}
}

// acts writes who decided which step, for the question who has acted on what.
func acts(tx *db.Tx, list []Entry) {
	var rows [][]any
	for _, e := range list {
		if e.User != "" && e.Kind != TaskCreated {
			rows = append(rows, []any{string(e.Task), string(e.Step), string(e.User), string(e.For), string(e.Kind), clock.Micros(e.At)})
		}
	}
	queue(tx, `insert into task_act (task_id, step_id, user_id, for_id, kind, at)`, 6, rows)
}

// undone keeps the approvals that count no longer, since the task began again, from counting for whom a step still asks: who gave one
// has acted on the task all the same.
func undone(tx *db.Tx, before, after Task) {
	left := after.Approvers()
	for _, u := range before.Approvers() {
		if !slices.Contains(left, u) {
			tx.Queue(`update task_act set kind = 'approvalUndone' where task_id = $1 and user_id = $2 and kind = $3`, string(after.ID), string(u),
				string(ApproversChosen))
		}
	}
}
