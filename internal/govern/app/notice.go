package app

import (
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/db"
)

// Notice is told, inside the transaction, that objects are deleted at that time. Whoever keeps grants for them ends those there.
type Notice interface {
	// AppEnded is called when an app was deleted with all that is in it; nothing is told of its entitlements and accounts apart.
	AppEnded(tx *db.Tx, actor audit.Actor, app ID, at time.Time, reason string) error
	// EntitlementsEnded is called for at most [MaxBatch] entitlements of one app.
	EntitlementsEnded(tx *db.Tx, actor audit.Actor, app ID, ids []EntitlementID, at time.Time, reason string) error
	// AccountsEnded is called for at most [MaxBatch] accounts of one app.
	AccountsEnded(tx *db.Tx, actor audit.Actor, app ID, ids []AccountID, at time.Time, reason string) error
}

// Created is told, inside the transaction, that an app was made, so that it can be given what every app has.
type Created interface {
	AppCreated(tx *db.Tx, actor audit.Actor, a App) error
}

// ResourceEnded is told, inside the transaction, that resources of an app are deleted: which ones, their rows say. Whoever keeps
// something for resources and nothing else asks for it there.
type ResourceEnded interface {
	ResourcesEnded(tx *db.Tx, app ID) error
}

// AccountsChanged is told, inside the transaction, that live accounts of an app were enabled or disabled in its target, or came to be
// somebody else's: what people hold by them, and by which accounts they hold it, is another from then on. No account that was made or
// deleted is told of.
type AccountsChanged interface {
	AccountsChanged(tx *db.Tx, app ID, at time.Time) error
}

// stands reports whether what an account gives its holder differs between two states of it.
func stands(before, after Account) bool {
	return before.ID != "" && (before.Status != after.Status || before.UserID != after.UserID)
}

func (s *Service) accountsChanged(tx *db.Tx, app ID, at time.Time) error {
	for _, n := range s.changed {
		if err := n.AccountsChanged(tx, app, at); err != nil {
			return err
		}
	}
	return nil
}

// Reasons given to a [Notice].
const (
	ReasonApp         = "APP_DELETED"
	ReasonEntitlement = "ENTITLEMENT_DELETED"
	ReasonAccount     = "ACCOUNT_DELETED"
)

func (s *Service) entitlementsEnded(tx *db.Tx, actor audit.Actor, app ID, ids []EntitlementID, at time.Time) error {
	if err := webhook.Release(tx, callsWebhooks, string(app), ids); err != nil {
		return err
	}
	for _, chunk := range db.Chunks(ids, MaxBatch) {
		for _, n := range s.notices {
			if err := n.EntitlementsEnded(tx, actor, app, chunk, at, ReasonEntitlement); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) resourcesEnded(tx *db.Tx, app ID) error {
	for _, n := range s.ended {
		if err := n.ResourcesEnded(tx, app); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) accountsEnded(tx *db.Tx, actor audit.Actor, app ID, ids []AccountID, at time.Time) error {
	for _, chunk := range db.Chunks(ids, MaxBatch) {
		for _, n := range s.notices {
			if err := n.AccountsEnded(tx, actor, app, chunk, at, ReasonAccount); err != nil {
				return err
			}
		}
	}
	return nil
}
