package server

import (
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestEveryInstallationHasItsOwnAppAndOneForWhatIsKeptByHandOnce(t *testing.T) {
	dir := t.TempDir()
	seed := func(p *parts) error { return p.seed(t.Context()) }
	start(t, dir, seed) // nobody could own them yet
	start(t, dir, func(p *parts) error {
		if found, err := app.ManyApps(p.db.Q(t.Context()), []app.ID{app.Own, app.ByHand}); err != nil || len(found) > 0 {
			t.Errorf("%d apps before there is an administrator, %v", len(found), err)
		}
		return nil
	})
	start(t, dir, nil)
	for range 2 {
		start(t, dir, seed)
	}
	start(t, dir, func(p *parts) error {
		ctx := iam.AsSystem(t.Context())
		q := p.db.Q(ctx)
		admin, err := p.read.SuperAdministrator(ctx)
		if err != nil {
			return err
		}
		set, err := owner.FindSet(q, administrators)
		if err != nil {
			return err
		}
		if len(set.Members) != 1 || set.Members[0] != admin {
			t.Errorf("owned by %v", set.Members)
		}
		admins, err := owner.Admins(q, []owner.Object{owner.OfApp(app.Own), owner.OfApp(app.ByHand)})
		if err != nil {
			return err
		}
		if own, byHand := admins(owner.OfApp(app.Own)), admins(owner.OfApp(app.ByHand)); own.Set != set.ID || byHand.Set != set.ID {
			t.Errorf("%v, %v", own, byHand)
		}
		if err := p.apps.DeleteApp(ctx, app.Own); !fault.Is(err, fault.Precondition) {
			t.Errorf("Interim itself was deleted: %v", err)
		}
		return p.apps.DeleteApp(ctx, app.ByHand)
	})
	start(t, dir, seed)
	start(t, dir, func(p *parts) error {
		if _, err := app.GetApp(p.db.Q(t.Context()), app.ByHand); !fault.Is(err, fault.NotFound) {
			t.Errorf("what was deleted is there again: %v", err)
		}
		return nil
	})
}

func TestTwoStartsAtOnceMakeTheAppsOnce(t *testing.T) {
	dir := t.TempDir()
	start(t, dir, nil)
	start(t, dir, func(p *parts) error {
		failed := make(chan error, 4)
		for range cap(failed) {
			go func() { failed <- p.seed(t.Context()) }()
		}
		for range cap(failed) {
			if err := <-failed; err != nil {
				t.Error(err)
			}
		}
		n, err := db.One(p.db.Q(t.Context()), func(r *db.Rows) (n int, err error) { return n, r.Scan(&n) },
			`select count(*) from event where kind = 'app.created'`)
		if err == nil && n != 2 {
			t.Errorf("%d apps were made", n)
		}
		return err
	})
}
