package item

import (
	"context"
	"slices"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/contact"
	"github.com/interim-access/interim/internal/platform/db"
)

// lock makes those take turns who change items, link them to templates, or set what they have from one where they follow it. The threat: an
// item that follows a template, and has been given something else by somebody who saw it before.
func lock(tx *db.Tx, ids ...ID) error {
	return tx.Lock(each(ids, func(i ID) string { return "item-settings:" + string(i) })...)
}

// SetChannels says where people are told of an item. NotFound; Invalid; Conflict for an item that follows a template which says otherwise.
func (s *Service) SetChannels(ctx context.Context, itemID ID, channels []contact.ChannelID) (after []contact.Channel, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		i, err := unfollowed(tx, itemID, channels, func(t Template) []contact.ChannelID { return t.Channels })
		if err == nil {
			after, err = s.Contacts.SetChannelsIn(tx, audit.From(ctx), i.Ref(), channels)
		}
		return err
	})
	return after, err
}

// SetSchedules says who is on call for a group. Faults as for [Service.SetChannels]; NotFound also for a group without a default level.
func (s *Service) SetSchedules(ctx context.Context, itemID ID, schedules []contact.ScheduleID) (after []contact.Schedule, err error) {
	if err := s.mayChange(ctx, []ID{itemID}); err != nil { // who is on call has what the members have
		return nil, err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		i, err := unfollowed(tx, itemID, schedules, func(t Template) []contact.ScheduleID { return t.Schedules })
		if err != nil {
			return err
		}
		l, err := s.LevelOf(tx, i, "")
		if err != nil {
			return err
		}
		g := contact.Group{ResourceRef: i.Ref(), Gives: l.Entitlement.ID}
		after, err = s.Contacts.SetSchedulesIn(tx, audit.From(ctx), g, schedules)
		return err
	})
	return after, err
}

// unfollowed reads an item of which something is set that templates own, unless it follows one that says otherwise.
func unfollowed[T comparable](tx *db.Tx, itemID ID, said []T, has func(Template) []T) (Item, error) {
	if err := lock(tx, itemID); err != nil {
		return Item{}, err
	}
	i, err := Get(tx, itemID)
	if err != nil || i.TemplateID == "" {
		return i, err
	}
	t, err := GetTemplate(tx, TemplateID(i.TemplateID))
	if err != nil {
		return i, err
	}
	own := has(t)
	differ := len(own) != len(said) || slices.ContainsFunc(said, func(v T) bool { return !slices.Contains(own, v) })
	if own != nil && differ {
		err = Following()
	}
	return i, err
}
