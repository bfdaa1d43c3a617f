package attribute

import (
	"context"
	"fmt"
	"strings"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// Uses knows who has a value. It is asked inside the transaction that deletes one.
type Uses interface {
	// AttributeUses names what has the value, at most three of them, and counts all.
	AttributeUses(q db.Q, value string) (names []string, count int, err error)
}

// Deps is what the service stands on.
type Deps struct {
	DB    *db.DB
	Clock clock.Clock
	Audit *audit.Log
	Uses  Uses // nil: nobody has any
}

// Service holds the use cases about values. Who may call them is for the doors to ask.
type Service struct{ Deps }

// New returns the use cases over d.
func New(d Deps) *Service { return &Service{Deps: d} }

// Get reads a live value of one of the types; any type for none. NotFound if there is none.
func (s *Service) Get(ctx context.Context, value ID, of TypeID) (Value, error) {
	return get(s.DB.Q(ctx), value, of, "")
}

// Create makes a value. Invalid for an unknown type and a broken limit; Exists for one that the type has already, whatever its case;
// Precondition above [MaxValues] of the type.
func (s *Service) Create(ctx context.Context, of TypeID, value string) (Value, error) {
	now := s.Clock.Now()
	v := Value{ID: ID(id.New(now)), Type: of, Value: value, CreatedAt: now, UpdatedAt: now, Version: 1}
	if err := v.validate(); err != nil {
		return Value{}, err
	}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock("attribute:" + string(of)); err != nil { // two at once count one after the other
			return err
		}
		n, err := count(tx, of)
		if err != nil {
			return err
		}
		if n >= MaxValues {
			return fault.New(fault.Precondition, "there are %d values of this type, which is the most", MaxValues)
		}
		fresh, err := insert(tx, v)
		switch {
		case err != nil:
			return err
		case !fresh:
			return fault.New(fault.Exists, "value: there is a %s with this value already", of.noun())
		}
		return s.Audit.Record(tx, audit.From(ctx), event(v, "attribute.created", audit.Create, "created "))
	})
	return v, err
}

// Delete deletes a live value of one of the types; any type for none. NotFound; Precondition, naming some, while entitlements have it.
func (s *Service) Delete(ctx context.Context, value ID, of TypeID) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		v, err := get(tx, value, of, locked(tx, "update"))
		if err != nil {
			return err
		}
		if err := s.unused(tx, v); err != nil {
			return err
		}
		v.UpdatedAt = s.Clock.Now()
		v.DeletedAt = v.UpdatedAt
		if err := remove(tx, v); err != nil {
			return err
		}
		return s.Audit.Record(tx, audit.From(ctx), event(v, "attribute.deleted", audit.Delete, "deleted "))
	})
}

func (s *Service) unused(tx *db.Tx, v Value) error {
	if s.Uses == nil {
		return nil
	}
	names, n, err := s.Uses.AttributeUses(tx, string(v.ID))
	if err != nil || n == 0 {
		return err
	}
	more := ""
	if n > len(names) {
		more = fmt.Sprintf(" and %d more", n-len(names))
	}
	return fault.New(fault.Precondition, "the %s is in use by %s%s; take it from them first", v.Type.noun(), strings.Join(names, ", "), more)
}

// Choose answers Invalid about field unless each of the values is a live one of the type, and keeps them from being deleted until tx
// ends. At most 500 values.
func Choose(tx *db.Tx, field string, of TypeID, values ...ID) error {
	if len(values) == 0 {
		return nil
	}
	found, err := chosen(tx, of, values)
	if err != nil {
		return err
	}
	for _, v := range values {
		if !found[v] {
			return fault.InvalidField(field, "there is no %s %s", of.noun(), id.KSUID(string(v)))
		}
	}
	return nil
}

func event(v Value, kind string, a audit.Activity, verb string) audit.Event {
	return audit.Event{
		Kind: kind, Activity: a, ObjectType: "attribute", ObjectID: string(v.ID), Message: verb + v.Type.noun() + " " + v.Value,
		Data: map[string]any{"attributeTypeId": v.Type, "value": v.Value},
	}
}
