package clock

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// recheck bounds how long a waiter trusts its timer. Timers run on the
// monotonic clock and do not notice that the wall clock was set forward, or
// that the machine slept; so while somebody waits, the wall is read at least
// this often. With nobody waiting nothing runs.
const recheck = time.Second

// SystemClock is the machine's clock, made monotone.
type SystemClock struct {
	last   atomic.Int64 // the latest time shown; Now is never before it
	offset atomic.Int64 // microseconds added to the wall; zero but in story builds and tests
	began  time.Time    // with the reading of the monotonic clock

	mu      sync.Mutex
	waiting waiters
	timer   *time.Timer // armed while somebody waits
	armed   int64       // the earliest time the timer was armed for
}

// System returns the real clock: Now is the latest of the wall clock, floor
// and whatever Now returned before. The floor is the newest time the database
// knows, so that a restart under a clock set back does not go back either.
func System(floor time.Time) *SystemClock {
	c := &SystemClock{began: time.Now(), armed: math.MaxInt64}
	c.last.Store(Micros(floor))
	return c
}

// Now implements Clock.
func (c *SystemClock) Now() time.Time { return FromMicros(c.now()) }

// Elapsed implements Clock: the monotonic clock, which nobody sets.
func (c *SystemClock) Elapsed() time.Duration { return time.Since(c.began) }

// Behind returns how far the wall clock is behind Now: for so long Now will stand still. 0 if it is not.
func (c *SystemClock) Behind() time.Duration {
	return max(c.Now().Sub(FromMicros(c.wall())), 0)
}

func (c *SystemClock) wall() int64 { return time.Now().UnixMicro() + c.offset.Load() }

func (c *SystemClock) now() int64 {
	for wall := c.wall(); ; {
		last := c.last.Load()
		if wall <= last {
			return last
		}
		if c.last.CompareAndSwap(last, wall) {
			return wall
		}
	}
}

// After implements Clock. A waiter is woken within a millisecond or so of its
// time, and within a second when the wall clock was set forward past it, or
// when it was set back and has been waited for long enough.
func (c *SystemClock) After(t time.Time) (<-chan struct{}, func()) {
	at := ceil(t)
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if now >= at {
		return passed, func() {}
	}
	w := c.waiting.add(at)
	w.since, w.wait = c.Elapsed(), FromMicros(at).Sub(FromMicros(now))
	if at < c.armed {
		c.arm()
	}
	return w.c, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.waiting.remove(w)
	}
}

// wake closes the waiters that are due and arms the timer for the next one.
func (c *SystemClock) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	c.waiting.fire(now)
	if c.wall() < now {
		c.waiting.release(c.Elapsed())
	}
	c.arm()
}

// arm sets the timer for the earliest waiter, at most recheck away; c.mu is held.
func (c *SystemClock) arm() {
	if len(c.waiting.list) == 0 {
		c.armed = math.MaxInt64
		return
	}
	c.armed = c.waiting.list[0].at
	wait := recheck
	if left := c.armed - c.wall(); left < recheck.Microseconds() {
		wait = time.Duration(left) * time.Microsecond
	}
	if c.timer == nil {
		c.timer = time.AfterFunc(wait, c.wake)
	} else {
		c.timer.Reset(wait)
	}
}

// ceil is Micros rounded up, so that a wait never ends before its time.
func ceil(t time.Time) int64 {
	us := Micros(t)
	if FromMicros(us).Before(t) {
		us++
	}
	return us
}
