package c1

import (
	"strings"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/platform/fault"
)

// Limits of what a caller may send; over one of them is 400 naming field and limit.
const (
	MaxFilter = 500  // values in one filter list
	MaxPaths  = 64   // paths in one updateMask or expandMask
	MaxQuery  = 1024 // characters of a search text
)

// CheckList refuses a list of n values above most.
func CheckList(field string, n, most int) error {
	if n > most {
		return fault.InvalidField(field, "has %d values; at most %d are allowed", n, most)
	}
	return nil
}

// CheckText refuses a text of more than most characters, and one that no
// database keeps: not UTF-8, or with a NUL in it.
func CheckText(field, s string, most int) error {
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return fault.InvalidField(field, "is not valid text")
	}
	if n := utf8.RuneCountInString(s); n > most {
		return fault.InvalidField(field, "has %d characters; at most %d are allowed", n, most)
	}
	return nil
}

// NotServed refuses a field or filter that the caller set although nothing
// would come of it yet: the first true entry of set, in the order given, as
// "<message>.<field> is not served yet".
func NotServed(message string, set ...Unserved) error {
	for _, u := range set {
		if u.Set {
			return fault.NotServed(message + "." + u.Field)
		}
	}
	return nil
}

// Unserved is one field of a request that this version knows but does not serve.
type Unserved struct {
	Field string // as JSON spells it
	Set   bool   // the caller gave it a value
}
