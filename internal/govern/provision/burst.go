package provision

import (
	"sync"
	"time"

	"github.com/interim-access/interim/internal/platform/db"
)

// burst is a time in which operations are opened one full batch after the other. The lanes begin no turn in it: to end access here
// comes before removing memberships there, and both would share one writer and the same processors. Like slots it is a courtesy;
// nothing depends on it.
type burst struct {
	mu          sync.Mutex
	any         bool
	since, last time.Duration // by the clock's Elapsed: to hold back is no matter of the time of day
}

// How long lanes hold back.
const (
	breath   = 300 * time.Millisecond // after a full batch, for the next one
	patience = 2 * time.Second        // in one burst: targets must not wait for a stream that does not end
	lull     = 2 * breath             // what comes after so long is another burst: the lanes had time for a turn
)

// More says that tx opened a full batch of operations, and that the next follows at once if there is more.
func (s *Service) More(tx *db.Tx) {
	tx.OnCommit(func() { s.burst.more(s.Clock.Elapsed()) })
}

func (b *burst) more(elapsed time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.any || elapsed > b.last+lull {
		b.any, b.since = true, elapsed
	}
	b.last = elapsed
}

// left is how long the lanes are still to wait.
func (b *burst) left(elapsed time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.any {
		return 0
	}
	return max(min(b.since+patience, b.last+breath)-elapsed, 0)
}
