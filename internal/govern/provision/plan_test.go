package provision_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/db"
)

// crowd fills the house with operations: most are done, and those that are open all become due at once, of which the statistics of
// PostgreSQL know nothing yet.
func (p *place) crowd() {
	p.Helper()
	p.write(func(tx *db.Tx) error {
		for _, sql := range []string{
			`insert into operation (id, kind, grant_id, connector_id, app_id, entitlement_id, account_id, state, due_at, lease, attempts,
				last_error, note, created_at, done_at, version)
			with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
			select 'o' || i, 'grant', 'g' || i, 'c' || (i % 7), 'a', 'e', 'u', case when i % 4 = 0 then 'open' else 'done' end,
				case when i % 4 = 0 then 1000000000 + i else i end, '', 0, '', '', i, null, 1 from n`,
			`analyze operation`,
			`update operation set due_at = due_at - 1000000000 where state = 'open'`,
		} {
			if _, err := tx.Exec(sql); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *place) plan(sql string, args []any) string {
	p.Helper()
	explain, columns := "explain query plan ", 4
	if p.db.Engine() == db.Postgres {
		explain, columns = "explain ", 1
	}
	var lines []string
	p.write(func(tx *db.Tx) (err error) {
		lines, err = db.Collect(tx, func(r *db.Rows) (string, error) {
			all := make([]any, columns)
			for i := range all {
				all[i] = new(any)
			}
			err := r.Scan(all...)
			return fmt.Sprint(*all[columns-1].(*any)), err
		}, explain+sql, args...)
		return err
	})
	return strings.Join(lines, "\n")
}

// A backlog must be worked off from the front of its index, and not be read and sorted for each batch.
func TestStatementsOfTheLanesUseTheirIndexes(t *testing.T) {
	each(t, func(p *place) {
		p.crowd()
		for _, s := range provision.Statements(p.db.Skip()) {
			plan := p.plan(s.SQL, s.Args)
			if !strings.Contains(plan, s.Index) || strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "Sort") || strings.Contains(plan, "Seq Scan") {
				p.Errorf("%s should use %s and sort nothing:\n%s", s.Name, s.Index, plan)
			}
		}
	})
}
