package expr

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
)

// Variable is something that every evaluation gets.
type Variable struct {
	Name string
	Type Type
}

// Declaration is what an [Env] is made of, beside CEL's standard functions and those on texts, times and addresses that every
// environment has.
type Declaration struct {
	Shapes    []*Shape
	Variables []Variable
	Constants map[string]int64
	Functions []Function
	Answers   []Type // what an expression may answer; none: anything
}

// Env is what expressions of one sort see. It is safe for many goroutines.
type Env struct {
	env     *cel.Env
	calls   map[string]Function
	names   map[string]bool // what is declared, and the first and last parts of its names
	answers []Type
	kept    *kept
}

// New makes an environment. It fails only if the declaration contradicts itself.
func New(d Declaration) (*Env, error) {
	d.Shapes = append(slices.Clone(d.Shapes), addressShape, networkShape)
	shapes := map[string]*Shape{}
	for _, s := range d.Shapes {
		shapes[s.Type.TypeName()] = s
	}
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, fmt.Errorf("CEL types: %w", err)
	}
	options := []cel.EnvOption{
		cel.CustomTypeProvider(provider{Provider: registry, shapes: shapes}),
		cel.ParserRecursionLimit(MaxDepth), cel.ParserExpressionSizeLimit(MaxText), cel.ParserErrorRecoveryLimit(1),
		cel.ExpressionNodeLimit(MaxNodes), cel.DefaultUTCTimeZone(true), cel.CrossTypeNumericComparisons(true),
	}
	for _, v := range d.Variables {
		options = append(options, cel.Variable(v.Name, v.Type))
	}
	for _, layout := range slices.Sorted(maps.Keys(layouts)) {
		options = append(options, cel.Constant("TimeFormat."+layout, cel.StringType, types.String(layouts[layout])))
	}
	for _, name := range slices.Sorted(maps.Keys(d.Constants)) {
		options = append(options, cel.Constant(name, cel.IntType, types.Int(d.Constants[name])))
	}
	e := &Env{calls: map[string]Function{}, answers: d.Answers, kept: newKept()}
	for _, f := range slices.Concat(d.Functions, texts, times, addresses) {
		e.calls[f.Name] = f
		options = append(options, f.option())
	}
	if e.env, err = cel.NewEnv(options...); err == nil {
		e.names = declared(e.env, shapes)
	}
	return e, err
}

// Compile makes a program of a text, or answers an [Error] with markers.
func (e *Env) Compile(text string) (*Program, error) {
	if o, ok := e.kept.get(text); ok {
		return o.program, o.err
	}
	p, bad := e.compile(text)
	var err error
	if bad != nil {
		err = bad
	}
	e.kept.put(text, p, err)
	return p, err
}

func (e *Env) compile(text string) (*Program, *Error) {
	switch {
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return nil, refused("", "is not valid text")
	case utf8.RuneCountInString(text) > MaxText:
		return nil, refused(text, "has more than %d characters", MaxText)
	case strings.TrimSpace(text) == "":
		return nil, refused(text, "is empty")
	}
	if bad := scan(text); bad != nil {
		return nil, bad
	}
	parsed, issues := e.env.Parse(text)
	if len(issues.Errors()) > 0 {
		return nil, marked(text, issues)
	}
	if issues = e.validate(parsed, untyped); len(issues.Errors()) > 0 {
		return nil, marked(text, issues)
	}
	if issues = e.strangers(parsed); len(issues.Errors()) > MaxStrangers {
		return nil, marked(text, issues)
	}
	checked, issues := e.env.Check(parsed)
	if len(issues.Errors()) > 0 {
		return nil, marked(text, issues)
	}
	if issues = e.validate(checked, typed); len(issues.Errors()) > 0 {
		return nil, marked(text, issues)
	}
	if dynamicPattern(checked.NativeRep()) {
		return nil, refused(text, "a regular expression must be a literal")
	}
	if out := checked.OutputType(); len(e.answers) > 0 && !slices.ContainsFunc(e.answers, out.IsExactType) {
		return nil, refused(text, "must answer %s, not %s", e.expected(), cel.FormatCELType(out))
	}
	program, err := e.env.Program(checked, cel.CostLimit(MaxCost), cel.CostTracking(costs{e.calls}), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, refused(text, "%v", err)
	}
	return &Program{program: program, late: e.late(checked.NativeRep())}, nil
}

// What CEL looks at beside types: before them, since finding those of many comprehensions takes longest of all, and after.
var (
	untyped = []cel.ASTValidator{cel.ValidateComprehensionNestingLimit(MaxNesting)}
	typed   = []cel.ASTValidator{
		cel.ValidateRegexLiterals(), cel.ValidateRegexProgramSizeLimit(MaxRegexp), cel.ValidateDurationLiterals(),
		cel.ValidateTimestampLiterals(),
	}
)

// validate runs validators until one has found something. CEL, if it is given them, writes the whole line out for each remark,
// character by character, and a hostile text has hundreds.
func (e *Env) validate(a *cel.Ast, validators []cel.ASTValidator) *cel.Issues {
	issues := cel.NewIssuesWithSourceInfo(common.NewErrors(a.Source()), a.NativeRep().SourceInfo())
	for _, v := range validators {
		if v.Validate(e.env, nil, a.NativeRep(), issues); len(issues.Errors()) > 0 {
			break
		}
	}
	return issues
}

func (e *Env) expected() string {
	names := make([]string, len(e.answers))
	for i, t := range e.answers {
		names[i] = cel.FormatCELType(t)
	}
	return strings.Join(names, " or ")
}

// late are the functions a checked text calls that get the state of an evaluation.
func (e *Env) late(a *ast.AST) []Function {
	var out []Function
	for _, name := range slices.Compact(slices.Sorted(callsOf(a))) {
		if f, ok := e.calls[name]; ok && f.late() {
			out = append(out, f)
		}
	}
	return out
}
