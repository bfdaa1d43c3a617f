package opal

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/group"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/page"
)

// Groups that stand for one another, "linked groups". The source counts among the groups of a binding, whether or not a client names it
// there (ours).

// boundGroup is one of the groups of a binding.
type boundGroup struct {
	ID   UUID      `json:"group_id"`
	Type groupKind `json:"group_type"`
}

type groupBindingBody struct {
	ID        UUID         `json:"group_binding_id"`
	CreatedBy UUID         `json:"created_by_id"`
	CreatedAt time.Time    `json:"created_at"`
	Source    UUID         `json:"source_group_id"`
	Groups    []boundGroup `json:"groups"`
}

// groupNamed names a group.
type groupNamed struct {
	ID UUID `json:"group_id"`
}

// bindingDraft says which groups stand for one another.
type bindingDraft struct {
	Source UUID         `json:"source_group_id"`
	Groups []groupNamed `json:"groups" nullable:"true" maxItems:"20"`
}

func groupIDs(list []groupNamed) []item.ID {
	return each(list, func(g groupNamed) item.ID { return item.ID(g.ID) })
}

type getGroupBindings struct{ Paging }

// BindingPath is part of the parameters of what is about one binding.
type BindingPath struct {
	ID UUID `path:"group_binding_id"`
}

type createGroupBinding struct {
	Body bindingDraft
}

// bindingChange is what a binding becomes.
type bindingChange struct {
	ID     UUID         `json:"group_binding_id"`
	Source UUID         `json:"source_group_id"`
	Groups []groupNamed `json:"groups" nullable:"true" maxItems:"20"`
}

type updateGroupBindings struct {
	Body struct {
		Bindings []bindingChange `json:"group_bindings" minItems:"1" maxItems:"100"`
	}
}

func (d *Door) groupBindings() {
	serve(d, "GroupBindings.GetGroupBindings", about{Summary: "List the bindings of groups; administrators may"}, d.getGroupBindings)
	serve(d, "GroupBindings.GetGroupBinding", about{Summary: "Read a binding of groups; administrators may"}, d.getGroupBinding)
	serve(d, "GroupBindings.CreateGroupBinding", about{
		Summary: "Have groups stand for one another: the source is asked for in place of the others, and who leaves one leaves all; " +
			"administrators may",
	}, d.createGroupBinding)
	serveEmpty(d, "GroupBindings.UpdateGroupBindings", about{
		Summary: "Change bindings of groups, all or none; administrators may",
	}, d.updateGroupBindings)
	serveEmpty(d, "GroupBindings.DeleteGroupBinding", about{
		Summary: "Have groups no longer stand for one another; their members stay; administrators may",
	}, d.deleteGroupBinding)
}

func (d *Door) getGroupBindings(ctx context.Context, in *getGroupBindings) (Results[groupBindingBody], error) {
	if err := iam.RequireAll(ctx); err != nil {
		return Results[groupBindingBody]{}, err
	}
	p, err := d.page("GroupBindings", in.Paging)
	if err != nil {
		return Results[groupBindingBody]{}, err
	}
	found, err := d.Groups.Links(ctx, p.Request)
	if err != nil {
		return Results[groupBindingBody]{}, err
	}
	list, err := d.encodeBindings(ctx, found.Items)
	shown := page.Page[groupBindingBody]{Items: list, Next: found.Next}
	return resultsOf(p, shown, func(b groupBindingBody) groupBindingBody { return b }), err
}

func (d *Door) getGroupBinding(ctx context.Context, in *BindingPath) (groupBindingBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return groupBindingBody{}, err
	}
	l, err := d.Groups.GetLink(ctx, group.LinkID(in.ID))
	if err != nil {
		return groupBindingBody{}, err
	}
	return first(d.encodeBindings(ctx, []group.Link{l}))
}

func (d *Door) createGroupBinding(ctx context.Context, in *createGroupBinding) (groupBindingBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return groupBindingBody{}, err
	}
	l, err := d.Groups.Link(ctx, item.ID(in.Body.Source), groupIDs(in.Body.Groups))
	if err != nil {
		return groupBindingBody{}, err
	}
	return first(d.encodeBindings(ctx, []group.Link{l}))
}

func (d *Door) updateGroupBindings(ctx context.Context, in *updateGroupBindings) error {
	if err := iam.RequireAll(ctx); err != nil {
		return err
	}
	list := make([]group.Relinking, len(in.Body.Bindings))
	for n, b := range in.Body.Bindings {
		list[n] = group.Relinking{ID: group.LinkID(b.ID), Source: item.ID(b.Source), Groups: groupIDs(b.Groups)}
	}
	return d.Groups.Relink(ctx, list)
}

func (d *Door) deleteGroupBinding(ctx context.Context, in *BindingPath) error {
	if err := iam.RequireAll(ctx); err != nil {
		return err
	}
	return d.Groups.Unlink(ctx, group.LinkID(in.ID))
}

// encodeBindings reads the groups of bindings, with the same number of statements however many there are.
func (d *Door) encodeBindings(ctx context.Context, list []group.Link) ([]groupBindingBody, error) {
	var all []item.ID
	for _, l := range list {
		all = append(all, l.Groups...)
	}
	groups, err := item.Many(d.DB.Q(ctx), all)
	return each(list, func(l group.Link) groupBindingBody {
		return groupBindingBody{
			ID: UUID(l.ID), CreatedBy: UUID(l.CreatedBy), CreatedAt: l.CreatedAt, Source: UUID(l.Source),
			Groups: each(l.Groups, func(g item.ID) boundGroup { return boundGroup{UUID(g), groupKind(groupKinds.of(groups[g]))} }),
		}
	}), err
}
