package task_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/owner"
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

func TestWhoIsAskedInSomebodysPlaceIsToldInWhose(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		told := &told{}
		o.Tasks.Notices = told
		beside := o.User().ID
		_, err := o.Delegations.SetReassign(o.Ctx, o.Grace, o.Linus, time.Time{}, time.Time{}, "away")
		o.ok(err)
		_, err = o.Delegations.Create(o.Ctx, o.Edith, beside, time.Time{}, time.Time{}, "busy")
		o.ok(err)
		o.ok(o.Owners.Set(o.Ctx, owner.OfApp(o.App.ID), owner.Primary, []directory.UserID{o.Grace, o.Edith}, nil))
		o.request()
		name := func(u directory.UserID) string {
			p, err := o.Directory.Get(o.Context(), u)
			o.ok(err)
			return p.DisplayName
		}
		want := map[directory.UserID]string{o.Linus: name(o.Grace), o.Edith: "", beside: name(o.Edith)}
		for _, n := range told.list {
			if of, ok := want[n.User]; !ok || n.Data.For != of {
				t.Errorf("%s is told they decide for %q, want %q (%v)", n.User, n.Data.For, of, ok)
			}
			delete(want, n.User)
		}
		if len(want) > 0 {
			t.Errorf("not told: %v", want)
		}
	})
}
