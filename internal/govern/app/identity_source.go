package app

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// IdentitySource is since when an app is a directory.
type IdentitySource struct {
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// DirectorySince is since when the app is a directory, and when that was last changed; from the app's beginning where nobody made it
// one later.
func (a App) DirectorySince() IdentitySource {
	if a.Source == nil {
		return IdentitySource{a.CreatedAt, a.CreatedAt}
	}
	return *a.Source
}

// GetDirectory reads a live app that is a directory. NotFound if there is none.
func GetDirectory(q db.Q, appID ID) (App, error) {
	a, err := GetApp(q, appID)
	if fault.Is(err, fault.NotFound) || err == nil && !a.Directory {
		return App{}, fault.Missing("directory", string(appID))
	}
	return a, err
}

// MakeDirectory makes a live app one that people come from. NotFound, Conflict; Exists for one that is.
func (s *Service) MakeDirectory(ctx context.Context, appID ID) (App, error) {
	return s.source(ctx, appID, "app.directory_made", func(a *App, now time.Time) error {
		if a.Directory {
			return fault.New(fault.Exists, "appId: the app is a directory already")
		}
		a.Directory, a.Source = true, &IdentitySource{now, now}
		return nil
	})
}

// TouchDirectory notes that how a directory is read was written anew. NotFound, Conflict.
func (s *Service) TouchDirectory(ctx context.Context, appID ID) (App, error) {
	return s.source(ctx, appID, "app.directory_changed", func(a *App, now time.Time) error {
		a.Source = &IdentitySource{a.DirectorySince().CreatedAt, now}
		return needDirectory(*a)
	})
}

// UnmakeDirectory makes an app a directory no more; its accounts stay. NotFound, Conflict.
func (s *Service) UnmakeDirectory(ctx context.Context, appID ID) (App, error) {
	return s.source(ctx, appID, "app.directory_removed", func(a *App, _ time.Time) error {
		err := needDirectory(*a)
		a.Directory, a.Source = false, nil
		return err
	})
}

func needDirectory(a App) error {
	if !a.Directory {
		return fault.Missing("directory", string(a.ID))
	}
	return nil
}

func (s *Service) source(ctx context.Context, appID ID, kind string, change func(a *App, now time.Time) error) (a App, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if a, err = GetApp(tx, appID); err != nil {
			return err
		}
		now := s.clock.Now()
		if err := change(&a, now); err != nil {
			return err
		}
		a.UpdatedAt = now
		if err := updateApp(tx, a); err != nil {
			return err
		}
		a.Version++
		message := map[string]string{
			"app.directory_made": "people come from ", "app.directory_changed": "changed how people come from ",
			"app.directory_removed": "people no longer come from ",
		}[kind]
		return s.log.Record(tx, audit.From(ctx), event(kind, audit.Update, "app", appID, appID, message+a.DisplayName))
	})
	return a, err
}
