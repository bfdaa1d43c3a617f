package grant_test

import (
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
)

// each runs the test in a new house on SQLite and on PostgreSQL.
func each(t *testing.T, test func(t *testing.T, h *granttest.House)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(t, granttest.New(t, d)) })
}

// together runs n calls at once and returns how many succeeded; all others must be conflicts.
func together(t *testing.T, n int, call func(i int) error) int {
	t.Helper()
	errs := make([]error, n)
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() { <-start; errs[i] = call(i) })
	}
	close(start)
	all.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !fault.Is(err, fault.Conflict):
			t.Errorf("neither done nor a conflict: %v (%s)", err, fault.Of(err).Cause())
		}
	}
	return won
}

// Invariants 1 and 8.
func TestAtMostOneGrantIsLiveHoweverManyCreateIt(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		for range 5 {
			k := h.Key()
			won := together(t, 16, func(i int) error {
				_, err := h.Grants.Create(h.Ctx, k, h.Clock.Now().Add(time.Duration(i+1)*time.Hour))
				return err
			})
			if lives := h.Lives(k); won == 0 || len(lives) != 1 || lives[0].State != grant.Active || lives[0].Version > int64(won) {
				t.Fatalf("%d succeeded and left %+v", won, lives)
			}
		}
	})
}

// Invariant 8.
func TestOfManyWhoMoveTheEndAtOnceTheLosersAreTold(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		k := h.Key()
		granttest.Must(h.Grants.Create(h.Ctx, k, h.Clock.Now().Add(time.Hour)))(t)
		won := together(t, 16, func(i int) error {
			_, err := h.Grants.SetEnd(h.Ctx, k, h.Clock.Now().Add(time.Duration(i+2)*time.Hour))
			return err
		})
		if g := h.Last(k); g.Version != int64(1+won) {
			t.Errorf("%d changes succeeded, the row was written %d times", won, g.Version-1)
		}
	})
}

// Invariant 8: who changes what somebody else has changed since they read it is told so.
func TestAChangeOverAStaleRowIsAConflict(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		k := h.Key()
		end := h.Clock.Now().Add(time.Hour)
		granttest.Must(h.Grants.Create(h.Ctx, k, end))(t)
		seen := granttest.Must(h.Grants.Read(h.Ctx, k))(t)
		granttest.Must(h.Grants.SetEnd(h.Ctx, k, end.Add(time.Hour)))(t)
		for name, err := range map[string]error{
			"move":   second(h.Grants.MoveRead(h.Ctx, seen, end.Add(2*time.Hour))),
			"revoke": second(h.Grants.RevokeRead(h.Ctx, seen)),
		} {
			if !fault.Is(err, fault.Conflict) {
				t.Errorf("%s over a stale row: %v", name, err)
			}
		}
		if g := h.Last(k); !g.DeprovisionAt.Equal(end.Add(time.Hour)) || g.State != grant.Active {
			t.Errorf("the stale change left %+v", g)
		}
	})
}

func second[T any](_ T, err error) error { return err }

// Invariants 3 and 8: an end that has come is not moved by who read the grant before.
func TestWhoExtendsAsTheEndComesEitherMovesItOrIsToldThatItIsOver(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		k := h.Key()
		end := h.Clock.Now().Add(time.Hour)
		granttest.Must(h.Grants.Create(h.Ctx, k, end))(t)
		seen := granttest.Must(h.Grants.Read(h.Ctx, k))(t)
		h.Clock.Set(end)
		if _, err := h.Grants.MoveRead(h.Ctx, seen, end.Add(time.Hour)); !fault.Is(err, fault.Conflict) {
			t.Errorf("moved after the end, before it was noticed: %v", err)
		}
		h.End()
		if _, err := h.Grants.MoveRead(h.Ctx, seen, end.Add(time.Hour)); !fault.Is(err, fault.Conflict) {
			t.Errorf("moved after the end was noticed: %v", err)
		}
		if h.Check(k).Allowed {
			t.Error("access after the end")
		}
	})
}

// Invariants 1, 3 and 8, with real threads: ends, extensions, revocations and removals of the same grants at once.
func TestEndsExtensionsAndRevocationsAtOnceLeaveOneTruth(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		const people = 8
		c := h.Connected(people)
		for i := range people {
			granttest.Must(h.Grants.Create(h.Ctx, c.Key(i), h.Clock.Now().Add(time.Hour)))(t)
		}
		h.Settle()
		h.Clock.Advance(time.Hour - time.Microsecond)
		var all sync.WaitGroup
		for i := range people {
			k := c.Key(i)
			all.Go(func() {
				_, err := h.Grants.SetEnd(h.Ctx, k, h.Clock.Now().Add(time.Hour))
				allow(t, err, fault.Conflict, fault.NotFound)
			})
			all.Go(func() {
				_, err := h.Grants.Revoke(h.Ctx, k, "")
				allow(t, err, fault.Conflict, fault.NotFound)
			})
			all.Go(func() {
				_, err := h.Grants.Create(h.Ctx, k, h.Clock.Now().Add(2*time.Hour))
				allow(t, err, fault.Conflict)
			})
		}
		all.Go(func() { h.Clock.Advance(time.Microsecond); h.End() })
		lanes := h.Provision.Sources()
		for _, lane := range lanes {
			all.Go(func() {
				for range 10 {
					if _, err := lane.Run(h.Ctx, h.Clock.Now()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		h.Clock.Advance(time.Minute) // leases of superseded operations end
		h.Settle()
		held := 0
		for i := range people {
			live := 0
			for _, g := range h.Lives(c.Key(i)) {
				switch g.State {
				case grant.Active:
					live++
				case grant.Ended:
				default:
					t.Errorf("left over: %+v", g)
				}
			}
			if live > 1 {
				t.Errorf("%d live grants", live)
			}
			if h.Check(c.Key(i)).Allowed != (live == 1) {
				t.Errorf("check disagrees with %d live grants", live)
			}
			held += live
		}
		if h.Target.Size() != held {
			t.Errorf("the target holds %d memberships, %d grants are live", h.Target.Size(), held)
		}
	})
}

func allow(t *testing.T, err error, codes ...fault.Code) {
	t.Helper()
	for _, c := range codes {
		if fault.Is(err, c) {
			return
		}
	}
	if err != nil {
		t.Errorf("%v (%s)", err, fault.Of(err).Cause())
	}
}

// Two accounts of one person would be two grants of one thing.
func TestWhoIsGivenManyThingsAtOnceGetsOneAccount(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		in, ada := h.App().ID, h.User().ID
		accounts := make([]app.AccountID, 12)
		together(t, len(accounts), func(i int) (err error) {
			accounts[i], err = h.Grants.AccountFor(h.Ctx, in, ada)
			return err
		})
		for _, a := range accounts {
			if a == "" || a != accounts[0] {
				t.Fatal(accounts)
			}
		}
	})
}
