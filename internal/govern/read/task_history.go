package read

import (
	"context"
	"strings"

	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/page"
)

// TaskHistoryFilter narrows the history of one task.
type TaskHistoryFilter struct {
	Task     task.ID
	IDs      []string // these lines only, and those that have one of these as a part, see [task.PartsPerLine]
	Comments bool     // comments only, and what has a comment as a part
	Newest   bool     // newest first
}

// TaskHistory lists the lines of a task's history, oldest first unless asked otherwise.
func (s *Service) TaskHistory(ctx context.Context, f TaskHistoryFilter, r page.Request) (page.Page[task.Entry], error) {
	sql, args := taskHistorySQL(f, r)
	rows, err := db.Collect(s.db.Q(ctx), task.ScanEntries, sql, args...)
	return task.Lines(rows, f.Comments, f.Newest, r), err
}

func taskHistorySQL(f TaskHistoryFilter, r page.Request) (string, []any) {
	w := &db.Where{}
	w.And("task_id = ?", string(f.Task))
	parts(w, f.IDs)
	if f.Comments {
		w.And("(kind = ? or "+task.SpokenSQL+")", string(task.Commented))
	}
	return task.HistorySQL(w, f.Newest, r)
}

// parts keeps the rows that the identities are of lines or parts of.
func parts(w *db.Where, ids []string) {
	var cond []string
	var args []any
	for _, one := range ids {
		cond = append(cond, "id between ? and ?")
		args = append(args, id.Beside(one, 1-task.LinesPerRow*task.PartsPerLine), one)
	}
	if len(cond) > 0 {
		w.And("("+strings.Join(cond, " or ")+")", args...)
	}
}
