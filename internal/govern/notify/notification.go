package notify

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
)

// ID is the identity of a notification: a UUIDv7 in text form.
type ID string

// Kind says what a notification is about.
type Kind string

// The kinds of notification.
const (
	Decide   Kind = "DECIDE"    // you are asked to decide
	Decided  Kind = "DECIDED"   // your request was decided
	EndsSoon Kind = "ENDS_SOON" // your access ends soon
	Ended    Kind = "ENDED"     // your access has ended
	Delegate Kind = "DELEGATE"  // you stand in for somebody
)

// Kinds are all kinds, in the order people are shown them.
var Kinds = []Kind{Decide, Decided, EndsSoon, Ended, Delegate}

// Channel is the way on which people are told.
type Channel string

// The channels.
const (
	Mail    Channel = "MAIL"
	Webhook Channel = "WEBHOOK" // the one webhook that administrators named, for all who chose it
	None    Channel = "NONE"
)

// Notice is what somebody is to be told.
type Notice struct {
	User   directory.UserID
	Kind   Kind
	TaskID string // the task it is about, empty if none
	Data   Data
}

// Data is what the text is made of. Every member may be empty; all are names and words as people know them, and none is a secret.
type Data struct {
	TaskNumber  int64     `json:"taskNumber,omitempty"`
	App         string    `json:"app,omitempty"`
	Entitlement string    `json:"entitlement,omitempty"`
	Subject     string    `json:"subject,omitempty"` // whose access it is
	By          string    `json:"by,omitempty"`      // who asked (Decide), decided (Decided), ended it (Ended), or is stood in for (Delegate)
	For         string    `json:"for,omitempty"`     // Decide: for whom the reader decides, if not for themself
	Outcome     string    `json:"outcome,omitempty"` // Decided: "granted", "denied", "cancelled" …
	Reason      string    `json:"reason,omitempty"`
	From        time.Time `json:"from,omitzero"`  // Delegate: when the window opens
	Until       time.Time `json:"until,omitzero"` // when the access, or the window, ends; zero: never

	AppID         string        `json:"appId,omitempty"` // of the access, as the API shows it
	EntitlementID string        `json:"entitlementId,omitempty"`
	Other         bool          `json:"other,omitempty"`   // Decided: somebody else than the reader asked
	Removal       bool          `json:"removal,omitempty"` // what was asked is that access is taken
	Lasts         time.Duration `json:"lasts,omitempty"`   // how long the access was asked for; 0: for good
}

// State says how far a notification has come.
type State string

// The states of a notification.
const (
	Open   State = "open"
	Handed State = "handed" // the webhook has it
	Done   State = "done"
	Failed State = "failed"
)

// Limits of a notification.
const (
	MaxAttempts = 30                  // tries until it is given up, about a day
	CallLimit   = 30 * time.Second    // a try is given up after this
	Lease       = 3 * time.Minute     // a batch is nobody else's for this long; longer than sending one takes
	KeptDone    = 7 * 24 * time.Hour  // what was sent is forgotten after this
	KeptFailed  = 30 * 24 * time.Hour // what failed is
	maxText     = 512                 // characters kept of each text of Data, and of an error
	shortest    = 30 * time.Second
	longest     = time.Hour
	maxDoubles  = 7 // 30 s · 2^7 is over the longest
	jitter      = 0.2
)

// Notification is a notice on its way to somebody.
type Notification struct {
	ID        ID
	User      directory.UserID
	Kind      Kind
	Channel   Channel // empty until it was tried
	TaskID    string
	Data      Data
	State     State
	Attempts  int
	LastError string // for administrators; empty: nothing failed
	CreatedAt time.Time
	DoneAt    time.Time // zero while open or handed

	lease  string
	people []directory.UserID // who are told the same, instead of User
}

// backoff is how long to wait after the given number of attempts, at least one. spread is in [-1, 1].
func backoff(attempts int, spread float64) time.Duration {
	wait := min(shortest<<min(max(attempts-1, 0), maxDoubles), longest)
	return wait + time.Duration(float64(wait)*jitter*spread)
}

// spread is a random share for backoff.
func spread() float64 {
	return rand.Float64()*2 - 1 //nolint:gosec // spreads retries, guards nothing
}

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent marks an error that trying again will not mend, such as an address that does not exist.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

// IsPermanent reports whether err was marked by [Permanent].
func IsPermanent(err error) bool {
	_, ok := errors.AsType[permanent](err)
	return ok
}
