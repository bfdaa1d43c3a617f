package expr

import (
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
)

// declared are the names that an environment knows, with their first and last parts: of a.b.C, a and C.
func declared(env *cel.Env, shapes map[string]*Shape) map[string]bool {
	names := map[string]bool{}
	add := func(name string) {
		first, _, _ := strings.Cut(name, ".")
		names[name], names[first], names[name[strings.LastIndex(name, ".")+1:]] = true, true, true
	}
	for _, v := range env.Variables() {
		add(v.Name())
	}
	for name := range env.Functions() {
		add(name)
	}
	for name := range maps.Keys(shapes) {
		add(name)
	}
	return names
}

// strangers are the names in a text that are not declared, at most one more than MaxStrangers. CEL compares each with all that are, for
// a hint at what may have been meant, which takes longer than all the rest of a text has.
func (e *Env) strangers(parsed *cel.Ast) *cel.Issues {
	f := &finder{Env: e, issues: cel.NewIssuesWithSourceInfo(common.NewErrors(parsed.Source()), parsed.NativeRep().SourceInfo())}
	f.look(parsed.NativeRep().Expr(), nil)
	return f.issues
}

type finder struct {
	*Env

	issues *cel.Issues
}

// look goes through a tree; local are the variables of the comprehensions around it.
func (f *finder) look(x ast.Expr, local []string) {
	if len(f.issues.Errors()) > MaxStrangers {
		return
	}
	name := ""
	switch x.Kind() {
	case ast.IdentKind:
		name = x.AsIdent()
	case ast.CallKind:
		name = x.AsCall().FunctionName()
	case ast.ComprehensionKind:
		c := x.AsComprehension()
		f.look(c.IterRange(), local)
		f.look(c.AccuInit(), local)
		local = append(slices.Clip(local), c.IterVar(), c.IterVar2(), c.AccuVar())
		f.look(c.LoopCondition(), local)
		f.look(c.LoopStep(), local)
		f.look(c.Result(), local)
		return
	case ast.SelectKind, ast.ListKind, ast.MapKind, ast.StructKind, ast.LiteralKind, ast.UnspecifiedExprKind:
	}
	name = strings.TrimPrefix(name, ".")
	if first, _, _ := strings.Cut(name, "."); name != "" && !f.names[first] && !slices.Contains(local, name) {
		f.issues.ReportErrorAtID(x.ID(), "undeclared reference to '%s'", name)
	}
	for _, c := range children(x) {
		f.look(c, local)
	}
}
