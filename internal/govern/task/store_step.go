package task

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/page"
)

// many is how many rows one statement adds.
const many = 50

// queue adds rows, all of the same columns, many in a statement.
func queue(tx db.Queuer, into string, columns int, rows [][]any) {
	for _, chunk := range db.Chunks(rows, many) {
		args := make([]any, 0, len(chunk)*columns)
		values := make([]byte, 0, len(chunk)*columns*4)
		for _, r := range chunk {
			values = append(append(values, ','), db.In(columns, len(args)+1)...)
			args = append(args, r...)
		}
		tx.Queue(into+` values `+string(values[1:])+` on conflict do nothing`, args...)
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

// Entry is one line of a task's history.
type Entry struct {
	ID      string
	Task    ID
	At      time.Time
	Kind    AuditKind
	User    directory.UserID // empty: Interim itself
	For     directory.UserID // whom User stood in for
	Step    StepID
	State   State // of the task afterwards
	Comment string
	Data    map[string]any
}

// entries writes lines of the histories of tasks, which all happened at one moment, in their order. Identities of one moment are in the
// order in which they were made only while none of another moment is made between them.
func entries(tx db.Queuer, list []Entry) error {
	rows, ids := make([][]any, len(list)), make([]string, len(list))
	for n, e := range list {
		ids[n] = id.New(e.At)
	}
	slices.Sort(ids)
	for n, e := range list {
		data := "{}"
		if len(e.Data) > 0 {
			b, err := json.Marshal(e.Data)
			if err != nil {
				return fmt.Errorf("data of %s: %w", e.Kind, err)
			}
			data = string(b)
		}
		rows[n] = []any{
			ids[n], string(e.Task), clock.Micros(e.At), string(e.Kind), string(e.User), string(e.For), string(e.Step), string(e.State),
			e.Comment, data,
		}
	}
	queue(tx, `insert into task_event (id, task_id, at, kind, user_id, for_id, step_id, state, note, data)`, 10, rows)
	return nil
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

// HistoryFilter narrows a task's history.
type HistoryFilter struct {
	Tasks    []ID // at most [page.MaxSize]
	Comments bool // comments only
	Said     bool // only what people wrote: comments, and their reasons for decisions
	Newest   bool // newest first
}

// history reads lines of the histories of tasks.
func history(q db.Q, f HistoryFilter, r page.Request) (page.Page[Entry], error) {
	var w db.Where
	w.In("task_id", f.Tasks)
	if f.Comments {
		w.And("kind = ?", string(Commented))
	}
	if f.Said {
		w.And("kind in (?, ?) and note <> '' and user_id <> ''", string(Commented), string(ApproversChosen))
	}
	order := "id"
	if f.Newest {
		order = "id desc"
	}
	if len(r.After) == 1 {
		if f.Newest {
			w.And("id < ?", r.After[0])
		} else {
			w.And("id > ?", r.After[0])
		}
	}
	sql, args := w.SQL()
	list, err := db.Collect(q, func(r *db.Rows) (e Entry, err error) {
		var at int64
		var data string
		if err = r.Scan(&e.ID, &e.Task, &at, &e.Kind, &e.User, &e.For, &e.Step, &e.State, &e.Comment, &data); err != nil {
			return e, err
		}
		e.At = clock.FromMicros(at)
		return e, json.Unmarshal([]byte(data), &e.Data)
	}, `select id, task_id, at, kind, user_id, for_id, step_id, state, note, data from task_event`+sql+` order by `+order+
		` limit `+strconv.Itoa(r.Size+1), args...)
	return page.Cut(list, r.Size, func(e Entry) page.Key { return page.Key{e.ID} }), err
}
