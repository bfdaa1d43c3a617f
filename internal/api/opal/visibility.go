package opal

import (
	"context"

	"github.com/interim-access/interim/internal/govern/item"
)

// visibilityBody says who sees an item: everybody, or the members of some groups and those who have access.
type visibilityBody struct {
	Visibility string `json:"visibility" enum:"GLOBAL,LIMITED"`
	Groups     []UUID `json:"visibility_group_ids" required:"false" nullable:"true" maxItems:"100"`
}

// readVisibility answers who sees an item of one sort.
func (d *Door) readVisibility(ctx context.Context, s itemSort, id UUID) (visibilityBody, error) {
	i, err := d.itemOf(ctx, s, id)
	if err != nil {
		return visibilityBody{}, err
	}
	return d.visibilityOf(ctx, i)
}

// visibilityOf answers who sees an item.
func (d *Door) visibilityOf(ctx context.Context, i item.Item) (visibilityBody, error) {
	groups, err := groupsOf(d.DB.Q(ctx), i.Audience)
	out := visibilityBody{Visibility: "GLOBAL", Groups: knownGroups(groups, i.Audience)}
	if i.Limited {
		out.Visibility = "LIMITED"
	}
	return out, err
}

// limit sets who sees an item of one sort.
func (d *Door) limit(ctx context.Context, s itemSort, id UUID, v visibilityBody) (visibilityBody, error) {
	_, acts, err := d.itemsToChange(ctx, s, []UUID{id})
	if err != nil {
		return v, err
	}
	audience, err := d.membersOf(d.DB.Q(ctx), "visibility_group_ids", v.Groups)
	if err != nil {
		return v, err
	}
	after, err := d.Items.Update(ctx, []item.Change{{ID: item.ID(id), Become: within(acts[item.ID(id)], func(i *item.Item) error {
		i.Offered, i.Limited, i.Audience = true, v.Visibility == "LIMITED", audience
		return nil
	})}})
	if err != nil {
		return v, respelled(err, itemNames)
	}
	return d.visibilityOf(ctx, after[0])
}
