package due

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

var retries = []int{1, 2, 4, 8, 16, 32, 60, 60} // seconds

func TestASourceThatFailsIsTriedEverLessOftenUntilItRecovers(t *testing.T) {
	r := newRows("grant-end", start)
	r.fail = errors.New("out of reach")
	s := run(t, dbtest.SQLite(t), clock.NewFake(start), r)
	for range 2 {
		for _, wait := range retries {
			s.clock.AwaitWaiter(s.clock.Now().Add(seconds(wait)))
			s.clock.Advance(seconds(wait))
		}
		// The waiter of the retry above must be there before anything changes.
		s.clock.AwaitWaiter(s.clock.Now().Add(lastRetry))
		r.set(func() { r.fail = nil })
		s.clock.Advance(lastRetry)
		if n := <-r.ran; n != 1 {
			t.Fatalf("handled %d after it recovered", n)
		}
		s.asleep()
		r.set(func() { r.fail, r.due = errors.New("again"), append(r.due, start) })
		s.hear("")
	}
}

func TestASourceThatPanicsIsLoggedAndTriedAgain(t *testing.T) {
	var logged bytes.Buffer
	r := newRows("grant-end", start)
	r.crash = true
	s := runLogged(t, &logged, dbtest.SQLite(t), clock.NewFake(start), r)
	s.clock.AwaitWaiter(start.Add(time.Second))
	s.clock.Advance(time.Second)
	s.clock.AwaitWaiter(s.clock.Now().Add(2 * time.Second))
	r.set(func() { r.crash = false })
	s.clock.Advance(2 * time.Second)
	if n := <-r.ran; n != 1 {
		t.Errorf("handled %d", n)
	}
	s.stop()
	for _, want := range []string{"a source with a mistake", "due_test.go", `"in_a_row":2`} {
		if !strings.Contains(logged.String(), want) {
			t.Errorf("the log does not say %q: %s", want, logged.String())
		}
	}
}

func TestAFailingSourceDoesNotHoldUpTheOthers(t *testing.T) {
	bad, worse, good := newRows("bad", start), newRows("worse", start), newRows("good", start)
	bad.fail, worse.crash = errors.New("out of reach"), true
	s := run(t, dbtest.SQLite(t), clock.NewFake(start), bad, worse, good)
	for range 50 {
		if n := <-good.ran; n != 1 {
			t.Fatalf("handled %d", n)
		}
		good.set(func() { good.due = append(good.due, s.clock.Now()) })
		s.hear("0")
	}
}

func TestTheDatabaseBeingBackEndsTheWaitForARetry(t *testing.T) {
	r := newRows("grant-end", start)
	r.fail = errors.New("out of reach")
	s := run(t, dbtest.SQLite(t), clock.NewFake(start), r)
	for _, wait := range retries[:6] {
		s.clock.AwaitWaiter(s.clock.Now().Add(seconds(wait)))
		s.clock.Advance(seconds(wait))
	}
	s.clock.AwaitWaiter(s.clock.Now().Add(lastRetry))
	r.set(func() { r.fail = nil })
	s.hear("1") // a wake-up does not: it says nothing about the cause
	if len(r.ran) != 0 {
		t.Error("a wake-up ended the wait")
	}
	s.hear("")
	if n := <-r.ran; n != 1 {
		t.Errorf("handled %d", n)
	}
}

func TestRowsLockedByAnotherReplicaAreAskedForWithoutSpinning(t *testing.T) {
	r := newRows("grant-end", start)
	r.locked = true
	s := run(t, dbtest.SQLite(t), clock.NewFake(start), r)
	for i, wait := range []time.Duration{firstPause, 100 * time.Millisecond, lastPause, lastPause} {
		if n := <-r.ran; n != 0 {
			t.Fatalf("handled %d", n)
		}
		s.clock.AwaitWaiter(s.clock.Now().Add(wait))
		if len(r.ran) != 0 {
			t.Fatalf("pause %d: asked again at once", i)
		}
		s.clock.Advance(wait)
	}
	<-r.ran
	s.clock.AwaitWaiter(s.clock.Now().Add(lastPause))
	r.set(func() { r.locked = false })
	s.clock.Advance(lastPause)
	if n := <-r.ran; n != 1 {
		t.Errorf("handled %d once they were free", n)
	}
}

func TestPausesDoubleUpToTheirLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.IntRange(1, 1_000_000).Draw(t, "times")
		d, next := doubled(firstRetry, lastRetry, times), doubled(firstRetry, lastRetry, times+1)
		if d < firstRetry || next > lastRetry || next != min(2*d, lastRetry) {
			t.Fatalf("%v, then %v", d, next)
		}
	})
}
