package stream

import (
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// ID is the identity of a stream: a UUIDv7 in text form.
type ID string

// Limits of a stream and of what it sends.
const (
	MaxStreams  = 20  // in an installation
	MaxName     = 256 // characters
	MaxBatch    = 100 // events of a message
	MaxFailures = 50  // in a row, until the stream is switched off: about a day
	retryFrom   = 3 * time.Second
	retryTo     = 30 * time.Minute
	look        = time.Second            // how often the log is looked at for something to send
	lookSoon    = 100 * time.Millisecond // while there is something that is not settled yet
)

// Stream is another system that is sent what happens.
type Stream struct {
	ID          ID
	Name        string
	URL         string // may hold a secret of the receiver's: no part of an audit event
	Credentials Credentials
	Enabled     bool
	Reason      string    // why Interim switched it off; empty: it did not
	Failures    int       // in a row
	LastError   string    // of the last call, for people; empty: it did not fail
	SentAt      time.Time // when a batch was last answered; zero: never
	CreatedBy   directory.UserID
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Version     int64

	place audit.Place
	dueAt time.Time
	lease string // token of the worker that sends now, empty: nobody does
}

// Change is what is changed of a stream; nil members stay.
type Change struct {
	Name        *string
	URL         *string
	Enabled     *bool
	Credentials *Credentials
}

// validate answers Invalid for the first member that breaks a limit. Whether an address may be reached shows when it is called, since
// what a name stands for can change.
func (s Stream) validate() error {
	if strings.TrimSpace(s.Name) == "" {
		return fault.InvalidField("name", "is required")
	}
	if n := utf8.RuneCountInString(s.Name); n > MaxName {
		return fault.InvalidField("name", "has %d characters; at most %d are allowed", n, MaxName)
	}
	if err := text.Line("name", s.Name); err != nil {
		return err
	}
	return webhook.CheckURL("url", s.URL)
}

// backoff is how long to wait after so many failures in a row: twice as long each time.
func backoff(failures int) time.Duration {
	wait := retryFrom
	for range failures - 1 {
		if wait *= 2; wait >= retryTo {
			return retryTo
		}
	}
	return wait
}

// sameHost reports whether two addresses lead to the same server.
func sameHost(a, b string) bool {
	x, err1 := url.Parse(a)
	y, err2 := url.Parse(b)
	return err1 == nil && err2 == nil && strings.EqualFold(x.Scheme, y.Scheme) && strings.EqualFold(x.Host, y.Host)
}
