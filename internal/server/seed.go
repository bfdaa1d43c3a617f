package server

import (
	"context"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// administrators is the name of the set that owns the apps which every installation has.
const administrators = "Administrators of Interim"

// seed makes the apps that every installation has, owned by a set of the first Super Administrator, unless they are there: what people
// made of them since stays. Without an administrator, as in a replica that is faster than the first start, it leaves that to another
// start.
func (p *parts) seed(ctx context.Context) error {
	if found, err := app.ManyApps(p.db.Q(ctx), []app.ID{app.Own}); err != nil || len(found) > 0 {
		return err
	}
	admin, err := p.read.SuperAdministrator(ctx)
	if err != nil || admin == "" {
		return err
	}
	return p.db.Write(ctx, func(tx *db.Tx) error {
		var made []app.ID
		for _, a := range []app.App{
			{ID: app.Own, DisplayName: "Interim", Description: "Groups, roles and access rules of Interim's own"},
			{ID: app.ByHand, DisplayName: "Custom", Description: "What is kept by hand, without a connector"},
		} {
			fresh, err := p.apps.EnsureApp(tx, audit.System(), a)
			if err != nil {
				return err
			}
			if fresh {
				made = append(made, a.ID)
			}
		}
		if len(made) == 0 { // another start was faster
			return nil
		}
		owners, err := owner.FindSet(tx, administrators)
		if fault.Is(err, fault.NotFound) {
			owners, err = p.owners.CreateSetIn(tx, audit.System(), owner.Set{Name: administrators, Members: []directory.UserID{admin}})
		}
		for _, a := range made {
			if err == nil {
				err = p.owners.ShareIn(tx, audit.System(), owner.OfApp(a), owner.Primary, owners.ID)
			}
		}
		return err
	})
}
