package owner_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestWhoeverAddsAtOnceStaysWithinTheLimitTogether(t *testing.T) {
	each(t, func(h *house) {
		o := owner.OfApp(h.App().ID)
		var users []directory.UserID
		for range owner.MaxOwners + 4 {
			users = append(users, h.User().ID)
		}
		h.set(o, users[:owner.MaxOwners-2])
		var added atomic.Int64
		var all sync.WaitGroup
		for _, u := range users[owner.MaxOwners-2:] {
			all.Go(func() {
				_, err := h.owners.AddUser(h.Ctx, o, owner.Primary, u)
				if err == nil {
					added.Add(1)
				} else if !fault.Is(err, fault.Precondition) {
					h.Error(err)
				}
			})
		}
		all.Wait()
		if added.Load() != 2 || len(h.of(o)) != owner.MaxOwners {
			h.Errorf("added %d, now %d", added.Load(), len(h.of(o)))
		}
	})
}

func TestAnOwnerThroughManyHoldersIsEachOfThem(t *testing.T) {
	each(t, func(h *house) {
		o, team := owner.OfApp(h.App().ID), h.team()
		want := map[directory.UserID]bool{}
		for range 20 {
			u := h.User().ID
			h.hold(team, u, h.Clock.Now().Add(time.Hour))
			want[u] = true
		}
		h.set(o, nil, team)
		objects := []owner.Object{o, o, owner.OfUser("nobody"), owner.OfApp("nowhere")}
		got := granttest.Must(h.owners.Users(h.DB.Q(h.Ctx), objects, owner.Primary, h.Clock.Now()))(h)
		if len(got) != 1 || len(got[o]) != len(want) {
			h.Fatalf("%d objects, %d owners", len(got), len(got[o]))
		}
		for _, v := range got[o] {
			if !want[v.User] || v.Until.IsZero() {
				h.Errorf("owner %+v", v)
			}
		}
	})
}
