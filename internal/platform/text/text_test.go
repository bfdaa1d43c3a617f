package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/platform/fault"
)

func TestANameIsWhatItLooksLike(t *testing.T) {
	for _, c := range []struct {
		s           string
		line, block string // the character that is refused; empty: none
	}{
		{"", "", ""},
		{"Ada Lovelace", "", ""},
		{"Łukasz 王小明 \u05d3\u05e0\u05d4 \u200f\U0001F469\u200D\U0001F680", "", ""},
		{"two\nlines", "U+000A", ""},
		{"a\ttab", "U+0009", ""},
		{"carriage\r\nreturn", "U+000D", "U+000D"},
		{"esc\x1b[2Jape", "U+001B", "U+001B"},
		{"nul\x00", "U+0000", "U+0000"},
		{"del\x7f", "U+007F", "U+007F"},
		{"csi\u009b2J", "U+009B", "U+009B"},
		{"turned \u202egnuorA", "U+202E", "U+202E"},
		{"embedded \u202a", "U+202A", "U+202A"},
		{"isolated \u2066x\u2069", "U+2066", "U+2066"},
		{"line\u2028separator", "U+2028", ""},
		{"bad \xff", "is not valid text", "is not valid text"},
	} {
		for kind, got := range map[string]struct {
			err   error
			want  string
			clean string
			check func(field, s string) error
		}{
			"line":  {Line("displayName", c.s), c.line, CleanLine(c.s), Line},
			"block": {Block("displayName", c.s), c.block, CleanBlock(c.s), Block},
		} {
			switch {
			case got.want == "" && (got.err != nil || got.clean != c.s):
				t.Errorf("%q as a %s: %v, cleaned %q", c.s, kind, got.err, got.clean)
			case got.want != "" && (!fault.Is(got.err, fault.Invalid) || !strings.Contains(got.err.Error(), got.want) ||
				!strings.HasPrefix(got.err.Error(), "displayName: ")):
				t.Errorf("%q as a %s: %v", c.s, kind, got.err)
			case got.want != "" && (got.clean == c.s || got.check("x", got.clean) != nil):
				t.Errorf("%q as a %s is cleaned to %q", c.s, kind, got.clean)
			}
		}
	}
	if got := CleanBlock("a\r\nb\x1b"); got != "a\nb\uFFFD" {
		t.Errorf("cleaned %q", got)
	}
}

func FuzzCleanTextIsTaken(f *testing.F) {
	for _, s := range []string{"", "a\x1b\xff\u202e", "\r\n", "\xe2\x80", "\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		line, block := CleanLine(s), CleanBlock(s)
		if Line("x", line) != nil || Block("x", block) != nil {
			t.Errorf("%q is cleaned to %q and %q", s, line, block)
		}
		if Line("x", s) == nil && line != s || Block("x", s) == nil && block != s {
			t.Errorf("%q is changed to %q and %q although it is fine", s, line, block)
		}
		if utf8.RuneCountInString(line) > utf8.RuneCountInString(s) {
			t.Errorf("%q grows to %q", s, line)
		}
	})
}
