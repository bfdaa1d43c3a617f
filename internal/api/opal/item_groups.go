package opal

import (
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Where a group stands for its members, the rules below name the entitlement that its members hold.

// membersOf are the entitlements that the members of the groups hold, in the same order. Invalid about field for what is no group.
func (d *Door) membersOf(q db.Q, field string, groups []UUID) ([]app.EntitlementRef, error) {
	if len(groups) == 0 {
		return nil, nil
	}
	found, err := item.Many(q, ids[item.ID](groups))
	if err != nil {
		return nil, err
	}
	items := make([]item.Item, 0, len(found))
	for _, i := range found {
		items = append(items, i)
	}
	levels, err := d.Items.Levels(q, items)
	if err != nil {
		return nil, err
	}
	out := make([]app.EntitlementRef, len(groups))
	for n, g := range groups {
		l, err := item.Find(levels[item.ID(g)], "")
		if err != nil || !found[item.ID(g)].Group {
			return nil, fault.InvalidField(field, "there is no such group: %s", g)
		}
		out[n] = l.Entitlement
	}
	return out, nil
}

// groupsOf are the groups whose members hold the entitlements; one that is gone is left out.
func groupsOf(q db.Q, refs []app.EntitlementRef) (map[app.EntitlementRef]UUID, error) {
	found, err := app.ManyEntitlements(q, refs)
	out := make(map[app.EntitlementRef]UUID, len(found))
	for _, e := range found {
		if e.DeletedAt.IsZero() {
			out[e.Ref()] = UUID(e.ResourceID)
		}
	}
	return out, err
}

// known are the groups among refs, in their order; never null.
func knownGroups(groups map[app.EntitlementRef]UUID, refs []app.EntitlementRef) []UUID {
	out := make([]UUID, 0, len(refs))
	for _, r := range refs {
		if g, ok := groups[r]; ok {
			out = append(out, g)
		}
	}
	return out
}
