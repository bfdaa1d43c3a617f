package read

import (
	"context"
	"strconv"

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
	q := s.db.Q(ctx)
	var least, most int64
	if err := q.Row(`select coalesce(min(number), 0) from task`).Scan(&least); err != nil {
		return nil, err
	}
	if err := q.Row(`select coalesce(max(number), 0) from task`).Scan(&most); err != nil {
		return nil, err
	}
	left := span{least, most + 1}
	if len(r.After) == 1 {
		after, err := strconv.ParseInt(r.After[0], 10, 64) // the token was signed by us for this list
		if err != nil {
			return nil, err
		}
		if by == TaskByNumberDown {
			left.below = min(left.below, after)
		} else {
			left.from = max(left.from, after+1)
		}
	}
	for width := s.width; len(rows) <= r.Size && left.from < left.below; {
		if by == TaskByNumberDown {
			f.span = span{max(left.from, left.below-width), left.below}
			left.below = f.span.from
		} else {
			f.span = span{left.from, min(left.below, left.from+width)}
			left.from = f.span.below
		}
		found, err := readTasks(q, f, by, now, page.Request{Size: r.Size - len(rows)})
		if err != nil {
			return nil, err
		}
		rows = append(rows, found...)
		width *= widen(len(found), r.Size+1-len(rows))
	}
	return rows, nil
}

// readTasks reads a page and one more.
func readTasks(q db.Q, f TaskFilter, by TaskSort, now int64, r page.Request) ([]taskRow, error) {
	sql, args, err := tasksSQL(f, by, now, r)
	if err != nil {
		return nil, err
	}
	return db.Collect(q, scanTask, sql, args...)
}
