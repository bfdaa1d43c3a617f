package oauth

import (
	"net/netip"
	"sync"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/fault"
)

// limiter counts events by key in windows of a minute. It protects the work and the rows that strangers can cause, not the keys: those
// cannot be guessed. Its memory is bounded: when there are too many keys it starts counting anew.
type limiter struct {
	clock clock.Clock
	most  int

	mu     sync.Mutex
	since  time.Time
	counts map[string]int
}

const (
	window     = time.Minute
	maxCounted = 50_000
)

func newLimiter(c clock.Clock, most int) *limiter {
	return &limiter{clock: c, most: most, counts: map[string]int{}}
}

// check answers Exhausted when the key has had its share of this window.
func (l *limiter) check(key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn()
	if l.counts[key] >= l.most {
		return fault.New(fault.Exhausted, "too many attempts; try again in a minute")
	}
	return nil
}

// count notes one event.
func (l *limiter) count(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn()
	if len(l.counts) >= maxCounted {
		clear(l.counts)
	}
	l.counts[key]++
}

func (l *limiter) turn() {
	if now := l.clock.Now(); now.Sub(l.since) >= window {
		l.since = now
		clear(l.counts)
	}
}

// sourceKey is an address as it is counted: IPv6 by the /64 that one subscriber has.
func sourceKey(ip netip.Addr) string {
	const subscriber = 64
	if ip.Is6() && !ip.Is4In6() {
		if p, err := ip.Prefix(subscriber); err == nil {
			return p.String()
		}
	}
	return ip.String()
}
