package read

import (
	"context"
	"strconv"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// span narrows a list of tasks to numbers from and below. The zero span does not narrow.
type span struct{ from, below int64 }

// A page of what waits for people is looked for among the numbers that come first in the list, and there among the first that ask them:
// to ask costs little, and to find whether it waits for them, too, a tenth of what the page costs. Where that does not fill the page it is
// looked for among more.
const (
	firstSpan = 4096 // numbers
	firstLook = 2    // for each that a page has
	wider     = 16   // at most as many times as much
	looks     = 2    // after which all that ask in the span are looked at
)

// widen is how many times as wide the next span is: wide enough for twice what is missing, if it holds as many tasks that are found.
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

// inSpans reads a page and one more: what is found in a span that begins where the page does, wide enough to fill it or to hold all.
func (s *Service) inSpans(ctx context.Context, f TaskFilter, by TaskSort, now int64, r page.Request) (rows []taskRow, err error) {
	q := s.db.Q(ctx)
	f.down = by == TaskByNumberDown
	all, err := reach(q, f.down, r.After)
	if err != nil || all.from == all.below {
		return nil, err
	}
	f.look = firstLook * int64(r.Size+1)
	for width, n := s.width, 1; ; n++ {
		f.span = all.first(width, f.down)
		rows, err = readTasks(q, f, by, now, page.Request{Size: r.Size})
		if err != nil || len(rows) > r.Size || f.span == all && f.look == 0 {
			return rows, err
		}
		width *= widen(len(rows), r.Size+1-len(rows))
		if f.look *= wider; n >= looks {
			f.look = 0
		}
	}
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
