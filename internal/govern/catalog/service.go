package catalog

import (
	"context"
	"reflect"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// Deps is what the service stands on. Policies may be nil: then defaults can choose none. So may Rules: then nobody can be enrolled. And
// Values: then forms have no expressions.
type Deps struct {
	DB       *db.DB
	Clock    clock.Clock
	Audit    *audit.Log
	Apps     *app.Service
	Policies app.Policies
	Rules    *automation.Service
	Values   Values
}

// Service holds the use cases about what can be asked for. Whether the caller may is judged by the doors; each method is one
// transaction, its audit event included. An update that changes nothing writes nothing.
type Service struct{ Deps }

// New returns the use cases over d.
func New(d Deps) *Service { return &Service{d} }

// Create makes a catalog without entitlements and audience, and does in the same transaction what also says; identity, times and version
// are filled in. Invalid.
func (s *Service) Create(ctx context.Context, c Catalog, also ...func(tx *db.Tx, c Catalog) error) (Catalog, error) {
	now, actor := s.Clock.Now(), audit.From(ctx)
	c.ID, c.CreatedAt, c.UpdatedAt, c.DeletedAt, c.Version = ID(id.New(now)), now, now, time.Time{}, 1
	c.CreatedBy, c.Audience, c.enrollment = directory.UserID(actor.UserID), nil, ""
	if err := c.Validate(); err != nil {
		return Catalog{}, err
	}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		c.enrollment = ""
		if err := insert(tx, c); err != nil {
			return err
		}
		if err := s.follow(ctx, tx, Catalog{}, &c); err != nil {
			return err
		}
		if err := s.Audit.Record(tx, actor, event(c, "catalog.created", audit.Create, "created catalog "+c.DisplayName)); err != nil {
			return err
		}
		return alsoDo(tx, c, also)
	})
	return c, err
}

// Update changes a live catalog as change says, which may be called again, and does in the same transaction what also says. Its audience
// is changed by [Service.AddAudience], [Service.RemoveAudience] and [Service.Show] only. Invalid, NotFound,
// Conflict; Denied where more people are to see it and it lists what gives powers beyond the caller's roles.
func (s *Service) Update(
	ctx context.Context, catalogID ID, change func(c *Catalog) error, also ...func(tx *db.Tx, c Catalog) error,
) (Catalog, error) {
	var after Catalog
	err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		before, err := live(tx, catalogID)
		if err != nil {
			return err
		}
		if after, err = s.update(ctx, tx, catalogID, change); err != nil {
			return err
		}
		if after.Published && !before.Published || after.Everyone && !before.Everyone {
			if err := mayShow(ctx, tx, catalogID); err != nil {
				return err
			}
		}
		return alsoDo(tx, after, also)
	})
	return after, err
}

func (s *Service) update(ctx context.Context, tx *db.Tx, catalogID ID, change func(c *Catalog) error) (Catalog, error) {
	before, err := live(tx, catalogID)
	if err != nil {
		return before, err
	}
	after := before
	if err := change(&after); err != nil {
		return before, err
	}
	after.ID, after.Audience, after.Version, after.DeletedAt = before.ID, before.Audience, before.Version, time.Time{}
	after.CreatedBy, after.CreatedAt, after.UpdatedAt = before.CreatedBy, before.CreatedAt, before.UpdatedAt
	after.enrollment = before.enrollment
	if err := after.Validate(); err != nil || reflect.DeepEqual(before, after) {
		return before, err
	}
	after.UpdatedAt = s.Clock.Now()
	if err := update(tx, after); err != nil {
		return before, err
	}
	after.Version++
	if err := s.follow(ctx, tx, before, &after); err != nil {
		return before, err
	}
	e := event(after, "catalog.updated", audit.Update, "changed catalog "+after.DisplayName)
	e.Data = map[string]any{"from": before, "to": after}
	return after, s.Audit.Record(tx, audit.From(ctx), e)
}

func alsoDo(tx *db.Tx, c Catalog, also []func(tx *db.Tx, c Catalog) error) error {
	for _, fn := range also {
		if err := fn(tx, c); err != nil {
			return err
		}
	}
	return nil
}

// Delete deletes a live catalog: from then on nothing can be asked for through it, and nobody is enrolled in it. NotFound, Conflict.
func (s *Service) Delete(ctx context.Context, catalogID ID) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := lock(tx, catalogID); err != nil {
			return err
		}
		c, err := live(tx, catalogID)
		if err != nil {
			return err
		}
		if c.enrollment != "" {
			if err := curates(ctx); err != nil {
				return err
			}
		}
		c.UpdatedAt = s.Clock.Now()
		c.DeletedAt = c.UpdatedAt
		if err := update(tx, c); err != nil {
			return err
		}
		if err := s.disband(tx, audit.From(ctx), c); err != nil {
			return err
		}
		return s.Audit.Record(tx, audit.From(ctx), event(c, "catalog.deleted", audit.Delete, "deleted catalog "+c.DisplayName))
	})
}

// Get reads a catalog, a deleted one too. NotFound.
func (s *Service) Get(ctx context.Context, catalogID ID) (Catalog, error) {
	return get(s.DB.Q(ctx), catalogID)
}

// ChooseCatalog implements [app.Offers].
func (*Service) ChooseCatalog(tx *db.Tx, field string, catalogID ID) error {
	_, err := live(tx, catalogID)
	if fault.Is(err, fault.NotFound) {
		err = fault.InvalidField(field, "there is no such catalog")
	}
	return err
}

// lock makes those take turns who change what is in a catalog, who sees it, and whether it is there.
func lock(tx *db.Tx, catalogID ID) error { return tx.Lock("catalog:" + string(catalogID)) }

func event(c Catalog, kind string, a audit.Activity, message string) audit.Event {
	return audit.Event{Kind: kind, Activity: a, ObjectType: "catalog", ObjectID: string(c.ID), Message: message}
}
