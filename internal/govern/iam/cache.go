package iam

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/fault"
)

// staleAfter is how long rights are believed without having been read again. With the three seconds that a lost notice costs, a
// revocation bites everywhere within the five that are promised.
const staleAfter = 3 * time.Second

// fillTimeout bounds the reading of rights. Requests wait that long at most before they are refused. What took so long to read that it is
// not believed any more is read again.
const fillTimeout = 10 * time.Second

// maxCached is how many credentials' rights are kept; over it all are dropped and read again.
const maxCached = 10_000

// cache keeps rights by client id. One reader fills an entry while others wait for it; what was being read when a notice came is
// given to nobody who asked after the notice.
type cache struct {
	clock clock.Clock
	load  func(ctx context.Context, clientID string) (*rights, error)

	mu      sync.RWMutex
	entries map[string]cached
	flights map[string]*flight
}

type cached struct {
	rights *rights
	read   time.Time // when reading began
}

func (e cached) fresh(now time.Time) bool { return now.Sub(e.read) < staleAfter }

type flight struct {
	done   chan struct{}
	rights *rights
	err    error
}

func newCache(c clock.Clock, load func(context.Context, string) (*rights, error)) *cache {
	return &cache{clock: c, load: load, entries: map[string]cached{}, flights: map[string]*flight{}}
}

// get returns rights at most staleAfter old. It never returns older ones: when they cannot be read, it answers Unavailable.
func (c *cache) get(ctx context.Context, clientID string, now time.Time) (*rights, error) {
	c.mu.RLock()
	e := c.entries[clientID]
	c.mu.RUnlock()
	if e.fresh(now) {
		return e.rights, nil
	}
	f := c.fill(ctx, clientID)
	select {
	case <-f.done:
		return f.rights, f.err
	case <-ctx.Done():
		return nil, fault.Of(ctx.Err())
	}
}

func (c *cache) fill(ctx context.Context, clientID string) *flight {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.flights[clientID]; f != nil {
		return f
	}
	f := &flight{done: make(chan struct{})}
	if e := c.entries[clientID]; e.fresh(c.clock.Now()) { // read since the caller looked
		f.rights = e.rights
		close(f.done)
		return f
	}
	c.flights[clientID] = f
	clientID = strings.Clone(clientID) // not a piece of a request's memory
	ctx = context.WithoutCancel(ctx)   // one caller that gives up must not fail the others
	go func() { c.fly(ctx, clientID, f) }()
	return f
}

func (c *cache) fly(ctx context.Context, clientID string, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, fillTimeout)
	defer cancel()
	defer close(f.done)
	var e cached
	for f.err == nil && !e.fresh(c.clock.Now()) {
		e.read = c.clock.Now()
		e.rights, f.err = c.load(ctx, clientID)
	}
	f.rights = e.rights
	if f.err != nil && !fault.Is(f.err, fault.Unauthenticated) {
		f.err = fault.Wrap(fault.Unavailable, f.err, "the caller's rights cannot be read now; try again")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flights[clientID] != f {
		return // a notice came meanwhile
	}
	delete(c.flights, clientID)
	if f.err != nil {
		delete(c.entries, clientID)
		return
	}
	if len(c.entries) >= maxCached {
		clear(c.entries)
	}
	c.entries[clientID] = e
}

// drop forgets the rights for which gone answers true, and everything being read just now.
func (c *cache) drop(gone func(*rights) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.flights)
	for k, e := range c.entries {
		if gone(e.rights) {
			delete(c.entries, k)
		}
	}
}
