package opal

import (
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// statusWords are the values of HR_IDP_STATUS. Nobody here is ever of the last two, which match nobody.
var statusWords = map[string]directory.Status{
	"ACTIVE": directory.Enabled, "SUSPENDED": directory.Disabled, "DELETED": directory.Deleted,
	"DEPROVISIONED": "DEPROVISIONED", "NOT_FOUND": "NOT_FOUND",
}

// decodeRule reads what keeps the members of an access rule. Invalid for what it names and is not there.
func (d *Door) decodeRule(q db.Q, c accessRuleChange) (automation.Rule, error) {
	r := automation.Rule{Kind: automation.ByTraits, DisplayName: c.Name, Description: c.Description, Paused: c.Status == "PAUSED"}
	var err error
	if r.Traits.When, err = decodeClauses(c.Clauses.When.Clauses); err != nil {
		return r, err
	}
	if c.Clauses.Unless != nil {
		if len(c.Clauses.Unless.Clauses) == 0 {
			return r, fault.InvalidField("unless", "has no clauses: leave it out, or say whom the rule passes over")
		}
		if r.Traits.Unless, err = decodeClauses(c.Clauses.Unless.Clauses); err != nil {
			return r, err
		}
	}
	return r, knownApps(q, r.Traits)
}

func decodeClauses(list []ruleDisjunction) ([]automation.Clause, error) {
	out := make([]automation.Clause, len(list))
	for n, c := range list {
		out[n].Tags = each(c.Tags, func(t tagSelector) automation.Trait {
			return automation.Trait{Key: t.Key, Value: t.Value, From: app.ID(t.From)}
		})
		if c.Attributes != nil {
			out[n].Statuses = [][]directory.Status{}
		}
		for _, a := range c.Attributes {
			of := make([]directory.Status, len(a.Values))
			for i, v := range a.Values {
				s, ok := statusWords[v]
				if !ok {
					return nil, fault.InvalidField("values", "must be ACTIVE, SUSPENDED, DEPROVISIONED, DELETED or NOT_FOUND")
				}
				of[i] = s
			}
			out[n].Statuses = append(out[n].Statuses, of)
		}
	}
	return out, nil
}

// knownApps refuses a tag that is said to come from what was never an app.
func knownApps(q db.Q, t automation.Traits) error {
	known, named := map[app.ID]bool{}, []app.ID{}
	for _, list := range [][]automation.Clause{t.When, t.Unless} {
		for _, c := range list {
			for _, tag := range c.Tags {
				if !known[tag.From] {
					known[tag.From], named = true, append(named, tag.From)
				}
			}
		}
	}
	found, err := app.ManyApps(q, named)
	for _, a := range found {
		delete(known, a.ID)
	}
	for id := range known {
		if err == nil {
			err = fault.InvalidField("connection_id", "there is no such app: %s", id)
		}
	}
	return err
}

func encodeTraits(t automation.Traits) ruleClauses {
	out := ruleClauses{When: encodeClauses(t.When)}
	if t.Unless != nil {
		out.Unless = new(encodeClauses(t.Unless))
	}
	return out
}

func encodeClauses(list []automation.Clause) ruleConjunction {
	return ruleConjunction{each(list, func(c automation.Clause) ruleDisjunction {
		out := ruleDisjunction{Tags: each(c.Tags, func(t automation.Trait) tagSelector { return tagSelector{t.Key, t.Value, UUID(t.From)} })}
		if c.Statuses != nil {
			out.Attributes = each(c.Statuses, func(of []directory.Status) attributeSelector {
				return attributeSelector{"HR_IDP_STATUS", each(of, statusWord)}
			})
		}
		return out
	})}
}

func statusWord(s directory.Status) string {
	if word, ok := hrStatuses[s]; ok {
		return word
	}
	return string(s)
}
