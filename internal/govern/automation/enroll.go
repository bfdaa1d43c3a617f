package automation

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Of reads the live rule of an entitlement, whatever became of that. NotFound if there is none.
func (*Service) Of(q db.Q, of app.EntitlementRef) (Rule, error) { return getRule(q, of, "") }

// Terms say how what a source is bound to comes and goes with it.
type Terms struct {
	Loss Loss
	Ask  Asking
}

// BindAll makes the destinations of a source exactly these, without end, in the caller's transaction; what is bound already stays bound,
// on these terms from now on, see [Asking]. NotFound, Precondition as [Service.Bind].
func (s *Service) BindAll(tx *db.Tx, actor audit.Actor, source app.EntitlementRef, to []app.EntitlementRef, by Terms) error {
	bound, err := s.Bound(tx, source)
	if err != nil {
		return err
	}
	wanted, now := make(map[app.EntitlementRef]bool, len(to)), s.Clock.Now()
	for _, e := range to {
		wanted[e] = true
	}
	for _, p := range bound {
		switch {
		case !wanted[p.Destination]:
			err = s.Release(tx, actor, p.Binding)
		case p.OnLoss != by.Loss || p.Ask != by.Ask:
			tx.Queue(`update proxy set on_loss = $5, ask_giving = $6, ask_taking = $7, updated_at = $8, due_at = $8 where `+ofBinding,
				append(p.args(), string(by.Loss), by.Ask.Giving, by.Ask.Taking, clock.Micros(now))...)
			due.Wake(tx, now)
		}
		if err != nil {
			return err
		}
		delete(wanted, p.Destination)
	}
	for _, e := range to {
		if !wanted[e] {
			continue
		}
		if _, _, err := s.bind(tx, actor, Proxy{Binding: Binding{source, e}, OnLoss: by.Loss, Ask: by.Ask}); err != nil {
			return err
		}
	}
	return nil
}

// Resume accepts what the last pass of a rule thought too much to take: the next one takes it, soon. NotFound; Precondition where nothing
// was refused.
func (s *Service) Resume(tx *db.Tx, actor audit.Actor, of app.EntitlementRef) error {
	r, err := getRule(tx, of, locked(tx))
	if err != nil {
		return err
	}
	if r.Doubt != Refused {
		return fault.New(fault.Precondition, "the automation was not stopped")
	}
	tx.Queue(`update automation set doubt = $3, version = version + 1 where app_id = $1 and entitlement_id = $2`,
		string(of.AppID), string(of.ID), string(Accepted))
	s.hurry(tx, of, s.Clock.Now())
	return s.Audit.Record(tx, actor, r.event("automation.resumed", audit.Update, "accepted what the automation would take"))
}

// Run has a rule and what it gives looked at now. NotFound; Precondition while it is paused.
func (s *Service) Run(tx *db.Tx, actor audit.Actor, of app.EntitlementRef) error {
	r, err := getRule(tx, of, locked(tx))
	if err != nil {
		return err
	}
	if r.Paused {
		return fault.New(fault.Precondition, "the automation is not enabled")
	}
	now := s.Clock.Now()
	s.hurry(tx, of, now)
	tx.Queue(`update proxy set due_at = $3 where src_app_id = $1 and src_entitlement_id = $2 and due_at > $3`,
		string(of.AppID), string(of.ID), clock.Micros(now))
	return s.Audit.Record(tx, actor, r.event("automation.forced", audit.Update, "had the automation run"))
}

func (*Service) hurry(tx *db.Tx, of app.EntitlementRef, now time.Time) {
	tx.Queue(`update automation set due_at = $3 where app_id = $1 and entitlement_id = $2 and due_at > $3`,
		string(of.AppID), string(of.ID), clock.Micros(now))
	due.Wake(tx, now)
}
