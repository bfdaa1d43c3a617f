package delegation

import (
	"context"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// Deps is what the service stands on.
type Deps struct {
	DB     *db.DB
	Clock  clock.Clock
	Audit  *audit.Log
	Notify Teller // nil: nobody is told
}

// Teller tells people what concerns them; package notify has the one that does.
type Teller interface {
	Tell(tx *db.Tx, notices ...notify.Notice) error
}

// Notice is told, inside the transaction, that a REASSIGN gives no authority any more: its window closed, it was removed or replaced,
// or one of the two people was deleted. Whoever handed its delegate open work takes that back. It is told once of each delegation.
type Notice interface {
	DelegationOver(tx *db.Tx, d Delegation, at time.Time) error
}

// Service holds the use cases about delegations. Who may call them is for the door to ask: everybody for themself, Super
// Administrators for anybody.
type Service struct {
	Deps
	notices []Notice
}

// New returns the use cases over d.
func New(d Deps) *Service { return &Service{Deps: d} }

// Tell adds a listener to REASSIGN delegations that are over. Only at start, before requests are served.
func (s *Service) Tell(n Notice) { s.notices = append(s.notices, n) }

// SetReassign makes delegate answer instead of delegator in [from, until); from zero is now, until zero no end. It replaces the
// delegator's earlier REASSIGN, if there is one; the same delegate without a gap goes on under the same identity. A window that is past
// already is kept and does nothing. NotFound for an unknown delegator; Invalid for the delegator as their own delegate, an unknown or
// deleted delegate, until at or before from, a reason over [MaxReason] characters.
func (s *Service) SetReassign(
	ctx context.Context, delegator, delegate directory.UserID, from, until time.Time, reason string,
) (Delegation, error) {
	wish := Delegation{Delegator: delegator, Delegate: delegate, From: from, Until: until, Mode: Reassign, Reason: reason}
	return s.write(ctx, wish, func(tx *db.Tx, c change, d *Delegation) error {
		old, found, err := reassignOf(tx, delegator, locked(tx, "update"))
		switch {
		case err != nil:
			return err
		case found && old.continues(*d, c.now):
			return s.prolong(tx, c, old, d)
		case found:
			if err := s.end(tx, c, &old, "delegation.replaced"); err != nil {
				return err
			}
		}
		return s.start(tx, c, *d, "delegation.set")
	})
}

// Create makes delegate answer beside delegator in [from, until); from zero is now, until zero no end. A window that is empty or past
// already is kept and does nothing. NotFound for an unknown delegator; Invalid for the delegator as their own delegate, an unknown or
// deleted delegate, until before from, a reason over [MaxReason] characters; Precondition above [MaxAdded] of one delegator.
func (s *Service) Create(
	ctx context.Context, delegator, delegate directory.UserID, from, until time.Time, reason string,
) (Delegation, error) {
	wish := Delegation{Delegator: delegator, Delegate: delegate, From: from, Until: until, Mode: Add, Reason: reason}
	return s.write(ctx, wish, func(tx *db.Tx, c change, d *Delegation) error {
		var n int
		if err := tx.Row(addedSQL, string(delegator), clock.Micros(c.now)).Scan(&n); err != nil {
			return err
		}
		if n >= MaxAdded && d.ClosedAt.IsZero() {
			return fault.New(fault.Precondition, "a person has at most %d delegations that are not over; delete one first", MaxAdded)
		}
		return s.start(tx, c, *d, "delegation.created")
	})
}

const addedSQL = `select count(*) from delegation where delegator = $1 and mode = 'ADD' and deleted_at is null and closed_at is null
	and (until_at is null or until_at > $2)`

// change is what the events of one call share: who acts, when, and the two people.
type change struct {
	actor  audit.Actor
	now    time.Time
	people people
}

// write is one transaction that makes or changes a delegation of the wish's delegator; no other is under way at the same time.
func (s *Service) write(ctx context.Context, wish Delegation, act func(*db.Tx, change, *Delegation) error) (Delegation, error) {
	if err := checkReason(wish.Reason); err != nil {
		return Delegation{}, err
	}
	var d Delegation
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock("delegation:" + string(wish.Delegator)); err != nil {
			return err
		}
		who, err := pair(tx, wish.Delegator, wish.Delegate)
		if err != nil {
			return err
		}
		c := change{actor: audit.From(ctx), now: s.Clock.Now(), people: who}
		d = wish
		if d.From.IsZero() {
			d.From = c.now
		}
		d.From, d.Until = d.From.Truncate(time.Microsecond), d.Until.Truncate(time.Microsecond)
		if err := d.validate(); err != nil {
			return err
		}
		d.ID, d.CreatedBy, d.Version = ID(id.New(c.now)), directory.UserID(c.actor.UserID), 1
		d.CreatedAt, d.UpdatedAt = c.now, c.now
		if d.ended(c.now) {
			d.ClosedAt = c.now // it was over before it was made: nothing ends later
		}
		return act(tx, c, &d)
	})
	return d, err
}

// start writes a new delegation and tells its delegate.
func (s *Service) start(tx *db.Tx, c change, d Delegation, kind string) error {
	if err := insert(tx, d); err != nil {
		return err
	}
	if err := s.expect(tx, c, d); err != nil {
		return err
	}
	return s.Audit.Record(tx, c.actor, c.people.event(d, kind, audit.Create))
}

// expect has the end of a window noticed, and tells the delegate of it. One that is over already concerns nobody.
func (s *Service) expect(tx *db.Tx, c change, d Delegation) error {
	if !d.ClosedAt.IsZero() {
		return nil
	}
	if !d.Until.IsZero() {
		due.Wake(tx, d.Until)
	}
	if s.Notify == nil {
		return nil
	}
	first, err := tx.Exec(toldSQL, string(d.Delegator), string(d.Delegate), clock.Micros(c.now), clock.Micros(c.now.Add(-Quiet)))
	if err != nil || first == 0 {
		return err
	}
	return s.Notify.Tell(tx, notify.Notice{
		User: d.Delegate, Kind: notify.Delegate,
		Data: notify.Data{By: c.people.name(d.Delegator), Reason: d.Reason, From: d.From.UTC(), Until: d.Until.UTC()},
	})
}

// Quiet is how long after one notice a delegate is told of no other delegation of the same person. The threat: whoever changes theirs in
// a loop sends a colleague as many mails as they like.
const Quiet = 24 * time.Hour

const toldSQL = `insert into delegation_told (delegator, delegate, told_at) values ($1, $2, $3)
	on conflict (delegator, delegate) do update set told_at = excluded.told_at where delegation_told.told_at <= $4`

// prolong gives old the window and the reason of d, and d the identity of old. The delegate is told where that is news to them: a
// program that says the same every minute sends no mail every minute.
func (s *Service) prolong(tx *db.Tx, c change, old Delegation, d *Delegation) error {
	d.ID, d.CreatedBy, d.CreatedAt, d.Version = old.ID, old.CreatedBy, old.CreatedAt, old.Version
	if err := update(tx, d); err != nil {
		return err
	}
	if !d.Until.Equal(old.Until) || d.Reason != old.Reason {
		if err := s.expect(tx, c, *d); err != nil {
			return err
		}
	}
	e := c.people.event(*d, "delegation.changed", audit.Update)
	e.Data["was"] = map[string]any{"startAt": shown(old.From), "endAt": shown(old.Until), "reason": old.Reason}
	return s.Audit.Record(tx, c.actor, e)
}

// end marks a delegation deleted.
func (s *Service) end(tx *db.Tx, c change, d *Delegation, kind string) error {
	d.DeletedAt, d.UpdatedAt = c.now, c.now
	if err := update(tx, d); err != nil {
		return err
	}
	if d.ClosedAt.IsZero() {
		if err := s.tell(tx, *d, c.now); err != nil {
			return err
		}
	}
	who, err := c.people.with(tx, *d)
	if err != nil {
		return err
	}
	return s.Audit.Record(tx, c.actor, who.event(*d, kind, audit.Delete))
}

// tell lets the listeners know that a delegation gives no authority any more.
func (s *Service) tell(tx *db.Tx, d Delegation, at time.Time) error {
	if d.Mode != Reassign {
		return nil
	}
	for _, n := range s.notices {
		if err := n.DelegationOver(tx, d, at); err != nil {
			return err
		}
	}
	return nil
}

// pair reads the delegator and the delegate and keeps both from being deleted before tx ends. The threat: a delegation to somebody
// who is deleted at the same moment, which nothing would ever end.
func pair(tx *db.Tx, delegator, delegate directory.UserID) (people, error) {
	users, err := db.Collect(tx, directory.Scan,
		`select `+directory.Columns("")+` from users where id in ($1, $2) and status <> 'DELETED' order by id`+locked(tx, "share"),
		string(delegator), string(delegate))
	if err != nil {
		return nil, err
	}
	who := people{}
	for _, u := range users {
		who[u.ID] = u
	}
	if _, ok := who[delegator]; !ok {
		return nil, fault.Missing("user", string(delegator))
	}
	if _, ok := who[delegate]; !ok {
		return nil, fault.InvalidField("delegateUserId", "no such user: %s", delegate)
	}
	return who, nil
}

// RemoveReassign takes a delegator's REASSIGN away and answers it; one that does not exist is answered in the same way, without an
// identity and with the moment as DeletedAt. NotFound for an unknown or deleted delegator.
func (s *Service) RemoveReassign(ctx context.Context, delegator directory.UserID) (Delegation, error) {
	var d Delegation
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock("delegation:" + string(delegator)); err != nil {
			return err
		}
		u, err := directory.Get(tx, delegator)
		if err != nil {
			return err
		}
		if u.Status == directory.Deleted {
			return fault.Missing("user", string(delegator))
		}
		var found bool
		d, found, err = reassignOf(tx, delegator, locked(tx, "update"))
		if err != nil {
			return err
		}
		c := change{actor: audit.From(ctx), now: s.Clock.Now(), people: people{u.ID: u}}
		if !found {
			d = Delegation{Delegator: delegator, Mode: Reassign, DeletedAt: c.now}
			return nil
		}
		return s.end(tx, c, &d, "delegation.removed")
	})
	return d, err
}

// Delete takes a delegation of either mode away and answers it. NotFound if there is none or it was deleted before.
func (s *Service) Delete(ctx context.Context, delegation ID) (Delegation, error) {
	var d Delegation
	err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if d, err = get(tx, delegation, locked(tx, "update")); err != nil {
			return err
		}
		if !d.DeletedAt.IsZero() {
			return fault.Missing("delegation", string(delegation))
		}
		kind := "delegation.deleted"
		if d.Mode == Reassign {
			kind = "delegation.removed"
		}
		return s.end(tx, change{actor: audit.From(ctx), now: s.Clock.Now()}, &d, kind)
	})
	return d, err
}

// UserEnded implements directory.Notice: the delegations of a deleted user end, those to them too. Those of a disabled user stay and
// are passed over while the user is disabled.
func (s *Service) UserEnded(tx *db.Tx, actor audit.Actor, u directory.UserID, at time.Time, reason string) error {
	if reason != directory.ReasonDeleted {
		return nil
	}
	ended, err := db.Collect(tx, scan, userEndedSQL, clock.Micros(at), string(u))
	if err != nil || len(ended) == 0 {
		return err
	}
	slices.SortFunc(ended, byID)
	return s.ended(tx, actor, ended, at, reason)
}

var userEndedSQL = `update delegation set deleted_at = $1, updated_at = $1, version = version + 1
	where (delegator = $2 or delegate = $2) and deleted_at is null and closed_at is null returning ` + columns("")

// ended writes the event of each delegation that came to its end, and tells.
func (s *Service) ended(tx *db.Tx, actor audit.Actor, list []Delegation, at time.Time, reason string) error {
	who, err := people{}.with(tx, list...)
	if err != nil {
		return err
	}
	for _, d := range list {
		if err := s.tell(tx, d, at); err != nil {
			return err
		}
		e := who.event(d, "delegation.ended", audit.Update)
		e.Data["why"] = reason
		if err := s.Audit.Record(tx, actor, e); err != nil {
			return err
		}
	}
	return nil
}
