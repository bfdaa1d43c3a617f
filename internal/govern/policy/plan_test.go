package policy

import (
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/page"
)

// The lists of policies must be answered from their index, with the sort included, and who uses a policy without reading all apps
// and entitlements. PostgreSQL reads small tables whole, so it is told not to where it has a choice.
func TestPoliciesAreListedInOrderFromAnIndex(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for name, f := range map[string]Filter{
			"all": {View: All}, "global": {}, "by kind": {Kinds: []Kind{Grant}}, "ever": {IncludeDeleted: true}, "by name": {DisplayName: "x"},
		} {
			for _, r := range []page.Request{{Size: 25}, {Size: 25, After: page.Key{"a", "b"}}} {
				sql, args := searchSQL(f, r)
				if plan := dbtest.Plan(t, d, sql, args...); wholeTable(plan) || strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "Sort") {
					t.Errorf("%s:\n%s\n%s", name, sql, plan)
				}
			}
		}
		for _, table := range []string{"app", "entitlement"} {
			sql := union(table, "grant_policy_id", "revoke_policy_id", "certify_policy_id")
			if plan := dbtest.Plan(t, d, sql, "p"); wholeTable(plan) {
				t.Errorf("who uses a policy:\n%s", plan)
			}
		}
	})
}

func wholeTable(plan string) bool {
	for line := range strings.Lines(plan) {
		if strings.Contains(line, "Seq Scan") || strings.Contains(line, "SCAN") && !strings.Contains(line, "INDEX") && !strings.Contains(line, "SUBQUERY") {
			return true
		}
	}
	return false
}
