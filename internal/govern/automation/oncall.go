package automation

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/contact"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
)

// OnCall gives what the members of a group hold to who is on call for it, until the end of their turn and no longer, whenever it comes to
// take it. What it gives is a derived, kept source of its own: whoever is a member otherwise stays one.
type OnCall struct{ Keeper }

// OnCall is the due source of on-call duties.
func (s *Service) OnCall() due.Source { return OnCall{Keeper{s}} }

// Name implements due.Source.
func (OnCall) Name() string { return "on_call" }

// Next implements due.Source.
func (o OnCall) Next(ctx context.Context) (time.Time, bool, error) {
	return contact.NextDuty(o.DB.Q(ctx))
}

// Run implements due.Source: one duty. It is looked at next when a shift begins or ends, and after [period] in any case.
func (o OnCall) Run(ctx context.Context, now time.Time) (int, error) {
	var d contact.Duty
	var found bool
	until := now.Add(lease)
	err := o.DB.Write(ctx, func(tx *db.Tx) (err error) {
		d, found, err = contact.ClaimDuty(tx, now, until)
		return err
	})
	if err != nil || !found {
		return 0, err
	}
	next, gone, err := o.keep(ctx, d, now)
	if err != nil {
		return 0, err // it is made again when the lease is over
	}
	return 1, o.DB.Write(ctx, func(tx *db.Tx) error {
		if gone {
			return o.drop(tx, d)
		}
		contact.CloseDuty(tx, d, until, next)
		return nil
	})
}

// drop takes away a duty of which the entitlement is gone. Where the group is still there, that is told: nobody who is on call is let in
// any more, and nobody may have meant that.
func (o OnCall) drop(tx *db.Tx, d contact.Duty) error {
	contact.DropDuty(tx, d)
	found, err := app.ManyResources(tx, []app.ResourceRef{d.ResourceRef})
	if err != nil || len(found) == 0 || !found[0].DeletedAt.IsZero() || !d.DeletedAt.IsZero() {
		return err
	}
	return o.Audit.Record(tx, audit.System(), audit.Event{
		Kind: "on_call.lost", Activity: audit.Delete, Failed: true, ObjectType: "resource", ObjectID: string(d.ID), AppID: string(d.AppID),
		Message: "who is on call for " + found[0].DisplayName + " has nothing of it any more: the level of its members was deleted",
		Data:    map[string]any{"scheduleId": d.Schedule, "entitlementId": d.Gives},
	})
}

// keep brings grants in step with a duty, and says when to look again; gone says that the group gives nothing any more.
func (o OnCall) keep(ctx context.Context, d contact.Duty, now time.Time) (next time.Time, gone bool, err error) {
	q := o.DB.Q(ctx)
	if _, err := app.GetEntitlement(q, d.AppID, d.Gives); err != nil {
		if fault.Is(err, fault.NotFound) {
			return next, true, nil // its grants end with it
		}
		return next, false, err
	}
	duty := pass{of: d.Of(), via: d.Source(), since: d.UpdatedAt, now: now}
	duty.should.users = map[directory.UserID]time.Time{}
	if duty.have, err = o.passedOn(q, duty.of, duty.via); err != nil {
		return next, false, err
	}
	next = now.Add(period)
	if d.DeletedAt.IsZero() {
		shifts, err := contact.EnabledShifts(q, d.Schedule)
		if err != nil {
			return next, false, err
		}
		for _, t := range contact.OnCall(shifts, now) {
			duty.should.users[t.User] = t.Until
		}
		if change := contact.NextChange(shifts, now); !change.IsZero() && change.Before(next) {
			next = change
		}
	}
	duty.still = func(tx *db.Tx, h holder) (bool, time.Time, error) {
		t, on, err := contact.OnDuty(tx, d, h.user, o.Clock.Now())
		return on, t.Until, err
	}
	out, err := o.step(ctx, duty)
	if err == nil && out.refused > 0 && !d.DeletedAt.IsZero() {
		err = fault.New(fault.Internal, "%d could not be taken back now", out.refused) // nothing of it may stay behind
	}
	return next, false, err
}
