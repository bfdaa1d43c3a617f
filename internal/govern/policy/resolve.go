package policy

import (
	"context"
	"errors"
	"slices"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/expr"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Resolve takes a live policy's steps for the facts: those of the first rule whose condition holds, else the baseline; through
// references to other policies, at most [MaxDepth]. A condition that cannot be worked out does not hold, which the trace says. Precondition
// for the access of a group where a condition asks about its subject: neither yes nor no would be true of it, and what comes after may be
// meant for others. NotFound.
func (s *Service) Resolve(ctx context.Context, policyID ID, facts Facts) (Plan, error) {
	var plan Plan
	q := s.DB.Q(ctx)
	for depth := 0; depth <= MaxDepth; depth++ {
		p, err := s.read.live(q, policyID)
		if err != nil {
			return Plan{}, err
		}
		rule, err := s.rule(ctx, p, depth, facts, &plan.Trace)
		switch {
		case err != nil:
			return Plan{}, err
		case rule.PolicyID != "":
			policyID = rule.PolicyID
			continue
		}
		plan.Policy, plan.Generation, plan.Key, plan.Steps = p, p.Generation, rule.StepKey, p.Steps[rule.StepKey]
		if len(plan.Steps) == 0 {
			return Plan{}, fault.New(fault.Precondition, "policy %s has no steps under %s", p.DisplayName, rule.StepKey)
		}
		return plan, nil
	}
	return Plan{}, fault.New(fault.Precondition, "the policy leads through more than %d references", MaxDepth)
}

// rule is the first rule that holds, or the baseline as one.
func (s *Service) rule(ctx context.Context, p Policy, depth int, facts Facts, trace *[]Tried) (Rule, error) {
	for i, r := range p.Rules {
		holds, err := s.Holds(ctx, r.Condition, facts)
		tried := Tried{PolicyID: p.ID, Depth: depth, Rule: i, Condition: r.Condition, Matched: holds}
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				return Rule{}, err
			}
			if facts.ForGroup {
				return Rule{}, fault.New(fault.Precondition, "the policy cannot decide about a group, since a condition of it cannot be worked out: %s",
					fault.Of(err).Message)
			}
			tried.Err = fault.Of(err).Message
		}
		if holds {
			tried.StepKey, tried.Next = r.StepKey, r.PolicyID
			*trace = append(*trace, tried)
			return r, nil
		}
		*trace = append(*trace, tried)
	}
	baseline := Rule{PolicyID: p.BaselineID, StepKey: p.Kind.Baseline()}
	if n := len(p.Rules); n > 0 {
		*trace = append(*trace, Tried{
			PolicyID: p.ID, Depth: depth, Rule: n, Baseline: true, StepKey: baseline.StepKey, Next: baseline.PolicyID,
		})
	}
	return baseline, nil
}

// Holds answers the condition of a rule or a wait. Invalid where it cannot be worked out.
func (s *Service) Holds(ctx context.Context, condition string, facts Facts) (bool, error) {
	v, err := s.eval(ctx, s.conditions, condition, facts)
	holds, _ := v.(bool)
	return holds, err
}

// Approvers are the users that the expressions of an approval answer, each once, in order, whatever their status; none is a valid
// answer, upon which upstream passes the step over. Invalid where an expression cannot be worked out.
func (s *Service) Approvers(ctx context.Context, expressions []string, facts Facts) ([]directory.UserID, error) {
	var out []directory.UserID
	for _, text := range expressions {
		v, err := s.eval(ctx, s.approvers, text, facts)
		if err != nil {
			return nil, err
		}
		list, many := v.([]any)
		if !many {
			list = []any{v}
		}
		for _, e := range list {
			if u, ok := e.(*someone); ok && !slices.Contains(out, u.ID) {
				out = append(out, u.ID)
			}
		}
	}
	return out, nil
}

// Try works out an expression of account provisioning, whose subject is facts.Subject, and describes the answer. Invalid about cel.
func (s *Service) Try(ctx context.Context, text string, facts Facts) (typ, value string, err error) {
	program, err := s.accounts.Compile(text)
	if err != nil {
		return "", "", invalid("cel", err)
	}
	l := s.looker(ctx, facts)
	typ, value, err = program.Show(l.input())
	if l.broken != nil {
		return "", "", l.broken
	}
	return typ, value, invalid("cel", err)
}

// Validate says what is wrong with a text: as an expression for approvers if it speaks of owners or is sound as one, else as the
// condition of a rule. None: it is sound.
func (s *Service) Validate(text string) []expr.Marker {
	_, first := s.conditions.Compile(text)
	_, second := s.approvers.Compile(text)
	var bad *expr.Error
	switch {
	case first == nil || second == nil:
		return nil
	case speaksOfOwners(text) && errors.As(second, &bad), errors.As(first, &bad):
		return bad.Markers
	}
	return nil
}

func (s *Service) eval(ctx context.Context, env *expr.Env, text string, facts Facts) (any, error) {
	program, err := env.Compile(text)
	if err != nil {
		return nil, invalid("", err)
	}
	l := s.looker(ctx, facts)
	v, err := program.Eval(l.input())
	if l.broken != nil {
		return nil, l.broken
	}
	return v, invalid("", err)
}

// invalid turns an expression's error into a fault; others pass.
func invalid(field string, err error) error {
	var bad *expr.Error
	switch {
	case !errors.As(err, &bad):
		return err
	case field == "":
		return fault.New(fault.Invalid, "%s", bad.Error())
	case len(bad.Markers) > 0:
		m := bad.Markers[0]
		return fault.InvalidField(field, "line %d, column %d: %s", m.StartLine, m.StartColumn, m.Message)
	}
	return fault.InvalidField(field, "%s", bad.Error())
}
