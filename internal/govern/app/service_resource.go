package app

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// CreateResource adds a resource made by people to the type r.TypeID of the app r.AppID, and does in the same transaction what also
// says. Invalid; NotFound for app or type; Precondition for the built-in type.
func (s *Service) CreateResource(ctx context.Context, r Resource, also ...func(tx *db.Tx, r Resource) error) (Resource, error) {
	var made Resource
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		if made, err = s.AddResource(tx, audit.From(ctx), r); err != nil {
			return err
		}
		return alsoDo(tx, made, also)
	})
	return made, err
}

// AddResource is [Service.CreateResource] in a transaction that does more.
func (s *Service) AddResource(tx *db.Tx, actor audit.Actor, r Resource) (Resource, error) {
	now := s.clock.Now()
	r.ID, r.CreatedAt, r.UpdatedAt, r.DeletedAt, r.Version = ResourceID(id.New(now)), now, now, time.Time{}, 1
	r.ConnectorID, r.ExternalID, r.ParentID, r.Profile, r.Edited = "", "", "", nil, nil
	if err := r.Validate(); err != nil {
		return r, err
	}
	if err := lockApp(tx, r.AppID); err != nil {
		return r, err
	}
	if _, err := GetApp(tx, r.AppID); err != nil {
		return r, err
	}
	t, err := GetResourceType(tx, r.AppID, r.TypeID)
	if err != nil {
		return r, err
	}
	if t.Builtin {
		return r, fault.New(fault.Precondition, "the built-in resource type %s takes no further resources", t.DisplayName)
	}
	if err := insertResource(tx, r); err != nil {
		return r, err
	}
	return r, s.log.Record(tx, actor,
		event("resource.created", audit.Create, "resource", r.AppID, r.ID, "created resource "+r.DisplayName))
}

// UpdateResource changes a live resource of the given type. On one that a connector reads, the members that change are kept
// through later readings. Invalid, NotFound, Conflict; Denied for one that gives powers beyond the caller's roles.
func (s *Service) UpdateResource(
	ctx context.Context, appID ID, typeID ResourceTypeID, resourceID ResourceID, change func(r *Resource) error,
) (Resource, error) {
	var after Resource
	if err := iam.MayPass(ctx, s.db.Q(ctx), iam.Object{Type: "resource", AppID: string(appID), ID: string(resourceID)}); err != nil {
		return after, err
	}
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		after, err = s.ChangeResource(tx, audit.From(ctx), appID, typeID, resourceID, change)
		return err
	})
	return after, err
}

// ChangeResource is [Service.UpdateResource] in a transaction that does more.
func (s *Service) ChangeResource(
	tx *db.Tx, actor audit.Actor, appID ID, typeID ResourceTypeID, resourceID ResourceID, change func(r *Resource) error,
) (Resource, error) {
	before, err := GetResourceOfType(tx, appID, typeID, resourceID)
	if err != nil {
		return before, err
	}
	after := before
	if err := change(&after); err != nil {
		return before, err
	}
	name, description, own, annotations := after.DisplayName, after.Description, after.CustomDescription, after.Annotations
	parent := after.ParentID
	after = before
	if after.ParentID = parent; parent != before.ParentID {
		if err := hangable(tx, before, parent); err != nil {
			return before, err
		}
	}
	after.DisplayName, after.Description, after.CustomDescription, after.Annotations = name, description, own, annotations
	after.Edited = before.Edited.note(before.ConnectorID, [2]string{before.DisplayName, before.Description}, [2]string{name, description})
	if err := after.Validate(); err != nil {
		return before, err
	}
	diff, err := audit.Changes(before, after)
	if err != nil || len(diff) == 0 {
		return before, err
	}
	after.UpdatedAt = s.clock.Now()
	if err := updateResource(tx, after); err != nil {
		return before, err
	}
	after.Version++
	e := event("resource.updated", audit.Update, "resource", appID, resourceID, "changed resource "+after.DisplayName)
	e.Data = diff
	return after, s.log.Record(tx, actor, e)
}

// maxDepth is how deep resources hang below each other.
const maxDepth = 16

// hangable refuses a parent that a resource cannot hang below: Invalid for one that is not there, or is itself below the resource;
// Precondition where a connector says what hangs where. No parent is always possible.
func hangable(tx *db.Tx, r Resource, parent ResourceID) error {
	const field = "parentResourceId"
	if r.ConnectorID != "" {
		return fault.New(fault.Precondition, "the connector says what %s hangs below", r.DisplayName)
	}
	if err := lockApp(tx, r.AppID); err != nil { // two at once could hang below each other
		return err
	}
	for depth := 0; parent != ""; depth++ {
		switch p, err := GetResource(tx, r.AppID, parent); {
		case fault.Is(err, fault.NotFound) || p.Builtin() || p.ConnectorID != "":
			return fault.InvalidField(field, "there is no such resource that people made in the same app")
		case err != nil:
			return err
		case p.ID == r.ID:
			return fault.InvalidField(field, "a resource does not hang below itself")
		case depth == maxDepth:
			return fault.InvalidField(field, "resources hang at most %d deep", maxDepth)
		default:
			parent = p.ParentID
		}
	}
	return nil
}

// DeleteResource deletes a live resource of the given type, made by people, and its entitlements; what hangs below it hangs below nothing
// then. NotFound, Conflict; Precondition
// for the built-in one and for one that a connector reads.
func (s *Service) DeleteResource(ctx context.Context, appID ID, typeID ResourceTypeID, resourceID ResourceID) error {
	return s.db.Write(ctx, func(tx *db.Tx) error { return s.RemoveResource(tx, audit.From(ctx), appID, typeID, resourceID) })
}

// RemoveResource is [Service.DeleteResource] in a transaction that does more.
func (s *Service) RemoveResource(tx *db.Tx, actor audit.Actor, appID ID, typeID ResourceTypeID, resourceID ResourceID) error {
	now := s.clock.Now()
	if err := lockApp(tx, appID); err != nil {
		return err
	}
	r, err := GetResourceOfType(tx, appID, typeID, resourceID)
	if err != nil {
		return err
	}
	if err := ofPeople(tx, appID, r.ConnectorID, r.Builtin(), "resource", "deleted"); err != nil {
		return err
	}
	r.UpdatedAt, r.DeletedAt = now, now
	if err := updateResource(tx, r); err != nil {
		return err
	}
	if _, err := tx.Exec(orphanSQL, string(appID), string(resourceID), clock.Micros(now)); err != nil {
		return err
	}
	if err := s.resourcesEnded(tx, appID); err != nil {
		return err
	}
	if err := s.endEntitlements(tx, actor, appID, "resource_id", string(resourceID), now); err != nil {
		return err
	}
	return s.log.Record(tx, actor,
		event("resource.deleted", audit.Delete, "resource", appID, resourceID, "deleted resource "+r.DisplayName))
}
