package app

import (
	"fmt"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// Service holds the use cases about apps and what is in them. Whether the caller may is judged by the doors, except where a method
// says otherwise; each method is one transaction, its audit event included.
//
// An Update method calls change on the object as it is at that moment and may call it again, so change does nothing else. What
// change may not touch (identities, times, what only a connector knows) is put back. An update that changes nothing writes nothing.
type Service struct {
	db       *db.DB
	clock    clock.Clock
	log      *audit.Log
	notices  []Notice
	policies Policies
	offers   Offers
	created  []Created
	ended    []ResourceEnded
	changed  []AccountsChanged
}

// New returns the use cases over d.
func New(d *db.DB, c clock.Clock, log *audit.Log) *Service {
	return &Service{db: d, clock: c, log: log}
}

// Tell adds a listener to objects that end. Only at start, before requests are served.
func (s *Service) Tell(n Notice) { s.notices = append(s.notices, n) }

// TellCreated adds a listener to apps that are made. Only at start.
func (s *Service) TellCreated(n Created) { s.created = append(s.created, n) }

// TellResources adds a listener to resources that end. Only at start.
func (s *Service) TellResources(n ResourceEnded) { s.ended = append(s.ended, n) }

// TellAccounts adds a listener to accounts that change. Only at start.
func (s *Service) TellAccounts(n AccountsChanged) { s.changed = append(s.changed, n) }

// lockApp makes everybody who adds to this app, removes from it or deletes it take turns, so that nothing is added below what is
// being deleted, and what must be unique is looked for and written at one time.
func lockApp(tx *db.Tx, id ID) error { return tx.Lock("app:" + string(id)) }

// alsoDo does, in the transaction that makes an object, what the caller wants done with it.
func alsoDo[T any](tx *db.Tx, made T, also []func(tx *db.Tx, made T) error) error {
	for _, fn := range also {
		if err := fn(tx, made); err != nil {
			return err
		}
	}
	return nil
}

// event is the audit event about one object of an app.
func event(kind string, a audit.Activity, object string, app ID, id any, message string) audit.Event {
	return audit.Event{Kind: kind, Activity: a, ObjectType: object, ObjectID: fmt.Sprint(id), AppID: string(app), Message: message}
}
