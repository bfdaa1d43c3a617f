package grant_test

import (
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

func TestNoStatementReadsAWholeTable(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		for _, s := range grant.Statements() {
			plan := h.Plan(s.SQL, s.Args...)
			if granttest.ReadsWhole(plan) || !strings.Contains(plan, s.Index) {
				t.Errorf("%s should use %s:\n%s", s.Name, s.Index, plan)
			}
		}
	})
}

// By the statistics of PostgreSQL no grant is ever past its end, until a great many are at once. The batches must come from the front
// of the index all the same, and not be read, joined and sorted from all that is past its end.
func TestManyEndsAtOnceAreTakenInTheOrderOfTheirIndex(t *testing.T) {
	h := granttest.New(t, dbtest.Postgres(t))
	h.Write(func(tx *db.Tx) error {
		for _, sql := range []string{
			`insert into grants select 'g' || i, 'a', 'e' || i % 20, 'c' || i, null, 'active', 'manual', 0, 9000000000 + i, false, 1, 1, null, null, null, '', '',
				'', null, false, '', '', '', '', '', '', '', '', '', 1, 1 from generate_series(1, 20000) i`,
			`insert into account select 'a', 'c' || i, null, 'USER', 'ENABLED', '', '', '', '', '', '', null, '', '{}', 1, 1, null, 1
				from generate_series(1, 20000) i`,
			`insert into entitlement select 'a', 'e' || i, 't', 'r', '', '', '', '', '', '', '', null, null, '', false, '', '', '', '', '{}', 1, 1, null, 1
				from generate_series(1, 20) i`,
			`analyze grants, account, entitlement`,
			`update grants set deprovision_at = deprovision_at - 9000000000 where deprovision_at % 2 = 0`,
		} {
			if _, err := tx.Exec(sql); err != nil {
				return err
			}
		}
		return nil
	})
	var plan []string
	h.Write(func(tx *db.Tx) (err error) {
		plan, err = db.Collect(tx, func(r *db.Rows) (line string, err error) { return line, r.Scan(&line) },
			"explain "+grant.DueSQL, int64(20000), 500)
		return err
	})
	if text := strings.Join(plan, "\n"); granttest.Sorts(text) || !strings.Contains(text, "grants_due") {
		t.Errorf("a batch of ends:\n%s", text)
	}
}
