package owner_test

import (
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/db"
)

func TestNoQuestionReadsAWholeTable(t *testing.T) {
	each(t, func(h *house) {
		for _, s := range owner.Statements() {
			plan := h.Plan(s.SQL, s.Args...)
			for _, of := range []string{"o", "v"} { // what the statement itself has gathered is read whole
				if strings.Contains(plan, "CO-ROUTINE "+of+"\n") {
					plan = strings.ReplaceAll(plan+"\n", "SCAN "+of+"\n", "")
				}
			}
			if strings.Contains(plan, " asked\n") {
				plan = strings.ReplaceAll(plan+"\n", "SCAN k\n", "")
			}
			if granttest.ReadsWhole(plan) {
				h.Errorf("%s reads a whole table:\n%s", s.Name, plan)
			}
			for _, index := range s.Indexes { // PostgreSQL chooses by statistics, of which empty tables have none
				if h.DB.Engine() == db.SQLite && !strings.Contains(plan, index) {
					h.Errorf("%s does not use %s:\n%s", s.Name, index, plan)
				}
			}
			// PostgreSQL may sort what its statistics say is a handful, which the owners of one object are.
			if h.DB.Engine() == db.SQLite && strings.HasPrefix(s.Name, "rows") && granttest.Sorts(plan) {
				h.Errorf("%s sorts:\n%s", s.Name, plan)
			}
		}
	})
}
