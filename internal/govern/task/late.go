package task

import (
	"encoding/json"
	"errors"

	"github.com/interim-access/interim/internal/govern/audit"
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
		if err := saveLocked(tx, &v.t); err != nil {
			return err
		}
		moved = append(moved, v)
	}
	return s.restOf(tx, actor, moved)
}

// inside applies an event in a transaction that cannot be given up. Where it leads to a question that has to be answered outside, the
// event waits in the task's row, and the due loop brings it.
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
	Answered *Answered `json:"answered,omitempty"`
	Carried  *Carried  `json:"carried,omitempty"`
	Cancel   string    `json:"cancel,omitempty"` // why it is cancelled
	Look     bool      `json:"look,omitempty"`   // the approvers are to be found again
}

func (v *turn) postpone(e Event) error {
	var l late
	switch e := e.(type) {
	case Answered:
		l.Answered = &e
	case Carried:
		l.Carried = &e
	case Cancel:
		l.Cancel = e.Comment
	case Look:
		l.Look = true
	}
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	due.Wake(v.tx, v.now)
	v.tx.Queue(`update task set late = $2 where id = $1`, string(v.t.ID), string(b))
	return nil
}

// event is the event that waited; nil for what this release does not know.
func (l late) event() Event {
	switch {
	case l.Answered != nil:
		return *l.Answered
	case l.Carried != nil:
		return *l.Carried
	case l.Cancel != "":
		return Cancel{Forced: true, Comment: l.Cancel}
	case l.Look:
		return Look{}
	default:
		return nil
	}
}
