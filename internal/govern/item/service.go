package item

import (
	"context"
	"slices"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Deps is what the service stands on.
type Deps struct {
	DB    *db.DB
	Clock clock.Clock
	Audit *audit.Log
	Apps  *app.Service

	// What templates need: nil, and they leave owners or contacts as they are.
	Owners   Owners
	Contacts Contacts

	// Bindings say which groups are in which others; nil: none is.
	Bindings Bindings
}

// Bindings say what all hold who hold an entitlement; package automation does.
type Bindings interface {
	Reach(q db.Q, of app.EntitlementRef) ([]app.EntitlementRef, error)
}

// Service holds the use cases about items. Who may call them is for the door to ask.
type Service struct{ Deps }

// New returns the use cases over d.
func New(d Deps) *Service { return &Service{d} }

// Draft is an item that is to be.
type Draft struct {
	AppID       app.ID
	Group       bool
	Name        string
	Description string
	Empowers    bool // it gives powers, none yet: from its first moment on it is beyond those of others
	Settings
}

// Create makes an item in an app, with its default level. Also is done in the same transaction. Invalid; NotFound for the app.
func (s *Service) Create(ctx context.Context, d Draft, also ...func(tx *db.Tx, i Item) error) (Item, error) {
	if err := d.Validate(); err != nil {
		return Item{}, err
	}
	var made Item
	err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if made, err = s.create(tx, audit.From(ctx), d); err != nil {
			return err
		}
		for _, fn := range also {
			if err := fn(tx, made); err != nil {
				return err
			}
		}
		return nil
	})
	return made, err
}

func (s *Service) create(tx *db.Tx, actor audit.Actor, d Draft) (Item, error) {
	kind, typeName, slug := app.KindCustom, "Resource", "access"
	if d.Group {
		kind, typeName, slug = app.KindGroup, "Group", "member"
	}
	t, err := s.Apps.EnsureResourceType(tx, actor, d.AppID, kind, typeName)
	if err != nil {
		return Item{}, err
	}
	r, err := s.Apps.AddResource(tx, actor, app.Resource{
		AppID: d.AppID, TypeID: t.ID, DisplayName: d.Name, Description: d.Description,
	})
	if err != nil {
		return Item{}, err
	}
	if _, err := s.Apps.AddEntitlement(tx, actor, app.Entitlement{
		AppID: d.AppID, TypeID: t.ID, ResourceID: r.ID, DisplayName: d.Name, Slug: slug, Purpose: app.PurposeAssignment,
	}); err != nil {
		return Item{}, err
	}
	i := Item{Resource: r, Settings: d.Settings, Group: d.Group, Version: 1}
	if d.Empowers {
		if err := putEmpowerment(tx, i.Ref(), Empowerment{Item: i.ID, Powers: []iam.Power{}, Version: 1}); err != nil {
			return i, err
		}
	}
	if i.TemplateID == "" {
		return i, save(tx, i, 0)
	}
	from, err := s.follow(tx, Settings{}, &i)
	if err != nil {
		return i, err
	}
	if err := save(tx, i, 0); err != nil {
		return i, err
	}
	return i, s.takeRest(tx, actor, i, from)
}

// Change is what one item becomes.
type Change struct {
	ID     ID
	Become func(i *Item) error
}

// Update changes items, all or none, and answers them in the order of the changes. Of the resource, name, description and
// parent can change.
// Invalid, NotFound, Conflict.
func (s *Service) Update(ctx context.Context, list []Change, also ...func(tx *db.Tx, i Item) error) ([]Item, error) {
	ids := make([]ID, len(list))
	for n, c := range list {
		ids[n] = c.ID
	}
	if slices.Sort(ids); len(slices.Compact(ids)) != len(list) {
		return nil, fault.New(fault.Invalid, "an item is named twice")
	}
	if err := s.mayChange(ctx, ids); err != nil {
		return nil, err
	}
	after := make([]Item, len(list))
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := lock(tx, ids...); err != nil {
			return err
		}
		before, err := Many(tx, ids)
		if err != nil {
			return err
		}
		for n, c := range list {
			b, ok := before[c.ID]
			if !ok {
				return fault.Missing("item", string(c.ID))
			}
			if after[n], err = s.update(tx, audit.From(ctx), b, c.Become); err != nil {
				return err
			}
			for _, fn := range also {
				if err := fn(tx, after[n]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return after, err
}

// mayChange is [iam.MayPass] for items, since how something is asked for says who gets it. An item that is not there is for others to miss.
func (s *Service) mayChange(ctx context.Context, ids []ID) error {
	q := s.DB.Q(ctx)
	found, err := Many(q, ids)
	if err != nil {
		return err
	}
	objects := make([]iam.Object, 0, len(found))
	for _, i := range found {
		objects = append(objects, iam.Object{Type: "resource", AppID: string(i.AppID), ID: string(i.ID)})
	}
	return iam.MayPass(ctx, q, objects...)
}

func (s *Service) update(tx *db.Tx, actor audit.Actor, before Item, become func(i *Item) error) (Item, error) {
	after := before
	after.Audience = slices.Clone(before.Audience)
	if err := become(&after); err != nil {
		return before, err
	}
	linked, err := s.link(tx, before, &after)
	if err != nil {
		return before, err
	}
	if err := after.Settings.Validate(); err != nil {
		return before, err
	}
	if err := named(tx, before.Configurations, after.Configurations); err != nil {
		return before, err
	}
	if after, err = s.put(tx, actor, before, after); err != nil || linked.ID == "" {
		return after, err
	}
	return after, s.takeRest(tx, actor, after, linked)
}

// link answers which template an item begins to follow, if it begins to follow one, and refuses to change what an item that follows one
// has from it.
func (s *Service) link(tx *db.Tx, before Item, after *Item) (Template, error) {
	switch after.TemplateID {
	case "":
		after.TemplateVersion = 0
		return Template{}, nil
	case before.TemplateID:
		changed, err := differences(before.owned(), after.owned())
		if err == nil && len(changed) > 0 {
			err = Following()
		}
		after.configured = false // the same was said again
		return Template{}, err
	}
	return s.follow(tx, before.Settings, after)
}

// put writes what has become of an item and its resource.
func (s *Service) put(tx *db.Tx, actor audit.Actor, before, after Item) (Item, error) {
	r, err := s.Apps.ChangeResource(tx, actor, before.AppID, before.TypeID, before.ID, func(r *app.Resource) error {
		r.DisplayName, r.Description, r.ParentID = after.DisplayName, after.Description, after.ParentID
		return nil
	})
	if err != nil {
		return before, err
	}
	if after.configured && len(after.Configurations) > 0 {
		if err := s.Apps.Overrule(tx, actor, after.Ref()); err != nil {
			return before, err
		}
	}
	after.Resource, after.Group, after.Version, after.configured = r, before.Group, before.Version+1, false
	diff, err := differences(before.Settings, after.Settings)
	if err != nil || len(diff) == 0 {
		after.Version = before.Version
		return after, err
	}
	if err := save(tx, after, before.Version); err != nil {
		return before, err
	}
	return after, s.Audit.Record(tx, actor, audit.Event{
		Kind: "item.updated", Activity: audit.Update, ObjectType: "resource", ObjectID: string(before.ID), AppID: string(before.AppID),
		Message: "changed how " + after.DisplayName + " is asked for", Data: diff,
	})
}

// Delete deletes an item that people made, its levels and its settings; access that it gave ends. Also is done in the same transaction,
// before. NotFound, Conflict; Precondition for one that a connector reads.
func (s *Service) Delete(ctx context.Context, itemID ID, also ...func(tx *db.Tx, i Item) error) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := lock(tx, itemID); err != nil {
			return err
		}
		i, err := Get(tx, itemID)
		if err != nil {
			return err
		}
		for _, fn := range also {
			if err := fn(tx, i); err != nil {
				return err
			}
		}
		if err := forget(tx, i.Ref()); err != nil {
			return err
		}
		return s.Apps.RemoveResource(tx, audit.From(ctx), i.AppID, i.TypeID, i.ID)
	})
}

// Levels reads the levels of items; see the function of that name.
func (*Service) Levels(q db.Q, items []Item) (map[ID][]Level, error) { return levelsOf(q, items) }

// LevelOf reads the level of that slug of an item. NotFound.
func (s *Service) LevelOf(q db.Q, i Item, slug string) (Level, error) {
	levels, err := s.Levels(q, []Item{i})
	if err != nil {
		return Level{}, err
	}
	return Find(levels[i.ID], slug)
}
