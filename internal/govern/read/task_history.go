package read

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/page"
)

// TaskHistoryFilter narrows the history of one task.
type TaskHistoryFilter struct {
	Task     task.ID
	IDs      []string // these lines only, and those that have one of these as a part, see [LinesPerEntry]
	Comments bool     // comments only, and what has a comment as a part
	Newest   bool     // newest first
}

// LinesPerEntry is how many parts a line of a history is shown in at most, itself among them. Their identities follow on its own, see
// [id.Beside].
const LinesPerEntry = 128

// TaskHistory lists the lines of a task's history, oldest first unless asked otherwise.
func (s *Service) TaskHistory(ctx context.Context, f TaskHistoryFilter, r page.Request) (page.Page[task.Entry], error) {
	sql, args := taskHistorySQL(f, r)
	rows, err := db.Collect(s.db.Q(ctx), scanEntry, sql, args...)
	return page.Cut(rows, r.Size, func(e task.Entry) page.Key { return page.Key{e.ID} }), err
}

func taskHistorySQL(f TaskHistoryFilter, r page.Request) (string, []any) {
	w := &db.Where{}
	w.And("task_id = ?", string(f.Task))
	parts(w, f.IDs)
	if f.Comments {
		w.And("(kind = ? or "+task.SpokenSQL+")", string(task.Commented))
	}
	end := order{columns: []string{"id"}, desc: f.Newest}.page(w, r)
	where, args := w.SQL()
	return `select id, task_id, at, kind, user_id, for_id, step_id, state, note, data from task_event` + where + end, args
}

// parts keeps the lines that the identities are of parts of.
func parts(w *db.Where, ids []string) {
	var cond []string
	var args []any
	for _, one := range ids {
		cond = append(cond, "id between ? and ?")
		args = append(args, id.Beside(one, 1-LinesPerEntry), one)
	}
	if len(cond) > 0 {
		w.And("("+strings.Join(cond, " or ")+")", args...)
	}
}

func scanEntry(r *db.Rows) (e task.Entry, err error) {
	var at int64
	var data string
	if err = r.Scan(&e.ID, &e.Task, &at, &e.Kind, &e.User, &e.For, &e.Step, &e.State, &e.Comment, &data); err != nil {
		return e, err
	}
	e.At = clock.FromMicros(at)
	if err := json.Unmarshal([]byte(data), &e.Data); err != nil {
		return e, fmt.Errorf("data of line %s of a history: %w", strconv.Quote(e.ID), err)
	}
	return e, nil
}
