package automation

import (
	"sync"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
)

// topic is told that there is another source.
const topic = "automation"

// known remembers which entitlements are sources: most are none, and a grant of those costs nothing more. What it does not know yet
// the next pass finds.
type known struct {
	mu      sync.Mutex
	sources map[app.EntitlementRef]bool // nil: to be read
	times   int                         // how often it was forgotten
}

func (k *known) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sources = nil
	k.times++
}

func (k *known) has(q db.Q, of app.EntitlementRef) (bool, error) {
	k.mu.Lock()
	sources, times := k.sources, k.times
	k.mu.Unlock()
	if sources != nil {
		return sources[of], nil
	}
	list, err := db.Collect(q, scanRef, `select src_app_id, src_entitlement_id from proxy where deleted_at is null
		union select src_app_id, src_entitlement_id from automation_ref`)
	if err != nil {
		return false, err
	}
	sources = make(map[app.EntitlementRef]bool, len(list))
	for _, e := range list {
		sources[e] = true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.times == times {
		k.sources = sources
	}
	return sources[of], nil
}

// wake has what tx writes looked at, and tells everybody that sources may have changed.
func (s *Service) wake(tx *db.Tx, at time.Time) {
	tx.Notify(topic, "sources")
	due.Wake(tx, at)
}

// GrantChanged implements grant.Watcher: who is bound to what changed is looked at soon.
func (s *Service) GrantChanged(tx *db.Tx, of app.EntitlementRef, at time.Time) error {
	if watched, err := s.known.has(tx, of); err != nil || !watched {
		return err
	}
	soon := clock.Micros(at.Add(settle))
	args := []any{string(of.AppID), string(of.ID), soon}
	n, err := tx.Exec(`update proxy set due_at = $3 where src_app_id = $1 and src_entitlement_id = $2 and due_at > $3`, args...)
	if err != nil {
		return err
	}
	m, err := tx.Exec(`update automation set due_at = $3 where due_at > $3 and deleted_at is null and (app_id, entitlement_id) in
		(select r.app_id, r.entitlement_id from automation_ref r where r.src_app_id = $1 and r.src_entitlement_id = $2)`, args...)
	if n+m > 0 {
		due.Wake(tx, at.Add(settle))
	}
	return err
}

// UserChanged implements directory.Changed: rules with an expression are worked out anew soon.
func (s *Service) UserChanged(tx *db.Tx, _ directory.UserID, at time.Time) error {
	n, err := tx.Exec(`update automation set due_at = $1 where due_at > $1 and deleted_at is null and kind in ('BASIC', 'CEL')`,
		clock.Micros(at.Add(settle)))
	if n > 0 {
		due.Wake(tx, at.Add(settle))
	}
	return err
}

// UserCreated implements directory.Created.
func (s *Service) UserCreated(tx *db.Tx, _ audit.Actor, u directory.User) error {
	return s.UserChanged(tx, u.ID, u.CreatedAt)
}
