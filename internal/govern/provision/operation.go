package provision

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// ID is the identity of an operation: a UUIDv7 in text form.
type ID string

// Kind says what an operation does in its target.
type Kind string

// The kinds of operation.
const (
	Grant  Kind = "grant"
	Revoke Kind = "revoke"
)

// Operation is one change of one membership. GrantID is a grant's identity; package grant, to the right of this one, knows its type.
type Operation struct {
	ID          ID
	Kind        Kind
	GrantID     string
	Connector   app.ConnectorID
	App         app.ID
	Entitlement app.EntitlementID
	Account     app.AccountID
	DueAt       time.Time
	Attempts    int    // calls begun, this one included
	LastError   string // what the last call failed with, in words for people; empty: none failed
	CreatedAt   time.Time
}

// Limits of a call.
const (
	CallLimit  = 20 * time.Second // a call is given up after this
	Lease      = 30 * time.Second // an operation is nobody else's for this long; longer than a call
	MaxText    = 512              // characters kept of an error or a note
	shortest   = time.Second      // the first wait after a failure
	longest    = 5 * time.Minute  // the longest wait, and that of a permanent failure
	whenOff    = time.Minute      // the wait while the connector is disabled
	jitter     = 0.2              // waits differ by up to this share, so that operations that failed together do not return together
	maxDoubles = 10               // 1 s · 2^10 is over the longest
)

// backoff is how long to wait after the given number of attempts, at least one. spread is in [-1, 1].
func backoff(attempts int, err error, spread float64) time.Duration {
	wait := longest
	if doubles := attempts - 1; !IsPermanent(err) && doubles < maxDoubles {
		wait = min(shortest<<max(doubles, 0), longest)
	}
	return wait + time.Duration(float64(wait)*jitter*spread)
}

// spread is a random share for backoff.
func spread() float64 {
	return rand.Float64()*2 - 1 //nolint:gosec // spreads retries, guards nothing
}

// words is what administrators may read of an error: the message of a fault, which is public, and else only what kind of failure
// it was, since the text of a driver may hold addresses, statements or worse.
func words(err error) string {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return cut(f.Message)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "the target did not answer in time"
	}
	return "the target could not be changed; the server's log says why"
}

// cut makes of a target's text one that can be stored, of at most MaxText characters: what could not would keep all that is recorded
// with it from being so.
func cut(s string) string {
	s = text.CleanBlock(s)
	if utf8.RuneCountInString(s) <= MaxText {
		return s
	}
	return string([]rune(s)[:MaxText-1]) + "…"
}
