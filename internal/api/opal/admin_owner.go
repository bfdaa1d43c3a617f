package opal

import (
	"context"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// The admin owner of an app or item is the owner that owns it. Where none does, it is shown under the app's or item's own id; an item
// that nobody owns shows that of its app.

// adminsOf are the admin owners of items.
func adminsOf(q db.Q, items []item.Item) (map[item.ID]UUID, error) {
	admins, err := owner.Admins(q, each(items, func(i item.Item) owner.Object { return owner.OfResource(i.Ref()) }))
	if err != nil {
		return nil, err
	}
	out := make(map[item.ID]UUID, len(items))
	for _, i := range items {
		out[i.ID] = UUID(admins(owner.OfResource(i.Ref())).ID())
	}
	return out, nil
}

// adminsOfApps are the admin owners of apps.
func adminsOfApps(q db.Q, apps []app.App) (map[app.ID]UUID, error) {
	admins, err := owner.Admins(q, each(apps, func(a app.App) owner.Object { return owner.OfApp(a.ID) }))
	if err != nil {
		return nil, err
	}
	out := make(map[app.ID]UUID, len(apps))
	for _, a := range apps {
		out[a.ID] = UUID(admins(owner.OfApp(a.ID)).ID())
	}
	return out, nil
}

// administer gives each item the admin owner that was said. Clients say again what they were shown, which changes nothing; the own id of
// something is refused for anything else: its owners are nobody's to share.
func (d *Door) administer(ctx context.Context, said map[item.ID]UUID) func(tx *db.Tx, i item.Item) error {
	return func(tx *db.Tx, i item.Item) error {
		to := said[i.ID]
		if to == "" {
			return nil
		}
		o := owner.OfResource(i.Ref())
		if i.TemplateID != "" {
			admins, err := owner.Admins(tx, []owner.Object{o})
			if err == nil && UUID(admins(o).ID()) != to {
				err = item.Following()
			}
			return err
		}
		err := d.Owners.ShareIn(tx, audit.From(ctx), o, owner.Primary, owner.SetID(to))
		if !fault.Is(err, fault.NotFound) {
			return err
		}
		admins, err := owner.Admins(tx, []owner.Object{o})
		if err == nil && UUID(admins(o).ID()) != to {
			err = fault.InvalidField("admin_owner_id", "there is no owner with that id that can own something else: %s", to)
		}
		return err
	}
}

// curatorsOf are the admin owners of catalogs. They own nothing by that: a catalog that nobody named one for has none.
func curatorsOf(q db.Q, catalogs []catalog.ID) (map[catalog.ID]UUID, error) {
	admins, err := owner.Admins(q, each(catalogs, owner.OfCatalog))
	if err != nil {
		return nil, err
	}
	out := make(map[catalog.ID]UUID, len(catalogs))
	for _, c := range catalogs {
		out[c] = UUID(admins(owner.OfCatalog(c)).Set)
	}
	return out, nil
}

// curate gives a catalog the admin owner that was said, if one was.
func (d *Door) curate(ctx context.Context, to UUID) func(tx *db.Tx, c catalog.Catalog) error {
	return func(tx *db.Tx, c catalog.Catalog) error {
		if to == "" {
			return nil
		}
		err := d.Owners.ShareIn(tx, audit.From(ctx), owner.OfCatalog(c.ID), owner.Primary, owner.SetID(to))
		if fault.Is(err, fault.NotFound) {
			err = fault.InvalidField("admin_owner_id", "there is no owner with that id that can own something else: %s", to)
		}
		return err
	}
}

// saidAdmin notes the admin owner that a change of an item says.
func saidAdmin(said map[item.ID]UUID, id UUID, c ItemChange) {
	if c.AdminOwner != nil {
		said[item.ID(id)] = *c.AdminOwner
	}
}
