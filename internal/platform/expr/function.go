package expr

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// Function is a function of an environment, with one [Overload] for each way to call it.
type Function struct {
	Name      string
	Overloads []Overload
}

// Overload is one way to call a function. Exactly one of Pure and With is set.
type Overload struct {
	Args   []Type
	Member bool // the first argument stands before the dot
	Result Type
	Pure   func(args []any) (any, error)           // of its arguments alone
	With   func(in Input, args []any) (any, error) // of the evaluation too: its moment, its State
	Cost   uint64                                  // beside that of reading its arguments and writing its result
}

func (f Function) id(i int) string {
	return fmt.Sprintf("%s_%d", strings.ReplaceAll(f.Name, ".", "_"), i)
}

func (f Function) option() cel.EnvOption {
	opts := make([]cel.FunctionOpt, len(f.Overloads))
	for i, o := range f.Overloads {
		binding := cel.LateFunctionBinding()
		if o.With == nil {
			binding = cel.FunctionBinding(func(args ...ref.Val) ref.Val {
				var broken error
				v, err := o.Pure(natives(args))
				return answer(&broken, v, err)
			})
		}
		declare := cel.Overload
		if o.Member {
			declare = cel.MemberOverload
		}
		opts[i] = declare("interim_"+f.id(i), o.Args, o.Result, binding)
	}
	return cel.Function(f.Name, opts...)
}

func (f Function) late() bool { return len(f.Overloads) > 0 && f.Overloads[0].With != nil }

// bound is a late function for one evaluation.
func (f Function) bound(in Input, broken *error) cel.LateBoundFunction {
	return func(overload string, args ...ref.Val) ref.Val {
		for i, o := range f.Overloads {
			if overload == "interim_"+f.id(i) {
				v, err := o.With(in, natives(args))
				return answer(broken, v, err)
			}
		}
		return types.NewErr("no such overload of %s", f.Name)
	}
}

func natives(args []ref.Val) []any {
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = native(a)
	}
	return out
}

// costs counts what CEL's own model does not know: our functions, and the time zones that CEL's functions on times look up.
type costs struct{ calls map[string]Function }

func (c costs) CallCost(function, overload string, args []ref.Val, result ref.Val) *uint64 {
	f, ours := c.calls[function]
	if !ours || !strings.HasPrefix(overload, "interim_") {
		return standard(function, args)
	}
	cost := 1 + size(result)/10
	for _, a := range args {
		cost += size(a) / 10
	}
	for i, o := range f.Overloads {
		if overload == "interim_"+f.id(i) {
			cost += o.Cost
		}
	}
	return &cost
}

// standard is the cost of CEL's own functions where its model takes them for cheaper than they are.
func standard(function string, args []ref.Val) *uint64 {
	var cost uint64
	switch {
	case len(args) == 2 && strings.HasPrefix(function, "get"):
		cost = zoneCost
	case function == overloads.Size && len(args) == 1:
		if s, ok := args[0].(types.String); ok {
			cost = 1 + size(s)/10
		}
	}
	if cost == 0 {
		return nil
	}
	return &cost
}

func size(v ref.Val) uint64 {
	switch v := v.(type) {
	case types.String:
		return uint64(len(v))
	case traits.Lister:
		n, _ := v.Size().(types.Int)
		return 10 * uint64(max(n, 0))
	}
	return 0
}
