package grant

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// What an entitlement passes on may be decided by a task: the access is a derived source all the same, and goes with what passes it on.

// Pass is [Service.Keep] for a task that was asked whether via may pass g on, in its transaction: until the end that was asked for, no
// longer than the entitlement allows by now, and within, the end that via has for its account (zero: none), whichever is sooner. It
// answers the grant as it is now, and the first of these ends by itself. Faults as for [Service.Give].
func (s *Service) Pass(tx *db.Tx, actor audit.Actor, g Gift, via app.EntitlementRef, within time.Time) (Grant, time.Time, error) {
	now, end := s.Clock.Now(), g.End
	p, err := s.parents(tx, g.Key)
	if err != nil {
		return Grant{}, end, err
	}
	if p.user != g.For {
		return Grant{}, end, fault.New(fault.Precondition, "the account is no longer that of whom it was asked for")
	}
	if p.longest > 0 {
		end = clock.Sooner(end, now.Add(p.longest))
	}
	until := clock.Sooner(end, within)
	switch h, err := lockLive(tx, g.Key); {
	case err != nil && !fault.Is(err, fault.NotFound):
		return Grant{}, end, err
	case err == nil && h.Over(now):
		return Grant{}, end, fault.New(fault.Precondition, "an earlier grant of the same is past its end and is being removed")
	case clock.Passed(until, now):
		return Grant{}, end, fault.New(fault.Precondition, "the time for which it was to be given is over")
	}
	if err := s.keep(tx, actor, g.Key, via, until, g.Given); err != nil {
		return Grant{}, end, err
	}
	h, err := lockLive(tx, g.Key)
	return h.Grant, end, err
}

// TakePassed takes via from the entitlements that pass t on, for a task, in its transaction, and with all the direct source as well.
// It answers what is left of the grant; false where nothing is. Conflict if somebody else was faster.
func (s *Service) TakePassed(tx *db.Tx, actor audit.Actor, t Taking, via app.EntitlementRef, all bool) (Grant, bool, error) {
	take := func() error { return s.removeDerived(tx, actor, t.Key, via, t.Task) }
	if all {
		take = func() error { return s.revokeWith(tx, actor, t, via) }
	}
	if err := take(); err != nil {
		return Grant{}, false, err
	}
	h, err := lockLive(tx, t.Key)
	return h.Grant, err == nil, unheld(err)
}
