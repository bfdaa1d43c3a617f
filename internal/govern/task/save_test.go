package task_test

import (
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/db"
)

// An update that named the columns which stay as they are would write their indexes anew.
func TestWhatStaysAsItWasIsNotWritten(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		asked := o.request()
		var updates []string
		stop := o.DB.Record(func(s db.Statement) {
			if strings.HasPrefix(s.SQL, "update task set ") {
				updates = append(updates, s.SQL)
			}
		})
		_, err := o.Tasks.Comment(o.as(o.Ada), string(asked.ID), "please")
		o.ok(err)
		o.approved(o.Grace, asked)
		stop()
		o.is(asked, task.Closed, task.Granted)
		want := "update task set doc = $3, comments = $4, version = version + 1 where id = $1 and version = $2"
		if len(updates) < 2 || updates[0] != want {
			t.Errorf("a comment runs %q", updates)
		}
		if last := updates[len(updates)-1]; !strings.Contains(last, "state = $") || !strings.Contains(last, "outcome_at = $") {
			t.Errorf("the end of a task is not written: %q", last)
		}
	})
}
