package opal

import (
	"context"

	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/tag"
)

// resourceBody is an item that is no group.
type resourceBody struct {
	ID UUID `json:"resource_id"`
	ItemBody
	RemoteID     string       `json:"remote_resource_id,omitempty"`
	RemoteName   string       `json:"remote_resource_name,omitempty"`
	Type         resourceKind `json:"resource_type"`
	MFAToConnect bool         `json:"require_mfa_to_connect"`
	Parent       UUID         `json:"parent_resource_id,omitempty"`
	Tickets      *ticketsBody `json:"ticket_propagation,omitempty"`
	Ancestors    []UUID       `json:"ancestor_resource_ids,omitempty"`
	Descendants  []UUID       `json:"descendant_resource_ids,omitempty"`
}

// ticketsBody says what is written to a system of tickets when access is given and taken away.
type ticketsBody struct {
	OnGrant      bool   `json:"enabled_on_grant"`
	OnRevocation bool   `json:"enabled_on_revocation"`
	Provider     string `json:"ticket_provider,omitempty" enum:"JIRA,LINEAR,SERVICE_NOW"`
	ProjectID    string `json:"ticket_project_id,omitempty" maxLength:"256"`
}

type getResources struct {
	Paging
	Type     resourceKind `query:"resource_type_filter"`
	IDs      []UUID       `query:"resource_ids" maxItems:"1000"`
	Name     string       `query:"resource_name" maxLength:"256" doc:"The whole name."`
	Parent   UUID         `query:"parent_resource_id"`
	Ancestor UUID         `query:"ancestor_resource_id"`
	RemoteID string       `query:"remote_id" maxLength:"2048"`
	Tags     []UUID       `query:"tag_ids" maxItems:"100" doc:"Those with any of these tags."`
}

// ResourcePath is part of the parameters of what is about one resource.
type ResourcePath struct {
	ID UUID `path:"resource_id"`
}

type createResource struct {
	Body struct {
		ItemDraft
		Type     resourceKind `json:"resource_type"`
		RemoteID string       `json:"remote_resource_id,omitempty" maxLength:"2048" doc:"The older way to say remote_info; it is not kept."`
	}
}

type updateResource struct {
	ID UUID `json:"resource_id"`
	ItemChange
	MFAToConnect *bool        `json:"require_mfa_to_connect,omitempty"`
	Tickets      *ticketsBody `json:"ticket_propagation,omitempty"`
	Parent       parentID     `json:"parent_resource_id,omitzero"`
}

type updateResources struct {
	Body struct {
		Resources []updateResource `json:"resources" minItems:"1" maxItems:"100"`
	}
}

type resourcesBody struct {
	Resources []updateResource `json:"resources" doc:"In the order of the request, with what holds now."`
}

type resourceVisibility struct {
	ResourcePath
	Body visibilityBody
}

func (d *Door) resources() {
	serve(d, "Resources.GetResources", about{Summary: "List resources that the caller may see"}, d.getResources)
	serve(d, "Resources.GetResourceID", about{Summary: "Read a resource"}, d.getResource)
	serve(d, "Resources.CreateResource", about{Summary: "Make a resource in an app; administrators may"}, d.createResource)
	serve(d, "Resources.UpdateResources", about{Summary: "Change resources, all or none; administrators may"}, d.updateResources)
	serveEmpty(d, "Resources.DeleteResource", about{
		Summary: "Delete a resource that people made, and the access to it; administrators may",
	}, d.deleteResource)
	serve(d, "Resources.GetResourceVisibility", about{Summary: "Read who sees a resource"}, d.getResourceVisibility)
	serve(d, "Resources.UpdateResourceVisibility", about{Summary: "Set who sees a resource; administrators may"}, d.updateResourceVisibility)
}

func (d *Door) getResources(ctx context.Context, in *getResources) (Results[resourceBody], error) {
	f := item.Filter{
		IDs: ids[item.ID](in.IDs), Tags: ids[tag.ID](in.Tags), Name: in.Name, Parent: item.ID(in.Parent), Ancestor: item.ID(in.Ancestor),
		ExternalID: in.RemoteID, NoLabel: resourceKinds.other,
	}
	if in.Type != "" {
		f.Labels = []string{string(in.Type)}
	}
	found, p, err := d.listItems(ctx, "Resources", f, in.Paging)
	if err != nil {
		return Results[resourceBody]{}, err
	}
	list, err := d.encodeResources(ctx, found.Items)
	return Results[resourceBody]{Results: list, Next: p.next(found.Next), Previous: p.previous()}, err
}

func (d *Door) getResource(ctx context.Context, in *ResourcePath) (resourceBody, error) {
	i, err := d.itemOf(ctx, aResource, in.ID)
	if err != nil {
		return resourceBody{}, err
	}
	return first(d.encodeResources(ctx, []item.Item{i}))
}

func (d *Door) createResource(ctx context.Context, in *createResource) (resourceBody, error) {
	may := iam.RequireEvery(ctx, iam.SortResource)
	draft := in.Body.draft(false, string(in.Body.Type))
	if draft.Empowers = draft.Label == scopedRoleKind; draft.Empowers {
		may = iam.RequireAll(ctx)
	}
	if may != nil {
		return resourceBody{}, may
	}
	i, err := d.Items.Create(ctx, draft)
	if err != nil {
		return resourceBody{}, respelled(err, itemNames)
	}
	return first(d.encodeResources(ctx, []item.Item{i}))
}

func (d *Door) updateResources(ctx context.Context, in *updateResources) (resourcesBody, error) {
	before, acts, err := d.itemsToChange(ctx, aResource, each(in.Body.Resources, func(r updateResource) UUID { return r.ID }))
	if err != nil {
		return resourcesBody{}, err
	}
	changes, said := make([]item.Change, len(in.Body.Resources)), map[item.ID]UUID{}
	for n, r := range in.Body.Resources {
		become, err := d.apply(d.DB.Q(ctx), r.ItemChange)
		if err != nil {
			return resourcesBody{}, err
		}
		saidAdmin(said, r.ID, r.ItemChange)
		changes[n] = item.Change{ID: item.ID(r.ID), Become: within(acts[item.ID(r.ID)], func(i *item.Item) error {
			set(&i.MFAToConnect, r.MFAToConnect)
			if r.Parent.said {
				i.ParentID = item.ID(r.Parent.id)
			}
			if r.Tickets != nil {
				i.Tickets = item.Tickets(*r.Tickets)
			}
			return become(i)
		})}
	}
	if err := d.unlessShown(ctx, said, before); err != nil {
		return resourcesBody{}, err
	}
	if err := mayAdminister(ctx, said); err != nil {
		return resourcesBody{}, err
	}
	after, err := d.Items.Update(ctx, changes, d.administer(ctx, said))
	if err != nil {
		return resourcesBody{}, respelled(err, itemNames)
	}
	with, err := d.besides(ctx, after)
	return resourcesBody{each(after, func(i item.Item) updateResource {
		return updateResource{
			ID: UUID(i.ID), ItemChange: encodeChange(i, with), MFAToConnect: &i.MFAToConnect, Tickets: encodeTickets(i.Tickets),
			Parent: parentID{i.ParentID != "", UUID(i.ParentID)},
		}
	})}, err
}

func (d *Door) deleteResource(ctx context.Context, in *ResourcePath) error {
	return d.deleteItem(ctx, aResource, in.ID)
}

func (d *Door) getResourceVisibility(ctx context.Context, in *ResourcePath) (visibilityBody, error) {
	return d.readVisibility(ctx, aResource, in.ID)
}

func (d *Door) updateResourceVisibility(ctx context.Context, in *resourceVisibility) (visibilityBody, error) {
	return d.limit(ctx, aResource, in.ID, in.Body)
}

func (d *Door) encodeResources(ctx context.Context, items []item.Item) ([]resourceBody, error) {
	with, err := d.besides(ctx, items)
	if err != nil {
		return nil, err
	}
	above, err := item.Ancestors(d.DB.Q(ctx), items)
	return each(items, func(i item.Item) resourceBody {
		return resourceBody{
			Ancestors: each(above[i.ID], func(a item.ID) UUID { return UUID(a) }),
			ID:        UUID(i.ID), ItemBody: encodeItem(i, with), RemoteID: i.ExternalID, Type: resourceKind(resourceKinds.of(i)),
			MFAToConnect: i.MFAToConnect, Parent: UUID(i.ParentID), Tickets: encodeTickets(i.Tickets),
		}
	}), err
}

func encodeTickets(t item.Tickets) *ticketsBody {
	if t == (item.Tickets{}) {
		return nil
	}
	return new(ticketsBody(t))
}
