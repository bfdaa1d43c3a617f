package opal

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/group"
	"github.com/interim-access/interim/internal/govern/item"
)

// A group in another: the members of the one have what the other, which contains it, has.

// containingGroupBody is a group that contains another. The duration is that from when it began to, rounded up to minutes; clients that
// replace what differs from their configuration would otherwise replace it with each minute that passes.
type containingGroupBody struct {
	ID      UUID   `json:"containing_group_id"`
	Minutes int    `json:"duration_minutes,omitempty" minimum:"0" maximum:"525960" doc:"From when it began; 0, or none said: without end."`
	Level   string `json:"access_level_remote_id,omitempty" maxLength:"256" doc:"The level of the containing group."`
}

type containingGroupsBody struct {
	List []containingGroupBody `json:"containing_groups"`
}

// ContainingPath is part of the parameters of what is about one group in another.
type ContainingPath struct {
	GroupPath
	Containing UUID `path:"containing_group_id"`
}

type getContainingGroups struct {
	GroupPath
	Level string `query:"access_level_remote_id" maxLength:"256" doc:"Of this level only; none said: of any."`
}

type addContainingGroup struct {
	GroupPath
	Body containingGroupBody
}

type removeContainingGroup struct {
	ContainingPath
	Level string `query:"access_level_remote_id" maxLength:"256"`
}

func (d *Door) containingGroups() {
	serve(d, "Groups.GetGroupContainingGroups", about{
		Summary: "List the groups that contain a group, of those that the caller may see",
	}, d.getContainingGroups)
	serve(d, "Groups.GetGroupContainingGroup", about{Summary: "Read how a group contains another"}, d.getContainingGroup)
	serve(d, "Groups.AddGroupContainingGroup", about{
		Summary: "Put a group into another, for a time or without end: its members have what that one has; administrators may",
	}, d.addContainingGroup)
	serveEmpty(d, "Groups.RemoveGroupContainingGroup", about{
		Summary: "Take a group out of another; administrators may", Status: http.StatusNoContent,
	}, d.removeContainingGroup)
}

// containing lists how a group that the caller may see is contained in others, of those that they may see.
func (d *Door) containing(ctx context.Context, id UUID) ([]group.Holding, error) {
	g, err := d.itemOf(ctx, aGroup, id)
	if err != nil {
		return nil, err
	}
	held, err := d.Groups.Held(d.DB.Q(ctx), g, true)
	if err != nil {
		return nil, err
	}
	return d.seenOf(ctx, held, true, func(h group.Holding) item.ID { return h.Item.ID })
}

func (d *Door) getContainingGroups(ctx context.Context, in *getContainingGroups) (containingGroupsBody, error) {
	held, err := d.containing(ctx, in.ID)
	if in.Level != "" {
		held = slices.DeleteFunc(held, func(h group.Holding) bool { return h.Level.Slug != in.Level })
	}
	return containingGroupsBody{each(held, encodeContaining)}, err
}

// getContainingGroup shows the default level first: this call cannot name one.
func (d *Door) getContainingGroup(ctx context.Context, in *ContainingPath) (containingGroupBody, error) {
	held, err := d.containing(ctx, in.ID)
	if err != nil {
		return containingGroupBody{}, err
	}
	at := slices.IndexFunc(held, func(h group.Holding) bool { return h.Item.ID == item.ID(in.Containing) })
	if at < 0 {
		return containingGroupBody{}, missing("containing group", in.Containing)
	}
	return encodeContaining(held[at]), nil
}

func (d *Door) addContainingGroup(ctx context.Context, in *addContainingGroup) (containingGroupBody, error) {
	h, err := d.haveGroupHold(ctx, in.ID, aGroup, in.Body.ID, in.Body.Level, in.Body.Minutes)
	if err != nil {
		return containingGroupBody{}, err
	}
	return encodeContaining(h), nil
}

func (d *Door) removeContainingGroup(ctx context.Context, in *removeContainingGroup) error {
	g, t, err := d.groupAndThing(ctx, in.ID, aGroup, in.Containing, in.Level)
	if err != nil {
		return err
	}
	return notHeld(d.Groups.Take(ctx, g, t), "containing group", in.Containing)
}

func encodeContaining(h group.Holding) containingGroupBody {
	out := containingGroupBody{ID: UUID(h.Item.ID), Level: h.Level.Slug}
	if !h.Until.IsZero() {
		out.Minutes = int((h.Until.Sub(h.Since) + time.Minute - 1) / time.Minute)
	}
	return out
}
