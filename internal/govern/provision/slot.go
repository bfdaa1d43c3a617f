package provision

import (
	"sync"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
)

// slots remember which connectors a lane of this process is at work for, and which are left alone for a while because their target
// did not answer. The memory is a courtesy to the target and to the other connectors; nothing depends on it.
type slots struct {
	mu sync.Mutex
	of map[app.ConnectorID]*slot
}

type slot struct {
	busy  bool
	until time.Time // not before this
	downs int       // how often in a row the target was found down
}

// pauses: how long a connector is left alone whose target is down.
const (
	firstPause   = time.Second
	longestPause = 30 * time.Second
	pauseDoubles = 5
)

// shut returns the connectors that are busy or paused at now, and when the first pause ends (zero: none).
func (s *slots) shut(now time.Time) (list []app.ConnectorID, wake time.Time) {
	for c, one := range s.of {
		switch {
		case one.busy:
		case one.until.After(now):
			if wake.IsZero() || one.until.Before(wake) {
				wake = one.until
			}
		default:
			continue
		}
		list = append(list, c)
	}
	return list, wake
}

// take marks a connector busy and says how often in a row its target was down.
func (s *slots) take(c app.ConnectorID) (downs int) {
	if s.of == nil {
		s.of = map[app.ConnectorID]*slot{}
	}
	one := s.of[c]
	if one == nil {
		one = &slot{}
		s.of[c] = one
	}
	one.busy = true
	return one.downs
}

// release ends the work for a connector. One that answered is forgotten; one that is down is left alone, longer each time; pause is
// the least to wait, zero for none.
func (s *slots) release(c app.ConnectorID, down bool, now time.Time, pause time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.of[c]
	if one == nil {
		return
	}
	if !down && pause == 0 {
		delete(s.of, c)
		return
	}
	one.busy = false
	if down {
		pause = max(pause, min(firstPause<<min(one.downs, pauseDoubles), longestPause))
		one.downs++
	}
	one.until = now.Add(pause)
}
