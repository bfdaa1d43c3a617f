package opal

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/page"
)

type getResourceUser struct {
	ResourcePath
	UserPath
	Cursor string `query:"cursor" maxLength:"2048" doc:"There is one page only."`
}

// resourceUsersBody is what somebody has of one resource: an element for each level.
type resourceUsersBody struct {
	Data   []ResourceUserBody `json:"data"`
	Cursor string             `json:"cursor,omitempty"`
	Total  int                `json:"total_count"`
}

type getAccessStatus struct {
	ResourcePath
	UserPath
	Paging
	Level string `query:"access_level_remote_id" maxLength:"256"`
}

// accessStatusBody tells whether somebody has access to a resource, or asked for it.
type accessStatusBody struct {
	Resource UUID       `json:"resource_id"`
	User     UUID       `json:"user_id"`
	Level    levelBody  `json:"access_level"`
	Status   string     `json:"status" enum:"AUTHORIZED,REQUESTED,UNAUTHORIZED"`
	Expires  *time.Time `json:"expiration_date" doc:"When the access ends; null: it does not, or there is none."`
}

type getSessions struct {
	Resource UUID `query:"resource_id" required:"true"`
	User     UUID `query:"user_id"`
}

// sessionBody is a connection that somebody has opened to a resource.
type sessionBody struct {
	Connection UUID      `json:"connection_id"`
	User       UUID      `json:"user_id"`
	Resource   UUID      `json:"resource_id"`
	Level      levelBody `json:"access_level"`
	Expires    time.Time `json:"expiration_date"`
}

func (d *Door) accessStatus() {
	serve(d, "Resources.GetResourceUser", about{
		Summary: "Read what somebody has of a resource; they themself, owners and administrators may",
	}, d.getResourceUser)
	serve(d, "Resources.GetResourceUserAccessStatus", about{
		Summary: "Read whether somebody has access to a resource; they themself, owners and administrators may",
	}, d.getAccessStatus)
	serve(d, "Sessions.GetSessions", about{Summary: "List the connections opened to a resource; there are none"}, d.getSessions)
}

func (d *Door) getResourceUser(ctx context.Context, in *getResourceUser) (resourceUsersBody, error) {
	i, err := d.itemOf(ctx, aResource, in.ID)
	if err != nil {
		return resourceUsersBody{}, err
	}
	if err := d.mayKnow(ctx, in.User, itemObject(i)); err != nil {
		return resourceUsersBody{}, err
	}
	levels, err := d.Items.Levels(d.DB.Q(ctx), []item.Item{i})
	if err != nil || len(levels[i.ID]) == 0 {
		return resourceUsersBody{Data: []ResourceUserBody{}}, err
	}
	f := read.AccessFilter{
		User: directory.UserID(in.User), Refs: each(levels[i.ID], func(l item.Level) app.EntitlementRef { return l.Entitlement }),
	}
	found, err := d.Read.Access(ctx, f, page.Request{Size: len(f.Refs)})
	if err != nil {
		return resourceUsersBody{}, err
	}
	rows, err := d.accessRows(ctx, found.Items)
	return resourceUsersBody{Data: each(rows, encodeResourceUser), Total: len(rows)}, err
}

func (d *Door) getAccessStatus(ctx context.Context, in *getAccessStatus) (accessStatusBody, error) {
	i, err := d.itemOf(ctx, aResource, in.ID)
	if err != nil {
		return accessStatusBody{}, err
	}
	l, err := d.Items.LevelOf(d.DB.Q(ctx), i, in.Level)
	if err != nil {
		return accessStatusBody{}, err
	}
	of, who := l.Entitlement, directory.UserID(in.User)
	if err := d.mayKnow(ctx, in.User, levelObject(of)); err != nil {
		return accessStatusBody{}, err
	}
	out := accessStatusBody{Resource: in.ID, User: in.User, Level: encodeLevel(l), Status: "UNAUTHORIZED"}
	has, err := d.Grants.Check(ctx, grant.Question{App: of.AppID, Entitlement: of.ID, User: who})
	if err != nil {
		return out, err
	}
	if has.Allowed {
		if out.Status = "AUTHORIZED"; !has.Until.IsZero() {
			out.Expires = &has.Until
		}
		return out, nil
	}
	asked, err := d.Read.Tasks(ctx, read.TaskFilter{
		Kinds: []task.Kind{task.Grant}, States: []task.State{task.Open}, Subjects: []directory.UserID{who}, Apps: []app.ID{of.AppID},
		Entitlements: []app.EntitlementID{of.ID},
	}, read.TaskByNumber, single)
	if err == nil && len(asked.Items) > 0 {
		out.Status = "REQUESTED"
	}
	return out, err
}

// getSessions answers none: people connect to the systems themselves, never through Interim, which therefore knows of no connection.
func (d *Door) getSessions(ctx context.Context, in *getSessions) (Results[sessionBody], error) {
	_, err := d.itemOf(ctx, aResource, in.Resource)
	return Results[sessionBody]{Results: []sessionBody{}}, err
}
