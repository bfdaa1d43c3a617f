package app

import (
	"context"
	"errors"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// CreateResourceType adds a resource type made by people to the app t.AppID. Invalid, NotFound for the app, Exists for a second
// live type of a kind that an app has once. Upstream refuses it as well, in a text that says the type already exists (c1-api.md,
// section 4.3); cone goes no further then, so the text names the type that its resource can be made under.
func (s *Service) CreateResourceType(ctx context.Context, t ResourceType) (ResourceType, error) {
	var made ResourceType
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		made, err = s.addResourceType(tx, audit.From(ctx), t)
		return err
	})
	return made, err
}

func (s *Service) addResourceType(tx *db.Tx, actor audit.Actor, t ResourceType) (ResourceType, error) {
	now := s.clock.Now()
	t.ID, t.CreatedAt, t.UpdatedAt, t.DeletedAt, t.Version = ResourceTypeID(id.New(now)), now, now, time.Time{}, 1
	t.ConnectorID, t.ExternalID, t.Builtin = "", "", false
	if err := t.Validate(); err != nil {
		return t, err
	}
	if err := lockApp(tx, t.AppID); err != nil {
		return t, err
	}
	if _, err := GetApp(tx, t.AppID); err != nil {
		return t, err
	}
	taken, err := kindTaken(tx, t.AppID, t.Kind)
	if err != nil {
		return t, err
	}
	if taken != "" {
		return t, fault.New(fault.Exists,
			"resourceType: resource type %s already exists in this app, with the id %s; only CUSTOM may occur more than once",
			t.Kind, id.KSUID(string(taken)))
	}
	if err := insertResourceType(tx, t); err != nil {
		return t, err
	}
	return t, s.log.Record(tx, actor,
		event("resource_type.created", audit.Create, "resource_type", t.AppID, t.ID, "created resource type "+t.DisplayName))
}

// EnsureResourceType is a type of that kind in the app, made by people: the oldest of that name, else a new one. Of a kind that an app
// has once, the one there is, whatever its name.
func (s *Service) EnsureResourceType(tx *db.Tx, actor audit.Actor, appID ID, kind ResourceKind, name string) (ResourceType, error) {
	if err := lockApp(tx, appID); err != nil {
		return ResourceType{}, err
	}
	t, err := db.One(tx, ScanResourceType, `select `+ResourceTypeColumns("")+` from resource_type
		where app_id = $1 and kind = $2 and (kind <> 'CUSTOM' or display_name = $3) and not builtin and connector_id is null
			and deleted_at is null
		order by id limit 1`, string(appID), string(kind), name)
	if !errors.Is(err, db.ErrNoRows) {
		return t, err
	}
	return s.addResourceType(tx, actor, ResourceType{AppID: appID, Kind: kind, DisplayName: name})
}

// UpdateResourceType changes the name of a live resource type made by people. Invalid, NotFound, Conflict; Precondition for a
// built-in one and for one that a connector reads.
func (s *Service) UpdateResourceType(
	ctx context.Context, appID ID, typeID ResourceTypeID, change func(t *ResourceType) error,
) (ResourceType, error) {
	now := s.clock.Now()
	var after ResourceType
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		before, err := GetResourceType(tx, appID, typeID)
		if err != nil {
			return err
		}
		after = before
		if err := change(&after); err != nil {
			return err
		}
		name := after.DisplayName
		after = before
		after.DisplayName = name
		if err := after.Validate(); err != nil {
			return err
		}
		diff, err := audit.Changes(before, after)
		if err != nil || len(diff) == 0 {
			return err
		}
		if err := ofPeople(tx, before.AppID, before.ConnectorID, before.Builtin, "resource type", "renamed"); err != nil {
			return err
		}
		after.UpdatedAt = now
		if err := updateResourceType(tx, after); err != nil {
			return err
		}
		after.Version++
		e := event("resource_type.updated", audit.Update, "resource_type", appID, typeID, "changed resource type "+after.DisplayName)
		e.Data = diff
		return s.log.Record(tx, audit.From(ctx), e)
	})
	return after, err
}

// DeleteResourceType deletes a live resource type made by people, its resources and their entitlements. NotFound, Conflict;
// Precondition for a built-in one and for one that a connector reads.
func (s *Service) DeleteResourceType(ctx context.Context, appID ID, typeID ResourceTypeID) error {
	now, actor := s.clock.Now(), audit.From(ctx)
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if err := lockApp(tx, appID); err != nil {
			return err
		}
		t, err := GetResourceType(tx, appID, typeID)
		if err != nil {
			return err
		}
		if err := ofPeople(tx, t.AppID, t.ConnectorID, t.Builtin, "resource type", "deleted"); err != nil {
			return err
		}
		t.UpdatedAt, t.DeletedAt = now, now
		if err := updateResourceType(tx, t); err != nil {
			return err
		}
		if _, err := tx.Exec(`update resource set deleted_at = $3, updated_at = $3, version = version + 1
			where app_id = $1 and resource_type_id = $2 and deleted_at is null`, string(appID), string(typeID), clock.Micros(now)); err != nil {
			return err
		}
		if err := s.resourcesEnded(tx, appID); err != nil {
			return err
		}
		if err := s.endEntitlements(tx, actor, appID, "resource_type_id", string(typeID), now); err != nil {
			return err
		}
		return s.log.Record(tx, actor,
			event("resource_type.deleted", audit.Delete, "resource_type", appID, typeID, "deleted resource type "+t.DisplayName))
	})
}

// ofPeople refuses to have something built in, or something that a live connector would bring back, renamed or deleted.
func ofPeople(q db.Q, app ID, connector ConnectorID, builtin bool, kind, act string) error {
	if builtin {
		return fault.New(fault.Precondition, "this %s is built in and cannot be %s", kind, act)
	}
	if connector == "" {
		return nil
	}
	live, err := connected(q, app, connector)
	if err == nil && live {
		err = fault.New(fault.Precondition, "this %s is read by a connector and can be %s in the target system only", kind, act)
	}
	return err
}

// endEntitlements deletes the live entitlements of an app whose column has that value, and tells every [Notice].
func (s *Service) endEntitlements(tx *db.Tx, actor audit.Actor, app ID, column, value string, now time.Time) error {
	ids, err := db.Collect(tx, func(r *db.Rows) (v EntitlementID, err error) { return v, r.Scan(&v) },
		`update entitlement set deleted_at = $3, updated_at = $3, version = version + 1
		where app_id = $1 and `+column+` = $2 and deleted_at is null returning id`, string(app), value, clock.Micros(now))
	if err != nil {
		return err
	}
	return s.entitlementsEnded(tx, actor, app, ids, now)
}
