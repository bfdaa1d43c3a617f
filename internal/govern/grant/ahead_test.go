package grant_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

func TestAnEndThatWasMovedSinceItWasReadDoesNotCome(t *testing.T) {
	h := granttest.New(t, dbtest.SQLite(t))
	end, later := h.Clock.Now().Add(time.Hour), h.Clock.Now().Add(2*time.Hour)
	moved, left := h.Key(), h.Key()
	for _, k := range []grant.Key{moved, left} {
		granttest.Must(h.Grants.Create(h.Ctx, k, end))(t)
	}
	write := h.Grants.Ender().(grant.Ender).Ahead(h.Ctx, end)
	granttest.Must(h.Grants.SetEnd(h.Ctx, moved, later))(t)
	h.Clock.Set(end)
	if n := granttest.Must(write())(t); n != 1 {
		t.Errorf("%d ended", n)
	}
	if g := h.Lives(moved); len(g) != 1 || g[0].State != grant.Active || !g[0].DeprovisionAt.Equal(later) {
		t.Errorf("what was moved is %+v", g)
	}
	if g := h.Lives(left); len(g) != 1 || g[0].State != grant.Ended {
		t.Errorf("what was not moved is %+v", g)
	}
}

// atTheEndOf gives grants in that many apps, 400 in each, and waits until all end.
func atTheEndOf(t *testing.T, h *granttest.House, apps int) {
	t.Helper()
	end := h.Clock.Now().Add(time.Hour)
	for range apps {
		c := h.Connected(400)
		for i := range 400 {
			granttest.Must(h.Grants.Create(h.Ctx, c.Key(i), end))(t)
		}
	}
	h.Settle()
	h.Clock.Set(end)
}

// endAll runs until nothing is left to end, and returns how many ended.
func endAll(t *testing.T, h *granttest.House) (all int) {
	t.Helper()
	ender := h.Grants.Ender()
	for n := -1; n != 0; all += n {
		n = granttest.Must(ender.Run(h.Ctx, h.Clock.Now()))(t)
	}
	return all
}

func TestManyMoreEndsThanABatchComeInOneRun(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		atTheEndOf(t, h, 3) // some batches and a short one
		h.Forget()
		all := endAll(t, h)
		if events := h.Events(); all != 1200 || len(events) != 1200 {
			t.Errorf("%d ended and %d events", all, len(events))
		}
	})
}

// explosive panics where it is asked what is written besides.
type explosive struct{ grant.Notice }

func (explosive) GrantsExpired(db.Q, []grant.Step, time.Time) (grant.Expiry, error) {
	panic("a mistake")
}

func TestAMistakeInWhatIsPutTogetherAheadIsAnErrorOfTheRun(t *testing.T) {
	h := granttest.New(t, dbtest.SQLite(t))
	k, end := h.Key(), h.Clock.Now().Add(time.Hour)
	granttest.Must(h.Grants.Create(h.Ctx, k, end))(t)
	h.Grants.Tell(explosive{})
	h.Clock.Set(end)
	if _, err := h.Grants.Ender().Run(h.Ctx, end); err == nil || !strings.Contains(err.Error(), "a mistake") {
		t.Errorf("answered %v", err)
	}
	if g := h.Lives(k); len(g) != 1 || !g[0].Over(end) {
		t.Errorf("%+v", g)
	}
}

// counting counts what each transaction moves.
type counting struct {
	grant.Notice

	moved map[*db.Tx]int
}

func (c counting) GrantsMoved(tx *db.Tx, moved []grant.Step, _ time.Time) error {
	c.moved[tx] += len(moved)
	return nil
}

func (counting) GrantsExpired(db.Q, []grant.Step, time.Time) (grant.Expiry, error) {
	return grant.Expiry{}, nil
}

func TestATransactionEndsAThousandGrantsAtMost(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		atTheEndOf(t, h, 5)
		c := counting{moved: map[*db.Tx]int{}}
		h.Grants.Tell(c)
		all := endAll(t, h)
		most, moved := 0, 0
		for _, n := range c.moved {
			most, moved = max(most, n), moved+n
		}
		if all != 2000 || moved != all || most > 1000 {
			t.Errorf("%d ended, %d moved, %d at once", all, moved, most)
		}
	})
}

// meddling has somebody change a grant while the first batch is put together.
type meddling struct {
	grant.Notice

	first func()
	put   *atomic.Int32 // together, batches
}

func (m meddling) GrantsMoved(*db.Tx, []grant.Step, time.Time) error { return nil }

func (m meddling) GrantsExpired(db.Q, []grant.Step, time.Time) (grant.Expiry, error) {
	if m.put.Add(1) == 1 {
		m.first()
	}
	return grant.Expiry{}, nil
}

func TestABatchThatIsReadAnewLeavesTheOthersAsTheyAre(t *testing.T) {
	h := granttest.New(t, dbtest.SQLite(t))
	atTheEndOf(t, h, 3)
	var put atomic.Int32
	h.Grants.Tell(meddling{put: &put, first: func() {
		h.Write(func(tx *db.Tx) error {
			_, err := tx.Exec(`update grants set version = version + 1 where id = (select min(id) from grants)`)
			return err
		})
	}})
	n := granttest.Must(h.Grants.Ender().Run(h.Ctx, h.Clock.Now()))(t)
	if n != 1200 || put.Load() != 5 { // 125, 500, 500, 75, and the first again
		t.Errorf("%d ended, %d batches were put together", n, put.Load())
	}
}
