package app

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// IdentitySource is since when an app is a directory, and how its accounts find their users.
type IdentitySource struct {
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	Matching
}

// DirectorySince is since when the app is a directory, and when that was last changed; from the app's beginning where nobody made it
// one later.
func (a App) DirectorySince() IdentitySource {
	if a.Source == nil {
		return IdentitySource{CreatedAt: a.CreatedAt, UpdatedAt: a.CreatedAt}
	}
	return *a.Source
}

func (a App) matching() Matching {
	if a.Source == nil {
		return Matching{}
	}
	return a.Source.Matching
}

// GetDirectory reads a live app that is a directory. NotFound if there is none.
func GetDirectory(q db.Q, appID ID) (App, error) {
	a, err := GetApp(q, appID)
	if fault.Is(err, fault.NotFound) || err == nil && !a.Directory {
		return App{}, fault.Missing("directory", string(appID))
	}
	return a, err
}

// MakeDirectory makes a live app one that people come from, whose accounts find their users as m says. Invalid, NotFound, Conflict; Exists
// for one that is; Denied, here and below, for another way to find users where who has an account of the app has powers beyond the
// caller's roles. The threat: who says whose accounts are would give themself an administrator's.
func (s *Service) MakeDirectory(ctx context.Context, appID ID, m Matching) (App, error) {
	if err := m.Validate(); err != nil {
		return App{}, err
	}
	return s.source(ctx, appID, "app.directory_made", func(a *App, now time.Time) error {
		if a.Directory {
			return fault.New(fault.Exists, "appId: the app is a directory already")
		}
		a.Directory, a.Source = true, &IdentitySource{now, now, m}
		return nil
	})
}

// SetDirectory writes anew how the accounts of a directory find their users. It acts from the next reading on, and takes no account from
// anybody by itself; see [Matching]. Invalid, NotFound, Conflict, Denied.
func (s *Service) SetDirectory(ctx context.Context, appID ID, m Matching) (App, error) {
	if err := m.Validate(); err != nil {
		return App{}, err
	}
	return s.source(ctx, appID, "app.directory_changed", func(a *App, now time.Time) error {
		a.Source = &IdentitySource{a.DirectorySince().CreatedAt, now, m}
		return needDirectory(*a)
	})
}

// UnmakeDirectory makes an app a directory no more; its accounts stay, and find their users by the e-mail address. NotFound, Conflict,
// Denied.
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
		now, before := s.clock.Now(), a.matching()
		if err := change(&a, now); err != nil {
			return err
		}
		if !a.matching().equal(before) {
			if err := iam.MayPass(ctx, tx, iam.Object{Type: string(iam.SortApp), ID: string(appID)}); err != nil {
				return err
			}
		}
		diff, err := audit.Changes(before, a.matching())
		if err != nil {
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
		e := event(kind, audit.Update, "app", appID, appID, message+a.DisplayName)
		e.Data = diff
		return s.log.Record(tx, audit.From(ctx), e)
	})
	return a, err
}
