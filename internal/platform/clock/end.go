package clock

import "time"

// Ends of intervals: the zero time is no end at all.

// Passed reports whether the end is set and now is not before it: intervals are half-open.
func Passed(end, now time.Time) bool { return !end.IsZero() && !now.Before(end) }

// Sooner returns the earlier of two ends.
func Sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Later returns the later of two ends.
func Later(a, b time.Time) time.Time {
	if a.IsZero() || b.IsZero() {
		return time.Time{}
	}
	if a.After(b) {
		return a
	}
	return b
}
