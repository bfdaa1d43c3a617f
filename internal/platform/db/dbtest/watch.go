package dbtest

import (
	"context"
	"fmt"
	"iter"
	"path"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// known are the statements that this process has seen, by engine: whether a test wrote them.
var known sync.Map

// watched is what the program, not its tests, asks of a database until a test ends. What reads a whole table is quick in a test and
// nowhere else.
type watched struct {
	t  testing.TB
	d  *db.DB
	mu sync.Mutex

	seen []db.Statement
	open map[*db.Tx]*change
}

// Watched is Each with a look at what the program asks of the database while the test runs: the test fails for each statement that no
// index serves, and for each transaction that changed what is so and left no event.
func Watched(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	Each(t, func(t *testing.T, d *db.DB) {
		watch(t, d)
		test(t, d)
	})
}

func watch(t testing.TB, d *db.DB) {
	w := &watched{t: t, d: d, open: map[*db.Tx]*change{}}
	stop := d.Record(w.keep)
	t.Cleanup(func() {
		stop()
		w.plans()
		w.prepares()
		w.changes()
	})
}

func (w *watched) keep(s db.Statement) {
	if s.SQL == "" {
		return
	}
	key := fmt.Sprint(w.d.Engine(), s.SQL)
	old, seen := known.Load(key)
	if !seen {
		old = ofTest()
		known.Store(key, old)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if test, _ := old.(bool); test {
		return
	}
	w.changed(s)
	if !seen {
		w.seen = append(w.seen, s)
	}
}

// ofTest tells whether a test wrote the statement that is about to run.
func ofTest() bool {
	for f := range stack() {
		if !strings.Contains(f.File, "/internal/platform/db/") || inTest(f) {
			return inTest(f)
		}
	}
	return true
}

// stack yields the frames of whoever runs a statement.
func stack() iter.Seq[runtime.Frame] {
	var at [60]uintptr
	n := runtime.Callers(4, at[:])
	return func(yield func(runtime.Frame) bool) {
		frames := runtime.CallersFrames(at[:n])
		for more := n > 0; more; {
			var f runtime.Frame
			if f, more = frames.Next(); !yield(f) {
				return
			}
		}
	}
}

func inTest(f runtime.Frame) bool {
	return strings.HasSuffix(f.File, "_test.go") || strings.HasSuffix(path.Dir(f.File), "test")
}

func (w *watched) plans() {
	for _, s := range w.seen {
		if paged.MatchString(s.SQL) || slices.ContainsFunc(onPurpose, func(begin string) bool { return strings.HasPrefix(s.SQL, begin) }) {
			continue
		}
		lines, err := w.plan(s)
		if err != nil {
			w.t.Logf("no plan of %s: %v: %s", s.SQL, err, fault.Of(err).Cause())
			continue
		}
		if line := whole(s.SQL, lines); line != "" {
			w.t.Errorf("%s:\n%s\n%s", line, s.SQL, strings.Join(lines, "\n"))
		}
	}
}

// plan explains a statement. PostgreSQL reads small tables whole, so it is told not to where it has a choice.
func (w *watched) plan(s db.Statement) (lines []string, err error) {
	explain, columns := "explain query plan ", 4
	err = w.d.Write(context.Background(), func(tx *db.Tx) error {
		if w.d.Engine() == db.Postgres {
			explain, columns = "explain (costs off) ", 1
			if _, err := tx.Exec("set local enable_seqscan = off"); err != nil {
				return err
			}
		}
		lines, err = db.Collect(tx, func(r *db.Rows) (string, error) {
			all := make([]any, columns)
			for i := range all {
				all[i] = new(any)
			}
			err := r.Scan(all...)
			return fmt.Sprint(*all[columns-1].(*any)), err
		}, explain+s.SQL, s.Args...)
		return err
	})
	return lines, err
}

// paged is the end of a list that is read page by page: SQLite walks it in its order, and what it has an index for is tried where the
// list is.
var paged = regexp.MustCompile(`order by [^()]* limit \S+$`)

// onPurpose are the beginnings of statements that ask for a whole table.
var onPurpose = []string{
	// All bindings and rules, as many as administrators made: what passes what on, remembered until one of them changes.
	"select true, src_app_id, src_entitlement_id, dst_app_id, dst_entitlement_id from proxy where deleted_at is null\n",
	// What the members of all linked groups hold, remembered until other groups are linked.
	"select app_id, entitlement_id from group_link_member",
}

var (
	scan     = regexp.MustCompile(`^SCAN ([a-z_]+)$|Seq Scan on ([a-z_]+)`)
	gathered = regexp.MustCompile(`^(?:CO-ROUTINE|MATERIALIZE) ([a-z_]+)$`)
)

// whole is the line of a plan that reads a table from end to end, or empty. What the statement itself has gathered is no table.
func whole(sql string, plan []string) string {
	own := map[string]bool{}
	for _, line := range plan {
		if m := gathered.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			own[m[1]] = true
			for _, alias := range regexp.MustCompile(`\b`+m[1]+` (?:as )?([a-z_]+)`).FindAllStringSubmatch(sql, -1) {
				own[alias[1]] = true
			}
		}
	}
	for _, line := range plan {
		if m := scan.FindStringSubmatch(strings.TrimSpace(line)); m != nil && !own[m[1]] {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
