package owner

import (
	"slices"
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// SetID is the identity of a set of owners.
type SetID string

// Set is a named set of owners, shared by whatever it owns. Its members are asked for like the owners of [OfSet]; those who are disabled
// or deleted are nobody.
type Set struct {
	ID          SetID
	Name        string // unique among the sets that are not deleted, whatever its case
	Description string
	// Escalation is how long the first member is asked alone before the next is told too, in whole minutes; zero: all at once. It says
	// who is told and not who may decide.
	Escalation time.Duration
	// Members are in the order in which they are told, deleted ones included. With a Source they are its holders, and Members only says
	// their order.
	Members   []directory.UserID
	Source    app.EntitlementRef // whose holders are the members; zero: none
	ChannelID string             // where to tell them; a contact.Channel, empty: none

	// Of is set for the owners of an object that no set owns: they are shown as a set whose identity is the object's own. It cannot be
	// changed as one.
	Of Object

	CreatedAt, UpdatedAt time.Time
	Version              int64
}

// Limits of sets. Texts are counted in characters.
const (
	MaxMembers     = 100
	MaxName        = 256
	MaxDescription = 2048
	MaxChannel     = 256
	MaxEscalation  = 525960 * time.Minute // a year
)

// Object is the object whose owners are the members of s.
func (s Set) Object() Object {
	if s.Of != (Object{}) {
		return s.Of
	}
	return OfSet(s.ID)
}

// Shared is the kind of a set as an object, whose primary owners are its members. Owning it gives no rights.
const Shared Kind = "set"

// OfSet names a set.
func OfSet(v SetID) Object { return Object{Kind: Shared, ID: string(v)} }

// Validate answers Invalid for the first member of s that breaks a limit.
func (s Set) Validate() error {
	if s.Name == "" {
		return fault.InvalidField("name", "is required")
	}
	for _, t := range []struct {
		field, value string
		most         int
		check        func(field, s string) error
	}{
		{"name", s.Name, MaxName, text.Line}, {"description", s.Description, MaxDescription, text.Block},
		{"channelId", s.ChannelID, MaxChannel, text.Line},
	} {
		if utf8.RuneCountInString(t.value) > t.most {
			return fault.InvalidField(t.field, "is longer than %d characters", t.most)
		}
		if err := t.check(t.field, t.value); err != nil {
			return err
		}
	}
	switch {
	case len(s.Members) > MaxMembers:
		return fault.InvalidField("members", "has more than %d members", MaxMembers)
	case s.Escalation < 0 || s.Escalation > MaxEscalation || s.Escalation%time.Minute != 0:
		return fault.InvalidField("escalation", "is not a whole number of minutes from 0 to %d", MaxEscalation/time.Minute)
	}
	return nil
}

// inOrder sorts people as a set has put them; whoever it does not name comes last, in the order in which they are.
func (s Set) inOrder(people []directory.UserID) {
	place := make(map[directory.UserID]int, len(s.Members))
	for i, u := range s.Members {
		place[u] = i - len(s.Members)
	}
	slices.SortStableFunc(people, func(a, b directory.UserID) int { return place[a] - place[b] })
}
