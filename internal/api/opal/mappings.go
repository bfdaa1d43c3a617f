package opal

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
)

// mappingBody shows a group as a role of an app's resource.
type mappingBody struct {
	Resource UUID    `json:"app_resource_id"`
	Group    UUID    `json:"group_id"`
	Alias    *string `json:"alias,omitempty"`
	Hidden   bool    `json:"hidden_from_end_user"`
}

type mappingsBody struct {
	Mappings []mappingBody `json:"mappings"`
}

// MappingsPath is part of the parameters of what is about the groups of a resource.
type MappingsPath struct {
	Resource UUID `path:"app_resource_id"`
}

// MappingPath is part of the parameters of what is about one of them.
type MappingPath struct {
	MappingsPath
	Group UUID `path:"group_id"`
}

type setMapping struct {
	MappingPath
	Body struct {
		Alias  *string `json:"alias,omitempty" nullable:"true" maxLength:"256" doc:"None: as it is; empty: no name."`
		Hidden *bool   `json:"hidden_from_end_user,omitempty" nullable:"true" doc:"None: as it is."`
	}
}

type setMappings struct {
	MappingsPath
	Body struct {
		Mappings []struct {
			Group  UUID    `json:"group_id"`
			Alias  *string `json:"alias,omitempty" nullable:"true" maxLength:"256"`
			Hidden bool    `json:"hidden_from_end_user,omitempty"`
		} `json:"mappings" nullable:"true" maxItems:"400"`
	}
}

func (d *Door) mappings() {
	serve(d, "IdpGroupMappings.GetIdpGroupMappings", about{Summary: "List the groups shown as roles of a resource"}, d.getMappings)
	serveEmpty(d, "IdpGroupMappings.UpdateIdpGroupMappings", about{
		Summary: "Set the groups shown as roles of a resource; administrators may",
	}, d.setMappings)
	serve(d, "IdpGroupMappings.GetIdpGroupMapping", about{Summary: "Read how a group is shown as a role of a resource"}, d.getMapping)
	serve(d, "IdpGroupMappings.CreateIdpGroupMapping", about{
		Summary: "Say how a group is shown as a role of a resource; what is not said stays. Administrators may",
	}, d.setMapping)
	serveEmpty(d, "IdpGroupMappings.DeleteIdpGroupMappings", about{
		Summary: "Show a group as a role of a resource no more; administrators may",
	}, d.deleteMapping)

	// The path that clients of an earlier edition delete by.
	d.router.Delete("/idp-group-mappings/{app_resource_id}/{group_id}", func(w http.ResponseWriter, r *http.Request) {
		now := r.Clone(context.WithValue(r.Context(), chi.RouteCtxKey, nil))
		now.URL.RawPath = ""
		now.URL.Path = "/idp-group-mappings/" + chi.URLParam(r, "app_resource_id") + "/groups/" + chi.URLParam(r, "group_id")
		d.router.ServeHTTP(w, now)
	})
}

// mappingsOf is the resource, unless it is not there or the caller may not see all.
func (d *Door) mappingsOf(ctx context.Context, id UUID) (item.ID, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return "", err
	}
	i, err := d.itemOf(ctx, aResource, id)
	return i.ID, err
}

// mappingOf is the resource and the group.
func (d *Door) mappingOf(ctx context.Context, in MappingPath) (of, group item.ID, err error) {
	if of, err = d.mappingsOf(ctx, in.Resource); err != nil {
		return "", "", err
	}
	g, err := d.itemOf(ctx, aGroup, in.Group)
	return of, g.ID, err
}

func (d *Door) getMappings(ctx context.Context, in *MappingsPath) (mappingsBody, error) {
	of, err := d.mappingsOf(ctx, in.Resource)
	if err != nil {
		return mappingsBody{}, err
	}
	found, err := d.Items.Mappings(ctx, of)
	return mappingsBody{each(found, func(m item.Mapping) mappingBody { return encodeMapping(in.Resource, m) })}, err
}

func (d *Door) setMappings(ctx context.Context, in *setMappings) error {
	of, err := d.mappingsOf(ctx, in.Resource)
	if err != nil {
		return err
	}
	list := make([]item.Mapping, len(in.Body.Mappings))
	for n, m := range in.Body.Mappings {
		list[n] = item.Mapping{Group: item.ID(m.Group), Alias: m.Alias, Hidden: m.Hidden}
	}
	return d.Items.SetMappings(ctx, of, list)
}

func (d *Door) getMapping(ctx context.Context, in *MappingPath) (mappingBody, error) {
	of, group, err := d.mappingOf(ctx, *in)
	if err != nil {
		return mappingBody{}, err
	}
	m, err := d.Items.MappingOf(ctx, of, group)
	return encodeMapping(in.Resource, m), err
}

func (d *Door) setMapping(ctx context.Context, in *setMapping) (mappingBody, error) {
	of, group, err := d.mappingOf(ctx, in.MappingPath)
	if err != nil {
		return mappingBody{}, err
	}
	m, err := d.Items.Map(ctx, of, group, func(m *item.Mapping) {
		if in.Body.Alias != nil {
			m.Alias = in.Body.Alias
		}
		set(&m.Hidden, in.Body.Hidden)
	})
	return encodeMapping(in.Resource, m), err
}

func (d *Door) deleteMapping(ctx context.Context, in *MappingPath) error {
	of, group, err := d.mappingOf(ctx, *in)
	if err != nil {
		return err
	}
	return d.Items.Unmap(ctx, of, group)
}

func encodeMapping(of UUID, m item.Mapping) mappingBody {
	return mappingBody{Resource: of, Group: UUID(m.Group), Alias: m.Alias, Hidden: m.Hidden}
}
