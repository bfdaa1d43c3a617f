package read

import (
	"context"
	"strconv"
	"strings"

	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// TaskSort is the order of a list of tasks. Tasks that are equal in it come in the order of their numbers.
type TaskSort string

// The orders, under the names of the API. The zero one is that of the numbers, which is that in which tasks were made.
const (
	TaskByNumber        TaskSort = "TICKET_ID"
	TaskByNumberDown    TaskSort = "REVERSE_TICKET_ID"
	TaskByCreation      TaskSort = "CREATED_AT"
	TaskByCreationDown  TaskSort = "REVERSE_CREATED_AT"
	TaskByAccount       TaskSort = "ACCOUNT"       // the account's name
	TaskByResource      TaskSort = "RESOURCE"      // the entitlement's name
	TaskBySubject       TaskSort = "ACCOUNT_OWNER" // the subject's name
	TaskByAppAndObjects TaskSort = "APP_RESOURCE_ID_AND_APP_ENTITLEMENT"
)

// order is the sort as columns of task t. The last is always the number, which is unique.
func (s TaskSort) order() order {
	switch s {
	case TaskByNumberDown:
		return order{[]string{"t.number"}, true}
	case TaskByCreation:
		return order{[]string{"t.created_at", "t.number"}, false}
	case TaskByCreationDown:
		return order{[]string{"t.created_at", "t.number"}, true}
	case TaskByAccount:
		return order{[]string{"t.account_sort", "t.number"}, false}
	case TaskByResource:
		return order{[]string{"t.resource_sort", "t.number"}, false}
	case TaskBySubject:
		return order{[]string{"t.subject_sort", "t.number"}, false}
	case TaskByAppAndObjects:
		return order{[]string{"t.app_id", "t.resource_id", "t.entitlement_id", "t.number"}, false}
	case TaskByNumber:
	}
	return order{[]string{"t.number"}, false}
}

// pageOfTasks is [order.page] for a list whose numbers and moments are numbers to the database too.
func pageOfTasks(o order, w *db.Where, r page.Request) (string, error) {
	if len(r.After) > 0 {
		values := make([]any, len(r.After))
		for i, k := range r.After {
			values[i] = k
			if c := o.columns[i]; c == "t.number" || c == "t.created_at" {
				n, err := strconv.ParseInt(k, 10, 64) // the token was signed by us for this list
				if err != nil {
					return "", err
				}
				values[i] = n
			}
		}
		than := " > "
		if o.desc {
			than = " < "
		}
		w.And("("+strings.Join(o.columns, ", ")+")"+than+"("+marks("?", len(values))+")", values...)
	}
	return o.page(w, page.Request{Size: r.Size}), nil
}

// taskKey is the position of a task in a list of that order.
func taskKey(o order, r taskRow) page.Key {
	k := make(page.Key, len(o.columns))
	for i, c := range o.columns {
		switch c {
		case "t.number":
			k[i] = strconv.FormatInt(r.Number, 10)
		case "t.created_at":
			k[i] = strconv.FormatInt(clock.Micros(r.CreatedAt), 10)
		case "t.account_sort":
			k[i] = r.account
		case "t.resource_sort":
			k[i] = r.resource
		case "t.subject_sort":
			k[i] = r.subject
		case "t.app_id":
			k[i] = string(r.App)
		case "t.resource_id":
			k[i] = string(r.Resource)
		case "t.entitlement_id":
			k[i] = string(r.Entitlement)
		}
	}
	return k
}

// taskRow is a task with what it is sorted by.
type taskRow struct {
	task.Task

	account, resource, subject string
}

func scanTask(r *db.Rows) (v taskRow, err error) {
	v.Task, err = task.Scan(r, &v.account, &v.resource, &v.subject)
	return v, err
}

// Tasks lists the tasks that match f in the order of by.
func (s *Service) Tasks(ctx context.Context, f TaskFilter, by TaskSort, r page.Request) (page.Page[task.Task], error) {
	var rows []taskRow
	var err error
	if now := clock.Micros(s.clock.Now()); f.spans(by) {
		rows, err = s.inSpans(ctx, f, by, now, r)
	} else {
		rows, err = readTasks(s.db.Q(ctx), f, by, now, r)
	}
	cut := page.Cut(rows, r.Size, func(v taskRow) page.Key { return taskKey(by.order(), v) })
	out := page.Page[task.Task]{Items: make([]task.Task, len(cut.Items)), Next: cut.Next}
	for i, v := range cut.Items {
		out.Items[i] = v.Task
	}
	return out, err
}

func tasksSQL(f TaskFilter, by TaskSort, now int64, r page.Request) (string, []any, error) {
	w := f.where(now)
	end, err := pageOfTasks(by.order(), w, r)
	where, args := w.SQL()
	return `select ` + task.Columns("t.") + `, t.account_sort, t.resource_sort, t.subject_sort from task t` + where + end, args, err
}
