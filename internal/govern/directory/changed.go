package directory

import (
	"time"

	"github.com/interim-access/interim/internal/platform/db"
)

// Changed is told, inside the transaction, that a user is not as before: other words, another manager, another status.
type Changed interface {
	UserChanged(tx *db.Tx, u UserID, at time.Time) error
}

// TellChanged adds a listener to users that change. Only at start.
func (s *Service) TellChanged(n Changed) { s.changed = append(s.changed, n) }

func (s *Service) tellChanged(tx *db.Tx, u User) error {
	for _, n := range s.changed {
		if err := n.UserChanged(tx, u.ID, u.UpdatedAt); err != nil {
			return err
		}
	}
	return nil
}

// Standing is told, inside the transaction, that a user stands differently to others: other managers, or another status.
type Standing interface {
	StandingChanged(tx *db.Tx, u UserID, at time.Time) error
}

// TellStanding adds a listener. Only at start.
func (s *Service) TellStanding(n Standing) { s.standing = append(s.standing, n) }

func (s *Service) tellStanding(tx *db.Tx, u User) error {
	for _, n := range s.standing {
		if err := n.StandingChanged(tx, u.ID, u.UpdatedAt); err != nil {
			return err
		}
	}
	return nil
}
