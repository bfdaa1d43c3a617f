package task

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
)

// inside applies an event to each of the tasks that a condition names, in a transaction of somebody else. What it cannot find in
// there, it leaves to the due loop.
func (s *Service) inside(tx *db.Tx, actor audit.Actor, which string, args []any, next func(v *turn) Event) error {
	list, err := db.Collect(tx, scan, `select `+Columns("")+` from task where `+which+` order by number`+s.forUpdate(), args...)
	if err != nil {
		return err
	}
	now, moved := s.Clock.Now(), make([]*turn, 0, len(list))
	for _, t := range list {
		v := &turn{Service: s, tx: tx, actor: actor, now: now, known: knowing(), before: t, t: t}
		postponed, err := v.inside(next(v))
		if err != nil {
			return err
		}
		if postponed || !v.changed() {
			continue
		}
		if err := saveLocked(tx, v.before, &v.t); err != nil {
			return err
		}
		moved = append(moved, v)
	}
	return s.restOf(tx, actor, moved)
}

// inside applies an event in a transaction that cannot be given up. Where it leads to a question that has to be answered outside, the
// event waits, and the due loop brings it.
func (v *turn) inside(e Event) (postponed bool, err error) {
	if e == nil {
		return false, nil
	}
	err = v.apply(e)
	if _, wants := errors.AsType[*need](err); wants {
		return true, v.postpone(e)
	}
	return false, err
}

// late is an event that waits to be applied by the due loop.
type late struct {
	Answered *Answered    `json:"answered,omitempty"`
	Carried  *Carried     `json:"carried,omitempty"`
	Cancel   string       `json:"cancel,omitempty"` // why it is cancelled
	Look     bool         `json:"look,omitempty"`   // the approvers are to be found again
	Over     string       `json:"over,omitempty"`   // the delegation that is over
	Begin    bool         `json:"begin,omitempty"`  // the plan is to be found, and gone through
	By       *audit.Actor `json:"by,omitempty"`     // nil: Interim itself
}

func (v *turn) postpone(e Event) error {
	l := late{By: other(v.actor)}
	switch e := e.(type) {
	case Answered:
		l.Answered = &e
	case Carried:
		l.Carried = &e
	case Cancel:
		l.Cancel = e.Comment
	case Look:
		l.Look = true
	case StandsDown:
		l.Over = e.Delegation
	}
	text, err := l.text()
	if err != nil {
		return err
	}
	due.Wake(v.tx, v.now)
	v.tx.Queue(`insert into task_later (task_id, event, due_at) values ($1, $2, $3)`, string(v.t.ID), text, clock.Micros(v.now))
	return nil
}

// other is whoever acts if that is not Interim itself.
func other(a audit.Actor) *audit.Actor {
	if a == audit.System() {
		return nil
	}
	return &a
}

func (l late) text() (string, error) {
	b, err := json.Marshal(l) //nolint:musttag // actors have no tags; they are read back by this package alone
	if err != nil {
		return "", fmt.Errorf("an event that waits: %w", err)
	}
	return string(b), nil
}

// event is the event that waited; nil for what this release does not know, or what has happened meanwhile.
func (l late) event(t Task) Event {
	switch {
	case l.Answered != nil:
		return *l.Answered
	case l.Carried != nil:
		return *l.Carried
	case l.Cancel != "":
		return gone(t, l.Cancel)
	case l.Look:
		return Look{}
	case l.Over != "":
		return StandsDown{Step: t.Step(), Delegation: l.Over}
	default:
		return nil
	}
}

// gone cancels what waits for somebody's decision about what is gone. What is being taken already ends by itself.
func gone(t Task, why string) Event {
	if t.Kind == Revoke && t.Asked {
		return nil
	}
	return Cancel{Forced: true, Comment: why}
}

// atOnce is how many tasks take an event in a transaction that is about something else; more would keep everybody else waiting.
const atOnce = 20

type numbered struct {
	id     ID
	number int64
}

// spread applies an event to the open tasks that a select names: to the oldest in this transaction, to the others right after. A task
// for which the same waits already is passed over.
func (s *Service) spread(tx *db.Tx, l late, which string, args ...any) error {
	text, err := l.text()
	if err != nil {
		return err
	}
	args = append(args, text)
	list, err := db.Collect(tx, func(r *db.Rows) (one numbered, err error) { return one, r.Scan(&one.id, &one.number) },
		spreadSQL(which, len(args))+` order by number limit `+strconv.Itoa(atOnce+1), args...)
	if err != nil || len(list) == 0 {
		return err
	}
	if len(list) > atOnce {
		list = list[:atOnce]
		due.Wake(tx, s.Clock.Now())
		n := len(args)
		_, err := tx.Exec(`insert into task_later (task_id, event, due_at) select id, cast($`+strconv.Itoa(n)+` as text), cast($`+
			strconv.Itoa(n+1)+` as bigint) from (`+spreadSQL(which, n)+` and number > $`+strconv.Itoa(n+2)+`) y order by number`,
			append(args, clock.Micros(s.Clock.Now()), list[atOnce-1].number)...)
		if err != nil {
			return err
		}
	}
	ids := make([]any, len(list))
	for i, one := range list {
		ids[i] = string(one.id)
	}
	actor := audit.System()
	if l.By != nil {
		actor = *l.By
	}
	return s.inside(tx, actor, `state = 'OPEN' and id in `+db.In(len(ids), 1), ids, func(v *turn) Event { return l.event(v.t) })
}

// spreadSQL are the open tasks of a select for which no event waits that is the one of the given parameter. Each is looked up by its
// identity: no engine may go through all that is open in search of the few.
func spreadSQL(which string, event int) string {
	return `select id, number from (select w.task_id as id, (select t.number from task t where t.id = w.task_id and t.state = 'OPEN') as number
		from (select distinct task_id from (` + which + `) a) w) x where number is not null
		and not exists (select 1 from task_later l where l.task_id = x.id and l.event = $` + strconv.Itoa(event) + `)`
}
