package read

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/request"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// RequestFilter narrows a list of requests. Empty members do not narrow.
type RequestFilter struct {
	Requester directory.UserID
	Target    directory.UserID
	Reviewer  directory.UserID // one of its tasks waits for them, at this moment
	Resource  app.ResourceRef  // one of its tasks is about it
	Status    request.Status
	After     time.Time // made from then on
	Until     time.Time // made before then
	// Own is the caller, if they see their own requests alone: those of which they see a task; see [TaskFilter].
	Own directory.UserID
	// Oldest: oldest first, else newest first.
	Oldest bool
}

// Requests lists the first tasks of the requests that match f.
func (s *Service) Requests(ctx context.Context, f RequestFilter, r page.Request) (page.Page[task.Task], error) {
	sql, args, err := requestsSQL(f, clock.Micros(s.clock.Now()), r)
	if err != nil {
		return page.Page[task.Task]{}, err
	}
	rows, err := db.Collect(s.db.Q(ctx), func(r *db.Rows) (task.Task, error) { return task.Scan(r) }, sql, args...)
	return page.Cut(rows, r.Size, func(t task.Task) page.Key { return RequestKey(f, t) }), err
}

// RequestKey is the position of a request in its list; t is the first task.
func RequestKey(f RequestFilter, t task.Task) page.Key { return taskKey(f.order(), taskRow{Task: t}) }

// order is that of the numbers, unless the list is cut out of time.
func (f RequestFilter) order() order {
	if f.After.IsZero() && f.Until.IsZero() {
		return order{[]string{"t.number"}, !f.Oldest}
	}
	return order{[]string{"t.created_at", "t.number"}, !f.Oldest}
}

func requestsSQL(f RequestFilter, now int64, r page.Request) (string, []any, error) {
	w := f.where(now)
	end, err := pageOfTasks(f.order(), w, r)
	where, args := w.SQL()
	return `select ` + task.Columns("t.") + ` from task t` + where + end, args, err
}

// MaxCounted is how far requests are counted.
const MaxCounted = 10_000

// CountRequests counts the requests that match f, up to [MaxCounted].
func (s *Service) CountRequests(ctx context.Context, f RequestFilter) (n int, err error) {
	w := f.where(clock.Micros(s.clock.Now()))
	limit := w.Bind(MaxCounted)
	where, args := w.SQL()
	err = s.db.Q(ctx).Row(`select count(*) from (select 1 from task t`+where+` limit `+limit+`) counted`, args...).Scan(&n)
	return n, err
}

func (f RequestFilter) where(now int64) *db.Where {
	w := &db.Where{}
	w.And("t.kind = 'GRANT' and t.first_id = '' and t.deleted_at is null")
	if f.Requester != "" {
		w.And("t.opener_id = ?", string(f.Requester))
	}
	if f.Target != "" {
		w.And("t.subject_id = ?", string(f.Target))
	}
	if f.Status != "" {
		w.And(request.StatusSQL(f.Status))
	}
	TaskFilter{CreatedAfter: f.After, CreatedUntil: f.Until}.times(w)
	if f.Resource != (app.ResourceRef{}) {
		w.And("t.id in (select coalesce(nullif(x.first_id, ''), x.id) from task x where x.app_id = ? and x.resource_id = ?)",
			string(f.Resource.AppID), string(f.Resource.ID))
	}
	if f.Reviewer != "" {
		of := TaskFilter{}
		w.And("t.id in (" + firstOf(of.workOf(w, only(f.Reviewer), now, false)) + ")")
	}
	if f.Own != "" {
		w.And("t.id in (" + firstOf(TaskFilter{Own: f.Own}.ownSQL(w, now)) + ")")
	}
	return w
}

// firstOf is a select of the ids of the requests whose tasks a select names.
func firstOf(tasks string) string {
	return "select coalesce(nullif(x.first_id, ''), x.id) from task x where x.id in (" + tasks + ")"
}
