package request

import (
	"slices"
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// Limits of details; texts are counted in characters.
const (
	MaxFields = 50
	MaxName   = 256
	MaxValue  = 4096
	MaxTicket = 2048 // of each member of a ticket
)

// Status says how a request stands.
type Status string

// The states of requests.
const (
	Pending  Status = "PENDING"
	Approved Status = "APPROVED"
	Denied   Status = "DENIED"
	Canceled Status = "CANCELED"
)

// Statuses are all states.
var Statuses = []Status{Pending, Approved, Denied, Canceled}

// Ticket is what a request came out of in a system of tickets. It is kept and shown; no such system is asked about it.
type Ticket struct {
	Provider   string `json:"provider"`
	RemoteID   string `json:"remoteId"`
	Identifier string `json:"identifier"`
	URL        string `json:"url"`
}

// Field is one answer to a form, as it was sent.
type Field struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// Details is what was said with a request that none of its tasks keeps.
type Details struct {
	Ticket *Ticket `json:"ticket,omitempty"`
	Fields []Field `json:"fields,omitempty"`
}

// Request is what somebody asked for at once.
type Request struct {
	Details

	Tasks []task.Task // at least one
}

// First is the task whose id is the request's.
func (r Request) First() task.Task { return r.Tasks[0] }

// Status is how r stands. [StatusSQL] says the same in SQL.
func (r Request) Status() Status {
	switch {
	case slices.ContainsFunc(r.Tasks, func(t task.Task) bool { return !t.Decided() }):
		return Pending
	case slices.ContainsFunc(r.Tasks, func(t task.Task) bool { return t.Outcome == task.Denied }):
		return Denied
	case !slices.ContainsFunc(r.Tasks, func(t task.Task) bool { return !abandoned(t) }):
		return Canceled
	default:
		return Approved
	}
}

// abandoned reports whether a task ended without anybody's yes or no.
func abandoned(t task.Task) bool { return t.Outcome == task.Cancelled || t.Outcome == task.TimedOut }

// UpdatedAt is when one of the tasks changed last.
func (r Request) UpdatedAt() time.Time {
	var at time.Time
	for _, t := range r.Tasks {
		if t.UpdatedAt.After(at) {
			at = t.UpdatedAt
		}
	}
	return at
}

// Validate answers Invalid for the first member of d that breaks a limit.
func (d Details) Validate() error {
	if len(d.Fields) > MaxFields {
		return fault.InvalidField("custom_metadata", "has more than %d members", MaxFields)
	}
	for _, f := range d.Fields {
		if f.Name == "" || utf8.RuneCountInString(f.Name) > MaxName || utf8.RuneCountInString(f.Value) > MaxValue {
			return fault.InvalidField("custom_metadata", "names have 1 to %d characters, values at most %d", MaxName, MaxValue)
		}
		if err := text.Line("custom_metadata", f.Name); err != nil {
			return err
		}
		if err := text.Block("custom_metadata", f.Value); err != nil {
			return err
		}
	}
	if d.Ticket == nil {
		return nil
	}
	for _, s := range []string{d.Ticket.Provider, d.Ticket.RemoteID, d.Ticket.Identifier, d.Ticket.URL} {
		if utf8.RuneCountInString(s) > MaxTicket {
			return fault.InvalidField("support_ticket", "a member has more than %d characters", MaxTicket)
		}
		if err := text.Line("support_ticket", s); err != nil {
			return err
		}
	}
	return nil
}

func (d Details) empty() bool { return d.Ticket == nil && len(d.Fields) == 0 }
