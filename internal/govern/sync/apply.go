package sync

import (
	"context"
	"maps"
	"slices"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/db"
)

// objects takes over types, resources, entitlements and accounts, in this order: each names those before it. It answers the
// identities of all of them.
func (r *reading) objects(ctx context.Context, s Snapshot) (now app.Known, err error) {
	c := r.connector.Ref()
	now.ResourceTypes, err = upsert(ctx, r, "resource_type", s.ResourceTypes, func(t ResourceType) app.SeenResourceType {
		kind := app.ResourceKind(t.Kind)
		if !slices.Contains(app.ResourceKinds, kind) {
			kind = app.KindCustom
		}
		return app.SeenResourceType{ExternalID: t.ExternalID, Kind: kind, DisplayName: t.Name}
	}, func(tx *db.Tx, seen []app.SeenResourceType) (map[string]app.ResourceTypeID, app.Upserted, error) {
		return r.Apps.UpsertResourceTypes(tx, c, seen)
	})
	if err != nil {
		return now, err
	}
	typeOf := make(map[string]app.ResourceTypeID, len(s.Resources))
	now.Resources, err = upsert(ctx, r, "resource", s.Resources, func(v Resource) app.SeenResource {
		typeOf[v.ExternalID] = now.ResourceTypes[v.TypeID]
		return app.SeenResource{
			ExternalID: v.ExternalID, TypeID: now.ResourceTypes[v.TypeID], DisplayName: v.Name, Description: v.Description,
		}
	}, func(tx *db.Tx, seen []app.SeenResource) (map[string]app.ResourceID, app.Upserted, error) {
		return r.Apps.UpsertResources(tx, c, seen)
	})
	if err != nil {
		return now, err
	}
	now.Entitlements, err = upsert(ctx, r, "entitlement", s.Entitlements, func(e Entitlement) app.SeenEntitlement {
		return app.SeenEntitlement{
			ExternalID: e.ExternalID, TypeID: typeOf[e.ResourceID], ResourceID: now.Resources[e.ResourceID], DisplayName: e.Name,
			Description: e.Description, Slug: e.Slug, Purpose: app.PurposeAssignment,
		}
	}, func(tx *db.Tx, seen []app.SeenEntitlement) (map[string]app.EntitlementID, app.Upserted, error) {
		return r.Apps.UpsertEntitlements(tx, c, seen)
	})
	if err != nil {
		return now, err
	}
	accounts := make([]app.SeenAccount, len(s.Accounts))
	for i, a := range s.Accounts {
		accounts[i] = a.seen()
	}
	if err := r.Apps.Identify(ctx, c.AppID, accounts, r.hold); err != nil {
		return now, err
	}
	now.Accounts, err = upsert(ctx, r, "account", accounts, func(a app.SeenAccount) app.SeenAccount { return a },
		func(tx *db.Tx, seen []app.SeenAccount) (map[string]app.AccountID, app.Upserted, error) {
			return r.Apps.UpsertAccounts(tx, c, seen)
		})
	return now, err
}

// hold keeps the lease while nothing is written.
func (r *reading) hold(ctx context.Context) error {
	return r.write(ctx, func(*db.Tx) error { return nil })
}

func (a Account) seen() app.SeenAccount {
	s := app.SeenAccount{ExternalID: a.ExternalID, DisplayName: a.Name, Username: a.Username, Email: a.Email, StatusDetails: a.Details}
	if a.Service {
		s.Kind = app.KindService
	}
	if a.Disabled {
		s.Status = app.Disabled
	}
	return s
}

// upsert takes over one kind of object in batches, and answers their identities by external id.
func upsert[S, V any, T ~string](
	ctx context.Context, r *reading, table string, list []S, convert func(S) V,
	write func(*db.Tx, []V) (map[string]T, app.Upserted, error),
) (map[string]T, error) {
	all := make(map[string]T, len(list))
	seen := make([]V, len(list))
	for i, v := range list {
		seen[i] = convert(v)
	}
	grown := growth{table: table}
	for _, batch := range db.Chunks(seen, app.MaxBatch) {
		var ids map[string]T
		var did app.Upserted
		err := r.write(ctx, func(tx *db.Tx) (err error) {
			ids, did, err = write(tx, batch)
			return err
		})
		if err != nil {
			return nil, err
		}
		r.changed = r.changed || did.Added+did.Changed > 0
		maps.Copy(all, ids)
		if err := r.grown(ctx, &grown, did.Added); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// growth is how much a reading has added to a table.
type growth struct {
	table          string
	added, counted int // since the engine last looked at the table, and before
}

// muchGrowth is how many rows a table may grow by without the engine being told.
const muchGrowth = 1000

// grown tells the engine when a table has at least doubled by what the reading added. Without that the first reading of a large target
// takes PostgreSQL time that grows with the square of its size: each batch compares its names with all that is there.
func (r *reading) grown(ctx context.Context, g *growth, added int) error {
	g.added += added
	if g.added < max(muchGrowth, g.counted) {
		return nil
	}
	g.counted, g.added = g.counted+g.added, 0
	return r.write(ctx, func(tx *db.Tx) error { return tx.Analyze(g.table) })
}

// memberships are how many memberships one transaction takes.
const memberships = 500

// seen notes which grants the target holds, and answers the memberships between known ends that no grant explains.
func (r *reading) seen(ctx context.Context, list []Membership, known app.Known) (unknown []grant.Membership, err error) {
	for _, batch := range db.Chunks(between(list, known), memberships) {
		var strangers []grant.Membership
		err := r.write(ctx, func(tx *db.Tx) (err error) {
			strangers, err = r.Grants.Seen(tx, r.target(), batch)
			return err
		})
		if err != nil {
			return nil, err
		}
		unknown = append(unknown, strangers...)
	}
	return unknown, nil
}

// between are the memberships both ends of which are known.
func between(list []Membership, known app.Known) []grant.Membership {
	out := make([]grant.Membership, 0, len(list))
	for _, m := range list {
		account, a := known.Accounts[m.AccountID]
		entitlement, e := known.Entitlements[m.EntitlementID]
		if a && e {
			out = append(out, grant.Membership{Account: account, Entitlement: entitlement})
		}
	}
	return out
}

// without are the memberships that between leaves out, by the identities that both ends have now.
func without(list []Membership, known, now app.Known) []grant.Membership {
	var out []grant.Membership
	for _, m := range list {
		_, a := known.Accounts[m.AccountID]
		_, e := known.Entitlements[m.EntitlementID]
		if !a || !e {
			out = append(out, grant.Membership{Account: now.Accounts[m.AccountID], Entitlement: now.Entitlements[m.EntitlementID]})
		}
	}
	return out
}

// discover makes the memberships known here that no grant explains.
func (r *reading) discover(ctx context.Context, list []grant.Membership) error {
	grown := growth{table: "grants"}
	for _, batch := range db.Chunks(list, memberships) {
		found := 0
		err := r.write(ctx, func(tx *db.Tx) (err error) {
			found, err = r.Grants.Discover(tx, r.target(), batch)
			return err
		})
		if err != nil {
			return err
		}
		r.run.Added += found
		r.changed = r.changed || found > 0
		if err := r.grown(ctx, &grown, found); err != nil {
			return err
		}
	}
	return nil
}

// missing ends the grants that the target no longer holds.
func (r *reading) missing(ctx context.Context) error {
	for after := grant.ID(""); ; {
		var ended int
		var next grant.ID
		err := r.write(ctx, func(tx *db.Tx) (err error) {
			ended, next, err = r.Grants.Missing(tx, r.target(), after)
			return err
		})
		if err != nil {
			return err
		}
		r.run.Removed += ended
		r.changed = r.changed || ended > 0
		if after = next; next == "" {
			return nil
		}
	}
}

// gone deletes what the target no longer has. It comes after missing: the grants of what is gone were removed in the target, and
// nothing is left there to revoke.
func (r *reading) gone(ctx context.Context, g app.Gone) error {
	for len(g.Accounts)+len(g.Entitlements)+len(g.Resources)+len(g.ResourceTypes) > 0 {
		var part app.Gone
		room := app.MaxBatch
		part.Accounts, g.Accounts = cut(g.Accounts, &room)
		part.Entitlements, g.Entitlements = cut(g.Entitlements, &room)
		part.Resources, g.Resources = cut(g.Resources, &room)
		part.ResourceTypes, g.ResourceTypes = cut(g.ResourceTypes, &room)
		if err := r.write(ctx, func(tx *db.Tx) error { return r.Apps.MarkGone(tx, r.connector.Ref(), part) }); err != nil {
			return err
		}
		r.changed = true
	}
	return nil
}

// cut takes from a list what there is room for.
func cut[T any](list []T, room *int) (head, rest []T) {
	n := min(len(list), *room)
	*room -= n
	return list[:n], list[n:]
}
