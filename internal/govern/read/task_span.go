package read

import (
	"context"
	"slices"
	"strconv"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// span narrows a list of tasks to numbers from and below. The zero span does not narrow.
type span struct{ from, below int64 }

// A page of what waits for somebody is looked for among the numbers that come first in the list, and there among the first rows that ask
// them: to find what asks somebody costs little, and ten times as much to look whether it waits for them. Where that does not fill the page
// it is looked for among more.
const (
	firstSpan = 4096 // numbers
	leastLook = 50   // rows that ask, and
	firstLook = 2    // at least so many for each task that a page has
	wider     = 16   // at most as many times as much the next time
)

// widen is how many times as wide the next span is: enough for twice what is missing, if as many are found in it.
func widen(found, missing int) int64 {
	if found == 0 {
		return wider
	}
	return int64(min(max(1+2*missing/found, 2), wider))
}

// spans reports whether a list in the order of its numbers is better read span by span: whoever has much to decide, of whom a page is
// asked for, would else have all of it read and sorted.
func (f TaskFilter) spans(by TaskSort) bool {
	return len(f.Workers)+len(f.Assigned)+len(f.Decider) > 0 && (by == "" || by == TaskByNumber || by == TaskByNumberDown)
}

// inSpans reads a page and one more.
func (s *Service) inSpans(ctx context.Context, f TaskFilter, by TaskSort, now int64, r page.Request) (rows []taskRow, err error) {
	q, alone := s.db.Q(ctx), f.alone()
	f.down = by == TaskByNumberDown
	all, err := reach(q, f.down, r.After)
	if err != nil || all.from == all.below {
		return nil, err
	}
	if len(alone) > 0 {
		f.look = max(s.look, firstLook*int64(r.Size+1))
	}
	for width := s.width; ; f.look *= wider {
		f.span = all.first(width, f.down)
		rows, err = readTasks(q, f, by, now, page.Request{Size: r.Size})
		if err != nil || len(rows) > r.Size {
			return rows, err
		}
		if f.span == all {
			if cut, err := f.cut(q, alone, now); err != nil || !cut {
				return rows, err
			}
		}
		width = min(width*widen(len(rows), r.Size+1-len(rows)), all.below-all.from)
	}
}

// waiting are the lists of people for one of whom each task that is found waits.
func (f TaskFilter) waiting() [][]directory.UserID {
	lists := [][]directory.UserID{f.Assigned, only(f.Decider)}
	if f.ActedOn.IsZero() {
		lists = append(lists, f.Workers)
	}
	return slices.DeleteFunc(lists, func(people []directory.UserID) bool { return len(people) == 0 })
}

// alone are the people whose rows the list is cut by.
func (f TaskFilter) alone() (list []directory.UserID) {
	for _, people := range f.waiting() {
		if len(people) == 1 {
			list = append(list, people[0])
		}
	}
	return list
}

// cut reports whether more may have asked one of the people in the span than was looked at: a moment later half as many do.
func (f TaskFilter) cut(q db.Q, people []directory.UserID, now int64) (bool, error) {
	for _, u := range people {
		w := &db.Where{}
		sql := task.AskedWithinSQL(w.Bind(string(u)), w.Bind(now), task.Part{
			From: w.Bind(f.span.from), Below: w.Bind(f.span.below), Most: w.Bind(f.look), Down: f.down,
		})
		_, args := w.SQL()
		var n int64
		if err := q.Row(sql, args...).Scan(&n); err != nil || n >= (f.look+1)/2 {
			return true, err
		}
	}
	return false, nil
}

// reach is the span of the numbers of all tasks, or of those after a position.
func reach(q db.Q, down bool, position page.Key) (all span, err error) {
	if err := q.Row(`select coalesce(min(number), 0) from task`).Scan(&all.from); err != nil {
		return all, err
	}
	if err := q.Row(`select coalesce(max(number), 0) + 1 from task`).Scan(&all.below); err != nil || len(position) != 1 {
		return all, err
	}
	after, err := strconv.ParseInt(position[0], 10, 64) // the token was signed by us for this list
	if down {
		all.below = max(min(all.below, after), all.from)
	} else {
		all.from = min(max(all.from, after+1), all.below)
	}
	return all, err
}

// first is as much of a span as is width wide, from where a list begins.
func (s span) first(width int64, down bool) span {
	if down {
		return span{max(s.from, s.below-width), s.below}
	}
	return span{s.from, min(s.below, s.from+width)}
}

// readTasks reads a page and one more.
func readTasks(q db.Q, f TaskFilter, by TaskSort, now int64, r page.Request) ([]taskRow, error) {
	sql, args, err := tasksSQL(f, by, now, r)
	if err != nil {
		return nil, err
	}
	return db.Collect(q, scanTask, sql, args...)
}
