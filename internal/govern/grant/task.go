package grant

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// Step is a grant that took a step which somebody may be waiting for, as it is afterwards.
type Step struct {
	Grant

	Kind string           // the audit event that tells of it
	User directory.UserID // whose account it is; empty: nobody's
}

// Notice is told, in the transaction of the change, of grants that took a step together with others: whatever a target confirmed, and
// whatever came to its end. Of a change of one grant whoever made it knows by the answer.
type Notice interface {
	// GrantsMoved tells of at most 500 grants.
	GrantsMoved(tx *db.Tx, moved []Step, at time.Time) error
	// GrantsExpired puts together what is written besides when the ends of at most 500 grants have come, all of which take the same
	// step. It reads with q, a while before the transaction that writes what it returns, or in that.
	GrantsExpired(q db.Q, ended []Step, at time.Time) (Expiry, error)
	// GrantsFailed tells of calls of targets that failed and will be made again, by grant, with the error in words for people.
	GrantsFailed(tx *db.Tx, failed map[ID]string, at time.Time) error
}

// Expiry is what is written when the ends of grants have come, beside the grants themselves.
type Expiry struct {
	Tasks map[ID]string // the task that takes each of them
	Write func(*db.Tx) error
}

// Tell says who is told. Only at start, before anything runs.
func (s *Service) Tell(n Notice) { s.notice = n }

// Gift is a grant that a task gives.
type Gift struct {
	Key
	For    directory.UserID // whose the account was when it was asked for; empty: nobody's
	End    time.Time        // zero: without end. What lasts longer than the entitlement allows by now is cut to that
	Extend bool             // only what is held already
	Given  Provenance
}

// Give is [Service.Create] for a task, in its transaction. With Extend, what is held no longer is a Precondition, as is an account that
// has passed to somebody else, who may be the very one who decided. The other faults are those of Create; all but Conflict come before
// anything is written.
func (s *Service) Give(tx *db.Tx, actor audit.Actor, g Gift, now time.Time) (Grant, error) {
	p, err := s.parents(tx, g.Key)
	if err != nil {
		return Grant{}, err
	}
	if p.user != g.For {
		return Grant{}, fault.New(fault.Precondition, "the account is no longer that of whom it was asked for")
	}
	if longest := now.Add(p.longest); p.longest > 0 && (g.End.IsZero() || g.End.After(longest)) {
		g.End = longest
	}
	before, err := lockLive(tx, g.Key)
	switch {
	case err == nil:
		if before.Over(now) {
			return Grant{}, fault.New(fault.Precondition, "an earlier grant of the same is past its end and is being removed")
		}
		after, effect, err := before.Extend(Request, g.End, now)
		if err == nil && effect.Kind != "" {
			err = s.apply(tx, actor, before, &after, effect, now)
		}
		return after, err
	case !fault.Is(err, fault.NotFound):
		return Grant{}, err
	case g.Extend:
		return Grant{}, fault.New(fault.Precondition, "the grant that was to be extended has ended")
	}
	after, effect := Grant{
		ID: ID(id.New(now)), Key: g.Key, Connector: p.connector, Given: g.Given, UpdatedAt: now, Version: 1,
	}.Begin(Request, g.End, now)
	return after, s.begin(tx, actor, after, p.user, effect, now)
}

// Taking is a grant that a task takes.
type Taking struct {
	Key
	Task string
	Own  bool // only a grant that was given for the task itself
	By   Person
	Note string
}

// Take is [Service.Revoke] for a task, in its transaction. What is past its end already is returned as it is; NotFound for what is not
// held, or not by the task's own; Precondition for what is held through other entitlements only.
func (s *Service) Take(tx *db.Tx, actor audit.Actor, t Taking, now time.Time) (Grant, error) {
	before, err := lockLive(tx, t.Key)
	switch {
	case err != nil:
		return Grant{}, err
	case t.Own && before.Given.Task != t.Task:
		return Grant{}, fault.New(fault.NotFound, "the grant was not given for this task")
	case before.State == Ending:
		return before.Grant, nil
	case before.Over(now): // nobody has noticed yet
		after, effect := before.Expire(now)
		if effect.Kind != "" {
			err = s.apply(tx, actor, before, &after, effect, now)
		}
		return after, err
	}
	after, effect, err := before.Revoke(t.By, t.Note, now)
	if err != nil {
		return Grant{}, err
	}
	after.EndedTask = t.Task
	err = s.apply(tx, actor, before, &after, effect, now)
	return after, err
}

// Settled reports whether nothing is left to be done in the target about the end of a grant's direct source: it is confirmed, or there was
// nothing to do. What is not there is settled.
func (s *Service) Settled(q db.Q, g ID) (settled bool, err error) {
	err = q.Row(settledSQL, string(g)).Scan(&settled)
	return settled, err
}

const settledSQL = `select not exists (select 1 from grants g where g.id = $1 and (g.ending_at is not null and g.ended_at is null
	or g.ended_at is null and exists (select 1 from operation o where o.grant_id = g.id and o.state = 'open' and o.kind = 'revoke')))`

// Hurry has the target of a grant called again at once, where a call for it failed.
func (s *Service) Hurry(tx *db.Tx, g ID, now time.Time) { s.Provision.Hurry(tx, string(g), now) }

// lockLive is live, and keeps the row from changing until the transaction ends.
func lockLive(tx *db.Tx, k Key) (held, error) {
	list, err := db.Collect(tx, scanHeld, liveSQL+locking(tx, ""), k.App, k.Entitlement, k.Account)
	if err != nil {
		return held{}, err
	}
	if len(list) == 0 {
		return held{}, fault.New(fault.NotFound, "grant not found: the account does not hold the entitlement")
	}
	return list[0], nil
}

// AccountFor is the account through which a user is given something in an app. A user without one gets one where people keep the app;
// Precondition where a connector says who has one.
func (s *Service) AccountFor(ctx context.Context, in app.ID, of directory.UserID) (app.AccountID, error) {
	return s.accountOf(ctx, in, of)
}
