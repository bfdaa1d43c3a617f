package delegation

import (
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// ID is the identity of a delegation: a UUIDv7 in text form.
type ID string

// Mode says how a delegate answers.
type Mode string

// The modes of a delegation.
const (
	Reassign Mode = "REASSIGN" // instead of the delegator
	Add      Mode = "ADD"      // beside the delegator
)

// State is where a delegation stands at a moment.
type State string

// The states of a delegation.
const (
	Scheduled State = "SCHEDULED" // its window has not begun
	Open      State = "OPEN"      // its window is open
	Over      State = "OVER"      // its window has ended
	Deleted   State = "DELETED"   // removed, replaced, or one of the two people was deleted
)

// Limits of delegations.
const (
	MaxReason = 1024 // characters of why
	MaxAdded  = 100  // ADD delegations of one delegator that are not over
)

// Delegation says that Delegate answers for Delegator in [From, Until). From and Until keep the offset from UTC that they were
// written with, since there are clients that compare what they sent.
type Delegation struct {
	ID        ID
	Delegator directory.UserID // who is asked
	Delegate  directory.UserID // who answers
	From      time.Time
	Until     time.Time // zero: no end
	Mode      Mode
	Reason    string           // may be empty
	CreatedBy directory.UserID // empty: the system
	CreatedAt time.Time
	UpdatedAt time.Time
	DeletedAt time.Time // zero unless deleted
	ClosedAt  time.Time // when its end was noticed; zero before
	Version   int64
}

// Covers reports whether the delegate may answer at that moment, as far as the delegation goes: the window is open, and nobody ended
// it. What was closed or deleted covers nothing: a clock that is set back revives nothing.
func (d Delegation) Covers(at time.Time) bool { return d.StateAt(at) == Open }

// StateAt is where the delegation stands at that moment.
func (d Delegation) StateAt(at time.Time) State {
	switch {
	case !d.DeletedAt.IsZero():
		return Deleted
	case !d.ClosedAt.IsZero() || d.ended(at):
		return Over
	case at.Before(d.From):
		return Scheduled
	default:
		return Open
	}
}

func (d Delegation) ended(at time.Time) bool { return !d.Until.IsZero() && !at.Before(d.Until) }

// continues reports whether next goes on with what d is doing now: the same delegate goes on answering, without a gap.
func (d Delegation) continues(next Delegation, now time.Time) bool {
	return d.Delegate == next.Delegate && d.Covers(now) && next.Covers(now)
}

// validate answers Invalid for what is wrong with d whoever the two people are.
func (d Delegation) validate() error {
	switch {
	case d.Delegate == d.Delegator:
		return fault.InvalidField("delegateUserId", "nobody is their own delegate")
	case !sane(d.From):
		return fault.InvalidField("startAt", "must be in the years 1 to 9999")
	case !d.Until.IsZero() && !sane(d.Until):
		return fault.InvalidField("endAt", "must be in the years 1 to 9999")
	case d.Until.IsZero():
	case d.Mode == Reassign && !d.Until.After(d.From):
		return fault.InvalidField("endAt", "must be after the start")
	case d.Until.Before(d.From):
		return fault.InvalidField("endAt", "must not be before the start")
	}
	return nil
}

func sane(t time.Time) bool { return t.UTC().Year() >= 1 && t.UTC().Year() <= 9999 }

// checkReason answers Invalid for a text that is too long, and for one that is not what it looks like.
func checkReason(s string) error {
	if n := utf8.RuneCountInString(s); n > MaxReason {
		return fault.InvalidField("reason", "has %d characters; at most %d are allowed", n, MaxReason)
	}
	return text.Block("reason", s)
}
