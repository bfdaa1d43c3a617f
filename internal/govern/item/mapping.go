package item

import (
	"context"
	"slices"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// Limits of mappings; texts are counted in characters.
const (
	MaxMappings = 400 // groups of one resource
	MaxAlias    = 256
)

// Mapping shows a group as a role of an app's resource.
type Mapping struct {
	Group  ID
	Alias  *string // what the group is called there; nil: as it is called itself
	Hidden bool    // who may not see every item does not see the group, wherever it is shown
}

func (m Mapping) validate() error {
	if m.Alias == nil {
		return nil
	}
	if utf8.RuneCountInString(*m.Alias) > MaxAlias {
		return fault.InvalidField("alias", "is longer than %d characters", MaxAlias)
	}
	return text.Line("alias", *m.Alias)
}

// Mappings lists the mappings of a resource, [MaxMappings] at most, in the order in which they were set.
func (s *Service) Mappings(ctx context.Context, of ID) ([]Mapping, error) {
	return mappings(s.DB.Q(ctx), of)
}

// MappingOf reads the mapping of a group under a resource. NotFound.
func (s *Service) MappingOf(ctx context.Context, of, group ID) (Mapping, error) {
	return mapping(s.DB.Q(ctx), of, group)
}

// Map changes the mapping of a group under a resource as become says; one that is not there begins as nothing said. NotFound for the
// resource and the group; Invalid; Precondition above [MaxMappings]; Denied for a group that gives powers beyond the caller's roles, here
// and below: what is hidden no more can be asked for.
func (s *Service) Map(ctx context.Context, of, group ID, become func(m *Mapping)) (Mapping, error) {
	var after Mapping
	if err := s.mayChange(ctx, []ID{group}); err != nil {
		return after, err
	}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock(mappingKey(of)); err != nil {
			return err
		}
		resource, err := mapped(tx, of, group)
		if err != nil {
			return err
		}
		before, err := mapping(tx, of, group)
		known := err == nil
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		after = before
		after.Group = group
		become(&after)
		if err := after.validate(); err != nil {
			return err
		}
		if known && after.equal(before) {
			return nil
		}
		if err := putMapping(tx, resource, after); err != nil {
			return err
		}
		list, err := mappings(tx, of)
		if err != nil {
			return err
		}
		if len(list) > MaxMappings {
			return fault.New(fault.Precondition, "%d groups are shown under the resource, which is the most", MaxMappings)
		}
		return s.Audit.Record(tx, audit.From(ctx), mappedEvent(resource, "resource.group_mapped", "set how a group is shown under it", after))
	})
	return after, err
}

// SetMappings makes the mappings of a resource be those, in that order. NotFound for the resource; Invalid for a group that is not there
// or is named twice, and above [MaxMappings].
func (s *Service) SetMappings(ctx context.Context, of ID, list []Mapping) error {
	if len(list) > MaxMappings {
		return fault.InvalidField("mappings", "has %d entries; at most %d are allowed", len(list), MaxMappings)
	}
	groups := make([]ID, len(list))
	for n, m := range list {
		if err := m.validate(); err != nil {
			return err
		}
		groups[n] = m.Group
	}
	if slices.Sort(groups); len(slices.Compact(slices.Clone(groups))) != len(list) {
		return fault.InvalidField("mappings", "names a group twice")
	}
	shown, err := mappings(s.DB.Q(ctx), of)
	if err != nil {
		return err
	}
	if err := s.mayChange(ctx, append(each(shown, func(m Mapping) ID { return m.Group }), groups...)); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock(mappingKey(of)); err != nil {
			return err
		}
		resource, err := Get(tx, of)
		if err != nil {
			return err
		}
		found, err := Many(tx, groups)
		if err != nil {
			return err
		}
		before, err := mappings(tx, of)
		if err != nil {
			return err
		}
		for n, m := range list {
			if !found[m.Group].Group {
				return fault.InvalidField("mappings", "there is no such group: %s", list[n].Group)
			}
		}
		if slices.EqualFunc(before, list, Mapping.equal) {
			return nil
		}
		if err := setMappings(tx, resource, list, found); err != nil {
			return err
		}
		return s.Audit.Record(tx, audit.From(ctx), mappedEvent(resource, "resource.groups_mapped", "set how groups are shown under it", list...))
	})
}

// Unmap takes the mapping of a group under a resource away. NotFound.
func (s *Service) Unmap(ctx context.Context, of, group ID) error {
	if err := s.mayChange(ctx, []ID{group}); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock(mappingKey(of)); err != nil {
			return err
		}
		resource, err := Get(tx, of)
		if err != nil {
			return err
		}
		m, err := mapping(tx, of, group)
		if err != nil {
			return err
		}
		if err := dropMapping(tx, of, group); err != nil {
			return err
		}
		return s.Audit.Record(tx, audit.From(ctx), mappedEvent(resource, "resource.group_unmapped", "shows a group under it no more", m))
	})
}

// ResourcesEnded implements [app.ResourceEnded]: a mapping goes with its resource and with its group.
func (*Service) ResourcesEnded(tx *db.Tx, appID app.ID) error { return forgetMappings(tx, appID) }

var _ app.ResourceEnded = (*Service)(nil)

// mapped reads the resource under which a group is to be shown. NotFound for either.
func mapped(tx *db.Tx, of, group ID) (Item, error) {
	found, err := Many(tx, []ID{of, group})
	if err != nil {
		return Item{}, err
	}
	for _, each := range []struct {
		id    ID
		group bool
	}{{of, false}, {group, true}} {
		if i, ok := found[each.id]; !ok || each.group && !i.Group {
			return Item{}, fault.Missing("item", string(each.id))
		}
	}
	return found[of], nil
}

func (m Mapping) equal(o Mapping) bool {
	return m.Group == o.Group && m.Hidden == o.Hidden && (m.Alias == nil) == (o.Alias == nil) && (m.Alias == nil || *m.Alias == *o.Alias)
}

func mappingKey(of ID) string { return "item-mapping:" + string(of) }

func mappedEvent(of Item, kind, message string, list ...Mapping) audit.Event {
	return audit.Event{
		Kind: kind, Activity: audit.Update, ObjectType: "resource", ObjectID: string(of.ID), AppID: string(of.AppID), Message: message,
		Data: map[string]any{"mappings": each(list, func(m Mapping) map[string]any {
			return map[string]any{"groupId": m.Group, "alias": m.Alias, "hidden": m.Hidden}
		})},
	}
}
