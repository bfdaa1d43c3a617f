package owner_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

// The people that a step opens for, and the question of each request that an owner makes.
func BenchmarkAnOwnerWithManyHolders(b *testing.B) {
	h := open(b, dbtest.SQLite(b))
	o, team := owner.OfApp(h.App().ID), h.team()
	person := h.User().ID
	h.hold(team, person, time.Time{})
	for range 127 {
		h.hold(team, h.User().ID, time.Time{})
	}
	h.set(o, nil, team)
	b.Run("everybody", func(b *testing.B) {
		for b.Loop() {
			if got, err := h.owners.Users(h.DB.Q(h.Ctx), []owner.Object{o}, owner.Primary, h.Clock.Now()); err != nil || len(got[o]) != 128 {
				b.Fatal(len(got[o]), err)
			}
		}
	})
	b.Run("one of them", func(b *testing.B) {
		object := iam.Object{Type: "app", AppID: string(o.App), ID: o.ID}
		for b.Loop() {
			if is, err := h.owners.Is(h.Ctx, h.DB.Q(h.Ctx), person, iam.RelOwner, object, h.Clock.Now()); err != nil || !is {
				b.Fatal(is, err)
			}
		}
	})
}
