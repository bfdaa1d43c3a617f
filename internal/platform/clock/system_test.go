package clock

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// jump sets the wall clock as an administrator would: nobody is told.
func (c *SystemClock) jump(d time.Duration) { c.offset.Add(d.Microseconds()) }

func TestNowIsTheWallClockInUTCToTheMicrosecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := System(time.Time{})
		time.Sleep(1500 * time.Nanosecond)
		now := c.Now()
		if want := time.Now().Truncate(time.Microsecond); !now.Equal(want) || now.Location() != time.UTC {
			t.Errorf("Now = %v, want %v", now, want)
		}
	})
}

func TestNowIsNeverBeforeItsFloor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		floor := time.Now().Add(time.Hour)
		c := System(floor)
		if !c.Now().Equal(floor) {
			t.Errorf("Now = %v, want the floor %v", c.Now(), floor)
		}
		time.Sleep(time.Hour + time.Second)
		if !c.Now().Equal(floor.Add(time.Second)) {
			t.Errorf("Now = %v, want the wall again", c.Now())
		}
	})
}

func TestAWallClockThatJumpsNeverMakesNowGoBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		jumps := rapid.SliceOf(rapid.Int64Range(-3600, 3600)).Draw(rt, "jumps")
		synctest.Test(t, func(t *testing.T) {
			c := System(time.Time{})
			last, wall := c.Now(), time.Now()
			for _, s := range jumps {
				c.jump(time.Duration(s) * time.Second)
				wall = wall.Add(time.Duration(s) * time.Second)
				want := last
				if wall.After(last) {
					want = wall
				}
				if last = c.Now(); !last.Equal(want) {
					t.Errorf("Now = %v, want %v", last, want)
				}
				time.Sleep(time.Second)
				wall = wall.Add(time.Second)
			}
		})
	})
}

func TestAWaiterWakesAtItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := System(time.Time{})
		began := time.Now()
		for _, d := range []time.Duration{time.Hour, time.Millisecond, 90 * time.Second, 0, -time.Hour} {
			ch, stop := c.After(c.Now().Add(d))
			<-ch
			stop()
			if took := time.Since(began); took != max(d, 0) {
				t.Errorf("After(%v) took %v", d, took)
			}
			began = time.Now()
		}
	})
}

func TestAnEarlierWaiterIsNotHeldUpByALaterOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := System(time.Time{})
		began := time.Now()
		late, stop := c.After(c.Now().Add(time.Hour))
		defer stop()
		soon, _ := c.After(c.Now().Add(5 * time.Millisecond))
		<-soon
		if took := time.Since(began); took != 5*time.Millisecond {
			t.Errorf("the earlier waiter took %v", took)
		}
		<-late
		if took := time.Since(began); took != time.Hour {
			t.Errorf("the later waiter took %v", took)
		}
	})
}

func TestAWallClockSetForwardWakesWithinTheRecheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := System(time.Time{})
		ch, _ := c.After(c.Now().Add(24 * time.Hour))
		time.Sleep(10 * time.Second)
		began := time.Now()
		c.jump(25 * time.Hour)
		<-ch
		if took := time.Since(began); took > time.Second {
			t.Errorf("woken %v after the jump", took)
		}
	})
}

func TestAWallClockSetBackHoldsUpNoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := System(time.Time{})
		began, noon := time.Now(), c.Now().Add(time.Minute)
		ch, _ := c.After(noon)
		far, stop := c.After(c.Now().AddDate(5000, 0, 0))
		defer stop()
		time.Sleep(59 * time.Second)
		stood := c.Now()
		c.jump(-time.Hour)
		<-ch
		if took := time.Since(began); took < time.Minute || took > time.Minute+time.Second {
			t.Errorf("waited for %v", took)
		}
		if !c.Now().Equal(stood) || closed(far) {
			t.Errorf("Now went on to %v, or somebody was woken early", c.Now())
		}
		began = time.Now()
		pause, _ := c.After(c.Now().Add(50 * time.Millisecond))
		<-pause
		if took := time.Since(began); took > time.Second {
			t.Errorf("a pause that began meanwhile took %v", took)
		}
		for c.Now().Before(noon) {
			again, _ := c.After(noon)
			<-again
		}
		if late := c.Now().Sub(noon); late > time.Second {
			t.Errorf("who looks again and again finds its time %v late", late)
		}
	})
}

func TestBehindIsForHowLongNowWillStandStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := System(time.Now().Add(time.Hour))
		before := c.Now()
		for _, want := range []time.Duration{time.Hour, 59 * time.Minute} {
			if got := c.Behind(); got != want {
				t.Errorf("behind by %v, want %v", got, want)
			}
			time.Sleep(time.Minute)
		}
		time.Sleep(58 * time.Minute)
		if got := c.Behind(); got != 0 || !c.Now().Equal(before) {
			t.Errorf("caught up, and behind by %v", got)
		}
	})
}

func TestElapsedGoesOnWhateverIsDoneToTheWall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := System(time.Now().Add(time.Hour))
		for _, jump := range []time.Duration{0, -time.Hour, 5 * time.Hour} {
			before := c.Elapsed()
			c.jump(jump)
			time.Sleep(time.Second)
			if passed := c.Elapsed() - before; passed != time.Second {
				t.Errorf("with a jump of %v it went on by %v", jump, passed)
			}
		}
	})
}

func TestAStoppedWaiterIsForgottenAndTheTimerRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := System(time.Time{})
		ch, stop := c.After(c.Now().Add(time.Minute))
		stop()
		stop()
		time.Sleep(time.Hour)
		if closed(ch) || c.waiting.Len() != 0 {
			t.Errorf("closed %v, %d kept", closed(ch), c.waiting.Len())
		}
		if c.timer.Stop() {
			t.Error("the timer still runs with nobody waiting")
		}
		again, _ := c.After(c.Now().Add(time.Minute))
		<-again
	})
}

func TestConcurrentReadersAllSeeTimeGoForward(t *testing.T) {
	c := System(time.Time{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			last := c.Now()
			for range 2000 {
				c.jump(-time.Microsecond)
				ch, stop := c.After(last.Add(time.Hour))
				stop()
				if now := c.Now(); now.Before(last) || closed(ch) {
					t.Errorf("from %v to %v, closed %v", last, now, closed(ch))
				} else {
					last = now
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkNow(b *testing.B) {
	c := System(time.Time{})
	for b.Loop() {
		c.Now()
	}
}
