package owner

import (
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
)

// Runs reports whether u is no person but a service or an agent that somebody owns at a moment: what it may, they may. NotFound.
func (s *Service) Runs(q db.Q, somebody, u directory.UserID, at time.Time) (bool, error) {
	who, err := directory.Get(q, u)
	if err != nil || who.Kind == directory.KindHuman {
		return false, err
	}
	o := OfUser(u)
	owned, err := s.Users(q, []Object{o}, Primary, at)
	return slices.ContainsFunc(owned[o], func(one Owned) bool { return one.User == somebody }), err
}
