// Package memory says how much memory a process trades for time.
package memory

import (
	"os"
	"runtime/debug"
)

// garbage is how much may be thrown away before it is looked for, in percent of what is in use. Interim keeps little and throws away
// much: at Go's own 100 a burst of ends spends a fifth of its time on looking.
const garbage = 300

// Spend has garbage looked for less often than Go does by itself, unless GOGC says how often. GOMEMLIMIT holds as ever.
func Spend() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
}
