package rate

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/fault"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func TestAKeyMayDoSoMuchAtOnceAndThenAtThePaceOfTheLimit(t *testing.T) {
	c := clock.NewFake(monday)
	l := New[string](c, 10, time.Minute)
	for i := range 10 {
		if err := l.Take("ada"); err != nil {
			t.Fatalf("number %d: %v", i, err)
		}
	}
	for range 3 { // a refusal uses nothing up
		if err := l.Take("ada"); !fault.Is(err, fault.Exhausted) || RetryAfter(err) != "6" {
			t.Fatalf("the eleventh: %v, Retry-After %q", err, RetryAfter(err))
		}
	}
	if err := l.Take("grace"); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	c.Advance(6*time.Second - time.Microsecond)
	if err := l.Take("ada"); RetryAfter(err) != "1" {
		t.Errorf("just before: %v", err)
	}
	c.Advance(time.Microsecond)
	if err := l.Take("ada"); err != nil {
		t.Errorf("after the wait that was named: %v", err)
	}
	if l.Take("ada") == nil {
		t.Error("one came back, two were given")
	}
}

func TestCheckUsesNothingUpAndReturnGivesBackNoMoreThanWasTaken(t *testing.T) {
	c := clock.NewFake(monday)
	l := New[string](c, 2, time.Minute)
	for range 5 {
		if l.Check("ada") != nil {
			t.Fatal("a check was counted")
		}
	}
	l.Return("ada")
	for range 5 {
		if l.Take("ada") != nil {
			t.Fatal("what was given back is missing")
		}
		l.Return("ada")
	}
	first, second := l.Take("ada"), l.Take("ada")
	if first != nil || second != nil || l.Check("ada") == nil || l.Take("ada") == nil {
		t.Error("not two")
	}
}

func TestNoLimitLetsEverythingPass(t *testing.T) {
	l := New[int](clock.NewFake(monday), 0, time.Second)
	l.Return(1)
	if l != nil || l.Take(1) != nil || l.Check(1) != nil {
		t.Error("refused")
	}
	if RetryAfter(nil) != "" || RetryAfter(fault.New(fault.Exhausted, "full")) != "" {
		t.Error("a wait that nobody named")
	}
}

func TestTheMemoryIsBoundedAndWhoeverIsAtWorkIsNotForgotten(t *testing.T) {
	c := clock.NewFake(monday)
	l := New[int](c, 3, time.Hour)
	l.most = 100
	for range 3 {
		if err := l.Take(-1); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 10_000 {
		_ = l.Take(i)
		if i%50 == 0 && l.Take(-1) == nil {
			t.Fatalf("forgotten after %d others", i)
		}
		if n := len(l.young) + len(l.old); n > 2*l.most+1 {
			t.Fatalf("%d keys are kept", n)
		}
	}
	c.Advance(time.Hour)
	_ = l.Check(0)
	c.Advance(time.Hour)
	if _ = l.Check(0); len(l.young)+len(l.old) > 1 {
		t.Errorf("full buckets are kept: %d", len(l.young)+len(l.old))
	}
}

// Somebody sets the machine's clock back, and the time of day stands still for as long.
func TestALimitComesBackThoughTheTimeOfDayStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.System(monday) // years ahead of the bubble's clock
		l := New[string](c, 1, time.Second)
		if err := l.Take("ada"); err != nil || l.Take("ada") == nil {
			t.Fatalf("not one: %v", err)
		}
		later, stop := c.After(c.Now().Add(time.Second))
		defer stop()
		<-later
		if err := l.Take("ada"); err != nil {
			t.Errorf("a second later: %v", err)
		}
	})
}

// TestNoStretchOfTimeHoldsMoreThanTwiceTheLimit compares with a list of all that was let pass.
func TestNoStretchOfTimeHoldsMoreThanTwiceTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "n")
		c := clock.NewFake(monday)
		l := New[int](c, n, time.Minute)
		var passed []time.Time
		for range rapid.IntRange(1, 200).Draw(t, "events") {
			c.Advance(time.Duration(rapid.IntRange(0, 10_000).Draw(t, "ms")) * time.Millisecond)
			if l.Take(1) != nil {
				continue
			}
			passed = append(passed, c.Now())
			within := 0
			for _, at := range passed {
				if c.Now().Sub(at) < time.Minute {
					within++
				}
			}
			if within > 2*n {
				t.Fatalf("%d of %d in a minute", within, n)
			}
		}
	})
}
