package opal

import (
	"context"
	"encoding/json"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/stream"
)

// streamBody is another system that is sent what happens.
type streamBody struct {
	ID         UUID           `json:"event_stream_id"`
	Connection connectionBody `json:"connection"`
}

type connectionBody struct {
	Name        string          `json:"name"`
	Type        string          `json:"connection_type" enum:"WEBHOOK"`
	Enabled     bool            `json:"enabled"`
	URL         string          `json:"webhook_url"`
	Credentials credentialsBody `json:"credentials"`
	Reason      string          `json:"disabled_reason,omitempty" doc:"An addition of ours: why it was switched off by itself."`
	LastError   string          `json:"last_error,omitempty" doc:"An addition of ours: why the last call failed."`
	SentAt      time.Time       `json:"last_delivered_at,omitzero" doc:"An addition of ours."`
}

type credentialsBody struct {
	Auth stream.Auth `json:"auth_type" enum:"NONE,API_KEY,HMAC"`
	Keys []keyBody   `json:"api_key_credentials,omitempty"`
	One  *secretBody `json:"hmac_credential_1,omitempty"`
	Two  *secretBody `json:"hmac_credential_2,omitempty"`
}

type keyBody struct {
	ID    UUID            `json:"id"`
	Name  string          `json:"name"`
	Value string          `json:"value" doc:"Shown once, by the call that set it."`
	In    stream.Location `json:"location" enum:"HEADER,QUERY_PARAM"`
}

type secretBody struct {
	ID        UUID      `json:"id"`
	Secret    string    `json:"secret" doc:"Shown once, by the call that made it."`
	CreatedAt time.Time `json:"created_at"`
}

// masked stands for a value that is not shown again. Who sends it back keeps the value.
const masked = "********"

type streamsBody struct {
	Streams []streamBody `json:"event_streams"`
}

type createStream struct {
	Body struct {
		Name        string                      `json:"name" maxLength:"256"`
		Type        string                      `json:"connection_type" enum:"WEBHOOK"`
		URL         string                      `json:"webhook_url,omitempty" maxLength:"2048"`
		Credentials orNothing[credentialsInput] `json:"credentials,omitzero" doc:"Without them messages carry none."`
	}
}

type updateStream struct {
	StreamPath
	Body struct {
		Name        *string                     `json:"name,omitempty" maxLength:"256"`
		Enabled     *bool                       `json:"enabled,omitempty" doc:"Switched on again, it goes on with what it has not sent."`
		URL         *string                     `json:"webhook_url,omitempty" maxLength:"2048"`
		Credentials orNothing[credentialsInput] `json:"credentials,omitzero" doc:"All of them; those of a known id and no value, or the mask, are kept."`
	}
}

// StreamPath is part of the parameters of what is about one event stream.
type StreamPath struct {
	ID UUID `path:"event_stream_id"`
}

type credentialsInput struct {
	Auth stream.Auth            `json:"auth_type" enum:"NONE,API_KEY,HMAC"`
	Keys []keyInput             `json:"api_key_credentials,omitempty" nullable:"true" maxItems:"10"`
	One  orNothing[secretInput] `json:"hmac_credential_1,omitzero"`
	Two  orNothing[secretInput] `json:"hmac_credential_2,omitzero"`
}

type keyInput struct {
	ID    noUUID          `json:"id,omitempty"`
	Name  string          `json:"name" maxLength:"128"`
	Value string          `json:"value,omitempty" maxLength:"1024"`
	In    stream.Location `json:"location" enum:"HEADER,QUERY_PARAM"`
}

type secretInput struct {
	ID        noUUID `json:"id,omitempty"`
	Secret    string `json:"secret,omitempty" maxLength:"1024" doc:"16 bytes at least; without it one is made."`
	CreatedAt string `json:"created_at,omitempty" maxLength:"64" doc:"Not taken."`
}

// orNothing is an object that clients leave out or send as null.
type orNothing[T any] struct {
	Value T
	Given bool
}

// UnmarshalJSON is part of json.Unmarshaler.
func (o *orNothing[T]) UnmarshalJSON(raw []byte) error {
	o.Given = string(raw) != "null"
	return json.Unmarshal(raw, &o.Value)
}

// Schema is part of huma.SchemaProvider.
func (orNothing[T]) Schema(r huma.Registry) *huma.Schema {
	s := *huma.SchemaFromType(r, reflect.TypeFor[T]())
	s.Nullable = true
	return &s
}

func (d *Door) eventStreams() {
	serve(d, "EventStreams.GetEventStreams", about{Summary: "List event streams, without the values of their credentials"}, d.getEventStreams)
	serve(d, "EventStreams.CreateEventStream", about{
		Summary: "Send what happens from now on to another system; administrators may. Credentials are shown by this answer only",
	}, d.createEventStream)
	serve(d, "EventStreams.UpdateEventStream", about{
		Summary: "Change an event stream, or switch it on or off; administrators may",
	}, d.updateEventStream)
	serveEmpty(d, "EventStreams.DeleteEventStream", about{Summary: "Delete an event stream; administrators may"}, d.deleteEventStream)
}

func (d *Door) getEventStreams(ctx context.Context, _ *struct{}) (streamsBody, error) {
	if err := iam.RequireEvery(ctx, iam.Sorts...); err != nil {
		return streamsBody{}, err
	}
	list, err := d.Streams.List(ctx)
	return streamsBody{each(list, encodeStream)}, err
}

func (d *Door) createEventStream(ctx context.Context, in *createStream) (streamBody, error) {
	if err := iam.RequireEvery(ctx, iam.Sorts...); err != nil {
		return streamBody{}, err
	}
	c := stream.Credentials{Auth: stream.None}
	if in.Body.Credentials.Given {
		c = in.Body.Credentials.Value.decode()
	}
	made, err := d.Streams.Create(ctx, in.Body.Name, in.Body.URL, c)
	return encodeStream(made), respelled(err, streamNames)
}

func (d *Door) updateEventStream(ctx context.Context, in *updateStream) (streamBody, error) {
	if err := iam.RequireEvery(ctx, iam.Sorts...); err != nil {
		return streamBody{}, err
	}
	change := stream.Change{Name: in.Body.Name, URL: in.Body.URL, Enabled: in.Body.Enabled}
	if in.Body.Credentials.Given {
		c := in.Body.Credentials.Value.decode()
		change.Credentials = &c
	}
	after, err := d.Streams.Update(ctx, stream.ID(in.ID), change)
	return encodeStream(after), respelled(err, streamNames)
}

func (d *Door) deleteEventStream(ctx context.Context, in *StreamPath) error {
	if err := iam.RequireEvery(ctx, iam.Sorts...); err != nil {
		return err
	}
	return d.Streams.Delete(ctx, stream.ID(in.ID))
}

// streamNames are the names of fields in faults of the rules, as this API spells them.
var streamNames = map[string]string{
	"url": "webhook_url", "credentials.auth": "credentials.auth_type", "credentials.keys": "credentials.api_key_credentials",
	"credentials.keys.name": "credentials.api_key_credentials.name", "credentials.keys.value": "credentials.api_key_credentials.value",
	"credentials.keys.in": "credentials.api_key_credentials.location", "credentials.secrets[0]": "credentials.hmac_credential_1.secret",
	"credentials.secrets[1]": "credentials.hmac_credential_2.secret",
}

func (c credentialsInput) decode() stream.Credentials {
	out := stream.Credentials{Auth: c.Auth}
	for _, k := range c.Keys {
		out.Keys = append(out.Keys, stream.Key{ID: string(k.ID), Name: k.Name, Value: unmasked(k.Value), In: k.In})
	}
	for i, s := range []orNothing[secretInput]{c.One, c.Two} {
		out.Secrets[i] = stream.Secret{ID: string(s.Value.ID), Value: unmasked(s.Value.Secret), Wanted: s.Given}
	}
	return out
}

func unmasked(value string) string {
	if value == masked {
		return ""
	}
	return value
}

func encodeStream(s stream.Stream) streamBody {
	c := credentialsBody{Auth: s.Credentials.Auth}
	for _, k := range s.Credentials.Keys {
		c.Keys = append(c.Keys, keyBody{ID: UUID(k.ID), Name: k.Name, Value: orMask(k.Value), In: k.In})
	}
	for i, at := range []**secretBody{&c.One, &c.Two} {
		if kept := s.Credentials.Secrets[i]; kept.ID != "" {
			*at = &secretBody{ID: UUID(kept.ID), Secret: orMask(kept.Value), CreatedAt: kept.CreatedAt}
		}
	}
	return streamBody{ID: UUID(s.ID), Connection: connectionBody{
		Name: s.Name, Type: "WEBHOOK", Enabled: s.Enabled, URL: s.URL, Credentials: c, Reason: s.Reason, LastError: s.LastError, SentAt: s.SentAt,
	}}
}

func orMask(value string) string {
	if value == "" {
		return masked
	}
	return value
}
