// Package expr compiles and runs CEL expressions that people write, who may be careless or hostile.
//
// A feature declares an [Env]: the kinds of objects an expression sees ([Shape]), its variables, constants and functions, and what
// it may answer. [Env.Compile] turns a text into a [Program], which is kept: compiling is some sixty times an evaluation.
//
// Everything is bounded by counting, never by a clock, so that an expression that is refused once is refused always:
//
//   - a text has at most [MaxText] characters, [MaxTokens] words and signs, [MaxNodes] nodes after macros are expanded, [MaxDepth]
//     levels, [MaxInside] brackets and [MaxNesting] comprehensions inside each other; a regular expression is a
//     literal of at most [MaxRegexp] instructions;
//   - an evaluation costs at most [MaxCost], counted as CEL counts: about one for each step, and for functions on texts one more for
//     each ten characters read and written;
//   - a text that a function makes has at most [MaxString] bytes.
//
// What goes over a limit is an [Error], as what fails is; never an answer. Functions may read data: they get the State of the
// [Input] and spend what that allows. What they answer with a fault is a failure of the expression; any other error is one of the
// server and comes out of [Program.Eval] as it is.
package expr
