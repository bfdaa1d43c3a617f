package iam

import (
	"context"
	"errors"
	"slices"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// rights is what one credential is and reaches, as read at one moment. It is shared and never changed.
type rights struct {
	template Principal // without token and address
	client   Client    // zero for a session
	limits   Limits    // of the credential itself; template.Limits bounds what it makes
}

// loadClient reads the rights of a client. Unauthenticated if it or its user is not there any more: the caller holds a token of
// ours, so the words tell nothing that was not known.
func (s *Service) loadClient(ctx context.Context, clientID string) (*rights, error) {
	var r *rights
	err := s.db.Read(ctx, func(q db.Q) error {
		c, err := clientByID(q, clientID)
		if errors.Is(err, db.ErrNoRows) || err == nil && !c.DeletedAt.IsZero() {
			return fault.New(fault.Unauthenticated, "the client was deleted")
		}
		if err != nil {
			return err
		}
		r, err = s.rightsOf(q, c.UserID, c.gives())
		if err != nil {
			return err
		}
		r.client, r.limits = c, c.Limits
		if r.template.ReadOnly = c.ReadOnly; c.ReadOnly {
			r.template.Scopes = Meet(r.template.Scopes, table().reading)
		}
		r.template.Kind, r.template.ClientKey, r.template.ClientID, r.template.Device = c.Kind, c.Key, c.ClientID, c.Device
		return nil
	})
	return r, err
}

// rightsOf reads the rights of a user through a credential that gives limits to what it makes.
func (s *Service) rightsOf(q db.Q, userID directory.UserID, gives Limits) (*rights, error) {
	u, err := directory.Get(q, userID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	if err != nil || u.Status != directory.Enabled {
		return nil, fault.New(fault.Unauthenticated, "the user is disabled")
	}
	owner, err := rolesOfUser(q, userID)
	if err != nil {
		return nil, err
	}
	scope, err := rolesByID(q, gives.Roles)
	if err != nil {
		return nil, err
	}
	powerless := true
	if s.powers != nil {
		given, err := s.powers.Given(q)
		if err != nil {
			return nil, err
		}
		powerless = !given
	}
	scoped := len(gives.Roles) > 0
	var bound Scopes
	if scoped {
		bound = union(scope)
	}
	return &rights{template: Principal{
		UserID: u.ID, Name: u.DisplayName, Email: u.Email,
		Scopes:     s.memo.effective(owner, scope, scoped),
		SuperAdmin: slices.ContainsFunc(owner, func(r Role) bool { return r.ID == BuiltinID(SuperAdministrator) }),
		Scoped:     scoped,
		Bound:      bound,
		Limits:     gives,
		powerless:  powerless,
	}}, nil
}
