package opal

import (
	"context"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/group"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// What the members of a group hold together, resources here, and see containing_groups.go for groups.

// groupResourceBody is a resource that a group holds at a level.
type groupResourceBody struct {
	Group    UUID       `json:"group_id"`
	Resource UUID       `json:"resource_id"`
	Name     string     `json:"group_name,omitempty"`
	Of       string     `json:"resource_name,omitempty"`
	Level    levelBody  `json:"access_level"`
	Expires  *time.Time `json:"expiration_date" doc:"When the group no longer holds it; null: without end."`
}

type groupResourcesBody struct {
	List []groupResourceBody `json:"group_resources"`
}

// resourceLevel names a level of a resource.
type resourceLevel struct {
	Resource UUID   `json:"resource_id"`
	Level    string `json:"access_level_remote_id,omitempty" maxLength:"256"`
}

type updateGroupResources struct {
	GroupPath
	Body struct {
		Resources []resourceLevel `json:"resources" nullable:"true" maxItems:"200"`
	}
}

type createGroupResource struct {
	GroupPath
	Resource UUID   `path:"resource_id"`
	Level    string `query:"access_level_remote_id" maxLength:"256"`
	Body     struct {
		Minutes *int    `json:"duration_minutes,omitempty" nullable:"true" minimum:"0" maximum:"525960" doc:"0, or none said: without end."`
		Level   *string `json:"access_level_remote_id,omitempty" nullable:"true" maxLength:"256"`
	}
}

func (d *Door) groupResources() {
	serve(d, "Groups.GetGroupResources", about{
		Summary: "List the resources that the members of a group hold together, of those that the caller may see",
	}, d.getGroupResources)
	serve(d, "Resources.GetResourceGroups", about{
		Summary: "List the groups whose members hold a resource together, of those that the caller may see",
	}, d.getResourceGroups)
	serveEmpty(d, "Groups.UpdateGroupResources", about{
		Summary: "Set which resources the members of a group hold together, all or none; what stays keeps its end; administrators may",
	}, d.updateGroupResources)
	serve(d, "Groups.CreateGroupResources", about{
		Summary: "Have the members of a group hold a resource together, for a time or without end; administrators may",
	}, d.createGroupResource)
}

func (d *Door) getGroupResources(ctx context.Context, in *GroupPath) (groupResourcesBody, error) {
	g, err := d.itemOf(ctx, aGroup, in.ID)
	if err != nil {
		return groupResourcesBody{}, err
	}
	held, err := d.Groups.Held(d.DB.Q(ctx), g, false)
	if err == nil {
		held, err = d.seenOf(ctx, held, false, func(h group.Holding) item.ID { return h.Item.ID })
	}
	return groupResourcesBody{each(held, encodeGroupResource)}, err
}

func (d *Door) getResourceGroups(ctx context.Context, in *ResourcePath) (groupResourcesBody, error) {
	i, err := d.itemOf(ctx, aResource, in.ID)
	if err != nil {
		return groupResourcesBody{}, err
	}
	held, err := d.Groups.Holders(d.DB.Q(ctx), i)
	if err == nil {
		held, err = d.seenOf(ctx, held, true, func(h group.Holding) item.ID { return h.Group.ID })
	}
	return groupResourcesBody{each(held, encodeGroupResource)}, err
}

func (d *Door) updateGroupResources(ctx context.Context, in *updateGroupResources) error {
	if err := iam.RequireAll(ctx); err != nil {
		return err
	}
	g, err := d.itemOf(ctx, aGroup, in.ID)
	if err != nil {
		return err
	}
	resources, err := d.itemsOf(ctx, aResource, each(in.Body.Resources, func(r resourceLevel) UUID { return r.Resource }))
	if err != nil {
		return err
	}
	levels, err := d.Items.Levels(d.DB.Q(ctx), values(resources))
	if err != nil {
		return err
	}
	things := make([]group.Thing, len(in.Body.Resources))
	for n, r := range in.Body.Resources {
		things[n].Item = resources[item.ID(r.Resource)]
		if things[n].Level, err = item.Find(levels[item.ID(r.Resource)], r.Level); err != nil {
			return err
		}
	}
	return d.Groups.Set(ctx, g, things)
}

func (d *Door) createGroupResource(ctx context.Context, in *createGroupResource) (groupResourceBody, error) {
	minutes, level := 0, in.Level
	set(&minutes, in.Body.Minutes)
	set(&level, in.Body.Level)
	h, err := d.haveGroupHold(ctx, in.ID, aResource, in.Resource, level, minutes)
	return encodeGroupResource(h), err
}

// haveGroupHold has the members of a group hold a level of an item.
func (d *Door) haveGroupHold(ctx context.Context, of UUID, s itemSort, id UUID, level string, minutes int) (group.Holding, error) {
	g, t, err := d.groupAndThing(ctx, of, s, id, level)
	if err != nil {
		return group.Holding{}, err
	}
	h, err := d.Groups.Give(ctx, g, t, d.endOf(minutes))
	return h, respelled(err, map[string]string{"until": "duration_minutes"})
}

// groupAndThing reads a group, and a level of another item, for a caller who may have the one hold the other.
func (d *Door) groupAndThing(ctx context.Context, of UUID, s itemSort, id UUID, level string) (g item.Item, t group.Thing, err error) {
	if err = iam.RequireAll(ctx); err != nil {
		return g, t, err
	}
	if g, err = d.itemOf(ctx, aGroup, of); err != nil {
		return g, t, err
	}
	if t.Item, err = d.itemOf(ctx, s, id); err != nil {
		return g, t, err
	}
	t.Level, err = d.Items.LevelOf(d.DB.Q(ctx), t.Item, level)
	return g, t, err
}

// seenOf leaves those of what groups hold whose group, or else whose other item, the caller may see; one statement.
func (d *Door) seenOf(ctx context.Context, list []group.Holding, groups bool, of func(group.Holding) item.ID) ([]group.Holding, error) {
	seer, err := iam.OnlyOwning(ctx)
	if err != nil || seer == "" || len(list) == 0 {
		return list, err
	}
	f := item.Filter{Groups: groups, IDs: each(list, of), Seer: seer}
	seen, err := d.Items.List(ctx, f, d.Clock.Now(), page.Request{Size: len(list)})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(h group.Holding) bool {
		return !slices.ContainsFunc(seen.Items, func(i item.Item) bool { return i.ID == of(h) })
	}), nil
}

func encodeGroupResource(h group.Holding) groupResourceBody {
	out := groupResourceBody{
		Group: UUID(h.Group.ID), Resource: UUID(h.Item.ID), Name: h.Group.DisplayName, Of: h.Item.DisplayName, Level: encodeLevel(h.Level),
	}
	if !h.Until.IsZero() {
		out.Expires = &h.Until
	}
	return out
}

// held is the fault for something that a group does not hold.
func notHeld(err error, kind string, id UUID) error {
	if fault.Is(err, fault.NotFound) {
		return missing(kind, id)
	}
	return err
}
