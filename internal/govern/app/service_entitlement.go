package app

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// CreateEntitlement adds an entitlement made by people to the resource e.ResourceID of type e.TypeID in the app e.AppID, and does
// in the same transaction what also says. Invalid; NotFound for app, type or resource; Exists for an alias that another live
// entitlement has.
func (s *Service) CreateEntitlement(ctx context.Context, e Entitlement, also ...func(tx *db.Tx, e Entitlement) error) (Entitlement, error) {
	if err := iam.MayPass(ctx, s.db.Q(ctx), iam.Object{Type: "resource", AppID: string(e.AppID), ID: string(e.ResourceID)}); err != nil {
		return Entitlement{}, err
	}
	var made Entitlement
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		if made, err = s.AddEntitlement(tx, audit.From(ctx), e); err != nil {
			return err
		}
		return alsoDo(tx, made, also)
	})
	return made, err
}

// AddEntitlement is [Service.CreateEntitlement] in a transaction that does more.
func (s *Service) AddEntitlement(tx *db.Tx, actor audit.Actor, e Entitlement) (Entitlement, error) {
	now := s.clock.Now()
	e.ID, e.CreatedAt, e.UpdatedAt, e.DeletedAt, e.Version = EntitlementID(id.New(now)), now, now, time.Time{}, 1
	e.ConnectorID, e.ExternalID, e.Builtin, e.Edited = "", "", false, nil
	if err := e.Validate(); err != nil {
		return e, err
	}
	if err := lockApp(tx, e.AppID); err != nil {
		return e, err
	}
	if _, err := GetApp(tx, e.AppID); err != nil {
		return e, err
	}
	if _, err := GetResourceType(tx, e.AppID, e.TypeID); err != nil {
		return e, err
	}
	if _, err := GetResourceOfType(tx, e.AppID, e.TypeID, e.ResourceID); err != nil {
		return e, err
	}
	if err := claimAlias(tx, e); err != nil {
		return e, err
	}
	if err := s.choose(tx, e.Ref(), Chosen{}, e.Chosen, Emergency{}, e.Emergency); err != nil {
		return e, err
	}
	if err := s.chooseSchema(tx, "", e.RequestSchemaID); err != nil {
		return e, err
	}
	if err := means(tx, Entitlement{}, e); err != nil {
		return e, err
	}
	if err := insertEntitlement(tx, e); err != nil {
		return e, err
	}
	if err := classify(tx, e.Ref(), Classes{}, e.Classes); err != nil {
		return e, err
	}
	return e, s.log.Record(tx, actor,
		event("entitlement.created", audit.Create, "entitlement", e.AppID, e.ID, "created entitlement "+e.DisplayName))
}

// UpdateEntitlement changes a live entitlement, built-in ones too. On one that a connector reads, name and description that change
// are kept through later readings. Invalid, NotFound, Exists for an alias that is taken, Conflict.
func (s *Service) UpdateEntitlement(
	ctx context.Context, appID ID, entitlementID EntitlementID, change func(e *Entitlement) error,
) (Entitlement, error) {
	if err := iam.MayPass(ctx, s.db.Q(ctx), iam.Object{Type: "entitlement", AppID: string(appID), ID: string(entitlementID)}); err != nil {
		return Entitlement{}, err // how it is asked for says who gets it
	}
	now := s.clock.Now()
	var after Entitlement
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		before, err := GetEntitlement(tx, appID, entitlementID)
		if err != nil {
			return err
		}
		after = before
		if err := change(&after); err != nil {
			return err
		}
		after.AppID, after.ID, after.TypeID, after.ResourceID = before.AppID, before.ID, before.TypeID, before.ResourceID
		after.ConnectorID, after.ExternalID, after.Builtin = before.ConnectorID, before.ExternalID, before.Builtin
		after.CreatedAt, after.DeletedAt, after.Version = before.CreatedAt, time.Time{}, before.Version
		after.Edited = before.Edited.note(before.ConnectorID,
			[2]string{before.DisplayName, before.Description}, [2]string{after.DisplayName, after.Description})
		if after.GrantPolicyID != before.GrantPolicyID {
			after.Overruled = false
		}
		if err := after.Validate(); err != nil {
			return err
		}
		diff, err := audit.Changes(before, after)
		if err != nil || len(diff) == 0 {
			return err
		}
		if after.Alias != before.Alias {
			if err := claimAlias(tx, after); err != nil {
				return err
			}
		}
		if err := s.choose(tx, after.Ref(), before.Chosen, after.Chosen, before.Emergency, after.Emergency); err != nil {
			return err
		}
		if err := s.chooseSchema(tx, before.RequestSchemaID, after.RequestSchemaID); err != nil {
			return err
		}
		if err := means(tx, before, after); err != nil {
			return err
		}
		after.UpdatedAt = now
		if err := updateEntitlement(tx, after); err != nil {
			return err
		}
		if err := classify(tx, after.Ref(), before.Classes, after.Classes); err != nil {
			return err
		}
		after.Version++
		e := event("entitlement.updated", audit.Update, "entitlement", appID, entitlementID, "changed entitlement "+after.DisplayName)
		e.Data = diff
		return s.log.Record(tx, audit.From(ctx), e)
	})
	return after, err
}

// Overrule notes of the entitlements of a resource that how they are asked for was configured now, which counts more than the grant
// policies that they chose before; see [EntitlementDoc].
func (s *Service) Overrule(tx *db.Tx, actor audit.Actor, of ResourceRef) error {
	list, err := db.Collect(tx, ScanEntitlement, `select `+EntitlementColumns("")+` from entitlement
		where resource_id = $1 and app_id = $2 and grant_policy_id <> '' and deleted_at is null`, string(of.ID), string(of.AppID))
	if err != nil {
		return err
	}
	for _, e := range list {
		if e.Overruled {
			continue
		}
		e.Overruled, e.UpdatedAt = true, s.clock.Now()
		if err := updateEntitlement(tx, e); err != nil {
			return err
		}
		v := event("entitlement.updated", audit.Update, "entitlement", e.AppID, e.ID, "overruled the grant policy of "+e.DisplayName)
		v.Data = map[string]any{"overruled": map[string]any{"from": false, "to": true}}
		if err := s.log.Record(tx, actor, v); err != nil {
			return err
		}
	}
	return nil
}

// DeleteEntitlement deletes a live entitlement made by people and tells every [Notice]. NotFound, Conflict; Precondition for a
// built-in one and for one that a connector reads.
func (s *Service) DeleteEntitlement(ctx context.Context, appID ID, entitlementID EntitlementID) error {
	now, actor := s.clock.Now(), audit.From(ctx)
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if err := lockApp(tx, appID); err != nil {
			return err
		}
		e, err := GetEntitlement(tx, appID, entitlementID)
		if err != nil {
			return err
		}
		if err := ofPeople(tx, appID, e.ConnectorID, e.Builtin, "entitlement", "deleted"); err != nil {
			return err
		}
		e.UpdatedAt, e.DeletedAt = now, now
		if err := updateEntitlement(tx, e); err != nil {
			return err
		}
		if err := s.entitlementsEnded(tx, actor, appID, []EntitlementID{entitlementID}, now); err != nil {
			return err
		}
		return s.log.Record(tx, actor,
			event("entitlement.deleted", audit.Delete, "entitlement", appID, entitlementID, "deleted entitlement "+e.DisplayName))
	})
}

// claimAlias refuses an alias that another live entitlement has. The lock makes two claims of one alias take turns.
func claimAlias(tx *db.Tx, e Entitlement) error {
	if e.Alias == "" {
		return nil
	}
	if err := tx.Lock("alias:" + e.Alias); err != nil {
		return err
	}
	taken, err := aliasTaken(tx, e.Alias, e.Ref())
	if err == nil && taken {
		err = fault.New(fault.Exists, "alias: another entitlement has this alias")
	}
	return err
}
