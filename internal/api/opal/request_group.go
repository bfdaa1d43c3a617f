package opal

import (
	"context"
	"slices"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
)

// asking is a group for which somebody asks.
type asking struct{ item.Item }

// askingGroup has a request be one for a group that the caller sees.
func (d *Door) askingGroup(ctx context.Context, id UUID, a *task.Ask) (asking, error) {
	g, err := d.itemOf(ctx, aGroup, id)
	if err != nil {
		return asking{g}, err
	}
	l, err := d.Items.LevelOf(d.DB.Q(ctx), g, "")
	a.Subject, a.Group = "", task.Group{ID: g.ID, Members: l.Entitlement}
	return asking{g}, err
}

// mayAsk lets leaders of the group, and who owns what is asked for, ask for what they find in a catalog themselves, and administrators ask
// for everything. An owner is bound to catalogs, too: what they own they could otherwise give to a group of theirs.
func (g asking) mayAsk(ctx context.Context, a *task.Ask) error {
	err := iam.RequireAll(ctx)
	if !fault.Is(err, fault.Denied) {
		return err
	}
	a.Bound = true
	p, err := iam.PrincipalFrom(ctx)
	if err != nil || slices.Contains(g.Leaders, p.UserID) {
		return err
	}
	err = iam.Require(ctx, levelObject(app.EntitlementRef{AppID: a.App, ID: a.Entitlement}))
	if fault.Is(err, fault.Denied) {
		err = fault.New(fault.Denied, "for a group ask its leaders, who owns what is asked for, and administrators")
	}
	return err
}
