//go:build !storyclock

package clock

import (
	"testing"
	"time"
)

// The threat: a release binary whose clock somebody can move.
func TestTheReleaseBuildHasNoWayToMoveTheClock(t *testing.T) {
	if _, ok := any(System(time.Time{})).(interface{ Shift(time.Duration) }); ok {
		t.Error("SystemClock has Shift without the storyclock build tag")
	}
}
