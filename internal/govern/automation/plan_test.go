package automation_test

import (
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
)

func TestNoStatementReadsAllGrants(t *testing.T) {
	onWorlds(t, func(w *world) {
		for _, s := range automation.Statements() {
			plan := w.Plan(s.SQL, s.Args...)
			if granttest.ReadsWhole(plan) || !strings.Contains(plan, s.Index) {
				t.Errorf("%s:\n%s", s.Name, plan)
			}
		}
	})
}
