package grant_test

import (
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
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
