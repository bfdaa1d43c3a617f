package clock

import (
	"sync"
	"time"
)

// Fake is a clock that moves only when told. Advance and Set close the
// channels of the waiters they pass before they return, earliest first.
type Fake struct {
	mu      sync.Mutex
	changed *sync.Cond // a waiter came or went
	began   int64
	now     int64
	waiting waiters
}

// NewFake returns a Fake that shows t.
func NewFake(t time.Time) *Fake {
	f := &Fake{began: Micros(t), now: Micros(t)}
	f.changed = sync.NewCond(&f.mu)
	return f
}

// Now implements Clock.
func (f *Fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return FromMicros(f.now)
}

// Elapsed implements Clock: how far it was moved.
func (f *Fake) Elapsed() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Duration(f.now-f.began) * time.Microsecond
}

// Advance moves the clock forward by d; a negative d does nothing.
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set(f.now + d.Microseconds())
}

// Set moves the clock to t. A t in the past does nothing, as with System.
func (f *Fake) Set(t time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set(Micros(t))
}

func (f *Fake) set(now int64) {
	if now <= f.now {
		return
	}
	f.now = now
	f.waiting.fire(now)
	f.changed.Broadcast()
}

// After implements Clock.
func (f *Fake) After(t time.Time) (<-chan struct{}, func()) {
	at := ceil(t)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now >= at {
		return passed, func() {}
	}
	w := f.waiting.add(at)
	f.changed.Broadcast()
	return w.c, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.waiting.remove(w)
		f.changed.Broadcast()
	}
}

// AwaitWaiter blocks until somebody waits for exactly t. A test uses it to
// know, without sleeping, that what it tests has gone to sleep.
func (f *Fake) AwaitWaiter(t time.Time) {
	at := ceil(t)
	f.mu.Lock()
	defer f.mu.Unlock()
	for !f.waitsFor(at) {
		f.changed.Wait()
	}
}

func (f *Fake) waitsFor(at int64) bool {
	for _, w := range f.waiting.list {
		if w.at == at {
			return true
		}
	}
	return false
}

// Waiters returns how many are waiting, and the earliest time one waits for.
func (f *Fake) Waiters() (n int, earliest time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n = len(f.waiting.list); n > 0 {
		earliest = FromMicros(f.waiting.list[0].at)
	}
	return n, earliest
}
