package dbtest

import (
	"regexp"
	"strings"

	"github.com/interim-access/interim/internal/platform/db"
)

// change is what a transaction has written.
type change struct {
	statements []db.Statement
	audited    bool
	done       bool
	test       bool // a test began it
}

// underWay is what writes down what is being done, and not what is so: calls, messages, marks of the loops, what a loop sweeps up after
// something else went. It leaves no event.
var underWay = regexp.MustCompile(`^(?:insert into |update |delete from )(?:operation|webhook_delivery|notification|setting|task_later|group_leaver|asked)\b|` +
	`^update (?:automation|proxy|on_call_duty) set (?:due_at|status) = |^delete from (?:automation|proxy|on_call_duty) |^update task set due_at = |` +
	`^update event_stream set (?:due_at|place) = `)

var writes = regexp.MustCompile(`\b(?:insert into|delete from) ([a-z_]+)|\bupdate ([a-z_]+)(?: (?:as )?[a-z]+)? set\b`)

// changed notes what a statement writes, and what of it was committed.
func (w *watched) changed(s db.Statement) {
	if s.Tx == nil {
		return
	}
	for _, m := range writes.FindAllStringSubmatch(s.SQL, -1) {
		table, c := m[1]+m[2], w.open[s.Tx]
		if c == nil {
			c = &change{test: begunByTest()}
			w.open[s.Tx] = c
			s.Tx.OnCommit(func() {
				w.mu.Lock()
				defer w.mu.Unlock()
				c.done = true
			})
		}
		c.audited = c.audited || table == "event"
		if !underWay.MatchString(m[0]) && !underWay.MatchString(s.SQL) {
			c.statements = append(c.statements, s)
		}
	}
}

// changes fails the test for each transaction that changed what is so and left no event.
func (w *watched) changes() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.open {
		if !c.done || c.audited || c.test {
			continue
		}
		for _, s := range c.statements {
			if s.Rows == nil || *s.Rows > 0 {
				w.t.Errorf("changed without an event in the same transaction:\n%s", s.SQL)
			}
		}
	}
}

// begunByTest tells whether a test wrote the Write that is under way.
func begunByTest() bool {
	write := false
	for f := range stack() {
		if write {
			return inTest(f)
		}
		write = strings.HasSuffix(f.Function, "db.(*DB).Write")
	}
	return true
}
