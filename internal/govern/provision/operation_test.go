package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestWaitsDoubleUpToFiveMinutes(t *testing.T) {
	for attempts, want := range map[int]time.Duration{
		0: time.Second, 1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 8: 128 * time.Second, 9: 256 * time.Second,
		10: 5 * time.Minute, 11: 5 * time.Minute, 64: 5 * time.Minute, 1 << 30: 5 * time.Minute,
	} {
		if got := backoff(attempts, errors.New("x"), 0); got != want {
			t.Errorf("after %d attempts: %v, want %v", attempts, got, want)
		}
	}
	if got := backoff(1, Permanent(errors.New("x")), 0); got != 5*time.Minute {
		t.Errorf("a permanent failure waits %v", got)
	}
}

func TestWaitsSpreadByAFifth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		attempts := rapid.IntRange(0, 1000).Draw(t, "attempts")
		plain := backoff(attempts, nil, 0)
		got := backoff(attempts, nil, rapid.Float64Range(-1, 1).Draw(t, "spread"))
		if got < plain*8/10 || got > plain*12/10 {
			t.Fatalf("after %d attempts: %v, plainly %v", attempts, got, plain)
		}
	})
	for range 1000 {
		if s := spread(); s < -1 || s > 1 {
			t.Fatal(s)
		}
	}
}

func TestOnlyWhatIsWrittenForPeopleIsShownOfAnError(t *testing.T) {
	secret := errors.New("dial postgres://admin:hunter2@10.0.0.5")
	for _, c := range []struct {
		err  error
		want string
	}{
		{fault.Wrap(fault.Unavailable, secret, "the target is down"), "the target is down"},
		{Permanent(fault.New(fault.NotFound, "no such role")), "no such role"},
		{fmt.Errorf("grant: %w", context.DeadlineExceeded), "the target did not answer in time"},
		{secret, "the target could not be changed; the server's log says why"},
		{Permanent(secret), "the target could not be changed; the server's log says why"},
	} {
		if got := words(c.err); got != c.want {
			t.Errorf("%v is shown as %q", c.err, got)
		}
	}
	if got := words(fault.New(fault.Unavailable, "%s", strings.Repeat("é", 2*MaxText))); len([]rune(got)) != MaxText {
		t.Errorf("%d characters are kept", len([]rune(got)))
	}
}

func TestPermanentKeepsTheErrorItMarks(t *testing.T) {
	cause := fault.New(fault.NotFound, "no such role")
	err := fmt.Errorf("grant: %w", Permanent(cause))
	if !IsPermanent(err) || !fault.Is(err, fault.NotFound) || IsPermanent(cause) || Permanent(nil) != nil {
		t.Errorf("%v", err)
	}
}

func TestAConnectorWhoseTargetIsDownIsLeftAloneEverLonger(t *testing.T) {
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now := began
	list := []head{{"c", now.Add(-time.Hour)}}
	var s slots
	for _, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 30 * time.Second, 30 * time.Second} {
		s.take("c")
		if _, at := s.turn(list, now, now.Sub(began), false); !at.After(now) {
			t.Fatal("a connector that is served has another turn")
		}
		s.release("c", true, now.Sub(began), 0)
		if _, at := s.turn(list, now, now.Sub(began), false); !at.Equal(now.Add(want)) {
			t.Errorf("down: left alone until %v, want %v", at, now.Add(want))
		}
		if _, at := s.turn(list, now, now.Sub(began), true); !at.IsZero() {
			t.Error("the lane for those that answer serves one that is down")
		}
		now = now.Add(want)
	}
	s.take("c")
	s.release("c", false, now.Sub(began), 0)
	if _, at := s.turn(list, now, now.Sub(began), true); !at.Equal(now) {
		t.Errorf("one that answered again has its turn at %v", at)
	}
	if downs := s.take("c"); downs != 0 {
		t.Errorf("remembers %d failures of a target that answered", downs)
	}
	s.release("c", true, now.Sub(began), 0)
	if s.turn(nil, now, now.Sub(began), false); len(s.of) != 0 {
		t.Error("remembers connectors that have nothing to do")
	}
}

// Somebody sets the machine's clock back: what was paused or held back for a moment must not be so for hours.
func TestNothingIsHeldBackForLongerWhileTheTimeOfDayStandsStill(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var s slots
	var b burst
	s.take("c")
	s.release("c", true, time.Minute, 0)
	b.more(time.Minute)
	if _, at := s.turn([]head{{"c", now}}, now, time.Minute+firstPause, false); !at.Equal(now) {
		t.Errorf("the target that was down has its turn at %v", at)
	}
	if left := b.left(time.Minute + breath); left != 0 {
		t.Errorf("the lanes hold back for %v", left)
	}
}

func TestTurnsGoToWhoWaitsLongest(t *testing.T) {
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now := began
	list := []head{{"backlog", now.Add(-2 * time.Hour)}, {"other backlog", now.Add(-time.Hour)}, {"new", now.Add(90 * time.Second)}}
	var s slots
	var got []app.ConnectorID
	for range 5 {
		c, _ := s.turn(list, now, now.Sub(began), false)
		got = append(got, c)
		s.take(c)
		now = now.Add(time.Minute)
		s.release(c, false, now.Sub(began), 0)
	}
	if want := []app.ConnectorID{"backlog", "other backlog", "backlog", "new", "other backlog"}; !slices.Equal(got, want) {
		t.Errorf("turns %v, want %v", got, want)
	}
}
