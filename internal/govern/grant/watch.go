package grant

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/db"
)

// Watcher is told, in the transaction of the change, of grants that began, are in another state than before, or will end at another time,
// see [Grant.Until]. It is told nothing of accounts and users that are disabled. What it does with other grants it is told of in turn.
type Watcher interface {
	GrantsChanged(tx *db.Tx, changed []Step, at time.Time) error
}

// Watch adds who is told of holders that change. Only at start, before anything runs.
func (s *Service) Watch(w Watcher) { s.watchers = append(s.watchers, w) }

// Holders is told what a [Watcher] is told, except for an end that is set or moved, until it comes; of all entitlements of one change at
// once, each of them once.
type Holders interface {
	HoldersChanged(tx *db.Tx, of []app.EntitlementRef, at time.Time) error
}

// TellHolders says who is told, too. Only at start, before anything runs.
func (s *Service) TellHolders(n Holders) { s.holders = n }

// endMoved tells of a grant that stays what it is and will end at another time than before.
func (s *Service) endMoved(tx *db.Tx, at time.Time, before held, after Step) error {
	if before.Until().Equal(after.Until()) {
		return nil
	}
	return s.tellWatchers(tx, at, []Step{after})
}

// watched tells of the steps that grants took.
func (s *Service) watched(tx *db.Tx, at time.Time, changed ...Step) error {
	if len(changed) == 0 {
		return nil
	}
	if err := s.tellWatchers(tx, at, changed); err != nil {
		return err
	}
	if s.holders == nil {
		return nil
	}
	return s.holders.HoldersChanged(tx, entitlementsOf(changed), at)
}

func (s *Service) tellWatchers(tx *db.Tx, at time.Time, changed []Step) error {
	for _, w := range s.watchers {
		if err := w.GrantsChanged(tx, changed, at); err != nil {
			return err
		}
	}
	return nil
}

// entitlementsOf are the entitlements of the steps, each once.
func entitlementsOf(list []Step) []app.EntitlementRef {
	seen := make(map[app.EntitlementRef]bool, len(list))
	var of []app.EntitlementRef
	for _, step := range list {
		if ref := (app.EntitlementRef{AppID: step.App, ID: step.Entitlement}); !seen[ref] {
			seen[ref], of = true, append(of, ref)
		}
	}
	return of
}
