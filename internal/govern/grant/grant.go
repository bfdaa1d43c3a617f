package grant

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/fault"
)

// ID is the identity of one lifespan of a grant: a UUIDv7 in text form. Who is given again what had ended gets a new one.
type ID string

// State is where a grant stands in its life; doc.go draws it.
type State string

// The states, in the order of a life.
const (
	Pending State = "pending" // given, the target does not hold it yet: no access
	Active  State = "active"  // in force, until its end
	Ending  State = "ending"  // past its end, the target has not confirmed the removal: no access
	Ended   State = "ended"   // over; never changed again
)

// Origin says where the direct source of a grant came from.
type Origin string

// The origins of a direct source.
const (
	None    Origin = ""        // no direct source: held through other entitlements only
	Manual  Origin = "manual"  // an administrator gave it
	Request Origin = "request" // a task gave it
	Synced  Origin = "sync"    // a connector found it in its target
)

// Reason is the one word for why a grant ended. The notices of other packages bring more of them.
type Reason string

// Reasons of this package.
const (
	Expired         Reason = "EXPIRED"           // its time was over
	Revoked         Reason = "REVOKED"           // somebody took it
	RemovedInTarget Reason = "REMOVED_IN_TARGET" // a sync no longer found it
	SourceGone      Reason = "SOURCE_REMOVED"    // the last entitlement that passed it on no longer does
	NoConnector     Reason = "CONNECTOR_DELETED" // it was waiting for a connector that is gone
)

// MaxPutBacks is how many readings in a row may miss a membership that is kept before Interim gives way to whoever takes it.
const MaxPutBacks = 5

// MaxNote is how many characters the reason somebody gives for a revocation may have.
const MaxNote = 1024

// Key says whose grant of what. At most one grant of a Key is not Ended.
type Key struct {
	App         app.ID
	Entitlement app.EntitlementID
	Account     app.AccountID
}

// Person is a user and the name they had when they did something. The zero Person is Interim itself.
type Person struct {
	ID   directory.UserID
	Name string
}

// Provenance says by what authority a grant was given. All members may be empty.
type Provenance struct {
	By            Person
	Task          string
	PolicyVersion string
	DecidedBy     directory.UserID
	DecidedFor    directory.UserID // the person the decider stood in for
}

// Grant is one lifespan of an account's hold on an entitlement. Times that are zero have not come or are not set.
type Grant struct {
	ID ID
	Key
	Connector app.ConnectorID // who acts in the target; empty: nobody has to
	State     State

	Direct        Origin
	Derived       int       // how many live entitlements pass it on, see grant_source
	Kept          int       // for how many of those Interim itself keeps the membership in the target
	DerivedUntil  time.Time // when the last of those ends; zero: one of them has no end, or there is none
	PutBack       int       // how many readings in a row missed what is kept, and had it put back
	DeprovisionAt time.Time // when the direct source ends
	ForceEnd      bool      // at DeprovisionAt everything ends, derived sources too

	CreatedAt time.Time
	ActiveAt  time.Time // access began
	EndingAt  time.Time // access ended; of a scheduled end the end itself, however late it was noticed
	EndedAt   time.Time // the row was closed
	RemovedAt time.Time // the target confirmed that it is gone

	EndReason  Reason
	EndNote    string // what the person who ended it wrote
	TargetNote string // what the target said of the last change
	SeenAt     time.Time
	Discovered bool // a sync found it; nobody had given it here

	Given     Provenance
	EndedBy   Person
	EndedTask string

	UpdatedAt time.Time
	Version   int64
}

// Over reports whether every source of g is past its end at now, whether or not anybody has noticed. From then on g gives no
// access and can only be removed.
func (g Grant) Over(now time.Time) bool {
	switch {
	case g.State == Ending || g.State == Ended:
		return true
	case g.Derived == 0 || g.ForceEnd:
		return clock.Passed(g.DeprovisionAt, now)
	default:
		return clock.Passed(g.DerivedUntil, now) && !g.HeldDirectly(now)
	}
}

// passedOn reports whether g has a derived source that is not past its end at now.
func (g Grant) passedOn(now time.Time) bool {
	return g.Derived > 0 && !clock.Passed(g.DerivedUntil, now)
}

// HeldDirectly reports whether g has a direct source that is not past its end at now.
func (g Grant) HeldDirectly(now time.Time) bool {
	return g.Direct != None && !clock.Passed(g.DeprovisionAt, now)
}

// member reports whether the target itself is to hold the membership: somebody gave it, or it is kept there.
func (g Grant) member() bool { return g.Direct != None || g.Kept > 0 }

// Live reports whether g gives access at now, as far as the grant is concerned: whether the account, its user, the entitlement
// and the app still may is the other half, see [Facts].
func (g Grant) Live(now time.Time) bool {
	return g.State == Active && !g.ActiveAt.After(now) && !g.Over(now)
}

// Until is when g ends as things are, with the last of its sources; zero if one of those has no end.
func (g Grant) Until() time.Time {
	switch {
	case g.State == Ending || g.State == Ended:
		return g.EndingAt
	case g.Derived == 0 || g.ForceEnd:
		return g.DeprovisionAt
	case g.Direct == None:
		return g.DerivedUntil
	default:
		return clock.Later(g.DeprovisionAt, g.DerivedUntil)
	}
}

// latest returns the later of two moments, where zero is none.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// CheckEnd refuses an end that is not after now, or later than the longest time (0: any) a grant may still last. A zero end is
// no end, which is later than any. unlimited callers may exceed the longest time. field is the end's name at the door.
//
// cone cuts such a message at the closing parenthesis to show it, so the text keeps upstream's words up to there.
func CheckEnd(field string, end, now time.Time, longest time.Duration, unlimited bool) error {
	if clock.Passed(end, now) {
		return fault.InvalidField(field, "must be in the future")
	}
	if longest > 0 && !unlimited && (end.IsZero() || end.Sub(now) > longest) {
		return fault.InvalidField(field,
			"lasts too long (the maximum is %s; grant duration must be less than or equal to max provision time)", longest)
	}
	return nil
}
