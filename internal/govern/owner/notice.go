package owner

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
)

// Notice is told, in the transaction of the change, whose owners may be others from now on. Of who owns by holding an entitlement the
// grants tell.
type Notice interface {
	OwnersChanged(tx *db.Tx, o Object, at time.Time) error
}

// Tell says who is told. Only at start, before requests are served.
func (s *Service) Tell(n Notice) { s.notice = n }

// AppCreated implements [app.Created]: whoever makes an app is its first owner.
func (s *Service) AppCreated(tx *db.Tx, actor audit.Actor, a app.App) error {
	if a.CreatedBy == "" {
		return nil
	}
	_, err := s.addUser(tx, actor, OfApp(a.ID), Primary, a.CreatedBy)
	return err
}

// Also returns what makes these users and entitlements primary owners beside those there are, in the transaction that makes the
// object. NotFound for a user or entitlement that is not there or deleted; Precondition above [MaxOwners].
func (s *Service) Also(actor audit.Actor, users []directory.UserID, entitlements []app.EntitlementRef) func(*db.Tx, Object) error {
	return func(tx *db.Tx, o Object) error {
		for _, u := range once(users) {
			if _, err := s.addUser(tx, actor, o, Primary, u); err != nil {
				return err
			}
		}
		for _, e := range once(entitlements) {
			if _, err := s.addEntitlement(tx, actor, o, Primary, e); err != nil {
				return err
			}
		}
		return nil
	}
}
