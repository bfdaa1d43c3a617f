package grant

import (
	"time"

	"github.com/interim-access/interim/internal/platform/db"
)

// Watcher is told, in the transaction of the change, of grants that began or are in another state than before. It is told nothing of
// an end that is set or moved, until it comes, nor of accounts and users that are disabled. What it does with other grants it is told
// of in turn.
type Watcher interface {
	GrantsChanged(tx *db.Tx, changed []Step, at time.Time) error
}

// Watch says who is told of holders that change. Only at start, before anything runs.
func (s *Service) Watch(w Watcher) { s.watcher = w }

// watched tells of the steps that grants took.
func (s *Service) watched(tx *db.Tx, at time.Time, changed ...Step) error {
	if s.watcher == nil || len(changed) == 0 {
		return nil
	}
	return s.watcher.GrantsChanged(tx, changed, at)
}
