package iam

import (
	"context"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// MayChange answers Denied if a user's roles, or powers, reach beyond both the caller and a Basic User; of a user who is not there it
// says nothing. The threat: a custom role that may edit, disable or delete people, or end their credentials, would otherwise rule those
// who gave it.
func (s *Service) MayChange(ctx context.Context, userID directory.UserID) error {
	return s.mayChange(ctx, s.db.Q(ctx), userID)
}

func (s *Service) mayChange(ctx context.Context, q db.Q, userID directory.UserID) error {
	p, err := PrincipalFrom(ctx)
	if err != nil {
		return err
	}
	roles, err := rolesOfUser(q, userID)
	if err == nil && !Join(p.Scopes, table().scopes[BasicUser]).Covers(union(roles)) {
		err = fault.New(fault.Denied, "Permission denied, the user has roles that reach beyond what this credential may do")
	}
	if err != nil || s.powers == nil {
		return err
	}
	list, err := s.powers.Held(q, userID, s.clock.Now())
	if err != nil {
		return err
	}
	return MayHand(ctx, list)
}
