package automation

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/expr"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// Kind says whom a rule matches.
type Kind string

// The kinds of rules.
const (
	Basic   Kind = "BASIC"        // for whom an expression holds, written by a form
	CEL     Kind = "CEL"          // for whom an expression holds
	Holders Kind = "ENTITLEMENTS" // who holds one of some entitlements
	Nobody  Kind = "NONE"         // nobody
)

// Status says how the last pass went.
type Status string

// The outcomes of a pass; none before the first.
const (
	Running Status = "IN_PROGRESS"
	Done    Status = "SUCCESS"
	Failed  Status = "FAILED"
)

// Limits of rules and proxies.
const (
	MaxSources    = 32  // entitlements of a rule of [Holders]
	MaxExclusions = 500 // users whom a rule passes over
	MaxProxies    = 64  // destinations of one entitlement
	maxChain      = 1000
)

// Rule gives one entitlement.
type Rule struct {
	Of          app.EntitlementRef
	Kind        Kind
	Expression  string               // of Basic and CEL
	Sources     []app.EntitlementRef // of Holders
	DisplayName string
	Description string
	Status      Status
	Error       string    // why it failed, for people
	CompletedAt time.Time // the end of the last pass; zero before the first
	CreatedAt   time.Time
	UpdatedAt   time.Time
	DeletedAt   time.Time // zero while live
	Version     int64
}

func (r Rule) validate() error {
	if err := r.CheckTexts(); err != nil {
		return err
	}
	switch r.Kind {
	case Basic, CEL:
		if strings.TrimSpace(r.Expression) == "" {
			return fault.InvalidField("expression", "is required: 1 to %d characters", expr.MaxText)
		}
	case Holders:
		if n := len(r.Sources); n == 0 || n > MaxSources {
			return fault.InvalidField("entitlementRefs", "has %d entries; 1 to %d are allowed", n, MaxSources)
		}
	case Nobody:
	default:
		return fault.InvalidField("conditions", "is required: basic, cel, entitlements or none")
	}
	return nil
}

// CheckTexts answers Invalid for the first text of r that is too long, or not what it looks like.
func (r Rule) CheckTexts() error {
	for _, f := range []struct {
		name, text string
		most       int
		check      func(field, s string) error
	}{
		{"expression", r.Expression, expr.MaxText, text.Block},
		{"displayName", r.DisplayName, app.MaxName, text.Line},
		{"description", r.Description, app.MaxDescription, text.Block},
	} {
		if n := utf8.RuneCountInString(f.text); n > f.most {
			return fault.InvalidField(f.name, "has %d characters; at most %d are allowed", n, f.most)
		}
		if err := f.check(f.name, f.text); err != nil {
			return err
		}
	}
	return nil
}

// Binding names a proxy: who holds Source holds Destination.
type Binding struct{ Source, Destination app.EntitlementRef }

// Proxy is a binding that was made.
type Proxy struct {
	Binding

	CreatedAt time.Time
	UpdatedAt time.Time
	DeletedAt time.Time // zero while live
}
