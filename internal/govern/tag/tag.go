package tag

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// Limits of tags; texts are counted in characters.
const (
	MaxKey       = 128
	MaxValue     = 256
	MaxPerObject = 100
)

// ID is the identity of a tag.
type ID string

// Tag is a key with a value.
type Tag struct {
	ID        ID
	Key       string
	Value     string           // may be empty
	CreatedBy directory.UserID // empty: nobody in person
	CreatedAt time.Time
}

// name is how people write t.
func (t Tag) name() string {
	if t.Value == "" {
		return t.Key
	}
	return t.Key + "=" + t.Value
}

// validate trims what people type and answers Invalid for the first member that breaks a limit.
func (t *Tag) validate() error {
	t.Key, t.Value = strings.TrimSpace(t.Key), strings.TrimSpace(t.Value)
	if t.Key == "" {
		return fault.InvalidField("key", "is required")
	}
	for _, f := range []struct {
		name, value string
		limit       int
	}{{"key", t.Key, MaxKey}, {"value", t.Value, MaxValue}} {
		if utf8.RuneCountInString(f.value) > f.limit {
			return fault.InvalidField(f.name, "must have at most %d characters", f.limit)
		}
		if err := text.Line(f.name, f.value); err != nil {
			return err
		}
	}
	return nil
}

// Object is what a tag is put on: a user or a resource.
type Object struct {
	kind string
	id   string
}

// User is a user as an object.
func User(u directory.UserID) Object { return Object{"user", string(u)} }

// Resource is a resource as an object; groups are resources.
func Resource(r app.ResourceID) Object { return Object{"resource", string(r)} }

func (o Object) table() string  { return "tag_" + o.kind }
func (o Object) column() string { return o.kind + "_id" }
