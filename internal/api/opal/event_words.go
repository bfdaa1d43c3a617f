package opal

import (
	"context"
	"encoding/json"
	"strings"
	"unicode"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/stream"
	"github.com/interim-access/interim/internal/platform/id"
)

// nobody stands for an actor that is no user: this API cannot leave the actor out, and one of its clients takes nothing but UUIDs.
const nobody UUID = "00000000-0000-0000-0000-000000000000"

// plural are the objects that have a name in this API, under which events of theirs are told. Of the types of events only USERS_CREATED
// is in the published specification as an example; the others follow its pattern (ours). Every other event is told by its kind.
var plural = map[string]string{
	"user": "USERS", "app": "APPS", "resource": "RESOURCES", "owner_set": "OWNERS", "tag": "TAGS", "delegation": "DELEGATIONS",
	"catalog": "BUNDLES", "api_token": "API_TOKENS", "event_stream": "EVENT_STREAMS", "task": "REQUESTS",
}

// asGroup is the name of items that are groups, whose events the core tells as those of resources and items.
const asGroup = "GROUPS"

// eventType is the type of events of that kind, about a group or not: "user.created" is USERS_CREATED, "grant.end_moved"
// GRANT_END_MOVED, and "resource.created" RESOURCES_CREATED or GROUPS_CREATED.
func eventType(kind string, group bool) string {
	object, what, _ := strings.Cut(kind, ".")
	name := plural[object]
	switch {
	case group && ofItem(object):
		name = asGroup
	case name == "":
		name = object
	}
	return strings.ToUpper(name + "_" + what)
}

// ofItem reports whether the kinds of that object are about a resource, which may be a group.
func ofItem(object string) bool { return object == "resource" || object == "item" }

// kindsOfEvents are the kinds that may be told under that type; some of their events are told under another.
func kindsOfEvents(shown string) (kinds []string) {
	lower := strings.ToLower(shown)
	objects := map[string]string{}
	for object, name := range plural {
		objects[strings.ToLower(name)] = object
	}
	for i, c := range lower {
		if c != '_' {
			continue
		}
		object := lower[:i]
		if known := objects[object]; known != "" {
			object = known
		}
		if kind := object + "." + lower[i+1:]; eventType(kind, false) == shown {
			kinds = append(kinds, kind)
		}
	}
	if what, ok := strings.CutPrefix(shown, asGroup+"_"); ok {
		for _, object := range []string{"resource", "item"} {
			if kind := object + "." + strings.ToLower(what); eventType(kind, true) == shown {
				kinds = append(kinds, kind)
			}
		}
	}
	return kinds
}

// members are what the id of an object is called, where that is not its type with _id.
var members = map[string]string{
	"task": "request_id", "owner_set": "owner_id", "catalog": "bundle_id", "api_token": "token_id", "client": "client_id",
}

// aboutEvent are the ids of what an event is about, a group or not, and its sentence.
func aboutEvent(e audit.Event, group bool) map[string]string {
	about := map[string]string{}
	put := func(name, value string) {
		if id.Valid(value) && about[name] == "" {
			about[name] = value
		}
	}
	name := members[e.ObjectType]
	switch {
	case group:
		name = "group_id"
	case name == "":
		name = e.ObjectType + "_id"
	}
	put(name, e.ObjectID)
	put("user_id", e.UserID)
	put("app_id", e.AppID)
	put("on_behalf_of_user_id", e.Actor.OnBehalfOf)
	for k, v := range e.Data {
		if s, ok := v.(string); ok && strings.HasSuffix(k, "Id") {
			put(snake(k), s)
		}
	}
	if e.Message != "" {
		about["message"] = e.Message
	}
	return about
}

// snake spells a name as this API does.
func snake(camel string) string {
	var b strings.Builder
	for _, c := range camel {
		if unicode.IsUpper(c) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

var _ stream.Words = (*Door)(nil)

// StreamEvents tells the receivers of event streams what lists of events tell.
func (d *Door) StreamEvents(ctx context.Context, events []audit.Event) ([]json.RawMessage, error) {
	shown, err := d.encodeEvents(ctx, events)
	if err != nil {
		return nil, err
	}
	list := make([]json.RawMessage, len(shown))
	for i, e := range shown {
		if list[i], err = json.Marshal(e); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// StreamSignature names the published headers of signed messages.
func (d *Door) StreamSignature() stream.Signature {
	return stream.Signature{At: "X-Opal-Request-Timestamp", Of: "X-Opal-Signature"}
}
