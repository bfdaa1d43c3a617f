package webhook

import (
	"math/rand/v2"
	"time"
)

// DeliveryID is the identity of a delivery: a UUIDv7 in text form. Receivers see it as the message's id, the same however often the
// message is sent.
type DeliveryID string

// Event says what a message is about. It is the name of the message's payload type.
type Event string

// The events. Their names are those of the upstream product, but for Notification, which is ours.
const (
	EventTest         Event = "c1.webhooks.v1.PayloadTest"
	EventApproval     Event = "c1.webhooks.v1.PayloadPolicyApprovalStep"
	EventPostAction   Event = "c1.webhooks.v1.PayloadPolicyPostAction"
	EventProvision    Event = "c1.webhooks.v1.PayloadProvisionStep"
	EventNotification Event = "interim.v1.PayloadNotification"
)

// State says how far a delivery has come.
type State string

// The states of a delivery.
const (
	Open      State = "open"      // to be sent, or sent and not answered yet
	Waiting   State = "waiting"   // the receiver promised a callback
	Done      State = "done"      // answered
	Failed    State = "failed"    // given up
	Cancelled State = "cancelled" // no longer wanted
)

// Limits of a delivery.
const (
	MaxAttempts = 50               // tries until it is given up
	CallLimit   = 30 * time.Second // a call is given up after this
	Lease       = 45 * time.Second // a delivery is nobody else's for this long; longer than a call
	MaxBody     = 250 * 1000       // bytes of a message, of a reply and of a callback
	Kept        = 30 * 24 * time.Hour
	retryFrom   = 3 * time.Second
	retryTo     = 15 * time.Second
	maxError    = 512 // characters kept of an error
)

// Delivery is one message to one webhook.
type Delivery struct {
	ID            DeliveryID
	Webhook       ID
	Event         Event
	Ref           string // what it is about, in the words of who asked for it
	State         State
	Attempts      int       // calls begun
	LastError     string    // what the last call failed with, in words for people; empty: none failed
	LastAttemptAt time.Time // zero: not tried yet
	Verdict       Verdict   // once Done: what the answer said
	CreatedAt     time.Time
	UpdatedAt     time.Time
	ExpiresAt     time.Time // once Waiting: when the callback is given up
	DoneAt        time.Time // zero while open or waiting

	payload string // JSON, empty: to be asked for
	lease   string // token of the worker that sends it now, empty: nobody does
}

// Running reports whether a worker is sending the message now.
func (d Delivery) Running() bool { return d.State == Open && d.lease != "" }

// retries reports whether a message that failed is sent again. A test tells how it went at once.
func (d Delivery) retries() bool { return d.Event != EventTest && d.Attempts < MaxAttempts }

// backoff is how long to wait after a failed call.
func backoff() time.Duration {
	return retryFrom + rand.N(retryTo-retryFrom) //nolint:gosec // spreads retries, guards nothing
}
