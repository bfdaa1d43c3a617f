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
	since, last time.Time
}

// How long lanes hold back.
const (
	breath   = 100 * time.Millisecond // after a full batch, for the next one
	patience = time.Second            // in one burst: targets must not wait for a stream that does not end
	lull     = 2 * breath             // what comes after so long is another burst: the lanes had time for a turn
)

// More says that tx opened a full batch of operations, and that the next follows at once if there is more.
func (s *Service) More(tx *db.Tx) {
	tx.OnCommit(func() { s.burst.more(s.Clock.Now()) })
}

func (b *burst) more(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.After(b.last.Add(lull)) {
		b.since = now
	}
	b.last = now
}

// over is when the lanes may go on; it may have passed.
func (b *burst) over() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if end := b.since.Add(patience); end.Before(b.last.Add(breath)) {
		return end
	}
	return b.last.Add(breath)
}
