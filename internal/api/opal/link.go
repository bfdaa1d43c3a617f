package opal

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/danielgtaylor/huma/v2"

	"github.com/interim-access/interim/internal/govern/item"
)

// link is the template that an item is to follow. Null and the empty text unlink it, and what is not said leaves it as it is.
type link struct {
	said bool
	id   UUID
}

func linkTo(id UUID) link { return link{id != "", id} }

// IsZero is what omitzero asks.
func (l link) IsZero() bool { return !l.said }

// Schema is part of huma.SchemaProvider.
func (link) Schema(r huma.Registry) *huma.Schema {
	s := noUUID("").Schema(r)
	s.Nullable = true
	return s
}

// UnmarshalJSON implements [json.Unmarshaler].
func (l *link) UnmarshalJSON(raw []byte) error {
	l.said, l.id = true, ""
	if string(raw) == "null" {
		return nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return fmt.Errorf("configuration_template_id: %w", err)
	}
	return l.id.UnmarshalText([]byte(text))
}

// MarshalJSON implements [json.Marshaler].
func (l link) MarshalJSON() ([]byte, error) { return json.Marshal(string(l.id)) }

// unlessShown takes from the admin owners that were said those that the items had before: clients say again what they were shown, also
// where the items are to follow a template by then, which says another.
func (d *Door) unlessShown(ctx context.Context, said map[item.ID]UUID, before map[item.ID]item.Item) error {
	var items []item.Item
	for itemID := range said {
		items = append(items, before[itemID])
	}
	shown, err := adminsOf(d.DB.Q(ctx), items)
	for itemID, to := range said {
		if shown[itemID] == to {
			delete(said, itemID)
		}
	}
	return err
}
