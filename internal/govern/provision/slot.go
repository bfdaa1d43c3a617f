package provision

import (
	"slices"
	"sync"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
)

// slots remember which connectors a lane of this process is at work for, when each had its last turn, and which are left alone for a
// while because their target did not answer. The memory is a courtesy to the target and to the other connectors; nothing depends on it.
type slots struct {
	mu sync.Mutex
	of map[app.ConnectorID]*slot
}

type slot struct {
	busy  bool
	until time.Duration // not before the clock has run so long: the end of its last turn, or of the pause after it
	downs int           // how often in a row the target was found down
}

// pauses: how long a connector is left alone whose target is down.
const (
	firstPause   = time.Second
	longestPause = 30 * time.Second
	pauseDoubles = 5
)

// look is how soon a lane looks again after a connector that another lane serves: nobody tells it when that one is done.
const look = time.Second

// turn returns the connector whose turn it is, of those with open operations, and when that is, maybe later; no time where it is
// nobody's. It is the turn of who waits longest since both its first operation was due and its last turn was over: a connector with a
// long backlog goes behind all that became due meanwhile. With sound, those that were found down have no turn. elapsed is the clock's:
// a pause is over in its time also while now stands still.
func (s *slots) turn(list []head, now time.Time, elapsed time.Duration, sound bool) (c app.ConnectorID, at time.Time) {
	s.forget(list)
	for _, h := range list {
		ready := h.due
		if one := s.of[h.connector]; one != nil {
			switch {
			case one.busy:
				ready = later(ready, now.Add(look))
			case sound && one.downs > 0:
				continue
			default:
				ready = later(ready, now.Add(one.until-elapsed))
			}
		}
		if at.IsZero() || ready.Before(at) {
			c, at = h.connector, ready
		}
	}
	return c, at
}

// forget drops what is remembered of connectors that have nothing to do any more.
func (s *slots) forget(list []head) {
	for c, one := range s.of {
		if !one.busy && !slices.ContainsFunc(list, func(h head) bool { return h.connector == c }) {
			delete(s.of, c)
		}
	}
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

// release ends the turn of a connector. One that is down is left alone, longer each time; pause is the least to wait, zero for none.
func (s *slots) release(c app.ConnectorID, down bool, elapsed, pause time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.of[c]
	one.busy = false
	if down {
		pause = max(pause, min(firstPause<<min(one.downs, pauseDoubles), longestPause))
		one.downs++
	} else {
		one.downs = 0
	}
	one.until = elapsed + pause
}
