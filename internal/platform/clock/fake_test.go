package clock

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAFakeClockNeverGoesBack(t *testing.T) {
	f := NewFake(start)
	f.Set(start.Add(-time.Hour))
	f.Advance(-time.Hour)
	if !f.Now().Equal(start) {
		t.Errorf("Now = %v", f.Now())
	}
	f.Set(start.Add(time.Hour))
	f.Advance(time.Minute)
	if !f.Now().Equal(start.Add(61 * time.Minute)) {
		t.Errorf("Now = %v", f.Now())
	}
}

func TestAFakeWakesExactlyThoseWhoseTimeHasCome(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := NewFake(start)
		type wait struct {
			at      time.Time
			c       <-chan struct{}
			stopped bool
		}
		var waits []*wait
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			d := time.Duration(rapid.Int64Range(-5, 20).Draw(t, "d")) * time.Microsecond
			switch rapid.IntRange(0, 2).Draw(t, "op") {
			case 0:
				w := &wait{at: f.Now().Add(d)}
				w.c, _ = f.After(w.at)
				waits = append(waits, w)
			case 1:
				w := &wait{at: f.Now().Add(d), stopped: d > 0}
				var stop func()
				w.c, stop = f.After(w.at)
				stop()
				stop()
				waits = append(waits, w)
			default:
				f.Advance(d)
			}
			pending := 0
			for _, w := range waits {
				due := !w.at.After(f.Now()) && !w.stopped
				if closed(w.c) != due {
					t.Fatalf("at %v: waiter for %v (stopped %v) closed: %v", f.Now(), w.at, w.stopped, closed(w.c))
				}
				if !due && !w.stopped {
					pending++
				}
			}
			if n, _ := f.Waiters(); n != pending {
				t.Fatalf("%d waiters kept, want %d", n, pending)
			}
		}
	})
}

func TestWaitersFireInTheOrderOfTheirTimes(t *testing.T) {
	var w waiters
	want := []int64{1, 2, 2, 3, 9}
	var all []*waiter
	for _, at := range []int64{9, 2, 3, 1, 2} {
		all = append(all, w.add(at))
	}
	var got []int64
	for now := range int64(10) {
		w.fire(now)
		for _, x := range all {
			if x.at == now && closed(x.c) {
				got = append(got, x.at)
			}
		}
	}
	if !slices.Equal(got, want) || w.Len() != 0 {
		t.Errorf("fired %v, want %v; %d left", got, want, w.Len())
	}
}

func TestAwaitWaiterReturnsOnceSomebodyWaits(t *testing.T) {
	f := NewFake(start)
	at := start.Add(time.Minute)
	woken := make(chan struct{})
	go func() {
		c, stop := f.After(at)
		defer stop()
		<-c
		close(woken)
	}()
	f.AwaitWaiter(at)
	if n, earliest := f.Waiters(); n != 1 || !earliest.Equal(at) {
		t.Errorf("%d waiters, earliest %v", n, earliest)
	}
	f.Advance(time.Minute)
	<-woken
}

func TestAWaitWithinAMicrosecondIsNotOverEarly(t *testing.T) {
	f := NewFake(start)
	c, _ := f.After(start.Add(time.Nanosecond))
	if closed(c) {
		t.Error("woken a nanosecond early")
	}
	f.Advance(time.Microsecond)
	if !closed(c) {
		t.Error("not woken at the next microsecond")
	}
}

func TestAFakesElapsedIsHowFarItWasMoved(t *testing.T) {
	f := NewFake(start)
	f.Advance(time.Second)
	f.Set(start.Add(time.Minute))
	f.Set(start)
	if f.Elapsed() != time.Minute {
		t.Errorf("Elapsed = %v", f.Elapsed())
	}
}
