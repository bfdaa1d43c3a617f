package directory

import (
	"context"
	"errors"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// bench is the package on one engine.
type bench struct {
	*Service
	log   *audit.Log
	clock *clock.Fake
	ctx   context.Context
}

func each(t *testing.T, test func(t *testing.T, b bench)) {
	t.Helper()
	dbtest.Watched(t, func(t *testing.T, d *db.DB) {
		c := clock.NewFake(noon)
		log := audit.New(d, c)
		ctx := audit.With(context.Background(), audit.Actor{Kind: audit.KindUser, UserID: "admin", Name: "Admin"})
		test(t, bench{New(d, c, log), log, c, ctx})
	})
}

func (b bench) make(t *testing.T, name string, managers ...UserID) User {
	t.Helper()
	u, err := b.Create(b.ctx, User{DisplayName: name, Email: name + "@example.com", ManagerIDs: managers})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (b bench) kinds(t *testing.T) []string {
	t.Helper()
	events, err := b.log.List(b.ctx, audit.Filter{}, page.Request{Size: 100})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, e := range events.Items {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func TestAUserIsReadAsItWasMade(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		boss := b.make(t, "grace")
		want, err := b.Create(b.ctx, User{
			DisplayName: " Ada ", Email: "Ada@Example.com", JobTitle: "Analyst", ManagerIDs: []UserID{boss.ID, boss.ID},
			Profile: Profile{EmployeeIDs: []string{"7"}, Attributes: map[string]string{"site": "Berlin"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := b.Get(b.ctx, want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.DisplayName != "Ada" || got.Email != "Ada@Example.com" || got.Kind != KindHuman || got.Status != Enabled ||
			len(got.ManagerIDs) != 1 || got.Profile.Attributes["site"] != "Berlin" || !got.CreatedAt.Equal(noon) {
			t.Errorf("got %+v", got)
		}
	})
}

func TestTwoUsersNeverShareAnAddress(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		ada := b.make(t, "ada")
		if _, err := b.Create(b.ctx, User{DisplayName: "Other", Email: "ADA@example.com"}); !fault.Is(err, fault.Exists) {
			t.Errorf("the same address in capitals: %v", err)
		}
		var g errgroup.Group
		results := make([]error, 8)
		for i := range results {
			g.Go(func() error {
				_, results[i] = b.Create(b.ctx, User{DisplayName: "Racer", Email: "race@example.com"})
				return nil
			})
		}
		_ = g.Wait()
		won := 0
		for _, err := range results {
			if err == nil {
				won++
			} else if !fault.Is(err, fault.Exists) {
				t.Errorf("a loser of the race: %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d of 8 got the address", won)
		}
		if _, err := b.Delete(b.ctx, ada.ID, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Create(b.ctx, User{DisplayName: "New Ada", Email: "ada@example.com"}); err != nil {
			t.Errorf("the address of a deleted user: %v", err)
		}
	})
}

func TestAChangeThatFailsLeavesNothingBehind(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		ada := b.make(t, "ada")
		before := len(b.kinds(t))
		_, err := b.Update(b.ctx, ada.ID, func(u *User) error {
			u.DisplayName = "Changed"
			u.ManagerIDs = []UserID{"0198f000-0000-7000-8000-000000000000"}
			return nil
		})
		if !fault.Is(err, fault.Invalid) {
			t.Fatalf("an unknown manager: %v", err)
		}
		if got, _ := b.Get(b.ctx, ada.ID); got.DisplayName != "ada" || len(got.ManagerIDs) != 0 {
			t.Errorf("half a change: %+v", got)
		}
		if after := len(b.kinds(t)); after != before {
			t.Errorf("%d events for nothing", after-before)
		}
	})
}

func TestManagersNeverFormACycle(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		top := b.make(t, "top")
		middle := b.make(t, "middle", top.ID)
		low := b.make(t, "low", middle.ID)
		_, err := b.Update(b.ctx, top.ID, func(u *User) error { u.ManagerIDs = []UserID{low.ID}; return nil })
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("a cycle of three: %v", err)
		}
		_, err = b.Update(b.ctx, top.ID, func(u *User) error { u.ManagerIDs = []UserID{top.ID}; return nil })
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("their own manager: %v", err)
		}
	})
}

type told struct{ reasons []string }

func (n *told) UserEnded(_ *db.Tx, _ audit.Actor, _ UserID, _ time.Time, reason string) error {
	n.reasons = append(n.reasons, reason)
	return nil
}

func TestLeavingEnabledTellsEverybodyOnce(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		n := &told{}
		b.Tell(n)
		ada := b.make(t, "ada")
		for range 2 {
			if _, err := b.Disable(b.ctx, ada.ID, ""); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.Enable(b.ctx, ada.ID, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Delete(b.ctx, ada.ID, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Enable(b.ctx, ada.ID, ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("a deleted user came back: %v", err)
		}
		if len(n.reasons) != 2 || n.reasons[0] != ReasonDisabled || n.reasons[1] != ReasonDeleted {
			t.Errorf("told %v", n.reasons)
		}
		kinds := b.kinds(t)
		want := []string{"user.created", "user.disabled", "user.enabled", "user.deleted"}
		if len(kinds) != len(want) {
			t.Fatalf("events %v, want %v", kinds, want)
		}
		for i := range want {
			if kinds[i] != want[i] {
				t.Errorf("events %v, want %v", kinds, want)
			}
		}
	})
}

type refuses struct{}

func (refuses) UserEnded(*db.Tx, audit.Actor, UserID, time.Time, string) error {
	return errors.New("no")
}

func TestAUserWhoseAccessCannotBeTakenStaysEnabled(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		b.Tell(refuses{})
		ada := b.make(t, "ada")
		if _, err := b.Disable(b.ctx, ada.ID, ""); err == nil {
			t.Fatal("disabled although a listener failed")
		}
		if got, _ := b.Get(b.ctx, ada.ID); got.Status != Enabled || got.Version != ada.Version {
			t.Errorf("got %+v", got)
		}
	})
}

func TestNobodyDisablesThemself(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		ada := b.make(t, "ada")
		self := audit.With(context.Background(), audit.Actor{Kind: audit.KindUser, UserID: string(ada.ID)})
		if _, err := b.Disable(self, ada.ID, ""); !fault.Is(err, fault.Precondition) {
			t.Errorf("disable: %v", err)
		}
		if _, err := b.Delete(self, ada.ID, ""); !fault.Is(err, fault.Precondition) {
			t.Errorf("delete: %v", err)
		}
	})
}
