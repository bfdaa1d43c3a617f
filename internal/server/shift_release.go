//go:build !storyclock

package server

import (
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
)

// shift is nothing: a released binary's clock cannot be moved.
func shift(*clock.SystemClock) func(time.Duration) { return nil }
