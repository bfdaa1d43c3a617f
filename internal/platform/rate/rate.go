// Package rate limits how often something may happen, by who does it: each key has a bucket of tokens that fills at an even pace. A
// bucket is one number, the moment at which it will be full again (the generic cell rate algorithm), so a table of many keys is
// small, and it is bounded.
//
// The threat: one caller that takes the server from all others, and one that guesses. And a limit that never comes back: it is not
// measured by the time of day, which stands still while the wall clock is behind.
package rate

import (
	"strconv"
	"sync"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/fault"
)

// MaxKeys is how many keys a limiter remembers at least; at most it remembers twice as many, some 20 MB.
const MaxKeys = 50_000

// Reason is the reason of the detail that a refusal carries; its metadata says retryAfterSeconds.
const Reason = "RATE_LIMITED"

const retryAfter = "retryAfterSeconds"

// Limiter gives each key so many events at once and so many in a stretch of time. It forgets a key whose bucket is full, and others
// only when more than MaxKeys were seen while a bucket fills. A nil Limiter lets everything pass. Safe for many goroutines.
type Limiter[K comparable] struct {
	clock clock.Clock
	pace  time.Duration // in which one token comes back
	depth time.Duration // in which an empty bucket is full again
	most  int           // keys in one generation

	mu         sync.Mutex
	turned     time.Duration
	young, old map[K]time.Duration // when the bucket is full again, by the clock's Elapsed
}

// New returns a limiter that lets each key do n things at once, and n in each stretch of that length from then on. n below 1 is no
// limit: nil.
func New[K comparable](c clock.Clock, n int, in time.Duration) *Limiter[K] {
	if n < 1 {
		return nil
	}
	return &Limiter[K]{clock: c, pace: in / time.Duration(n), depth: in, most: MaxKeys, young: map[K]time.Duration{}}
}

// Take uses one token of the key up. Exhausted, with the time until there is one again, if it has none; then nothing is used up.
func (l *Limiter[K]) Take(key K) error { return l.use(key, 1) }

// Check answers as Take and uses nothing up.
func (l *Limiter[K]) Check(key K) error { return l.use(key, 0) }

// Return gives a token back that Take used up and that shall not count.
func (l *Limiter[K]) Return(key K) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if full, now := l.full(key); full > now {
		l.young[key] = full - l.pace
	}
}

func (l *Limiter[K]) use(key K, tokens time.Duration) error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	full, now := l.full(key)
	if wait := full + l.pace - now - l.depth; wait > 0 {
		return refusal(wait)
	}
	if tokens > 0 {
		l.young[key] = full + l.pace
	}
	return nil
}

// full is when the key's bucket is full, not before now, and now. The caller holds mu.
func (l *Limiter[K]) full(key K) (full, now time.Duration) {
	now = l.clock.Elapsed()
	if len(l.young) >= l.most || now-l.turned >= max(l.depth, time.Minute) {
		l.old, l.young, l.turned = l.young, map[K]time.Duration{}, now
	}
	full, ok := l.young[key]
	if !ok {
		full = l.old[key]
		delete(l.old, key)
		if full > now {
			l.young[key] = full
		}
	}
	return max(full, now), now
}

// refusal is what the caller is told: whole seconds, so that who waits that long is let in.
func refusal(wait time.Duration) *fault.Fault {
	seconds := strconv.Itoa(int((wait + time.Second - 1) / time.Second))
	return fault.New(fault.Exhausted, "too many requests; try again in %s s", seconds).
		With(fault.Detail{Reason: Reason, Metadata: map[string]string{retryAfter: seconds}})
}

// RetryAfter is after how many seconds a refusal of a limiter says to try again, as the header of that name wants it; "" of any
// other error.
func RetryAfter(err error) string {
	if err == nil {
		return ""
	}
	for _, d := range fault.Of(err).Details {
		if d.Reason == Reason {
			return d.Metadata[retryAfter]
		}
	}
	return ""
}
