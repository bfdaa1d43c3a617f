package item

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/contact"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// Owners give items to sets of owners; package owner does.
type Owners interface {
	ShareIn(tx *db.Tx, actor audit.Actor, o owner.Object, role string, set owner.SetID) error
}

// Contacts say where people are told of items, and who is on call; package contact does.
type Contacts interface {
	SetChannelsIn(tx *db.Tx, actor audit.Actor, item app.ResourceRef, channels []contact.ChannelID) ([]contact.Channel, error)
	SetSchedulesIn(tx *db.Tx, actor audit.Actor, g contact.Group, schedules []contact.ScheduleID) ([]contact.Schedule, error)
}

// atOnce is how many items take the state of a template in one transaction.
const atOnce = 20

// CreateTemplate makes a template that no item follows. Invalid; Exists for a name that another has; Precondition above [MaxTemplates].
// Administrators may, here and below.
func (s *Service) CreateTemplate(ctx context.Context, t Template) (Template, error) {
	t.ID, t.Version, t.FollowAt = TemplateID(id.New(s.Clock.Now())), 0, time.Time{}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.putTemplate(tx, Template{}, t); err != nil {
			return err
		}
		return s.Audit.Record(tx, audit.From(ctx), templateEvent(t, "item_template.created", audit.Create,
			"made the configuration template ", nil))
	})
	t.Version = 1
	return t, err
}

// UpdateTemplate changes a template. The first items that follow it take what changed in the same transaction, the others right after.
// Invalid, NotFound, Exists for a name that another has, Conflict; Denied where one of them gives powers beyond the caller's roles.
func (s *Service) UpdateTemplate(ctx context.Context, templateID TemplateID, become func(t *Template) error) (Template, error) {
	actor := audit.From(ctx)
	var after Template
	giving, err := following(s.DB.Q(ctx), templateID)
	if err != nil {
		return after, err
	}
	if err := s.mayChange(ctx, giving); err != nil {
		return after, err
	}
	return after, s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock(templateKey(templateID)); err != nil {
			return err
		}
		before, err := GetTemplate(tx, templateID)
		if err != nil {
			return err
		}
		after = before
		if err := become(&after); err != nil {
			return err
		}
		after.ID, after.Version = before.ID, before.Version
		diff, err := templateChanges(before, after)
		if err != nil || len(diff) == 0 {
			return err
		}
		after.FollowAt = s.Clock.Now()
		if err := s.putTemplate(tx, before, after); err != nil {
			return err
		}
		after.Version++
		if err := s.Audit.Record(tx, actor,
			templateEvent(after, "item_template.updated", audit.Update, "changed the configuration template ", diff)); err != nil {
			return err
		}
		after.FollowAt, err = s.lead(tx, actor, after)
		return err
	})
}

// DeleteTemplate deletes a template that no item follows. NotFound; Conflict for one that an item does.
func (s *Service) DeleteTemplate(ctx context.Context, templateID TemplateID) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock(templateKey(templateID)); err != nil {
			return err
		}
		t, err := GetTemplate(tx, templateID)
		if err != nil {
			return err
		}
		switch used, err := followed(tx, templateID); {
		case err != nil:
			return err
		case used:
			return fault.New(fault.Conflict, "items follow the configuration template; unlink them first")
		}
		if _, err := tx.Exec(`delete from item_template where id = $1`, string(templateID)); err != nil {
			return err
		}
		return s.Audit.Record(tx, audit.From(ctx), templateEvent(t, "item_template.deleted", audit.Delete,
			"deleted the configuration template ", nil))
	})
}

// putTemplate checks and writes a template.
func (s *Service) putTemplate(tx *db.Tx, before, after Template) error {
	if err := after.Validate(); err != nil {
		return err
	}
	if err := named(tx, before.Configurations, after.Configurations); err != nil {
		return err
	}
	if after.Admin != before.Admin {
		if _, err := owner.GetSet(tx, after.Admin); fault.Is(err, fault.NotFound) {
			return fault.InvalidField("admin_owner_id", "there is no owner with that id that can own something else: %s", after.Admin)
		} else if err != nil {
			return err
		}
	}
	if fresh := without(after.BreakGlass, before.BreakGlass); len(fresh) > 0 {
		found, err := directory.Many(tx, fresh)
		if err != nil {
			return err
		}
		if len(found) != len(fresh) {
			return fault.InvalidField("break_glass_user_ids", "names a user who is not there")
		}
	}
	if err := tx.Lock("item-templates"); err != nil {
		return err
	}
	if err := after.room(tx); err != nil {
		return err
	}
	return after.put(tx)
}

func without[T comparable](list, other []T) []T {
	return slices.DeleteFunc(slices.Clone(list), func(v T) bool { return slices.Contains(other, v) })
}

// lead has the next items take the state of t, and answers when there are more: at once, or never.
func (s *Service) lead(tx *db.Tx, actor audit.Actor, t Template) (time.Time, error) {
	next, err := followers(tx, t, atOnce)
	if err != nil {
		return t.FollowAt, err
	}
	if err := lock(tx, next...); err != nil {
		return t.FollowAt, err
	}
	items, err := Many(tx, next)
	if err != nil {
		return t.FollowAt, err
	}
	for _, itemID := range next {
		i, there := items[itemID]
		if there && i.TemplateID != string(t.ID) { // unlinked meanwhile
			continue
		}
		if !there { // its app is gone
			if _, err := tx.Exec(`update item set template_id = '' where resource_id = $1`, string(itemID)); err != nil {
				return t.FollowAt, err
			}
			continue
		}
		if err := s.take(tx, actor, i, t); err != nil {
			return t.FollowAt, err
		}
	}
	if len(next) == atOnce {
		due.Wake(tx, t.FollowAt)
		return t.FollowAt, nil
	}
	return time.Time{}, putOff(tx, t, time.Time{})
}

// take has an item take the state of t.
func (s *Service) take(tx *db.Tx, actor audit.Actor, before Item, t Template) error {
	after := before
	t.onto(&after.Settings)
	after.configured = true
	if _, err := s.put(tx, actor, before, after); err != nil {
		return err
	}
	return s.takeRest(tx, actor, after, t)
}

// takeRest has an item take what other packages keep of it. Owners, channels and schedules that are gone by now are left out.
func (s *Service) takeRest(tx *db.Tx, actor audit.Actor, i Item, t Template) error {
	ref := i.Ref()
	gone := func(err error) error {
		if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
			return nil
		}
		return err
	}
	if s.Owners != nil {
		if err := gone(s.Owners.ShareIn(tx, actor, owner.OfResource(ref), owner.Primary, t.Admin)); err != nil {
			return err
		}
	}
	if s.Contacts == nil {
		return nil
	}
	if t.Channels != nil {
		if _, err := s.Contacts.SetChannelsIn(tx, actor, ref, t.Channels); err != nil {
			return err
		}
	}
	if t.Schedules == nil || !i.Group {
		return nil
	}
	l, err := s.LevelOf(tx, i, "")
	if err != nil {
		return gone(err)
	}
	_, err = s.Contacts.SetSchedulesIn(tx, actor, contact.Group{ResourceRef: ref, Gives: l.Entitlement.ID}, t.Schedules)
	return err
}

// follow links an item: it takes what its template says. Invalid for a template that is not there, and for settings that were said with
// it and that the template says otherwise.
func (s *Service) follow(tx *db.Tx, before Settings, after *Item) (Template, error) {
	templateID := TemplateID(after.TemplateID)
	if err := tx.Lock(templateKey(templateID)); err != nil {
		return Template{}, err
	}
	t, err := GetTemplate(tx, templateID)
	if fault.Is(err, fault.NotFound) {
		err = fault.InvalidField("configuration_template_id", "there is no such configuration template: %s", templateID)
	}
	if err != nil {
		return t, err
	}
	said := after.Settings
	t.onto(&after.Settings)
	after.configured = true
	changed, err := differences(before.owned(), said.owned())
	if err != nil || len(changed) == 0 {
		return t, err
	}
	other, err := differences(said.owned(), after.owned())
	for name := range other {
		if _, asked := changed[name]; asked && err == nil {
			err = fault.InvalidField("configuration_template_id",
				"an item that follows a template takes %s from it, and not from what is said with it", name)
		}
	}
	return t, err
}

// Follower is the due source of items that have not yet taken what changed in their template.
type Follower struct{ *Service }

// Follower is the due source of items.
func (s *Service) Follower() due.Source { return Follower{s} }

// Name implements due.Source.
func (Follower) Name() string { return "item" }

// Next implements due.Source.
func (f Follower) Next(ctx context.Context) (time.Time, bool, error) {
	t, err := db.Collect(f.DB.Q(ctx), scanTemplate, `select `+templateColumns+` from item_template
		where follow_at is not null order by follow_at limit 1`)
	if err != nil || len(t) == 0 {
		return time.Time{}, false, err
	}
	return t[0].FollowAt, true, nil
}

// wait is how long items wait that led to an error.
const wait = time.Minute

// Run implements due.Source: of each template that has changed, the next items take its state.
func (f Follower) Run(ctx context.Context, now time.Time) (int, error) {
	ready, err := db.Collect(f.DB.Q(ctx), scanTemplate, dueSQL, clock.Micros(now))
	if err != nil {
		return 0, err
	}
	for _, one := range ready {
		lead := func(tx *db.Tx) error {
			if err := tx.Lock(templateKey(one.ID)); err != nil {
				return err
			}
			t, err := GetTemplate(tx, one.ID)
			if fault.Is(err, fault.NotFound) || err == nil && t.FollowAt.IsZero() { // another replica was faster
				return nil
			}
			if err != nil {
				return err
			}
			_, err = f.lead(tx, audit.System(), t)
			return err
		}
		if err := f.DB.Write(ctx, lead); err != nil {
			if ctx.Err() != nil {
				return 0, err
			}
			slog.Default().WarnContext(ctx, "items could not take the state of their template", slog.String("template", string(one.ID)),
				slog.Any("error", err))
			if err := f.DB.Write(ctx, func(tx *db.Tx) error { return putOff(tx, one, now.Add(wait)) }); err != nil {
				return 0, err
			}
		}
	}
	return len(ready), nil
}

func templateEvent(t Template, kind string, a audit.Activity, words string, data map[string]any) audit.Event {
	return audit.Event{Kind: kind, Activity: a, ObjectType: "item_template", ObjectID: string(t.ID), Message: words + t.Name, Data: data}
}

// templateChanges names the members of templates that differ, old and new.
func templateChanges(before, after Template) (map[string]any, error) {
	type whole struct {
		Name string `json:"name"`
		Template
	}
	return audit.Changes(whole{before.Name, before}, whole{after.Name, after})
}
