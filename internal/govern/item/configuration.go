package item

import (
	"slices"
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// Limits of configurations.
const (
	MaxConfigurations = 16
	MaxStages         = 8
	MaxSlots          = 32                   // owner sets of a stage, people of one, groups and levels of a condition
	MaxLevel          = 256                  // characters of a level that a condition names
	MaxDuration       = 525960 * time.Minute // a year
)

// Indefinitely is recommended where no end is.
const Indefinitely = -time.Minute

// Configuration says how an item may be asked for by those for whom its condition holds.
type Configuration struct {
	Priority  int        `json:"priority"`            // 0 is the default, for whom no other holds; of several the highest counts
	Condition *Condition `json:"condition,omitempty"` // nil for the default, and for no other

	Allow       bool          `json:"allow"`                 // it can be asked for at all
	AutoApprove bool          `json:"autoApprove,omitempty"` // without asking anybody
	MFA         bool          `json:"mfa,omitempty"`         // who asks has to prove who they are once more
	Ticket      bool          `json:"ticket,omitempty"`      // a ticket has to be named
	MaxDuration time.Duration `json:"maxDuration,omitempty"` // zero: no limit; whole minutes
	Recommended time.Duration `json:"recommended,omitempty"` // zero: none; whole minutes
	Extension   time.Duration `json:"extension,omitempty"`   // how long an extension may be; zero: none is said
	TemplateID  string        `json:"templateId,omitempty"`  // of the form that comes with a request; empty: none
	Stages      []Stage       `json:"stages,omitempty"`      // in order
}

// Condition holds for who has access by one of the groups, or asks for one of the levels; with both, both have to hold.
type Condition struct {
	Groups []app.EntitlementRef `json:"groups,omitempty"`
	Levels []string             `json:"levels,omitempty"`
}

// Stage is a step of a request at which somebody decides. Each owner set, the manager, the admin owner and each person is a slot.
type Stage struct {
	All     bool               `json:"all,omitempty"` // every slot has to approve; else one of them
	Manager bool               `json:"manager,omitempty"`
	Admin   bool               `json:"admin,omitempty"` // whoever owns the item
	Owners  []string           `json:"owners,omitempty"`
	People  []directory.UserID `json:"people,omitempty"`
}

// checkConfigurations answers Invalid unless list is a whole: one default without a condition and with priority 0, the others with a
// condition each and the priorities 1, 2, 3 and so on.
func checkConfigurations(list []Configuration) error {
	if len(list) == 0 {
		return nil
	}
	if len(list) > MaxConfigurations {
		return fault.InvalidField("request_configurations", "has more than %d members", MaxConfigurations)
	}
	var priorities []int
	for _, c := range list {
		priorities = append(priorities, c.Priority)
		if err := c.validate(); err != nil {
			return err
		}
	}
	slices.Sort(priorities)
	for want, p := range priorities {
		if p != want {
			return fault.InvalidField("request_configurations", "the priorities must be 0 for the default and 1, 2, 3 … for the others")
		}
	}
	return nil
}

func (c Configuration) validate() error {
	if c.Condition != nil {
		if err := c.Condition.validate(); err != nil {
			return err
		}
	}
	switch {
	case c.Priority == 0 && c.Condition != nil:
		return fault.InvalidField("request_configurations", "the default, of priority 0, has no condition")
	case c.Priority != 0 && (c.Condition == nil || len(c.Condition.Groups)+len(c.Condition.Levels) == 0):
		return fault.InvalidField("request_configurations", "a configuration that is not the default needs a condition")
	case c.AutoApprove && len(c.Stages) > 0:
		return fault.InvalidField("request_configurations", "what is approved by itself has no reviewer_stages")
	case len(c.Stages) > MaxStages:
		return fault.InvalidField("reviewer_stages", "has more than %d members", MaxStages)
	}
	for name, d := range map[string]time.Duration{
		"max_duration_minutes": c.MaxDuration, "recommended_duration_minutes": c.Recommended, "extensions_duration_in_minutes": c.Extension,
	} {
		if d == Indefinitely && name == "recommended_duration_minutes" {
			continue
		}
		if d < 0 || d > MaxDuration || d%time.Minute != 0 {
			return fault.InvalidField(name, "must be 1 to %d minutes", MaxDuration/time.Minute)
		}
	}
	for _, s := range c.Stages {
		if len(s.Owners) > MaxSlots || len(s.People) > MaxSlots {
			return fault.InvalidField("reviewer_stages", "a stage names more than %d owners or people", MaxSlots)
		}
		if !s.Manager && !s.Admin && len(s.Owners)+len(s.People) == 0 {
			return fault.InvalidField("reviewer_stages", "a stage names nobody")
		}
	}
	return nil
}

func (c Condition) validate() error {
	if len(c.Groups) > MaxSlots || len(c.Levels) > MaxSlots {
		return fault.InvalidField("condition", "names more than %d groups or levels", MaxSlots)
	}
	for _, l := range c.Levels {
		if utf8.RuneCountInString(l) > MaxLevel {
			return fault.InvalidField("role_remote_ids", "one is longer than %d characters", MaxLevel)
		}
		if err := text.Line("role_remote_ids", l); err != nil {
			return err
		}
	}
	return nil
}

// For is the configuration that counts where holds tells whether a condition does: the one of the highest priority. False if there is
// none at all.
func For(list []Configuration, holds func(Condition) bool) (Configuration, bool) {
	ranked := slices.SortedFunc(slices.Values(list), func(a, b Configuration) int { return b.Priority - a.Priority })
	for _, c := range ranked {
		if c.Condition == nil || holds(*c.Condition) {
			return c, true
		}
	}
	return Configuration{}, false
}
