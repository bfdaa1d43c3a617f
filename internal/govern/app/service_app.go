package app

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// CreateApp makes a, with the built-in objects in it, tells every [Created], and does in the same transaction what also says; id,
// times and version are filled in and it starts without a connector. Invalid for a broken limit.
func (s *Service) CreateApp(ctx context.Context, a App, also ...func(tx *db.Tx, a App) error) (App, error) {
	now, actor := s.clock.Now(), audit.From(ctx)
	a.ID, a.CreatedAt, a.UpdatedAt, a.DeletedAt, a.Version = ID(id.New(now)), now, now, time.Time{}, 1
	a.ManuallyManaged, a.CreatedBy = true, directory.UserID(actor.UserID)
	if err := a.Validate(); err != nil {
		return App{}, err
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := s.addApp(tx, actor, a); err != nil {
			return err
		}
		return alsoDo(tx, a, also)
	})
	return a, err
}

// EnsureApp makes the app that every installation has under a.ID, unless it is there or was deleted, and reports whether it did.
func (s *Service) EnsureApp(tx *db.Tx, actor audit.Actor, a App) (fresh bool, err error) {
	if err := lockApp(tx, a.ID); err != nil {
		return false, err
	}
	there, err := ManyApps(tx, []ID{a.ID})
	if err != nil || len(there) > 0 {
		return false, err
	}
	now := s.clock.Now()
	a.CreatedAt, a.UpdatedAt, a.DeletedAt, a.Version, a.ManuallyManaged = now, now, time.Time{}, 1, true
	if err := a.Validate(); err != nil {
		return false, err
	}
	return true, s.addApp(tx, actor, a)
}

func (s *Service) addApp(tx *db.Tx, actor audit.Actor, a App) error {
	if err := s.choose(tx, EntitlementRef{AppID: a.ID}, Chosen{}, a.Chosen, Emergency{}, Emergency{}); err != nil {
		return err
	}
	if err := insertApp(tx, a); err != nil {
		return err
	}
	if err := insertBuiltin(tx, a); err != nil {
		return err
	}
	if err := s.log.Record(tx, actor, event("app.created", audit.Create, "app", a.ID, a.ID, "created app "+a.DisplayName)); err != nil {
		return err
	}
	for _, n := range s.created {
		if err := n.AppCreated(tx, actor, a); err != nil {
			return err
		}
	}
	return nil
}

func insertBuiltin(tx *db.Tx, a App) error {
	t := ResourceType{AppID: a.ID, ID: CredentialType, Kind: KindCustom, DisplayName: "Credential", Builtin: true, CreatedAt: a.CreatedAt}
	if err := insertResourceType(tx, t); err != nil {
		return err
	}
	r := Resource{AppID: a.ID, ID: AccessResource, TypeID: CredentialType, DisplayName: "Access", CreatedAt: a.CreatedAt}
	if err := insertResource(tx, r); err != nil {
		return err
	}
	return insertEntitlement(tx, Entitlement{
		AppID: a.ID, ID: AccessEntitlement, TypeID: CredentialType, ResourceID: AccessResource, DisplayName: "Access",
		Description: "Having an account in the app", Purpose: PurposeAssignment, Builtin: true, CreatedAt: a.CreatedAt,
	})
}

// UpdateApp changes a live app as change says. Invalid, NotFound, Conflict.
func (s *Service) UpdateApp(ctx context.Context, appID ID, change func(a *App) error) (App, error) {
	now := s.clock.Now()
	var after App
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		before, err := GetApp(tx, appID)
		if err != nil {
			return err
		}
		after = before
		if err := change(&after); err != nil {
			return err
		}
		after.ID, after.Version, after.CreatedAt, after.DeletedAt = before.ID, before.Version, before.CreatedAt, time.Time{}
		after.ManuallyManaged, after.Directory, after.CreatedBy = before.ManuallyManaged, before.Directory, before.CreatedBy
		after.Source = before.Source
		if err := after.Validate(); err != nil {
			return err
		}
		diff, err := audit.Changes(before, after)
		if err != nil || len(diff) == 0 {
			return err
		}
		if err := s.choose(tx, EntitlementRef{AppID: appID}, before.Chosen, after.Chosen, Emergency{}, Emergency{}); err != nil {
			return err
		}
		if err := s.chooseCatalog(tx, before.DefaultCatalogID, after.DefaultCatalogID); err != nil {
			return err
		}
		after.UpdatedAt = now
		if err := updateApp(tx, after); err != nil {
			return err
		}
		after.Version++
		e := event("app.updated", audit.Update, "app", appID, appID, "changed app "+after.DisplayName)
		e.Data = diff
		return s.log.Record(tx, audit.From(ctx), e)
	})
	return after, err
}

// DeleteApp deletes a live app and everything in it, and tells every [Notice]. Its connectors stop reading but keep how to reach
// their targets, where the grants that end now are still to be removed. NotFound; Precondition for [Own].
func (s *Service) DeleteApp(ctx context.Context, appID ID) error {
	if appID == Own {
		return fault.New(fault.Precondition, "this app is Interim itself and cannot be deleted")
	}
	now, actor := s.clock.Now(), audit.From(ctx)
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if err := lockApp(tx, appID); err != nil {
			return err
		}
		a, err := GetApp(tx, appID)
		if err != nil {
			return err
		}
		a.UpdatedAt, a.DeletedAt = now, now
		if err := updateApp(tx, a); err != nil {
			return err
		}
		if err := deleteInside(tx, appID, now); err != nil {
			return err
		}
		if err := s.resourcesEnded(tx, appID); err != nil {
			return err
		}
		if err := webhook.ReleaseApp(tx, string(appID)); err != nil {
			return err
		}
		for _, n := range s.notices {
			if err := n.AppEnded(tx, actor, appID, now, ReasonApp); err != nil {
				return err
			}
		}
		return s.log.Record(tx, actor, event("app.deleted", audit.Delete, "app", appID, appID, "deleted app "+a.DisplayName))
	})
}

// deleteInside deletes all that is live in an app, one statement for each kind, however many rows that are: it must happen at one
// instant, and the rows are few beside the app's grants, which are not touched here.
func deleteInside(tx *db.Tx, appID ID, now time.Time) error {
	for _, statement := range []string{
		`update resource_type set deleted_at = $2, updated_at = $2, version = version + 1 where app_id = $1 and deleted_at is null`,
		`update resource set deleted_at = $2, updated_at = $2, version = version + 1 where app_id = $1 and deleted_at is null`,
		`update entitlement set deleted_at = $2, updated_at = $2, version = version + 1 where app_id = $1 and deleted_at is null`,
		`update account set deleted_at = $2, updated_at = $2, status = 'DELETED', version = version + 1
			where app_id = $1 and deleted_at is null`,
		`update connector set deleted_at = $2, updated_at = $2, sync_due_at = null, version = version + 1
			where app_id = $1 and deleted_at is null`,
	} {
		if _, err := tx.Exec(statement, string(appID), clock.Micros(now)); err != nil {
			return err
		}
	}
	return nil
}
