package app

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// CreateAccount records an account made by people in the app a.AppID; nothing is made in a target system. A connector that later
// reads an account of the same user name takes it over. Invalid; NotFound for app or user; Exists for a user name that a live
// account of the app has.
func (s *Service) CreateAccount(ctx context.Context, a Account) (Account, error) {
	return s.createAccount(ctx, a, func(*db.Tx) (Account, error) { return Account{}, nil })
}

// EnsureAccount is [Service.CreateAccount], unless the user has got an account in the app meanwhile: then it answers that.
func (s *Service) EnsureAccount(ctx context.Context, a Account) (Account, error) {
	return s.createAccount(ctx, a, func(tx *db.Tx) (Account, error) { return firstAccount(tx, a.AppID, a.UserID) })
}

// createAccount makes an account, unless known answers one while nobody else adds to the app.
func (s *Service) createAccount(ctx context.Context, a Account, known func(tx *db.Tx) (Account, error)) (Account, error) {
	now, actor := s.clock.Now(), audit.From(ctx)
	a.ID, a.CreatedAt, a.UpdatedAt, a.DeletedAt, a.Version = AccountID(id.New(now)), now, now, time.Time{}, 1
	a.ConnectorID, a.ExternalID, a.Profile = "", "", nil
	a.Chosen, a.KindChosen = a.UserID != "", a.Kind != ""
	a.normalize()
	if err := all(a.Validate(), address("email", a.Email)); err != nil {
		return Account{}, err
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := lockApp(tx, a.AppID); err != nil {
			return err
		}
		if _, err := GetApp(tx, a.AppID); err != nil {
			return err
		}
		if there, err := known(tx); err != nil || there.ID != "" {
			a = there
			return err
		}
		if err := s.checkAccount(tx, a); err != nil {
			return err
		}
		if err := insertAccount(tx, a); err != nil {
			return err
		}
		handOver(tx, "", a, now)
		e := event("account.created", audit.Create, "account", a.AppID, a.ID, "created account "+a.DisplayName)
		e.UserID = string(a.UserID)
		return s.log.Record(tx, actor, e)
	})
	return a, err
}

// UpdateAccount changes a live account. Whose account it is and of what kind can always be said, and stays said through later
// readings; names and addresses of an account that a connector reads are Precondition. Invalid; NotFound for account or user;
// Exists for a user name that is taken; Conflict.
func (s *Service) UpdateAccount(ctx context.Context, appID ID, accountID AccountID, change func(a *Account) error) (Account, error) {
	now := s.clock.Now()
	var after Account
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := lockApp(tx, appID); err != nil {
			return err
		}
		before, err := GetAccount(tx, appID, accountID)
		if err != nil {
			return err
		}
		after = before
		if err := change(&after); err != nil {
			return err
		}
		after, err = s.edited(tx, before, after)
		if err != nil {
			return err
		}
		if after.UserID != before.UserID { // who takes it over has what it holds
			if err := iam.MayPass(ctx, tx, iam.Object{Type: "account", AppID: string(appID), ID: string(accountID)}); err != nil {
				return err
			}
		}
		diff, err := audit.Changes(before, after)
		if err != nil || len(diff) == 0 {
			return err
		}
		after.UpdatedAt = now
		if err := updateAccount(tx, after); err != nil {
			return err
		}
		handOver(tx, before.UserID, after, now)
		if stands(before, after) {
			if err := s.accountsChanged(tx, appID, now); err != nil {
				return err
			}
		}
		after.Version++
		e := event("account.updated", audit.Update, "account", appID, accountID, "changed account "+after.DisplayName)
		e.Data, e.UserID = diff, string(after.UserID)
		return s.log.Record(tx, audit.From(ctx), e)
	})
	return after, err
}

// edited is before with what a person may write taken from after.
func (s *Service) edited(q db.Q, before, after Account) (Account, error) {
	a := before
	a.UserID, a.Kind = after.UserID, after.Kind
	a.DisplayName, a.Email, a.Username = after.DisplayName, after.Email, after.Username
	a.Chosen = before.Chosen || a.UserID != before.UserID
	if a.Chosen {
		a.Doubt = ""
	}
	a.KindChosen = before.KindChosen || a.Kind != before.Kind
	a.normalize()
	if a.DisplayName != before.DisplayName || a.Email != before.Email || a.Username != before.Username {
		if err := ofPeople(q, a.AppID, a.ConnectorID, false, "account", "renamed"); err != nil {
			return a, err
		}
		if err := address("email", a.Email); err != nil {
			return a, err
		}
	}
	if err := a.Validate(); err != nil {
		return a, err
	}
	return a, s.checkAccount(q, a)
}

// checkAccount refuses an account of an unknown or deleted user, and a second live account of one user name.
func (s *Service) checkAccount(q db.Q, a Account) error {
	if a.UserID != "" {
		u, err := directory.Get(q, a.UserID)
		if err != nil {
			return err
		}
		if u.Status == directory.Deleted {
			return fault.Missing("user", string(a.UserID))
		}
	}
	if a.Username == "" {
		return nil
	}
	taken, err := usernameTaken(q, a.AppID, a.Username, a.ID)
	if err == nil && taken {
		err = fault.New(fault.Exists, "username: another account of this app has this user name")
	}
	return err
}
