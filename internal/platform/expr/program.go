package expr

import (
	"errors"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/interim-access/interim/internal/platform/fault"
)

// Program is a text that compiled. It is safe for many goroutines.
type Program struct {
	program cel.Program
	late    []Function
}

// Input is what one evaluation gets.
type Input struct {
	Now   time.Time      // what now() answers, all the time
	Vars  map[string]any // the variables; a [Lazy] is asked when it is needed, once
	State any            // given to the functions of the environment
}

// Lazy is a variable that is looked up only if the expression needs it.
type Lazy func() (any, error)

// Eval works the expression out. An [Error] says that it could not be; any other error is one of the server, from a function or a
// Lazy. Values are Go's: bool, int64, string, time.Time, time.Duration, []any, or what a [Shape] was made of.
func (p *Program) Eval(in Input) (any, error) {
	v, _, err := p.eval(in)
	if err != nil {
		return nil, err
	}
	return native(v), nil
}

// Show works the expression out and describes the answer: its type and value as CEL writes them.
func (p *Program) Show(in Input) (typ, text string, err error) {
	v, _, err := p.eval(in)
	if err != nil {
		return "", "", err
	}
	typ, text = describe(v)
	return typ, text, nil
}

// eval also answers what the evaluation cost.
func (p *Program) eval(in Input) (ref.Val, uint64, error) {
	var broken error
	vars := make(map[string]any, len(in.Vars))
	for name, v := range in.Vars {
		if ask, ok := v.(Lazy); ok {
			vars[name] = func() any { got, err := ask(); return answer(&broken, got, err) }
			continue
		}
		vars[name] = value(v)
	}
	var activation any = vars
	if len(p.late) > 0 {
		late := make(map[string]cel.LateBoundFunction, len(p.late))
		for _, f := range p.late {
			late[f.Name] = f.bound(in, &broken)
		}
		var err error
		if activation, err = cel.FunctionVars(vars, late); err != nil {
			return nil, 0, err
		}
	}
	v, details, err := p.program.Eval(activation)
	var cost uint64
	if details != nil && details.ActualCost() != nil {
		cost = *details.ActualCost()
	}
	switch {
	case broken != nil:
		return nil, cost, broken
	case err != nil:
		return nil, cost, failed("%v", err)
	case types.IsUnknownOrError(v):
		return nil, cost, failed("%v", v)
	}
	return v, cost, nil
}

// answer is what Go code answered, as expressions see it. A fault may be shown and fails the expression; what is no fault is the
// server's trouble and must not pass for an answer.
func answer(broken *error, got any, err error) ref.Val {
	if err == nil {
		return value(got)
	}
	var shown *fault.Fault
	var own *Error
	switch {
	case errors.As(err, &own):
		return types.NewErr("%s", own.Error())
	case errors.As(err, &shown) && shown.Code != fault.Internal && shown.Code != fault.Unavailable && shown.Code != fault.Timeout:
		return types.NewErr("%s", shown.Message)
	}
	if *broken == nil {
		*broken = err
	}
	return types.NewErr("could not be looked up")
}
