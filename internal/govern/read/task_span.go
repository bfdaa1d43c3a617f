package read

import (
	"context"
	"strconv"
	"strings"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// span narrows a list of tasks to numbers from and below. The zero span does not narrow.
type span struct{ from, below int64 }

// Of what waits for people, a page is looked for in a span of this many numbers, and where that did not fill it in one that is at most
// that many times as wide.
const (
	firstSpan = 4096
	wider     = 8
)

// firstLook is how many times as many tasks as are to be found are looked at first, of which each costs its share: not all that ask
// somebody wait for them, and some ask twice. Where that did not fill a page, wider times as many are looked at next.
const firstLook = 2

// widen is how many times as wide as the last span the next one is: wide enough for twice what is missing, if it holds as many tasks
// that are found.
func widen(found, missing int) int64 {
	if found == 0 {
		return wider
	}
	return int64(min(max(2*missing/found, 1), wider))
}

// spans reports whether a list in the order of its numbers is better read span by span: whoever has much to decide, of whom a page is
// asked for, would else have all of it read and sorted.
func (f TaskFilter) spans(by TaskSort) bool {
	return len(f.Workers)+len(f.Assigned)+len(f.Decider) > 0 && (by == "" || by == TaskByNumber || by == TaskByNumberDown)
}

// inSpans reads a page and one more, span by span from where it begins.
func (s *Service) inSpans(ctx context.Context, f TaskFilter, by TaskSort, now int64, r page.Request) (rows []taskRow, err error) {
	q, down := s.db.Q(ctx), by == TaskByNumberDown
	left, err := reach(q, down, r.After)
	if err != nil {
		return nil, err
	}
	width, look := s.width, firstLook*int64(r.Size+1)
	for len(rows) <= r.Size && left.from < left.below {
		f.span = left.first(width, down)
		nth, more, err := nth(q, f, look, down, now)
		if err != nil {
			return nil, err
		}
		if more {
			f.span = f.span.upTo(nth, down)
		}
		left = left.after(f.span, down)
		found, err := readTasks(q, f, by, now, page.Request{Size: r.Size - len(rows)})
		if err != nil {
			return nil, err
		}
		rows = append(rows, found...)
		if !more {
			width *= widen(len(found), r.Size+1-len(rows))
		}
		look *= wider
	}
	return rows, nil
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
		all.below = min(all.below, after)
	} else {
		all.from = max(all.from, after+1)
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

// upTo is as much of a span as a list has come through when it is past a number.
func (s span) upTo(number int64, down bool) span {
	if down {
		return span{number, s.below}
	}
	return span{s.from, number + 1}
}

// after is what is left of a span after a part that was its first.
func (s span) after(part span, down bool) span {
	if down {
		return span{s.from, part.from}
	}
	return span{part.below, s.below}
}

// nth is the number of the nth task in the span of f, in the order of the list, that has to be looked at to find whom it waits for, and
// whether there are so many.
func nth(q db.Q, f TaskFilter, n int64, down bool, now int64) (number int64, more bool, err error) {
	people := f.waitingFor()
	if len(people) == 0 {
		return 0, false, nil
	}
	w := &db.Where{}
	at, from, below := w.Bind(now), w.Bind(f.span.from), w.Bind(f.span.below)
	parts := make([]string, len(people))
	for i, u := range people {
		parts[i] = "select number from (" + task.AskedWithinSQL(w.Bind(string(u)), at, from, below) + ") asked"
	}
	sql := "select number from (" + strings.Join(parts, " union all ") + ") x order by number"
	if down {
		sql += " desc"
	}
	sql += " limit 1 offset " + w.Bind(n-1)
	_, args := w.SQL()
	list, err := db.Collect(q, func(r *db.Rows) (n int64, err error) { return n, r.Scan(&n) }, sql, args...)
	if err != nil || len(list) == 0 {
		return 0, false, err
	}
	return list[0], true, nil
}

// waitingFor are people for one of whom every task of the list waits; none if there is no such condition.
func (f TaskFilter) waitingFor() []directory.UserID {
	switch {
	case f.Decider != "":
		return only(f.Decider)
	case len(f.Assigned) > 0:
		return f.Assigned
	case f.ActedOn.IsZero():
		return f.Workers
	default:
		return nil
	}
}

// readTasks reads a page and one more.
func readTasks(q db.Q, f TaskFilter, by TaskSort, now int64, r page.Request) ([]taskRow, error) {
	sql, args, err := tasksSQL(f, by, now, r)
	if err != nil {
		return nil, err
	}
	return db.Collect(q, scanTask, sql, args...)
}
