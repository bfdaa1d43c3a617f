package opal

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/govern/request"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
)

// wanted is one thing that is asked for.
type wanted struct {
	ID    UUID   `json:"id"`
	Level string `json:"access_level_remote_id,omitempty" maxLength:"256"`
	Name  string `json:"access_level_name,omitempty" maxLength:"256" doc:"The older way to name a level."`
}

type ticketBody struct {
	Provider   string `json:"ticketing_provider" enum:"JIRA,LINEAR,SERVICE_NOW"`
	RemoteID   string `json:"remote_id" maxLength:"2048"`
	Identifier string `json:"identifier" maxLength:"2048"`
	URL        string `json:"url" maxLength:"2048"`
}

type fieldBody struct {
	Name  string `json:"name" minLength:"1" maxLength:"256"`
	Kind  string `json:"type" enum:"SHORT_TEXT,LONG_TEXT,BOOLEAN,MULTI_CHOICE"`
	Value string `json:"value" maxLength:"4096"`
}

type createRequest struct {
	Body struct {
		Resources []wanted    `json:"resources" nullable:"true" maxItems:"50"`
		Groups    []wanted    `json:"groups" nullable:"true" maxItems:"50"`
		User      UUID        `json:"target_user_id,omitempty" doc:"Whose access; the caller's if none is said."`
		Group     UUID        `json:"target_group_id,omitempty" doc:"Or the group whose members are to have it together."`
		Reason    string      `json:"reason" maxLength:"2048"`
		Minutes   int         `json:"duration_minutes" minimum:"-1" maximum:"5259600" doc:"-1: without end."`
		Ticket    *ticketBody `json:"support_ticket,omitempty"`
		Fields    []fieldBody `json:"custom_metadata,omitempty" nullable:"true" maxItems:"50"`
	}
}

type idBody struct {
	ID UUID `json:"id"`
}

// RequestPath is part of the parameters of operations on one request.
type RequestPath struct {
	ID UUID `path:"id"`
}

type getRequests struct {
	Paging
	Start    string `query:"start_date_filter" maxLength:"64" doc:"Made from this date or moment on."`
	End      string `query:"end_date_filter" maxLength:"64" doc:"Made before this moment, or until the end of this date."`
	From     UUID   `query:"requester_id"`
	Target   UUID   `query:"target_user_id"`
	Resource UUID   `query:"resource_id"`
	Group    UUID   `query:"group_id"`
	Pending  bool   `query:"show_pending_only"`
}

type requestList struct {
	Requests []requestBody `json:"requests"`
	Cursor   *string       `json:"cursor,omitempty" doc:"Of the next page; absent at the end."`
}

func (d *Door) requests() {
	serve(d, "Requests.GetRequests", about{Summary: "List requests, newest first, that the caller may see"}, d.getRequests)
	serve(d, "Requests.GetRequestsRelay", about{Summary: "List requests as a connection"}, d.getRequestsRelay)
	serve(d, "Requests.GetRequest", about{Summary: "Read a request; whoever has a part in it may"}, d.getRequest)
	serve(d, "Requests.CreateRequest", about{
		Summary: "Ask for access, for oneself; for others, those who own what is asked for, their managers and administrators may; " +
			"for a group, its leaders, those who own what is asked for and administrators may",
	}, d.createRequest)
	serve(d, "Requests.ApproveRequest", about{
		Summary: "Approve a request as one of its reviewers, or in place of them all as who owns the item or as administrator",
	}, d.approveRequest)
	serve(d, "Requests.DenyRequest", about{Summary: "Deny a request; who may approve it may"}, d.denyRequest)
	serve(d, "Requests.GetRequestComments", about{Summary: "List the comments on a request"}, d.getRequestComments)
	serve(d, "Requests.CreateRequestComment", about{Summary: "Comment on a request; whoever sees it may"}, d.createRequestComment)
}

// theRequest reads a request that the caller has a part in: they asked, it is for them, they or who answers instead of them decide,
// decided or could have decided, or they own what is asked for. Whoever may read every request and has no part in it is denied.
func (d *Door) theRequest(ctx context.Context, id UUID) (request.Request, error) {
	own, err := iam.OwnFilter(ctx)
	if err != nil {
		return request.Request{}, err
	}
	r, err := d.Requests.Get(ctx, task.ID(id))
	if err != nil || own == "" {
		return r, err
	}
	for _, t := range r.Tasks {
		access := levelObject(app.EntitlementRef{AppID: t.App, ID: t.Entitlement})
		for _, o := range []iam.Object{{Type: task.ObjectType, AppID: string(t.App), ID: string(t.ID)}, access} {
			if err = iam.Require(ctx, o); !fault.Is(err, fault.Denied) {
				return r, err
			}
		}
		if t.WasAsked(own) || t.StoodFor(own) {
			return r, nil
		}
	}
	if seen, unknown := sees(ctx, "Requests.GetRequest"); unknown != nil || !seen {
		err = request.Missing(task.ID(id))
	}
	return request.Request{}, err
}

func (d *Door) getRequest(ctx context.Context, in *RequestPath) (requestBody, error) {
	r, err := d.theRequest(ctx, in.ID)
	if err != nil {
		return requestBody{}, err
	}
	return d.encodeRequest(ctx, r)
}

func (d *Door) getRequests(ctx context.Context, in *getRequests) (out requestList, err error) {
	f := read.RequestFilter{Requester: directory.UserID(in.From), Target: directory.UserID(in.Target)}
	if f.Own, err = iam.OwnFilter(ctx); err != nil {
		return out, err
	}
	if in.Pending {
		f.Status = request.Pending
	}
	if f.After, err = momentOf("start_date_filter", in.Start, false); err != nil {
		return out, err
	}
	if f.Until, err = momentOf("end_date_filter", in.End, true); err != nil {
		return out, err
	}
	switch {
	case in.Resource != "" && in.Group != "":
		return out, fault.InvalidField("group_id", "cannot be said together with resource_id")
	case in.Resource+in.Group != "":
		s := aResource
		if in.Group != "" {
			s = aGroup
		}
		i, err := d.itemOf(ctx, s, in.Resource+in.Group)
		if err != nil {
			return out, err
		}
		f.Resource = i.Ref()
	}
	p, err := d.page("Requests", in.Paging, f)
	if err != nil {
		return out, err
	}
	found, err := d.Read.Requests(ctx, f, p.Request)
	if err != nil {
		return out, err
	}
	out.Requests, err = d.encodeFirst(ctx, found.Items)
	out.Cursor = p.next(found.Next)
	return out, err
}

// momentOf reads a moment, or a date, which is its beginning or, for the end of a span, its end, in UTC.
func momentOf(field, s string, end bool) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at.UTC(), nil
	}
	at, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return at, fault.InvalidField(field, "is neither a date (2026-05-04) nor a moment (2026-05-04T12:00:00Z)")
	}
	if end {
		at = at.AddDate(0, 0, 1)
	}
	return at, nil
}

func (d *Door) createRequest(ctx context.Context, in *createRequest) (idBody, error) {
	b := in.Body
	p, err := iam.PrincipalFrom(ctx)
	if err != nil {
		return idBody{}, err
	}
	switch {
	case b.Group != "" && b.User != "":
		return idBody{}, fault.InvalidField("target_group_id", "cannot be said together with target_user_id")
	case len(b.Resources)+len(b.Groups) == 0:
		return idBody{}, fault.InvalidField("resources", "name a resource, or a group in groups")
	case b.Minutes == 0:
		return idBody{}, fault.InvalidField("duration_minutes", "must be -1, for no end, or at least 1")
	}
	template := task.Ask{
		Subject: p.UserID, Description: strings.TrimSpace(b.Reason), Duration: minutes(max(b.Minutes, 0)), Endless: b.Minutes < 0,
		Ticket: b.Ticket != nil,
	}
	if b.User != "" {
		template.Subject = directory.UserID(b.User)
	}
	may := d.mayAsk
	if b.Group != "" {
		of, err := d.askingGroup(ctx, b.Group, &template)
		if err != nil {
			return idBody{}, err
		}
		may = of.mayAsk
	}
	var list []task.Ask
	for _, s := range []itemSort{aResource, aGroup} {
		things := b.Resources
		if s == aGroup {
			things = b.Groups
		}
		for _, one := range things {
			ask, err := d.ask(ctx, template, s, one, may)
			if err == nil {
				err = d.fillForm(ctx, &ask, b.Fields)
			}
			if err != nil {
				return idBody{}, err
			}
			if slices.ContainsFunc(list, func(a task.Ask) bool { return a.App == ask.App && a.Entitlement == ask.Entitlement }) {
				return idBody{}, fault.InvalidField(string(s)+"s", "names %s twice", one.ID)
			}
			list = append(list, ask)
		}
	}
	r, err := d.Requests.Ask(ctx, list, details(b.Ticket, b.Fields))
	if err != nil {
		return idBody{}, refusedRequest(err)
	}
	return idBody{UUID(r.First().ID)}, nil
}

// requestNames are the names of fields in faults of the rules, as this API spells them.
var requestNames = map[string]string{
	"description": "reason", "grantDuration": "duration_minutes", "data": "custom_metadata", "ticket": "support_ticket",
	"group": "target_group_id",
}

func details(t *ticketBody, fields []fieldBody) request.Details {
	out := request.Details{Fields: each(fields, func(f fieldBody) request.Field { return request.Field(f) })}
	if t != nil {
		ticket := request.Ticket(*t)
		out.Ticket = &ticket
	}
	return out
}

// ask is a request for one item that the caller sees and may ask for.
func (d *Door) ask(
	ctx context.Context, a task.Ask, s itemSort, one wanted, may func(context.Context, *task.Ask) error,
) (task.Ask, error) {
	i, err := d.seenItem(ctx, s, one.ID)
	if err != nil {
		return a, err
	}
	levels, err := d.Items.Levels(d.DB.Q(ctx), []item.Item{i})
	if err != nil {
		return a, err
	}
	l, err := levelOf(levels[i.ID], one)
	if err != nil {
		return a, err
	}
	of, err := d.Groups.Instead(d.DB.Q(ctx), l.Entitlement)
	if err != nil {
		return a, err
	}
	a.App, a.Entitlement = of.AppID, of.ID
	return a, may(ctx, &a)
}

func levelOf(levels []item.Level, one wanted) (item.Level, error) {
	if one.Level == "" && one.Name != "" {
		if n := slices.IndexFunc(levels, func(l item.Level) bool { return l.Name == one.Name }); n >= 0 {
			return levels[n], nil
		}
		return item.Find(levels, one.Name)
	}
	return item.Find(levels, one.Level)
}

// mayAsk lets people ask for themselves and for whom they manage what those find in a catalog, and lets those ask for everybody who
// could give the access: administrators, and who owns it.
func (d *Door) mayAsk(ctx context.Context, a *task.Ask) error {
	err := iam.Require(ctx, levelObject(app.EntitlementRef{AppID: a.App, ID: a.Entitlement}))
	if !fault.Is(err, fault.Denied) {
		return err
	}
	a.Bound = true
	p, err := iam.PrincipalFrom(ctx)
	if err != nil || p.UserID == a.Subject {
		return err
	}
	u, err := d.Directory.Get(ctx, a.Subject)
	if err == nil && slices.Contains(u.ManagerIDs, p.UserID) {
		return nil
	}
	named, err := iam.Empowered(ctx, userObject(UUID(a.Subject)))
	if err == nil && !named {
		err = task.NotRequestable()
	}
	return err
}
