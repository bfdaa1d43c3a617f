package grant

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/db"
)

// Watcher is told, in the transaction of the change, of entitlements whose holders are not the same any more, or may not be. It is told
// nothing of an end that is set or moved, until it comes, nor of accounts and users that are disabled.
type Watcher interface {
	GrantChanged(tx *db.Tx, of app.EntitlementRef, at time.Time) error
}

// Watch says who is told of holders that change. Only at start, before anything runs.
func (s *Service) Watch(w Watcher) { s.watcher = w }

// watched tells of the entitlements of the grants, each once.
func (s *Service) watched(tx *db.Tx, at time.Time, grants ...held) error {
	if s.watcher == nil {
		return nil
	}
	told := map[app.EntitlementRef]bool{}
	for _, h := range grants {
		of := app.EntitlementRef{AppID: h.App, ID: h.Entitlement}
		if told[of] {
			continue
		}
		told[of] = true
		if err := s.watcher.GrantChanged(tx, of, at); err != nil {
			return err
		}
	}
	return nil
}
