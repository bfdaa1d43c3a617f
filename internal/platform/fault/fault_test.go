package fault

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"
)

func TestTheCauseIsKeptButNeverShown(t *testing.T) {
	cause := errors.New("select * from secret")
	for name, f := range map[string]*Fault{
		"wrapped":  Wrap(Conflict, cause, "the user changed meanwhile"),
		"internal": Of(fmt.Errorf("store: %w", cause)),
	} {
		t.Run(name, func(t *testing.T) {
			for _, shown := range []string{f.Error(), fmt.Sprint(f), fmt.Sprintf("%v %s", f, f)} {
				if strings.Contains(shown, "select") {
					t.Errorf("the cause is shown: %q", shown)
				}
			}
			if !errors.Is(f, cause) {
				t.Error("the cause is lost")
			}
			if !strings.Contains(f.Cause(), "select") {
				t.Errorf("Cause() = %q", f.Cause())
			}
		})
	}
	if got := New(Denied, "no").Cause(); got != "" {
		t.Errorf("Cause() without a cause = %q", got)
	}
}

func TestOfMapsEveryErrorToACode(t *testing.T) {
	denied := New(Denied, "not yours")
	for _, c := range []struct {
		name string
		err  error
		want Code
	}{
		{"a fault", denied, Denied},
		{"a fault inside", fmt.Errorf("grant: %w", denied), Denied},
		{"the outer of two faults", Wrap(NotFound, denied, "no such app"), NotFound},
		{"a fault caused by the context", Wrap(Conflict, context.Canceled, "lost"), Conflict},
		{"deadline", fmt.Errorf("q: %w", context.DeadlineExceeded), Timeout},
		{"cancelled", context.Canceled, Unavailable},
		{"anything else", errors.New("disk I/O error"), Internal},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Of(c.err).Code; got != c.want {
				t.Errorf("Of = %v, want %v", got, c.want)
			}
			if !Is(c.err, c.want) || Is(c.err, Exists) {
				t.Error("Is disagrees with Of")
			}
		})
	}
	if Of(nil) != nil || Is(nil, Internal) {
		t.Error("nil is not an error")
	}
}

func TestWithLeavesASharedFaultAlone(t *testing.T) {
	shared := New(Precondition, "closed").With(Detail{Reason: "BASE"})
	a := shared.With(Detail{Reason: "A"})
	b := shared.With(Detail{Reason: "B"})
	if len(shared.Details) != 1 || a.Details[1].Reason != "A" || b.Details[1].Reason != "B" {
		t.Errorf("shared %v, a %v, b %v", shared.Details, a.Details, b.Details)
	}
}

func TestMessagesNameTheirObject(t *testing.T) {
	for _, c := range []struct {
		f     *Fault
		code  Code
		text  string
		field string
	}{
		{InvalidField("displayName", "longer than %d characters", 256), Invalid, "displayName: longer than 256 characters", "displayName"},
		{Missing("user", "abc"), NotFound, "user not found: abc", ""},
		{NotServed("filter riskLevelIds"), Unimplemented, "filter riskLevelIds is not served yet", ""},
	} {
		if c.f.Code != c.code || c.f.Message != c.text || c.f.Field != c.field {
			t.Errorf("got %v %q %q", c.f.Code, c.f.Message, c.f.Field)
		}
	}
}

func TestEveryCodeHasAName(t *testing.T) {
	seen := map[string]bool{}
	for c := Invalid; c <= Internal; c++ {
		if s := c.String(); s == "" || seen[s] {
			t.Errorf("code %d: name %q is empty or taken", int(c), s)
		} else {
			seen[s] = true
		}
	}
	if Code(0).String() != "code(0)" || Code(99).String() != "code(99)" {
		t.Error("unknown codes must still print")
	}
}

func TestNoMessageHoldsWhatRewritesATerminalOrTurnsTheWriting(t *testing.T) {
	for _, sent := range []string{"x\x1b[2Jy", "x\u202ey", "x\ry", "x\ny", "x\x00y", "x\u2028y", "x\u0085y"} {
		for name, f := range map[string]*Fault{
			"new": New(Precondition, "no such level: %s", sent), "invalid": InvalidField("level", "unknown: %s", sent),
			"field": InvalidField(sent, "is unknown"), "missing": Missing("level", sent), "not served": NotServed(sent),
			"wrapped": Wrap(Conflict, errors.New("x"), "%s was changed", sent),
		} {
			if strings.ContainsFunc(f.Message, func(r rune) bool {
				return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028'
			}) || !strings.Contains(f.Message, "x") {
				t.Errorf("%s: %q", name, f.Message)
			}
		}
	}
	if got := New(Invalid, "Größe: %s", "日本\u200d").Message; got != "Größe: 日本\u200d" {
		t.Errorf("what people write was changed: %q", got)
	}
}
