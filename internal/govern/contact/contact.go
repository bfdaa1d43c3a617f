package contact

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// Limits of contacts; texts are counted in characters.
const (
	MaxRemoteID = 256
	MaxName     = 256
	MaxRecords  = 1000 // channels, and schedules, of an installation
	MaxPerItem  = 100  // channels, and schedules, of one item
	MaxGroups   = 100  // of one schedule
	MaxShifts   = 400  // of one schedule
)

// Provider is the system that a channel or schedule is in.
type Provider string

// The providers.
const (
	Slack     Provider = "SLACK"
	PagerDuty Provider = "PAGER_DUTY"
	Opsgenie  Provider = "OPSGENIE"
)

// Remote names something in another system.
type Remote struct {
	Provider Provider
	RemoteID string
	Name     string // for people; empty: the remote id
}

// validate trims what people type and answers Invalid for the first member that breaks a limit.
func (r *Remote) validate(providers ...Provider) error {
	known := false
	for _, p := range providers {
		known = known || p == r.Provider
	}
	if !known {
		return fault.InvalidField("provider", "is none that is known here")
	}
	r.RemoteID, r.Name = strings.TrimSpace(r.RemoteID), strings.TrimSpace(r.Name)
	if r.RemoteID == "" {
		return fault.InvalidField("remoteId", "is required")
	}
	if r.Name == "" {
		r.Name = r.RemoteID
	}
	for _, f := range []struct {
		name, value string
		limit       int
	}{{"remoteId", r.RemoteID, MaxRemoteID}, {"name", r.Name, MaxName}} {
		if utf8.RuneCountInString(f.value) > f.limit {
			return fault.InvalidField(f.name, "must have at most %d characters", f.limit)
		}
		if err := text.Line(f.name, f.value); err != nil {
			return err
		}
	}
	return nil
}

// ChannelID is the identity of a channel.
type ChannelID string

// Channel is where people can be told of things.
type Channel struct {
	ID ChannelID
	Remote
	Private   bool
	CreatedAt time.Time
}

// ScheduleID is the identity of a schedule.
type ScheduleID string

// Schedule says who is on call.
type Schedule struct {
	ID ScheduleID
	Remote
	CreatedAt time.Time
}

// Shift is a time at which somebody is on call. Several may be at once.
type Shift struct {
	User  directory.UserID
	From  time.Time // the first moment
	Until time.Time // the first moment after it; zero: until the shifts are changed
}

// covers reports whether a moment is in the shift.
func (s Shift) covers(at time.Time) bool {
	return !at.Before(s.From) && (s.Until.IsZero() || at.Before(s.Until))
}

func checkShifts(list []Shift) error {
	if len(list) > MaxShifts {
		return fault.InvalidField("shifts", "has %d entries; at most %d are allowed", len(list), MaxShifts)
	}
	for _, s := range list {
		if !s.Until.IsZero() && !s.From.Before(s.Until) {
			return fault.InvalidField("shifts", "each has to end after it begins")
		}
	}
	return nil
}

// Turn is somebody who is on call, and when they no longer are: the end of the last shift that joins the one before; zero: none is said.
type Turn struct {
	User  directory.UserID
	Until time.Time
}

// OnCall are those on call at a moment, in the order of the shifts, each once.
func OnCall(list []Shift, at time.Time) []Turn {
	var out []Turn
	seen := map[directory.UserID]bool{}
	for _, s := range list {
		if s.covers(at) && !seen[s.User] {
			seen[s.User] = true
			out = append(out, Turn{s.User, until(list, s)})
		}
	}
	return out
}

// until is when the person of a shift is on call no longer.
func until(list []Shift, s Shift) time.Time {
	end := s.Until
	for moved := true; moved && !end.IsZero(); {
		moved = false
		for _, o := range list {
			if o.User == s.User && !o.From.After(end) && (o.Until.IsZero() || o.Until.After(end)) {
				end, moved = o.Until, true
				if end.IsZero() {
					break
				}
			}
		}
	}
	return end
}

// NextChange is the first moment after at when a shift begins or ends; zero if none does.
func NextChange(list []Shift, at time.Time) (next time.Time) {
	for _, s := range list {
		for _, t := range []time.Time{s.From, s.Until} {
			if t.After(at) && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
	}
	return next
}

// Group is a group that a schedule can belong to.
type Group struct {
	app.ResourceRef
	Gives app.EntitlementID // what its members hold
}

// Duty is a schedule of a group: who is on call holds what the members of the group hold.
type Duty struct {
	Group
	Schedule  ScheduleID
	UpdatedAt time.Time // when it was made, or its shifts were changed last
	DeletedAt time.Time // zero while live; else what it gave is to be taken back
}

// Of is what a duty gives.
func (d Duty) Of() app.EntitlementRef { return app.EntitlementRef{AppID: d.AppID, ID: d.Gives} }

// Source names the schedule where grants name what passes them on. It has no app: it is no entitlement, and shown as none.
func (d Duty) Source() app.EntitlementRef {
	return app.EntitlementRef{ID: app.EntitlementID(d.Schedule)}
}
