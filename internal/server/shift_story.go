//go:build storyclock

package server

import (
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
)

// shift moves the clock of a server that plays in a story.
func shift(c *clock.SystemClock) func(time.Duration) { return c.Shift }
