package opal

import (
	"context"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/tag"
	"github.com/interim-access/interim/internal/platform/fault"
)

// groupBody is an item whose members may hold other items together.
type groupBody struct {
	ID UUID `json:"group_id"`
	ItemBody
	Leaders    []UUID    `json:"group_leader_user_ids,omitempty"`
	RemoteID   string    `json:"remote_id,omitempty"`
	RemoteName string    `json:"remote_name,omitempty"`
	Type       groupKind `json:"group_type"`
	Binding    UUID      `json:"group_binding_id,omitempty"`
}

type getGroups struct {
	Paging
	Type groupKind `query:"group_type_filter"`
	IDs  []UUID    `query:"group_ids" maxItems:"1000"`
	Name string    `query:"group_name" maxLength:"256" doc:"The whole name."`
	Tags []UUID    `query:"tag_ids" maxItems:"100" doc:"Those with any of these tags."`
}

// GroupPath is part of the parameters of what is about one group.
type GroupPath struct {
	ID UUID `path:"group_id"`
}

type createGroup struct {
	Body struct {
		ItemDraft
		Type     groupKind `json:"group_type"`
		RemoteID string    `json:"remote_group_id,omitempty" maxLength:"2048" doc:"The older way to say remote_info; it is not kept."`
	}
}

type updateGroup struct {
	ID UUID `json:"group_id"`
	ItemChange
	Leaders []UUID `json:"group_leader_user_ids,omitempty" maxItems:"32"`
}

type updateGroups struct {
	Body struct {
		Groups []updateGroup `json:"groups" minItems:"1" maxItems:"100"`
	}
}

type groupsBody struct {
	Groups []updateGroup `json:"groups" doc:"In the order of the request, with what holds now."`
}

type groupVisibility struct {
	GroupPath
	Body visibilityBody
}

func (d *Door) groups() {
	serve(d, "Groups.GetGroups", about{Summary: "List groups that the caller may see"}, d.getGroups)
	serve(d, "Groups.GetGroup", about{Summary: "Read a group"}, d.getGroup)
	serve(d, "Groups.CreateGroup", about{Summary: "Make a group in an app; administrators may"}, d.createGroup)
	serve(d, "Groups.UpdateGroups", about{Summary: "Change groups, all or none; administrators may"}, d.updateGroups)
	serveEmpty(d, "Groups.DeleteGroup", about{
		Summary: "Delete a group that people made, and the access that it gave; administrators may",
	}, d.deleteGroup)
	serve(d, "Groups.GetGroupVisibility", about{Summary: "Read who sees a group"}, d.getGroupVisibility)
	serve(d, "Groups.UpdateGroupVisibility", about{Summary: "Set who sees a group; administrators may"}, d.updateGroupVisibility)
}

func (d *Door) getGroups(ctx context.Context, in *getGroups) (Results[groupBody], error) {
	f := item.Filter{Groups: true, IDs: ids[item.ID](in.IDs), Tags: ids[tag.ID](in.Tags), Name: in.Name, NoLabel: groupKinds.other}
	if in.Type != "" {
		f.Labels = []string{string(in.Type)}
	}
	found, p, err := d.listItems(ctx, "Groups", f, in.Paging)
	if err != nil {
		return Results[groupBody]{}, err
	}
	list, err := d.encodeGroups(ctx, found.Items)
	return Results[groupBody]{Results: list, Next: p.next(found.Next), Previous: p.previous()}, err
}

func (d *Door) getGroup(ctx context.Context, in *GroupPath) (groupBody, error) {
	i, err := d.itemOf(ctx, aGroup, in.ID)
	if err != nil {
		return groupBody{}, err
	}
	return first(d.encodeGroups(ctx, []item.Item{i}))
}

func (d *Door) createGroup(ctx context.Context, in *createGroup) (groupBody, error) {
	if err := iam.RequireEvery(ctx, iam.SortGroup); err != nil {
		return groupBody{}, err
	}
	if in.Body.Type == accessRuleKind {
		return groupBody{}, fault.InvalidField("group_type", "access rules are made with POST /access-rules")
	}
	i, err := d.Items.Create(ctx, in.Body.draft(true, string(in.Body.Type)))
	if err != nil {
		return groupBody{}, respelled(err, itemNames)
	}
	return first(d.encodeGroups(ctx, []item.Item{i}))
}

func (d *Door) updateGroups(ctx context.Context, in *updateGroups) (groupsBody, error) {
	before, acts, err := d.itemsToChange(ctx, aGroup, each(in.Body.Groups, func(g updateGroup) UUID { return g.ID }))
	if err != nil {
		return groupsBody{}, err
	}
	changes, said := make([]item.Change, len(in.Body.Groups)), map[item.ID]UUID{}
	for n, g := range in.Body.Groups {
		become, err := d.apply(d.DB.Q(ctx), g.ItemChange)
		if err != nil {
			return groupsBody{}, err
		}
		saidAdmin(said, g.ID, g.ItemChange)
		led := ids[directory.UserID](g.Leaders)
		if err := d.notThemself(ctx, without(led, before[item.ID(g.ID)].Leaders)...); err != nil {
			return groupsBody{}, err
		}
		changes[n] = item.Change{ID: item.ID(g.ID), Become: within(acts[item.ID(g.ID)], func(i *item.Item) error {
			if g.Leaders != nil {
				i.Leaders = led
			}
			return become(i)
		})}
	}
	if err := d.unlessShown(ctx, said, before); err != nil {
		return groupsBody{}, err
	}
	if err := mayAdminister(ctx, said); err != nil {
		return groupsBody{}, err
	}
	after, err := d.Items.Update(ctx, changes, d.administer(ctx, said))
	if err != nil {
		return groupsBody{}, respelled(err, itemNames)
	}
	with, err := d.besides(ctx, after)
	return groupsBody{each(after, func(i item.Item) updateGroup {
		return updateGroup{ID: UUID(i.ID), ItemChange: encodeChange(i, with), Leaders: userIDs(i.Leaders)}
	})}, err
}

func (d *Door) deleteGroup(ctx context.Context, in *GroupPath) error {
	return d.deleteItem(ctx, aGroup, in.ID)
}

func (d *Door) getGroupVisibility(ctx context.Context, in *GroupPath) (visibilityBody, error) {
	return d.readVisibility(ctx, aGroup, in.ID)
}

func (d *Door) updateGroupVisibility(ctx context.Context, in *groupVisibility) (visibilityBody, error) {
	return d.limit(ctx, aGroup, in.ID, in.Body)
}

func (d *Door) encodeGroups(ctx context.Context, items []item.Item) ([]groupBody, error) {
	with, err := d.besides(ctx, items)
	if err != nil {
		return nil, err
	}
	links, err := d.Groups.LinksOf(d.DB.Q(ctx), each(items, func(i item.Item) item.ID { return i.ID }))
	return each(items, func(i item.Item) groupBody {
		return groupBody{
			Binding: UUID(links[i.ID]),
			ID:      UUID(i.ID), ItemBody: encodeItem(i, with), Leaders: userIDs(i.Leaders), RemoteID: i.ExternalID,
			Type: groupKind(groupKinds.of(i)),
		}
	}), err
}
