package task_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/platform/fault"
)

func TestWhoeverHasADeputySeesWhatThatDecidesAndDoesNotDecideIt(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, err := o.Delegations.SetReassign(o.Ctx, o.Grace, o.Linus, time.Time{}, time.Time{}, "")
		o.ok(err)
		asked := o.request()
		o.asked(asked, o.Linus)
		if !asked.StoodFor(o.Grace) || asked.StoodFor(o.Linus) {
			t.Error("it is not seen for whom the deputy answers")
		}
		_, err = o.approve(o.Grace, asked)
		o.fails(err, fault.Denied)
		if done := o.approved(o.Linus, asked); !done.StoodFor(o.Grace) {
			t.Error("it is not seen for whom the deputy answered")
		}
		var n int
		o.ok(o.DB.Q(o.Context()).Row(`select count(*) from task_asked where task_id = $1 and user_id in ($2, $3)`, string(asked.ID),
			string(o.Grace), string(o.Linus)).Scan(&n))
		if n != 2 {
			t.Errorf("%d of two people keep seeing it", n)
		}
	})
}
