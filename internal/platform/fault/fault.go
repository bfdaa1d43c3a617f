// Package fault is the one error type of Interim. A rule that refuses
// something says so with a *Fault: a code, a message that may be shown to
// anybody, and the cause, which may not. Each door maps a Fault to its own
// wire shape exactly once.
//
// The threat: an error text that carries SQL, a file path or a stack to a
// client. Hence Message is written for the public and the cause is reachable
// only through Unwrap; a door never prints it.
package fault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Detail is one machine-readable addition to a Fault, shown as
// google.rpc.ErrorInfo by the C1 door.
type Detail struct {
	Reason   string            // upper snake case, stable
	Metadata map[string]string // public values only
}

// Fault is an error of the domain.
type Fault struct {
	Code    Code
	Message string // public: no SQL, path, stack or secret
	Field   string // the input field at fault, as the client spells it; may be empty
	Details []Detail
	cause   error
}

// Error returns the public message. The cause is left out on purpose: whoever
// prints an error to a client must not be able to leak it by accident.
func (f *Fault) Error() string { return f.Message }

// Unwrap returns the cause, for errors.Is, errors.As and the log; it may be nil.
func (f *Fault) Unwrap() error { return f.cause }

// Cause returns the text of the cause for the log, "" when there is none.
func (f *Fault) Cause() string {
	if f.cause == nil {
		return ""
	}
	return f.cause.Error()
}

// With returns a copy of f that carries d as well; f itself may be shared.
func (f *Fault) With(d Detail) *Fault {
	g := *f
	g.Details = append(slices.Clone(f.Details), d)
	return &g
}

// New returns a Fault with a public message.
func New(code Code, format string, args ...any) *Fault {
	return &Fault{Code: code, Message: line(format, args...)}
}

// line is a message on one line. What a client sent may be in it: what rewrites a terminal or turns the writing is left out.
func line(format string, args ...any) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		default:
			return r
		}
	}, fmt.Sprintf(format, args...))
}

// InvalidField returns an Invalid fault about one input field; its message is
// "field: text". The text should name the limit or form that was missed.
func InvalidField(field, format string, args ...any) *Fault {
	return &Fault{Code: Invalid, Field: field, Message: line("%s: "+format, append([]any{field}, args...)...)}
}

// Missing returns a NotFound fault, "user not found: <id>". The id is shown in
// the form the client sent it.
func Missing(kind, id string) *Fault { return New(NotFound, "%s not found: %s", kind, id) }

// NotServed returns an Unimplemented fault for an operation, filter or field
// that is known but not served, so that no client mistakes it for a missing
// object or a filter that was ignored.
func NotServed(what string) *Fault { return New(Unimplemented, "%s is not served yet", what) }

// Wrap returns a Fault with a public message that keeps cause for the log.
func Wrap(code Code, cause error, format string, args ...any) *Fault {
	f := New(code, format, args...)
	f.cause = cause
	return f
}

// Of returns the outermost *Fault in err's chain. An error without one becomes
// a Timeout (deadline passed), Unavailable (cancelled) or Internal fault whose
// message says nothing about err; err is kept as the cause. Of(nil) is nil.
func Of(err error) *Fault {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return Wrap(Timeout, err, "the request took too long")
	case errors.Is(err, context.Canceled):
		return Wrap(Unavailable, err, "the request was cancelled")
	default:
		return Wrap(Internal, err, "internal error")
	}
}

// Is reports whether err, seen through Of, has the code. Is(nil, …) is false.
func Is(err error, code Code) bool {
	return err != nil && Of(err).Code == code
}
