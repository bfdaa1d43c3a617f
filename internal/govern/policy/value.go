package policy

import (
	"context"
	"slices"
	"sync"

	"github.com/interim-access/interim/internal/platform/expr"
	"github.com/interim-access/interim/internal/platform/fault"
)

// ValueType is the type of a value that is filled into the form of a request.
type ValueType string

// The types of values; in Go a string, a bool, an int64 and a []string.
const (
	TextValue   ValueType = "text"
	FlagValue   ValueType = "flag"
	NumberValue ValueType = "number"
	TextsValue  ValueType = "texts"
)

var valueTypes = map[ValueType]expr.Type{
	TextValue: expr.String, FlagValue: expr.Bool, NumberValue: expr.Int, TextsValue: expr.ListOf(expr.String),
}

// valueEnvs are the environments of values: what a condition sees and, where there is one, the value as it was filled in, as input. Few
// forms have expressions, so that each is made when it is first needed.
type valueEnvs struct {
	without, with map[ValueType]func() (*expr.Env, error)
}

func newValueEnvs() valueEnvs {
	v := valueEnvs{map[ValueType]func() (*expr.Env, error){}, map[ValueType]func() (*expr.Env, error){}}
	for name, t := range valueTypes {
		v.without[name] = sync.OnceValues(func() (*expr.Env, error) { return environment(conditionVars, t) })
		v.with[name] = sync.OnceValues(func() (*expr.Env, error) {
			return environment(append(slices.Clone(conditionVars), expr.Variable{Name: "input", Type: t}), t)
		})
	}
	return v
}

func (v valueEnvs) of(t ValueType, input bool) (*expr.Env, error) {
	kind := v.without
	if input {
		kind = v.with
	}
	open, ok := kind[t]
	if !ok {
		return nil, fault.New(fault.Invalid, "there are no expressions of that type")
	}
	return open()
}

// CheckValue answers Invalid about field, with the place in the text, for an expression that could never answer a value of the type.
func (s *Service) CheckValue(field, text string, t ValueType, input bool) error {
	env, err := s.values.of(t, input)
	if err != nil {
		return err
	}
	_, err = env.Compile(text)
	return invalid(field, err)
}

// Value works out a value for the form of a request: from its facts and, unless it is nil, from what was filled in, which is of the same
// type. Invalid where it cannot be worked out. It looks up what conditions may, and is seen by whoever sees the request.
func (s *Service) Value(ctx context.Context, text string, t ValueType, facts Facts, input any) (any, error) {
	env, err := s.values.of(t, input != nil)
	if err != nil {
		return nil, err
	}
	program, err := env.Compile(text)
	if err != nil {
		return nil, invalid("", err)
	}
	l := s.looker(ctx, facts)
	in := l.input()
	if input != nil {
		in.Vars["input"] = input
	}
	v, err := program.Eval(in)
	if l.broken != nil {
		return nil, l.broken
	}
	if list, ok := v.([]any); ok && err == nil {
		texts := make([]string, len(list))
		for i, one := range list {
			texts[i], _ = one.(string)
		}
		v = texts
	}
	return v, invalid("", err)
}
