package attribute

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/text"
)

// ID is the identity of a value: a UUIDv7 in text form.
type ID string

// TypeID is the identity of a type.
type TypeID string

// The types, which every installation has under these ids.
var (
	RiskLevel  = TypeID(id.Static("attribute.type.risk_level"))
	Compliance = TypeID(id.Static("attribute.type.compliance_framework"))
)

// Type is a kind of words.
type Type struct {
	ID   TypeID
	Name string // for people
	noun string // in messages
}

// Types are all types there are, in the order of their names.
func Types() []Type {
	return []Type{
		{Compliance, "Compliance Framework", "compliance framework"},
		{RiskLevel, "Risk Level", "risk level"},
	}
}

// noun is what a value of the type is called.
func (t TypeID) noun() string {
	for _, known := range Types() {
		if known.ID == t {
			return known.noun
		}
	}
	return "attribute value"
}

// Known reports whether there is such a type.
func (t TypeID) Known() bool { return t == RiskLevel || t == Compliance }

// Limits of values.
const (
	MaxValue  = 256  // characters of a value
	MaxValues = 1000 // live values of a type
)

// Value is one word of a type.
type Value struct {
	ID        ID
	Type      TypeID
	Value     string
	CreatedAt time.Time
	UpdatedAt time.Time
	DeletedAt time.Time // zero while live
	Version   int64
}

// validate answers Invalid for a type that is not there and a text that breaks a limit.
func (v Value) validate() error {
	switch n := utf8.RuneCountInString(v.Value); {
	case !v.Type.Known():
		return fault.InvalidField("attributeTypeId", "there is no such type of attributes")
	case strings.TrimSpace(v.Value) == "":
		return fault.InvalidField("value", "is required: 1 to %d characters", MaxValue)
	case n > MaxValue:
		return fault.InvalidField("value", "has %d characters; at most %d are allowed", n, MaxValue)
	}
	return text.Line("value", v.Value)
}
