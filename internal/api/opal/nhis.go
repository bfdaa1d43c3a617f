package opal

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/read"
)

// Identities that are no people. In the published specification such an identity is a resource that acts; its id is the resource's. In
// the core who acts is a user, so that (ours) a non-human identity is a user whose kind is SERVICE or AGENT, its id is that user's, and it
// is shown as a resource of Interim's own app, which no operation but these knows: it cannot itself be asked for, held, changed or
// deleted as a resource. What it has it holds through its accounts, as people do, and by the same rules. A person's id is none of these.

// nhiAccessBody is what an identity has of a resource, and whence.
type nhiAccessBody struct {
	Principal     UUID       `json:"principal_id"`
	PrincipalType string     `json:"principal_type" enum:"GROUP,RESOURCE,USER"`
	Entity        UUID       `json:"entity_id"`
	EntityType    string     `json:"entity_type" enum:"GROUP,RESOURCE,USER"`
	Level         levelBody  `json:"access_level"`
	Expires       *time.Time `json:"expiration_date" doc:"When the direct access ends or, where there is none, what is held through groups; null: without end."`
	Direct        bool       `json:"has_direct_access"`
	Paths         int        `json:"num_access_paths" doc:"The direct access is one, each group or rule that passes it on another."`
}

// resourceNhiBody is access of an identity to a resource.
type resourceNhiBody struct {
	Resource UUID       `json:"resource_id"`
	Identity UUID       `json:"non_human_identity_id"`
	Level    levelBody  `json:"access_level"`
	Expires  *time.Time `json:"expiration_date" doc:"Null: without end."`
}

type getNhis struct{ Paging }

type getResourceNhis struct {
	ResourcePath
	Limited
}

// NhiPath is part of the parameters of what is about an identity.
type NhiPath struct {
	Identity UUID `path:"non_human_identity_id"`
}

type addResourceNhi struct {
	ResourcePath
	NhiPath
	GiveTo
}

type deleteResourceNhi struct {
	ResourcePath
	NhiPath
	TakeFrom
}

func (d *Door) nhis() {
	serve(d, "NonHumanIdentities.GetNhis", about{Summary: "List the services and agents that are users here"}, d.getNhis)
	serve(d, "Resources.GetResourceNhis", about{
		Summary: "List which services and agents have access to a resource, and how; owners and administrators see all, others themselves",
	}, func(ctx context.Context, in *getResourceNhis) (Results[nhiAccessBody], error) {
		return listAccess(ctx, d, aResource, in.ID, read.AccessFilter{Nonhuman: true}, in.paging(), encodeNhiAccess)
	})
	serve(d, "Resources.AddResourceNhi", about{
		Summary: "Give a service or an agent access to a resource, for a time or without end; owners and administrators may",
	}, d.addResourceNhi)
	serveEmpty(d, "Resources.DeleteResourceNhi", about{
		Summary: "Take the access of a service or an agent to a resource now; owners and administrators may",
	}, d.deleteResourceNhi)
}

func (d *Door) getNhis(ctx context.Context, in *getNhis) (Results[resourceBody], error) {
	own, err := iam.OwnFilter(ctx)
	if err != nil {
		return Results[resourceBody]{}, err
	}
	f := read.UserFilter{Nonhuman: true, Own: own}
	p, err := d.page("Nhis", in.Paging, f)
	if err != nil {
		return Results[resourceBody]{}, err
	}
	found, err := d.Read.Users(ctx, f, p.Request)
	if err != nil {
		return Results[resourceBody]{}, err
	}
	return resultsOf(p, found, encodeNhi), nil
}

func (d *Door) addResourceNhi(ctx context.Context, in *addResourceNhi) (resourceNhiBody, error) {
	minutes, level := in.said()
	h, err := d.heldByNhi(ctx, in.ResourcePath, in.NhiPath, level)
	if err != nil {
		return resourceNhiBody{}, err
	}
	return shownAs(encodeResourceNhi)(d.give(ctx, h, minutes))
}

func (d *Door) deleteResourceNhi(ctx context.Context, in *deleteResourceNhi) error {
	h, err := d.heldByNhi(ctx, in.ResourcePath, in.NhiPath, in.Level)
	if err != nil {
		return err
	}
	return d.take(ctx, h)
}

// heldByNhi is the direct access of an identity to a level of a resource. Who may not give it is refused before anything tells whose
// the id is.
func (d *Door) heldByNhi(ctx context.Context, r ResourcePath, n NhiPath, level string) (held, error) {
	h := held{aResource, r.ID, n.Identity, level}
	if _, _, err := d.managed(ctx, h); err != nil {
		return h, err
	}
	u, err := directory.Get(d.DB.Q(ctx), directory.UserID(n.Identity))
	if err != nil || !u.Kind.Nonhuman() || u.Status == directory.Deleted {
		return h, notFound(err, "non-human identity", n.Identity)
	}
	return h, nil
}

// nhiWords say what an identity is, since no member of a resource does.
var nhiWords = map[directory.Kind]string{directory.KindService: "Service", directory.KindAgent: "Agent"}

func encodeNhi(u read.UserRow) resourceBody {
	return resourceBody{
		ID: UUID(u.ID), Type: resourceKind(resourceKinds.other),
		ItemBody: ItemBody{AppID: UUID(app.Own), Name: u.DisplayName, Description: nhiWords[u.Kind]},
	}
}

func encodeNhiAccess(r accessRow) nhiAccessBody {
	out := nhiAccessBody{
		Principal: UUID(r.User), PrincipalType: "RESOURCE", Entity: UUID(r.item.ID), EntityType: "RESOURCE",
		Level: encodeLevel(r.level), Expires: r.expires(),
	}
	out.Paths, out.Direct = r.paths()
	return out
}

func encodeResourceNhi(r accessRow) resourceNhiBody {
	return resourceNhiBody{Resource: UUID(r.item.ID), Identity: UUID(r.User), Level: encodeLevel(r.level), Expires: r.expires()}
}
