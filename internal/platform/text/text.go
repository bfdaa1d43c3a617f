// Package text says which characters a text of ours may hold. Names are read by people, in lists, logs, terminals and mails; the
// threat is one that is not what it looks like: an escape sequence that rewrites a terminal, a line break that forges a line of a
// log, an override of the writing direction that turns a name around.
//
// What people write is refused ([Line], [Block]); what is read from a system we do not govern is cleaned ([CleanLine],
// [CleanBlock]), since one odd name must not stop the reading of all others.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/platform/fault"
)

// replacement stands where something was that may not.
const replacement = '\uFFFD'

// Line refuses what a name, an address or another text of one line may not hold: what is not UTF-8, control characters, line and
// paragraph separators, and overrides of the writing direction (U+202A to U+202E, U+2066 to U+2069). Invalid, naming the field and
// the character.
func Line(field, s string) error { return check(field, s, inLine) }

// Block is [Line] for a description, a reason or another text that may have line feeds and tabs.
func Block(field, s string) error { return check(field, s, inBlock) }

// CleanLine puts U+FFFD in the place of whatever [Line] refuses.
func CleanLine(s string) string { return clean(s, inLine) }

// CleanBlock puts U+FFFD in the place of whatever [Block] refuses. A carriage return before a line feed is dropped.
func CleanBlock(s string) string { return clean(strings.ReplaceAll(s, "\r\n", "\n"), inBlock) }

func check(field, s string, fits func(rune) bool) error {
	if !utf8.ValidString(s) {
		return fault.InvalidField(field, "is not valid text")
	}
	n := 0
	for _, r := range s {
		n++
		if !fits(r) {
			return fault.InvalidField(field, "is not valid text: character %d is %U, which is not allowed", n, r)
		}
	}
	return nil
}

func clean(s string, fits func(rune) bool) string {
	if check("", s, fits) == nil {
		return s
	}
	return strings.Map(func(r rune) rune {
		if fits(r) {
			return r
		}
		return replacement
	}, strings.ToValidUTF8(s, string(replacement)))
}

func inLine(r rune) bool {
	const lineSeparator, paragraphSeparator = '\u2028', '\u2029'
	return !unicode.IsControl(r) && !overrides(r) && r != lineSeparator && r != paragraphSeparator
}

func inBlock(r rune) bool {
	return r == '\n' || r == '\t' || !unicode.IsControl(r) && !overrides(r)
}

// overrides reports whether r changes the writing direction of what follows. Marks such as U+200F, which right-to-left scripts need,
// do not.
func overrides(r rune) bool {
	return r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069'
}
