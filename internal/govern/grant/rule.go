package grant

import (
	"time"

	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Effect is what a step of a grant's life asks for beside the row's new values.
type Effect struct {
	Call provision.Kind // what the target must do now; empty: nothing
	Kind string         // the audit event that tells of it; empty: nothing changed
}

// The steps below are the whole state machine: each takes a grant and a moment, and answers the grant as it is afterwards. They
// are pure, so that the set-based SQL that does the same for many rows at once can be compared with them.

// Begin is the first step of a grant: pending where a connector has to act in a target, active at once where none has.
func (g Grant) Begin(origin Origin, end, now time.Time) (Grant, Effect) {
	g.Direct, g.DeprovisionAt, g.CreatedAt = origin, end, now
	if g.Connector != "" {
		g.State = Pending
		return g, Effect{provision.Grant, "grant.created"}
	}
	g.State, g.ActiveAt = Active, now
	return g, Effect{"", "grant.created"}
}

// Extend gives g, which is held already, once more: the later end wins. A grant that is held only through other entitlements gets
// a direct source. Conflict once g is past its end.
func (g Grant) Extend(origin Origin, end, now time.Time) (Grant, Effect, error) {
	switch {
	case g.Over(now):
		return g, Effect{}, ending()
	case !g.HeldDirectly(now):
		g.Direct, g.DeprovisionAt = origin, end
		if g.Kept > 0 {
			return g, Effect{"", "grant.direct_added"}, nil
		}
		return g, Effect{g.call(provision.Grant), "grant.direct_added"}, nil
	}
	end = clock.Later(g.DeprovisionAt, end)
	if end.Equal(g.DeprovisionAt) {
		return g, Effect{}, nil
	}
	g.DeprovisionAt = end
	return g, Effect{"", "grant.extended"}, nil
}

// SetEnd moves the end of the direct source to exactly end, or takes it away where end is zero; derived sources stay as they are.
// Conflict once g is past its end, Precondition where there is no direct source whose end could move.
func (g Grant) SetEnd(end, now time.Time) (Grant, Effect, error) {
	switch {
	case g.Over(now):
		return g, Effect{}, ending()
	case !g.HeldDirectly(now):
		return g, Effect{}, indirect()
	case end.Equal(g.DeprovisionAt):
		return g, Effect{}, nil
	}
	g.DeprovisionAt = end
	if end.IsZero() {
		return g, Effect{"", "grant.end_cleared"}, nil
	}
	return g, Effect{"", "grant.end_moved"}, nil
}

// Revoke takes the direct source now, as its end would; the grant lives on only where other entitlements pass it on. Conflict
// once g is past its end, Precondition where there is no direct source to take.
func (g Grant) Revoke(by Person, note string, now time.Time) (Grant, Effect, error) {
	switch {
	case g.Over(now):
		return g, Effect{}, ending()
	case !g.HeldDirectly(now):
		return g, Effect{}, indirect()
	case g.passedOn(now):
		g, effect := g.dropDirect()
		effect.Kind = "grant.direct_revoked"
		return g, effect, nil
	}
	g.EndedBy, g.EndNote = by, note
	g, effect := g.end(Revoked, now, now)
	effect.Kind = "grant.revoked"
	return g, effect, nil
}

// OnTime and DirectOnTime are the events that tell that the end of a grant, or of its direct source, has come.
const (
	OnTime       = "grant.ended_on_time"
	DirectOnTime = "grant.direct_ended_on_time"
)

// Expire is what happens once the end of the direct source has passed: access ended at that end, not at now. A grant that other
// entitlements pass on lives on without the direct source; its membership goes from the target unless it is kept there. Before its end
// g stays as it is.
func (g Grant) Expire(now time.Time) (Grant, Effect) {
	if g.State != Pending && g.State != Active || !clock.Passed(g.DeprovisionAt, now) {
		return g, Effect{}
	}
	if g.passedOn(now) && !g.ForceEnd {
		g, effect := g.dropDirect()
		effect.Kind = DirectOnTime
		return g, effect
	}
	kind := "grant.ended"
	if g.EndReason == "" {
		g.EndReason, kind = Expired, OnTime
	}
	g, effect := g.end(g.EndReason, g.Until(), now)
	effect.Kind = kind
	return g, effect
}

// Condemn ends g at now with all its sources, because what it hangs on is gone: its user, account, entitlement or app. Access is
// denied from now on; [Grant.Expire] does the rest. A grant that is past its end stays as it is. One that began after now, while
// whoever took the time waited for its turn, ends where it began: nothing ends before.
func (g Grant) Condemn(reason Reason, by Person, now time.Time) Grant {
	if g.Over(now) {
		return g
	}
	g.DeprovisionAt, g.ForceEnd, g.EndReason, g.EndedBy = now, true, reason, by
	begun := g.ActiveAt
	if begun.IsZero() {
		begun = g.CreatedAt
	}
	if begun.After(now) {
		g.DeprovisionAt = begun
	}
	return g
}

// Provisioned is the target's word that the membership is there. It comes too late for a grant that is past its end, which never was
// in force and stays pending until [Grant.Expire] has it removed. A
// reading that began after at was taken, and is quicker to write, may have seen the membership already.
func (g Grant) Provisioned(at time.Time) (Grant, Effect) {
	switch g.State {
	case Pending:
		if g.Over(at) {
			return g, Effect{}
		}
		g.State, g.ActiveAt, g.SeenAt = Active, at, latest(g.SeenAt, at)
		return g, Effect{"", "grant.activated"}
	case Active:
		g.SeenAt = latest(g.SeenAt, at)
		return g, Effect{"", "grant.provisioned"}
	default:
		return g, Effect{}
	}
}

// Removed is the target's word that the membership is gone.
func (g Grant) Removed(at time.Time) (Grant, Effect) {
	switch g.State {
	case Ending:
		g.State, g.EndedAt, g.RemovedAt = Ended, at, at
		return g, Effect{"", "grant.removed"}
	case Active: // the direct membership went, other entitlements pass it on
		return g, Effect{"", "grant.direct_removed"}
	default:
		return g, Effect{}
	}
}

// Abandoned closes a grant whose connector is gone, without the target's word: RemovedAt stays unset.
func (g Grant) Abandoned(at time.Time) (Grant, Effect) {
	switch g.State {
	case Pending:
		g.EndingAt, g.EndReason, g.Derived, g.Kept, g.DerivedUntil = at, NoConnector, 0, 0, time.Time{}
	case Ending:
	default:
		return g, Effect{}
	}
	g.State, g.EndedAt = Ended, at
	return g, Effect{"", "grant.abandoned"}
}

// Found is the first step of a grant that a sync came upon: it is active, since the target holds it.
func (g Grant) Found(now, seen time.Time) Grant {
	g.Direct, g.State, g.CreatedAt, g.ActiveAt, g.SeenAt = Synced, Active, now, now, seen
	return g
}

// Missing is a sync's word that the target no longer holds the membership: the direct source is gone with it. What is kept there is
// put back, [MaxPutBacks] times in a row at most: then whoever takes it there has the last word, unless something else passes it on. A
// grant that is past its end was over before.
func (g Grant) Missing(at time.Time) (Grant, Effect) {
	if g.State != Active || clock.Passed(g.DeprovisionAt, at) || g.Over(at) || !g.member() {
		return g, Effect{}
	}
	again := g.Kept > 0 && g.passedOn(at) && g.PutBack < MaxPutBacks
	var effect Effect
	switch {
	case g.Direct != None && g.passedOn(at):
		g.Direct, g.DeprovisionAt = None, time.Time{}
		effect.Kind = "grant.direct_removed_in_target"
	case again:
		effect.Kind = "grant.put_back"
	case g.Derived > g.Kept && g.passedOn(at):
		return g, Effect{}
	default:
		g.State, g.EndReason, g.EndingAt, g.EndedAt, g.RemovedAt = Ended, RemovedInTarget, at, at, at
		g.Derived, g.Kept, g.DerivedUntil = 0, 0, time.Time{}
		return g, Effect{"", "grant.removed_in_target"}
	}
	if again {
		g.PutBack++
		effect.Call = g.call(provision.Grant)
	}
	return g, effect
}

// Derive is the first step of a grant that another entitlement passes on: the target lets the account in by itself.
func (g Grant) Derive(now time.Time) Grant {
	g.State, g.Derived, g.CreatedAt, g.ActiveAt = Active, 1, now, now
	return g
}

// AddSource is another entitlement that passes g on from now, without end: whoever waited for the direct membership has access through it.
// Conflict once g is past its end: what is on its way out cannot be caught up with.
func (g Grant) AddSource(now time.Time) (Grant, Effect, error) {
	if g.Over(now) {
		return g, Effect{}, ending()
	}
	g.Derived++
	g.DerivedUntil = time.Time{}
	if g.State == Pending {
		g.State, g.ActiveAt = Active, now
	}
	return g, Effect{"", "grant.source_added"}, nil
}

// BeginKept is the first step of a grant for which Interim itself keeps the membership in the target until an end (zero: without end),
// as if somebody had given it.
func (g Grant) BeginKept(until, now time.Time) (Grant, Effect) {
	g, effect := g.Begin(None, time.Time{}, now)
	g.Derived, g.Kept, g.DerivedUntil = 1, 1, until
	return g, effect
}

// Keep is another entitlement that passes g on from now until an end (zero: without end), and for which Interim itself keeps the
// membership in the target. Conflict once g is past its end.
func (g Grant) Keep(until, now time.Time) (Grant, Effect, error) {
	if g.Over(now) {
		return g, Effect{}, ending()
	}
	effect := Effect{"", "grant.source_added"}
	if !g.member() {
		effect.Call = g.call(provision.Grant)
	}
	if g.Derived > 0 {
		until = clock.Later(g.DerivedUntil, until)
	}
	g.DerivedUntil = until
	g.Derived++
	g.Kept++
	return g, effect, nil
}

// MoveSources is the end of one of the entitlements that pass g on being moved, so that the last of them now ends at until. Conflict once
// g is past its end.
func (g Grant) MoveSources(until, now time.Time) (Grant, Effect, error) {
	if g.Over(now) {
		return g, Effect{}, ending()
	}
	g.DerivedUntil = until
	return g, Effect{"", "grant.source_end_moved"}, nil
}

// DropSource is one of the entitlements that passed g on not doing so any more; left is when the last of the others ends. Without any
// source left g ends; where all are past their ends, it did with the last of them. kept says that the membership was kept for the one
// that goes: it leaves the target with the last source that needs it there.
func (g Grant) DropSource(kept bool, left, now time.Time) (Grant, Effect) {
	switch {
	case g.State != Active && g.State != Pending || g.Derived == 0:
		return g, Effect{}
	case g.Over(now) && !g.ForceEnd:
		g, effect := g.end(Expired, g.Until(), now)
		effect.Kind = OnTime
		return g, effect
	}
	g.DerivedUntil = left
	g.Derived--
	if kept {
		g.Kept--
	}
	if g.Derived > 0 || g.HeldDirectly(now) || g.ForceEnd {
		effect := Effect{"", "grant.source_removed"}
		if kept && !g.member() {
			effect.Call = g.call(provision.Revoke)
		}
		return g, effect
	}
	g, effect := g.end(SourceGone, now, now)
	effect.Kind = "grant.ended"
	return g, effect
}

// end takes access at the given moment: the target, where there is one, has to confirm the removal before the row is closed.
func (g Grant) end(reason Reason, at, now time.Time) (Grant, Effect) {
	g.EndReason, g.EndingAt, g.Derived, g.Kept, g.DerivedUntil = reason, at, 0, 0, time.Time{}
	if g.Connector == "" {
		g.State, g.EndedAt = Ended, now
		return g, Effect{}
	}
	g.State = Ending
	return g, Effect{Call: provision.Revoke}
}

// dropDirect takes the direct source alone; its membership goes from the target unless it is kept there.
func (g Grant) dropDirect() (Grant, Effect) {
	g.Direct, g.DeprovisionAt = None, time.Time{}
	if g.Kept > 0 {
		return g, Effect{}
	}
	return g, Effect{Call: g.call(provision.Revoke)}
}

// call returns kind where there is a target to call.
func (g Grant) call(kind provision.Kind) provision.Kind {
	if g.Connector == "" {
		return ""
	}
	return kind
}

func ending() error {
	return fault.New(fault.Conflict, "the grant is past its end and is being removed")
}

func indirect() error {
	return fault.New(fault.Precondition, "the grant is held through other entitlements only and has no end of its own")
}
