package automation

import (
	"slices"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/tag"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// Limits of traits.
const (
	MaxClauses   = 32  // of each of the two lists
	MaxSelectors = 100 // tags and lists of statuses of a clause, and statuses of a list
)

// Traits match whom every clause of When holds for, unless there are clauses of Unless and every one of these holds too.
type Traits struct {
	When   []Clause `json:"when"`
	Unless []Clause `json:"unless,omitzero"` // nil and empty mean the same; which it was is kept for whoever compares
}

// Clause holds for who has one of the tags, or one of the statuses of one of the lists.
type Clause struct {
	Tags     []Trait              `json:"tags"`
	Statuses [][]directory.Status `json:"statuses,omitzero"` // one that nobody ever has matches nobody
}

// Trait is a tag, key and value as they are written. Tags are put on people in Interim itself: From, the app that the tag is said to come
// from, is kept and tells nothing more of it.
type Trait struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	From  app.ID `json:"from,omitempty"`
}

// Person is what traits know of somebody.
type Person struct {
	Status directory.Status
	Tags   []tag.Tag
}

// Match reports whether the traits match somebody. Traits without a clause in When match nobody.
func (t Traits) Match(p Person) bool {
	return len(t.When) > 0 && every(t.When, p) && (len(t.Unless) == 0 || !every(t.Unless, p))
}

func every(list []Clause, p Person) bool {
	return !slices.ContainsFunc(list, func(c Clause) bool { return !c.holds(p) })
}

func (c Clause) holds(p Person) bool {
	return slices.ContainsFunc(c.Tags, func(want Trait) bool {
		return slices.ContainsFunc(p.Tags, func(has tag.Tag) bool { return has.Key == want.Key && has.Value == want.Value })
	}) || slices.ContainsFunc(c.Statuses, func(of []directory.Status) bool { return slices.Contains(of, p.Status) })
}

// tags are the tags that t goes by, each once.
func (t Traits) tags() []Trait {
	var out []Trait
	for _, c := range slices.Concat(t.When, t.Unless) {
		for _, s := range c.Tags {
			if s.From = ""; !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// validate answers Invalid for the first member of t that breaks a limit. A clause that nothing could satisfy is a mistake, and so is a
// rule for everybody.
func (t Traits) validate() error {
	if len(t.When) == 0 {
		return fault.InvalidField("when", "is required: 1 to %d clauses", MaxClauses)
	}
	for _, list := range []struct {
		name    string
		clauses []Clause
	}{{"when", t.When}, {"unless", t.Unless}} {
		if n := len(list.clauses); n > MaxClauses {
			return fault.InvalidField(list.name, "has %d clauses; at most %d are allowed", n, MaxClauses)
		}
		for _, c := range list.clauses {
			if err := c.validate(list.name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c Clause) validate(name string) error {
	n := len(c.Tags)
	for _, list := range c.Statuses {
		if len(list) == 0 {
			return fault.InvalidField(name, "a list of statuses is empty")
		}
		n += len(list)
	}
	if n == 0 || n > MaxSelectors {
		return fault.InvalidField(name, "a clause has %d selectors; 1 to %d are allowed", n, MaxSelectors)
	}
	for _, t := range c.Tags {
		for _, f := range []struct {
			name, text string
			least      int
			most       int
		}{{"key", t.Key, 1, tag.MaxKey}, {"value", t.Value, 0, tag.MaxValue}} {
			if n := utf8.RuneCountInString(f.text); n < f.least || n > f.most {
				return fault.InvalidField(f.name, "has %d characters; %d to %d are allowed", n, f.least, f.most)
			}
			if err := text.Line(f.name, f.text); err != nil {
				return err
			}
		}
	}
	return nil
}
