package catalog_test

import (
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/db"
)

func TestNoQuestionReadsAWholeTable(t *testing.T) {
	each(t, func(h *house) {
		for _, s := range catalog.Statements() {
			plan := h.Plan(s.SQL, s.Args...)
			read := plan
			for _, gathered := range []string{"SCAN s\n", "SCAN seen\n", "SCAN (subquery"} { // what the statement itself has gathered
				read = strings.ReplaceAll(read+"\n", gathered, "")
			}
			if granttest.ReadsWhole(read) {
				h.Errorf("%s reads a whole table:\n%s", s.Name, plan)
			}
			for _, index := range s.Indexes { // PostgreSQL chooses by statistics, of which empty tables have none
				if h.DB.Engine() == db.SQLite && !strings.Contains(plan, index) {
					h.Errorf("%s does not use %s:\n%s", s.Name, index, plan)
				}
			}
			if strings.HasPrefix(s.Name, "list") && granttest.Sorts(plan) {
				h.Errorf("%s sorts:\n%s", s.Name, plan)
			}
		}
	})
}
