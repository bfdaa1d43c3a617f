package due

import (
	"math"
	"sync"
)

// The ends of an alarm's range, in microseconds.
const (
	atOnce = math.MinInt64
	never  = math.MaxInt64
)

// alarm is the time at which a worker looks again. It only ever moves to an
// earlier time, until the worker clears it before it looks: what is written
// while it looks then lowers it once more, so that nothing is lost, however
// the look and the write interleave.
type alarm struct {
	mu      sync.Mutex
	at      int64
	earlier chan struct{} // holds one token when at has moved to an earlier time
}

func newAlarm() *alarm { return &alarm{at: never, earlier: make(chan struct{}, 1)} }

// clear forgets the time. The worker calls it before it looks.
func (a *alarm) clear() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = never
}

// advance moves the alarm to at if that is earlier.
func (a *alarm) advance(at int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if at >= a.at {
		return
	}
	a.at = at
	select {
	case a.earlier <- struct{}{}:
	default:
	}
}

func (a *alarm) time() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.at
}
