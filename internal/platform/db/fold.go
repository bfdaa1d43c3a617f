package db

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Fold is the form of a text in which people search it: NFKC, lower case,
// trimmed. It is stored in a column of its own, because lower() and LIKE
// differ between the engines. Fold(Fold(s)) == Fold(s).
func Fold(s string) string {
	return strings.TrimSpace(norm.NFKC.String(strings.ToLower(norm.NFKC.String(s))))
}

var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// Like returns the pattern that finds s anywhere in a folded column, for
// `column like $n escape '\'`. Wildcards in s stand for themselves.
func Like(s string) string { return "%" + likeEscape.Replace(Fold(s)) + "%" }
