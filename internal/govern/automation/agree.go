package automation

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Agree gives what a binding proposed, in the transaction of the task that was asked: it is held by way of the source, until the end that
// was agreed to or that of the source, whichever is sooner. Precondition for who should not hold it by now, since they no longer hold the
// source or the binding or rule is gone; whether a rule still matches them its next pass finds. The other faults are those of
// [grant.Service.Pass].
func (s *Service) Agree(tx *db.Tx, actor audit.Actor, b Binding, g grant.Gift) (grant.Grant, error) {
	within, err := s.within(tx, b, holder{account: g.Account, user: g.For})
	if err != nil {
		return grant.Grant{}, err
	}
	given, end, err := s.Grants.Pass(tx, actor, g, b.Source, within)
	if err == nil {
		agreed(tx, b, asked{user: g.For, task: g.Given.Task, until: end, at: s.Clock.Now()})
	}
	return given, err
}

// within is until when h holds the source of a binding that is live; zero: without end.
func (s *Service) within(tx *db.Tx, b Binding, h holder) (time.Time, error) {
	now := s.Clock.Now()
	if b.Source == b.Destination {
		r, err := getRule(tx, b.Destination, "")
		if err == nil && r.Paused {
			err = fault.New(fault.NotFound, "the rule is switched off")
		}
		return time.Time{}, enrolledNot(err)
	}
	p, err := getProxy(tx, b, now, shared(tx))
	if err != nil {
		return time.Time{}, enrolledNot(err)
	}
	holds, until, err := holdsNow(tx, b, h, now)
	if err == nil && !holds {
		err = enrolledNot(fault.New(fault.NotFound, "the source is not held"))
	}
	return clock.Sooner(until, p.Until), err
}

// enrolledNot says to whom a task is shown why nothing is given.
func enrolledNot(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.Precondition, "they are no longer enrolled in what would give it")
	}
	return err
}

// Parting is what becomes of what a binding proposed to take.
type Parting struct {
	Back  bool        // who was to lose it holds the source again: it was not taken
	Held  bool        // something is left of the grant
	Grant grant.Grant // which is this
}

// Part takes what a binding proposed to take, in the transaction of the task that was asked: as the binding does where nobody is asked.
// Undo takes what the same task gave, whatever is held. Who is back keeps it. Conflict if somebody else was faster.
func (s *Service) Part(tx *db.Tx, actor audit.Actor, b Binding, t grant.Taking, user directory.UserID, undo bool) (Parting, error) {
	all := false
	if !undo && b.Source != b.Destination {
		back, revoked, err := s.back(tx, b, holder{account: t.Account, user: user})
		if err != nil || back {
			return Parting{Back: back}, err
		}
		all = revoked
	}
	g, held, err := s.Grants.TakePassed(tx, actor, t, b.Source, all)
	return Parting{Held: held, Grant: g}, err
}

// back reports whether h holds the source of a live binding, and whether who does not loses what they have otherwise.
func (s *Service) back(tx *db.Tx, b Binding, h holder) (back, all bool, err error) {
	now := s.Clock.Now()
	p, err := getProxy(tx, b, now, shared(tx))
	if err != nil {
		return false, false, notThere(err)
	}
	if e, err := app.GetEntitlement(tx, b.Source.AppID, b.Source.ID); err != nil || !e.DeletedAt.IsZero() {
		return false, p.OnLoss == Revoked, notThere(err)
	}
	holds, _, err := holdsNow(tx, b, h, now)
	return holds, p.OnLoss == Revoked, err
}

// notThere leaves out of an error that something is not there.
func notThere(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// Decided tells that a task that a binding proposed is closed: it, or the rule, is looked at now.
func (s *Service) Decided(tx *db.Tx, b Binding) {
	now := s.Clock.Now()
	if b.Source == b.Destination {
		s.hurry(tx, b.Destination, now)
		return
	}
	tx.Queue(`update proxy set due_at = $5 where `+ofBinding+` and due_at > $5`, append(b.args(), clock.Micros(now))...)
	due.Wake(tx, now)
}
