//go:build storyclock

package clock

import "time"

// Shift moves the clock by d from now on and wakes every waiter whose time
// has come. Moving back holds Now where it is, as a wall clock set back does.
// Only builds for stories have this method.
func (c *SystemClock) Shift(d time.Duration) {
	c.offset.Add(d.Microseconds())
	c.wake()
}
