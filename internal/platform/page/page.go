// Package page is keyset pagination: a page begins after the position of the
// last row shown, never at an offset, so that it costs the same however deep
// it is and skips nothing when rows come and go.
package page

// Key is the position of a row in its list: the values of the columns the list
// is ordered by, integers in base 10. All values together stay within MaxKey.
type Key []string

// MaxKey is how many bytes the values of one Key may have together, enough for
// any sort column with its limit and an id.
const MaxKey = 1400

// Request asks for one page. Size is 1..100 (see Size); After is nil for the
// first page.
type Request struct {
	Size  int
	After Key
}

// Page is one page of a list. Next is nil at the end of the list.
type Page[T any] struct {
	Items []T
	Next  Key
}

// Cut makes a page of rows that were fetched with a limit of size+1: the row
// too many only says that there is a next page.
func Cut[T any](rows []T, size int, key func(T) Key) Page[T] {
	if len(rows) <= size {
		return Page[T]{Items: rows}
	}
	return Page[T]{Items: rows[:size:size], Next: key(rows[size-1])}
}

// The sizes of a page. C1 documents a default of 25; sizes out of range are
// clamped, not refused (c1-api.md, section 11).
const (
	DefaultSize = 25
	MaxSize     = 100
)

// Size returns the page size to use when n was asked for: 0 means DefaultSize,
// anything else is clamped to 1..MaxSize.
func Size(n int32) int {
	if n == 0 {
		return DefaultSize
	}
	return int(min(max(n, 1), MaxSize))
}
