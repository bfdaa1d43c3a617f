// Package clock is where time comes from. Everything that asks what time it is
// takes a Clock; nothing else in the rules calls time.Now, and no SQL does.
//
// The invariant: Now never goes back within a process. The threat is a wall
// clock that is set back: it would revive an ended grant, or open a delegation
// early a second time. While the wall is behind, Now stands still. What is only
// waited for goes on meanwhile: pauses and rates are no moments.
package clock

import "time"

// Clock tells the time and wakes those who wait for it. All implementations
// are safe for concurrent use.
type Clock interface {
	// Now returns the time in UTC, to the microsecond. It never goes back.
	Now() time.Time

	// Elapsed returns how long the clock has been running. It goes on at its
	// pace while Now stands still, so it is what a rate is measured by.
	Elapsed() time.Duration

	// After returns a channel that closes once Now() >= t; it is closed at
	// once when t has come already. While Now stands still it closes after as
	// long as there was until t, or a second more: whoever waits for the moment
	// and not only for so long looks at Now again. Call stop when done waiting:
	// a waiter that is not stopped is kept until its time. Calling stop again
	// is harmless.
	After(t time.Time) (c <-chan struct{}, stop func())
}

// Micros returns t as microseconds since 1970 UTC, the form of every time in
// the database. Parts of a microsecond are cut off.
func Micros(t time.Time) int64 { return t.UnixMicro() }

// FromMicros is the inverse of Micros; the result is in UTC.
func FromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }

// Null is t as a nullable column holds it: nil for the zero time, which is none.
func Null(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	us := Micros(t)
	return &us
}

// FromNull is the reverse of [Null].
func FromNull(us *int64) time.Time {
	if us == nil {
		return time.Time{}
	}
	return FromMicros(*us)
}
