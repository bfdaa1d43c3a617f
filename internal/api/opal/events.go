package opal

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// eventBody is something that happened.
type eventBody struct {
	ID        UUID           `json:"event_id"`
	Actor     UUID           `json:"actor_user_id" doc:"All zeros where nobody did it in person."`
	Name      string         `json:"actor_name" doc:"As it was then, also of somebody who is deleted."`
	Email     string         `json:"actor_email,omitempty"`
	Type      string         `json:"event_type"`
	CreatedAt time.Time      `json:"created_at"`
	IP        string         `json:"actor_ip_address,omitempty"`
	Token     string         `json:"api_token_name,omitempty"`
	Preview   string         `json:"api_token_preview,omitempty"`
	Sub       []subEventBody `json:"sub_events,omitempty"`
}

// subEventBody is what happened to one object. Beside its type it holds the ids of what it is about, and a sentence for people.
type subEventBody struct {
	Type string            `json:"sub_event_type"`
	More map[string]string `json:"-"`
}

// MarshalJSON is part of json.Marshaler.
func (s subEventBody) MarshalJSON() ([]byte, error) {
	all := map[string]string{"sub_event_type": s.Type}
	maps.Copy(all, s.More)
	return json.Marshal(all)
}

type getEvents struct {
	Paging
	Start  string `query:"start_date_filter" maxLength:"64" doc:"From this date or moment on."`
	End    string `query:"end_date_filter" maxLength:"64" doc:"Before this moment, or until the end of this date."`
	Actor  UUID   `query:"actor_filter"`
	Object UUID   `query:"object_filter" doc:"An object, or the person whom it is about."`
	Type   string `query:"event_type_filter" maxLength:"128"`
	Token  string `query:"api_token_filter" maxLength:"512" doc:"The name and the preview of an API token, name:preview."`
}

type eventPath struct {
	ID UUID `path:"event_id"`
}

func (d *Door) events() {
	serve(d, "Events.GetEvents", about{
		Summary: "List events, newest first. A page that a filter leaves short, or empty, may have a next one",
	}, d.getEvents)
	serve(d, "Events.GetEvent", about{Summary: "Read an event"}, d.getEvent)
}

func (d *Door) getEvents(ctx context.Context, in *getEvents) (out Results[eventBody], err error) {
	if err := iam.RequireAll(ctx); err != nil {
		return out, err
	}
	s := audit.Search{ActorID: string(in.Actor), About: string(in.Object)}
	if s.Since, err = momentOf("start_date_filter", in.Start, false); err != nil {
		return out, err
	}
	if s.Until, err = momentOf("end_date_filter", in.End, true); err != nil {
		return out, err
	}
	p, err := d.page("Events", in.Paging, s, in.Type, in.Token)
	if err != nil {
		return out, err
	}
	if in.Type != "" {
		s.Kinds = kindsOfEvents(in.Type)
	}
	if in.Token != "" {
		if s.Credentials, err = d.tokensNamed(ctx, in.Token); err != nil {
			return out, err
		}
	}
	found := page.Page[audit.Event]{}
	if (in.Type == "" || len(s.Kinds) > 0) && (in.Token == "" || len(s.Credentials) > 0) {
		if found, err = d.Audit.Find(ctx, s, p.Request); err != nil {
			return out, err
		}
	}
	shown, err := d.encodeEvents(ctx, found.Items)
	if in.Type != "" {
		shown = slices.DeleteFunc(shown, func(e eventBody) bool { return e.Type != in.Type }) // groups are kept as resources
	}
	return Results[eventBody]{Results: shown, Next: p.next(found.Next), Previous: p.previous()}, err
}

func (d *Door) getEvent(ctx context.Context, in *eventPath) (eventBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return eventBody{}, err
	}
	e, err := d.Audit.Get(ctx, string(in.ID))
	if err != nil {
		return eventBody{}, notFound(err, "event", in.ID)
	}
	return first(d.encodeEvents(ctx, []audit.Event{e}))
}

// tokensNamed are the API tokens, deleted ones too, of that name and preview, as events show them.
func (d *Door) tokensNamed(ctx context.Context, filter string) ([]string, error) {
	colon := strings.LastIndexByte(filter, ':')
	if colon < 0 {
		return nil, fault.InvalidField("api_token_filter", "must be the name and the preview of a token, as name:preview")
	}
	found, err := iam.APITokensNamed(d.DB.Q(ctx), filter[:colon], filter[colon+1:])
	return each(found, func(k iam.ClientKey) string { return string(k) }), err
}

// encodeEvents shows events, by which API tokens they were done, and which are about groups.
func (d *Door) encodeEvents(ctx context.Context, list []audit.Event) ([]eventBody, error) {
	seen := map[iam.ClientKey]iam.APIToken{}
	var keys []iam.ClientKey
	for _, e := range list {
		k := iam.ClientKey(e.Actor.ClientKey)
		if _, known := seen[k]; !known && k != "" && e.Actor.Kind == audit.KindUser {
			keys = append(keys, k)
			seen[k] = iam.APIToken{}
		}
	}
	tokens, err := iam.ManyAPITokens(d.DB.Q(ctx), keys)
	if err != nil {
		return nil, err
	}
	for _, t := range tokens {
		seen[t.ID] = t
	}
	var items []item.ID
	for _, e := range list {
		if e.ObjectType == "resource" && !slices.Contains(items, item.ID(e.ObjectID)) {
			items = append(items, item.ID(e.ObjectID))
		}
	}
	groups, err := item.Groups(d.DB.Q(ctx), items)
	return each(list, func(e audit.Event) eventBody {
		return encodeEvent(e, seen[iam.ClientKey(e.Actor.ClientKey)], groups[item.ID(e.ObjectID)])
	}), err
}

func encodeEvent(e audit.Event, by iam.APIToken, group bool) eventBody {
	out := eventBody{
		ID: UUID(e.ID), Actor: UUID(e.Actor.UserID), Name: e.Actor.Name, Email: e.Actor.Email, Type: eventType(e.Kind, group), CreatedAt: e.At,
		IP: e.Actor.IP, Token: by.Label, Preview: by.Preview,
	}
	if out.Actor == "" {
		out.Actor = nobody
	}
	out.Sub = []subEventBody{{Type: out.Type, More: aboutEvent(e, group)}}
	return out
}
