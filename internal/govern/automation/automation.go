package automation

import (
	"reflect"
	"slices"
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
	Basic    Kind = "BASIC"        // for whom an expression holds, written by a form
	CEL      Kind = "CEL"          // for whom an expression holds
	Holders  Kind = "ENTITLEMENTS" // who holds one of some entitlements
	ByTraits Kind = "TRAITS"       // whose tags and status match
	Nobody   Kind = "NONE"         // nobody
)

// Status says how the last pass went.
type Status string

// The outcomes of a pass; none before the first.
const (
	Running Status = "IN_PROGRESS"
	Done    Status = "SUCCESS"
	Failed  Status = "FAILED"
)

// Doubt is what the last pass of a rule thought too much to take.
type Doubt string

// The doubts.
const (
	Refused  Doubt = "REFUSED"  // the pass would have taken too much, and changed nothing
	Accepted Doubt = "ACCEPTED" // somebody who knew of it saved the rule again as it was: the next pass takes it
)

// Limits of rules and proxies.
const (
	MaxSources    = 32  // entitlements of a rule of [Holders]
	MaxExclusions = 500 // users whom a rule passes over
	MaxProxies    = 200 // destinations of one entitlement
	MaxSourcesOf  = 500 // sources of one entitlement, by proxies
	MaxDoubts     = 100 // from so many on a pass doubts what takes more than a fifth
	MaxReach      = 200 // entitlements that are looked at behind one
	maxChain      = 1000
)

// Rule gives one entitlement.
type Rule struct {
	Of          app.EntitlementRef
	Kind        Kind
	Expression  string               // of Basic and CEL
	Sources     []app.EntitlementRef // of Holders
	Traits      Traits               // of ByTraits
	Paused      bool                 // it gives nothing more, and who has it by the rule keeps it
	Breaker     Breaker              // how much a pass may take before it is doubted
	Asks        bool                 // people are asked first, in both directions; see [Asking]
	Matched     int64                // whom the last pass found to match
	DisplayName string
	Description string
	Status      Status
	Error       string // why it failed, or whom it passed over, for people
	Doubt       Doubt
	CompletedAt time.Time // the end of the last pass; zero before the first
	CreatedAt   time.Time
	UpdatedAt   time.Time
	DeletedAt   time.Time // zero while live
	Version     int64
}

// Breaker is how much a pass of a rule may take before it is doubted. The zero value doubts what takes more than a fifth of [MaxDoubts] or
// more.
type Breaker struct {
	Off     bool  `json:"off,omitempty"`     // nothing is doubted
	Small   bool  `json:"small,omitempty"`   // what takes from few people is doubted as well
	Percent int64 `json:"percent,omitempty"` // 1 to 100: how many may be taken of those who have it; 0: 20
}

// DefaultPercent is what a [Breaker] means that says no percentage.
const DefaultPercent = 20

func (b Breaker) trips(have, lost int) bool {
	percent := b.Percent
	if percent == 0 {
		percent = DefaultPercent
	}
	return (b.Small || have >= MaxDoubts) && int64(lost)*100 > int64(have)*percent
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
	case ByTraits:
		return r.Traits.validate()
	case Nobody:
	default:
		return fault.InvalidField("conditions", "is required: basic, cel, entitlements or none")
	}
	return nil
}

// tooMuch reports whether a pass is to be doubted that takes the entitlement from lost of those have whom the rule gave it, while it
// matches so many: more than its breaker allows, or everything from more than one because somebody changed the rule so that
// it matches nobody. Who says that it shall match nobody, or deletes it, is not doubted.
func (r Rule) tooMuch(have, lost, matches int) bool {
	if !r.DeletedAt.IsZero() || r.Kind == Nobody || r.Doubt == Accepted || r.Breaker.Off {
		return false
	}
	changed := r.Status != Done || !r.UpdatedAt.Before(r.CompletedAt) // since the last pass that went well
	return r.Breaker.trips(have, lost) || changed && matches == 0 && have > 1
}

// alike reports whether two rules match the same people, whoever there is, and do the same about them.
func (r Rule) alike(o Rule) bool {
	return r.Kind == o.Kind && r.Expression == o.Expression && r.Breaker == o.Breaker && r.Asks == o.Asks &&
		reflect.DeepEqual(r.Traits, o.Traits) &&
		len(r.Sources) == len(o.Sources) &&
		!slices.ContainsFunc(r.Sources, func(e app.EntitlementRef) bool { return !slices.Contains(o.Sources, e) })
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

// Loss says what becomes of the destination of somebody who holds the source no longer.
type Loss string

// The kinds of loss.
const (
	Taken   Loss = ""      // what the proxy gave is taken
	Left    Loss = "LEAVE" // it stays, as if it had been given by hand, but for who lost the source because their time was over
	Revoked Loss = "ALL"   // it is taken, and so is what was given directly
)

// Proxy is a binding that was made.
type Proxy struct {
	Binding

	OnLoss    Loss      // how it takes from who holds the source no longer; one that is released takes what it gave
	Ask       Asking    // about what people are asked first
	Until     time.Time // from then on it gives nothing; zero: without end
	Task      string    // the task by which it was made; empty: none
	CreatedAt time.Time
	UpdatedAt time.Time
	DeletedAt time.Time // zero while live
}
