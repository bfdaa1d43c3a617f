package expr

import (
	"iter"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/overloads"
)

func children(e ast.Expr) []ast.Expr {
	switch e.Kind() {
	case ast.CallKind:
		call := e.AsCall()
		if call.IsMemberFunction() {
			return append([]ast.Expr{call.Target()}, call.Args()...)
		}
		return call.Args()
	case ast.SelectKind:
		return []ast.Expr{e.AsSelect().Operand()}
	case ast.ListKind:
		return e.AsList().Elements()
	case ast.MapKind:
		var out []ast.Expr
		for _, entry := range e.AsMap().Entries() {
			out = append(out, entry.AsMapEntry().Key(), entry.AsMapEntry().Value())
		}
		return out
	case ast.StructKind:
		var out []ast.Expr
		for _, f := range e.AsStruct().Fields() {
			out = append(out, f.AsStructField().Value())
		}
		return out
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		return []ast.Expr{c.IterRange(), c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()}
	case ast.IdentKind, ast.LiteralKind, ast.UnspecifiedExprKind:
	}
	return nil
}

// callsOf are the names of the functions a tree calls.
func callsOf(a *ast.AST) iter.Seq[string] {
	return func(yield func(string) bool) {
		walk(a.Expr(), func(e ast.Expr) bool { return e.Kind() != ast.CallKind || yield(e.AsCall().FunctionName()) })
	}
}

func walk(e ast.Expr, visit func(ast.Expr) bool) bool {
	if !visit(e) {
		return false
	}
	for _, c := range children(e) {
		if !walk(c, visit) {
			return false
		}
	}
	return true
}

// dynamicPattern reports whether a regular expression is made from data, which nobody can bound beforehand.
func dynamicPattern(a *ast.AST) bool {
	return !walk(a.Expr(), func(e ast.Expr) bool {
		if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != overloads.Matches {
			return true
		}
		args := e.AsCall().Args()
		return len(args) == 0 || args[len(args)-1].Kind() == ast.LiteralKind
	})
}
