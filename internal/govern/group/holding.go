package group

import (
	"cmp"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// MaxHeld is how many levels of items a group holds, and MaxHolders by how many groups and other entitlements a level is held.
const (
	MaxHeld    = automation.MaxProxies
	MaxHolders = automation.MaxSourcesOf
)

// Thing is a level of an item.
type Thing struct {
	Item  item.Item
	Level item.Level
}

// Holding is what the members of a group hold together.
type Holding struct {
	Group item.Item
	Thing
	Since time.Time
	Until time.Time // from then on they do not; zero: without end
}

// Held lists what a group holds: groups, or what is no group, by name.
func (s *Service) Held(q db.Q, g item.Item, groups bool) ([]Holding, error) {
	members, err := s.members(q, g)
	if err != nil {
		return nil, err
	}
	bound, err := s.Bindings.Bound(q, members)
	if err != nil {
		return nil, err
	}
	things, err := s.things(q, bound, func(p automation.Proxy) app.EntitlementRef { return p.Destination })
	if err != nil {
		return nil, err
	}
	var out []Holding
	for _, p := range bound {
		if t, ok := things[p.Destination]; ok && t.Item.Group == groups {
			out = append(out, Holding{Group: g, Thing: t, Since: p.CreatedAt, Until: p.Until})
		}
	}
	slices.SortStableFunc(out, func(a, b Holding) int {
		return cmp.Or(cmp.Compare(a.Item.DisplayName, b.Item.DisplayName), cmp.Compare(a.Item.ID, b.Item.ID),
			cmp.Compare(a.Level.Slug, b.Level.Slug))
	})
	return out, nil
}

// Holders lists the groups that hold a level of an item, by name.
func (s *Service) Holders(q db.Q, i item.Item) ([]Holding, error) {
	levels, err := s.Items.Levels(q, []item.Item{i})
	if err != nil {
		return nil, err
	}
	var out []Holding
	for _, l := range levels[i.ID] {
		bound, err := s.Bindings.BoundTo(q, l.Entitlement)
		if err != nil {
			return nil, err
		}
		things, err := s.things(q, bound, func(p automation.Proxy) app.EntitlementRef { return p.Source })
		if err != nil {
			return nil, err
		}
		for _, p := range bound {
			if t, ok := things[p.Source]; ok && t.Item.Group && t.Level.Slug == "" {
				out = append(out, Holding{Group: t.Item, Thing: Thing{i, l}, Since: p.CreatedAt, Until: p.Until})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Holding) int {
		return cmp.Or(cmp.Compare(a.Group.DisplayName, b.Group.DisplayName), cmp.Compare(a.Group.ID, b.Group.ID))
	})
	return out, nil
}

// members is the entitlement that the members of a group hold. NotFound for a group without a default level.
func (s *Service) members(q db.Q, g item.Item) (app.EntitlementRef, error) {
	if !g.Group {
		return app.EntitlementRef{}, fault.Missing("group", string(g.ID))
	}
	l, err := s.Items.LevelOf(q, g, "")
	return l.Entitlement, err
}

// things are the items and levels of one end of bindings; what is no live item is left out.
func (s *Service) things(
	q db.Q, bound []automation.Proxy, end func(automation.Proxy) app.EntitlementRef,
) (map[app.EntitlementRef]Thing, error) {
	refs := make([]app.EntitlementRef, len(bound))
	for n, p := range bound {
		refs[n] = end(p)
	}
	found, err := app.ManyEntitlements(q, refs)
	if err != nil {
		return nil, err
	}
	var ids []item.ID
	for _, e := range found {
		if e.DeletedAt.IsZero() {
			ids = append(ids, e.ResourceID)
		}
	}
	slices.Sort(ids)
	byID, err := item.Many(q, slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	items := make([]item.Item, 0, len(byID))
	for _, i := range byID {
		items = append(items, i)
	}
	levels, err := s.Items.Levels(q, items)
	if err != nil {
		return nil, err
	}
	out := make(map[app.EntitlementRef]Thing, len(found))
	for _, i := range items {
		for _, l := range levels[i.ID] {
			out[l.Entitlement] = Thing{i, l}
		}
	}
	return out, nil
}
