package app

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// Limits of what the objects of an app may hold; texts are counted in characters.
const (
	MaxName         = 256       // a display name, user name, external id
	MaxDescription  = 2048      // a description
	MaxInstructions = 4096      // instructions to whoever asks for access
	MaxURL          = 2048      // bytes of an icon's address
	MaxEmail        = 320       // bytes of an e-mail address
	MaxAlias        = 128       // an alias, a slug
	MaxList         = 32        // further e-mail addresses, user names, employee ids of an account
	MaxPolicy       = 64 * 1024 // bytes of a provisioning policy
	MaxConfig       = 64 * 1024 // bytes of a connector's sealed configuration
	MaxBatch        = 500       // objects in one call of an upsert or of MarkGone
	sortLength      = 64        // characters of a display name that decide its place in a list
)

// prose refuses a text of several lines with characters it may not hold, or over most of them.
func prose(field, s string, most int) error {
	return all(text.Block(field, s), length(field, s, most))
}

// line is prose for a text of one line.
func line(field, s string, most int) error {
	return all(text.Line(field, s), length(field, s, most))
}

func length(field, s string, most int) error {
	if n := utf8.RuneCountInString(s); n > most {
		return fault.InvalidField(field, "has %d characters; at most %d are allowed", n, most)
	}
	return nil
}

// required is line for a name, which must hold more than white space.
func required(field, s string) error {
	if strings.TrimSpace(s) == "" {
		return fault.InvalidField(field, "is required: 1 to %d characters", MaxName)
	}
	return line(field, s, MaxName)
}

// word is line without white space and control characters, which a person can type as one argument.
func word(field, s string, most int) error {
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return fault.InvalidField(field, "must not contain white space or control characters")
	}
	return line(field, s, most)
}

// all returns the first error of several checks.
func all(checks ...error) error {
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	return nil
}

// SortName is the place of a display name in lists: folded, cut to 64 characters.
func SortName(displayName string) string {
	folded := db.Fold(displayName)
	n := 0
	for i := range folded {
		if n == sortLength {
			return folded[:i]
		}
		n++
	}
	return folded
}

// searchText joins what a search looks at, folded line by line.
func searchText(lines ...string) string {
	for i, l := range lines {
		lines[i] = db.Fold(l)
	}
	return strings.Join(lines, "\n")
}
