package notify

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/id"
)

const (
	rows     = 50  // notifications that one statement adds
	crowd    = 8   // more people than that who are told the same wait in one row
	spreadAt = 400 // rows that one transaction makes of such rows
)

// Tell queues notices in the transaction of the change they tell of, any number. Whether each is told, and how, is decided when it is
// sent. Where nobody can be told, nothing is queued.
//
// What many people are told at once is one row, and one for each of them when its turn comes: whoever asks does not wait until there is
// a letter for everybody in a group.
func (s *Service) Tell(tx *db.Tx, notices ...Notice) error {
	if !s.reachable.Load() || len(notices) == 0 {
		return nil
	}
	now := s.Clock.Now()
	var alone []Notification
	for len(notices) > 0 {
		n := 1
		for n < len(notices) && notices[n].like(notices[0]) {
			n++
		}
		alike := notices[:n]
		notices = notices[n:]
		if !slices.Contains(Kinds, alike[0].Kind) {
			return fmt.Errorf("notify: no kind %q", alike[0].Kind)
		}
		people := make([]directory.UserID, n)
		for i, one := range alike {
			people[i] = one.User
		}
		if n > crowd {
			if err := addCrowd(tx, alike[0], people, now); err != nil {
				return err
			}
			continue
		}
		for _, u := range people {
			alone = append(alone, Notification{User: u, Kind: alike[0].Kind, TaskID: alike[0].TaskID, Data: alike[0].Data.plain()})
		}
	}
	due.Wake(tx, now)
	return add(tx, alone, now)
}

// like reports whether two people are told the same.
func (n Notice) like(o Notice) bool {
	return n.Kind == o.Kind && n.TaskID == o.TaskID && n.Data == o.Data
}

// add adds open notifications, which are due at once.
func add(tx *db.Tx, list []Notification, now time.Time) error {
	var text Data // whose form is body: those who are told the same come together
	var body []byte
	for _, chunk := range db.Chunks(list, rows) {
		values, args := make([]byte, 0, len(chunk)*48), []any{clock.Micros(now)}
		for _, n := range chunk {
			if body == nil || n.Data != text {
				var err error
				if body, err = json.Marshal(n.Data); err != nil {
					return err
				}
				text = n.Data
			}
			i := len(args) + 1
			values = fmt.Appendf(values, ",($%d,$%d,$%d,'',$%d,$%d,'open',$1,'',0,'',$1,null)", i, i+1, i+2, i+3, i+4)
			args = append(args, id.New(now), string(n.User), string(n.Kind), n.TaskID, string(body))
		}
		tx.Queue(`insert into notification (id, user_id, kind, channel, task_id, body, state, due_at, lease, attempts, last_error, created_at,
			done_at) values `+string(values[1:]), args...)
	}
	return nil
}

// addCrowd adds the one row of many people.
func addCrowd(tx *db.Tx, n Notice, people []directory.UserID, now time.Time) error {
	body, err := json.Marshal(n.Data.plain())
	if err != nil {
		return err
	}
	list, err := json.Marshal(people)
	if err != nil {
		return err
	}
	tx.Queue(`insert into notification (id, user_id, kind, channel, task_id, body, state, due_at, lease, attempts, last_error, created_at,
		done_at, people) values ($2, '', $3, '', $4, $5, 'open', $1, '', 0, '', $1, null, $6)`,
		clock.Micros(now), id.New(now), string(n.Kind), n.TaskID, string(body), string(list))
	return nil
}

// single makes a notification for each of the people of those that have several, of at most [spreadAt] people in all, and returns the
// others. Whom there was no room for stay in their row, which is due at once.
func single(tx *db.Tx, list []Notification, now time.Time) (others []Notification, err error) {
	room := spreadAt
	for _, n := range list {
		if len(n.people) == 0 {
			others = append(others, n)
			continue
		}
		here := min(room, len(n.people))
		room -= here
		each := make([]Notification, here)
		for i, u := range n.people[:here] {
			each[i] = Notification{User: u, Kind: n.Kind, TaskID: n.TaskID, Data: n.Data}
		}
		if err := add(tx, each, now); err != nil {
			return nil, err
		}
		if here == len(n.people) {
			drop(tx, []Notification{n})
			continue
		}
		left, err := json.Marshal(n.people[here:])
		if err != nil {
			return nil, err
		}
		tx.Queue(`update notification set people = $2, due_at = $3, lease = '', attempts = 0 where id = $1`, string(n.ID), string(left),
			clock.Micros(now))
	}
	return others, nil
}

// Spare drops what was queued about a task and is not sent yet, of one kind, for some people: that they are asked to decide what others
// did in their place.
func (*Service) Spare(tx *db.Tx, taskID string, kind Kind, people []directory.UserID) error {
	const waiting = ` from notification where task_id = $1 and kind = $2 and done_at is null and state = 'open'`
	for _, chunk := range db.Chunks(people) {
		args := []any{taskID, string(kind)}
		for _, u := range chunk {
			args = append(args, string(u))
		}
		tx.Queue(`delete`+waiting+` and user_id in `+db.In(len(chunk), 3), args...)
	}
	type row struct{ id, people string }
	crowds, err := db.Collect(tx, func(r *db.Rows) (v row, err error) { return v, r.Scan(&v.id, &v.people) },
		`select id, people`+waiting+` and people is not null`, taskID, string(kind))
	if err != nil {
		return err
	}
	for _, v := range crowds {
		var list []directory.UserID
		if err := json.Unmarshal([]byte(v.people), &list); err != nil {
			return err
		}
		list = slices.DeleteFunc(list, func(u directory.UserID) bool { return slices.Contains(people, u) })
		if len(list) == 0 {
			tx.Queue(`delete from notification where id = $1`, v.id)
			continue
		}
		left, err := json.Marshal(list)
		if err != nil {
			return err
		}
		tx.Queue(`update notification set people = $2 where id = $1`, v.id, string(left))
	}
	return nil
}
