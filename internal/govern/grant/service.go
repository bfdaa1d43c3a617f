package grant

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// Deps is what the service stands on. Notices and Registerer may be nil.
type Deps struct {
	DB         *db.DB
	Clock      clock.Clock
	Audit      *audit.Log
	Apps       *app.Service // makes the accounts that members of apps without a connector need
	Provision  *provision.Service
	Notices    Notices // nil: nobody is told that their access ends
	Registerer prometheus.Registerer
}

// Service holds the use cases about grants. Each is one transaction, its audit events and operations included. Whether the caller
// may is judged by the doors.
//
// It implements provision.Done, directory.Notice and app.Notice; the server introduces it to those three.
type Service struct {
	Deps

	share    string // locks the rows of a select against change, where the engine has rows to lock
	metrics  *metrics
	notice   Notice // nil: nobody is told
	watchers []Watcher
	holders  Holders // nil: nobody is told
}

// The interfaces that the server wires.
var (
	_ provision.Done   = (*Service)(nil)
	_ directory.Notice = (*Service)(nil)
	_ app.Notice       = (*Service)(nil)
)

// New returns the use cases.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	if d.DB.Engine() == db.Postgres {
		s.share = " for share"
	}
	s.metrics = newMetrics(s)
	return s
}

// Get reads the grant of k that is not ended. NotFound if there is none.
func (s *Service) Get(ctx context.Context, k Key) (Grant, error) {
	h, err := live(s.DB.Q(ctx), k)
	return h.Grant, err
}

// change takes the grant of k one step further: the row is read, next decides at the moment of the write, and the row is written
// only over the version that was read. Conflict if somebody was faster.
//
// The row is read before the transaction, not in it: on SQLite two changes at once would otherwise take turns, and the second
// would overwrite what its caller never saw.
func (s *Service) change(ctx context.Context, k Key, next step) (Grant, error) {
	h, err := live(s.DB.Q(ctx), k)
	if err != nil {
		return Grant{}, err
	}
	return s.write(ctx, h, next)
}

// step decides what becomes of a grant.
type step func(h held, now time.Time) (Grant, Effect, error)

func (s *Service) write(ctx context.Context, h held, next step) (after Grant, err error) {
	actor := audit.From(ctx)
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		now := s.Clock.Now()
		var effect Effect
		if after, effect, err = next(h, now); err != nil || effect.Kind == "" {
			return err
		}
		return s.apply(tx, actor, h, &after, effect, now)
	})
	return after, err
}

// SetEnd makes end the end of the direct source, exactly; no target is called. Invalid if end is zero, past, or further off than
// the entitlement allows (an unscoped Super Administrator may exceed that); NotFound without a live grant; Precondition for one
// that is held through other entitlements only; Conflict once the grant is past its end, or when somebody else was faster.
func (s *Service) SetEnd(ctx context.Context, k Key, end time.Time) (Grant, error) {
	if end.IsZero() {
		return Grant{}, required(endField)
	}
	if err := s.mayPass(ctx, k); err != nil {
		return Grant{}, err
	}
	end, unlimited := end.UTC().Truncate(time.Microsecond), superAdmin(ctx)
	return s.change(ctx, k, func(h held, now time.Time) (Grant, Effect, error) {
		g, effect, err := h.SetEnd(end, now)
		if err == nil {
			err = CheckEnd(endField, end, now, h.Longest, unlimited)
		}
		return g, effect, err
	})
}

// endField is how the doors name the end that SetEnd is given.
const endField = "newDeprovisionAt"

// ClearEnd takes the end of the direct source away; no target is called. Faults as [Service.SetEnd]: where the entitlement has a
// longest time, only an unscoped Super Administrator may.
func (s *Service) ClearEnd(ctx context.Context, k Key) (Grant, error) {
	if err := s.mayPass(ctx, k); err != nil {
		return Grant{}, err
	}
	unlimited := superAdmin(ctx)
	return s.change(ctx, k, func(h held, now time.Time) (Grant, Effect, error) {
		g, effect, err := h.SetEnd(time.Time{}, now)
		if err == nil {
			err = CheckEnd("deprovisionAt", time.Time{}, now, h.Longest, unlimited)
		}
		return g, effect, err
	})
}

// Revoke ends the direct source now; note (at most MaxNote characters, may be empty) says why. Invalid, NotFound, Precondition and
// Conflict as for [Service.SetEnd].
func (s *Service) Revoke(ctx context.Context, k Key, note string) (Grant, error) {
	if err := checkNote(note); err != nil {
		return Grant{}, err
	}
	by := person(audit.From(ctx))
	return s.change(ctx, k, func(h held, now time.Time) (Grant, Effect, error) { return h.Revoke(by, note, now) })
}
