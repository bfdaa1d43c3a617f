package provision

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/id"
)

// Outcome is how one call of an operation went.
type Outcome struct {
	Operation
	Note string // what the target said that people should know
	Err  error  // nil: the target confirmed
	off  bool   // not called at all: somebody else shall
}

// Words is the error in words for people, "" where there was none.
func (o Outcome) Words() string {
	if o.Err == nil {
		return ""
	}
	return words(o.Err)
}

// Done is who the operations work for: the grants. It is told in the transaction that moves the operations, at most 500 at once.
type Done interface {
	// LockGrants makes others wait who change these grants, before any of their operations is touched: whoever changes a grant
	// touches its operation afterwards, and two orders of locking would be a deadlock.
	LockGrants(tx *db.Tx, grantIDs []string) error
	// OperationsDone tells what the targets confirmed.
	OperationsDone(tx *db.Tx, done []Outcome, at time.Time) error
	// OperationsFailed tells of calls that failed and will be made again.
	OperationsFailed(tx *db.Tx, failed []Outcome, at time.Time) error
	// OperationsAbandoned tells of operations that were closed without a call, because their connector was deleted.
	OperationsAbandoned(tx *db.Tx, operations []Operation, at time.Time) error
}

// Deps is what the service stands on. Registerer may be nil.
type Deps struct {
	DB         *db.DB
	Clock      clock.Clock
	Log        *slog.Logger
	Targets    Targets
	Registerer prometheus.Registerer
}

// Service opens operations and carries them out.
type Service struct {
	Deps

	done    Done
	slots   slots
	burst   burst
	metrics metrics
}

// New returns the service; [Service.Tell] says who is told of outcomes, before anything runs.
func New(d Deps) *Service {
	return &Service{Deps: d, metrics: newMetrics(d.Registerer)}
}

// Tell says who is told of outcomes. Only at start.
func (s *Service) Tell(d Done) { s.done = d }

// Order asks for one operation.
type Order struct {
	GrantID     string
	Connector   app.ConnectorID
	App         app.ID
	Entitlement app.EntitlementID
	Account     app.AccountID
}

// Open opens the first operation of a grant that was made in the same transaction.
func (s *Service) Open(tx *db.Tx, kind Kind, o Order, now time.Time) {
	insert(tx, kind, []Order{o}, now, nil)
	due.Wake(tx, now)
}

// Replace makes kind what the grants want from now on, at most 500 of them. An open operation of the same kind goes on; one of the
// other kind is superseded, and where a worker may be calling for it right now, the new one waits for the end of its lease.
func (s *Service) Replace(tx *db.Tx, kind Kind, orders []Order, now time.Time) error {
	if len(orders) == 0 {
		return nil
	}
	leases, err := supersede(tx, kind, orders, now)
	if err != nil {
		return err
	}
	insert(tx, kind, orders, now, leases)
	due.Wake(tx, now)
	return nil
}

// Hurry makes the open operation of a grant due now if a call for it failed.
func (s *Service) Hurry(tx *db.Tx, grantID string, now time.Time) {
	tx.Queue(`update operation set due_at = $2, version = version + 1 where grant_id = $1 and state = 'open' and lease = '' and attempts > 0
		and due_at > $2`,
		grantID, clock.Micros(now))
	due.Wake(tx, now)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Recover makes the operations of a worker that died due again at once. On SQLite, at start, where no other process can be at
// work; on PostgreSQL a lease may be another replica's and has to run out.
func (s *Service) Recover(ctx context.Context) error {
	if s.DB.Engine() != db.SQLite {
		return nil
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error { return recoverLeases(tx, s.Clock.Now()) })
}

// token names one claim of one worker.
func (s *Service) token() string { return id.New(s.Clock.Now()) }
