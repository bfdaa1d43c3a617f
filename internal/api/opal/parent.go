package opal

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
)

// parentID is the resource that one hangs below, as a change says it: left out, it stays; null and the empty text are none.
type parentID struct {
	said bool
	id   UUID
}

// Schema is part of huma.SchemaProvider.
func (parentID) Schema(r huma.Registry) *huma.Schema {
	s := noUUID("").Schema(r)
	s.Nullable = true
	return s
}

// IsZero leaves it out where nothing was said.
func (p parentID) IsZero() bool { return !p.said }

// MarshalJSON writes the id.
func (p parentID) MarshalJSON() ([]byte, error) { return json.Marshal(p.id) }

// UnmarshalJSON notes that something was said.
func (p *parentID) UnmarshalJSON(raw []byte) error {
	*p = parentID{said: true}
	return json.Unmarshal(raw, &p.id)
}
