package dbtest

import (
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/platform/db"
)

// Plan is how the engine would answer a statement, one step a line. PostgreSQL reads and sorts small tables whole, so it is told not to
// where it has a choice: what it still does that way, it has no index for.
func Plan(t testing.TB, d *db.DB, sql string, args ...any) string {
	t.Helper()
	explain, scan := "explain query plan ", func(r *db.Rows) (line string, err error) {
		var a, b, c int
		return line, r.Scan(&a, &b, &c, &line)
	}
	var lines []string
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		if d.Engine() == db.Postgres {
			for _, method := range []string{"seqscan", "bitmapscan", "sort", "incremental_sort"} {
				if _, err := tx.Exec("set local enable_" + method + " = off"); err != nil {
					return err
				}
			}
			explain, scan = "explain (costs off) ", func(r *db.Rows) (line string, err error) { return line, r.Scan(&line) }
		}
		var err error
		lines, err = db.Collect(tx, scan, explain+sql, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
