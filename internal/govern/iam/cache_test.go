package iam

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/fault"
)

func rightsOf(name string) *rights {
	return &rights{template: Principal{Name: name}, client: Client{Key: ClientKey(name)}}
}

func TestRightsAreBelievedForThreeSeconds(t *testing.T) {
	c := clock.NewFake(monday)
	reads := 0
	var broken error
	cache := newCache(c, func(context.Context, string) (*rights, error) {
		reads++
		return rightsOf("v" + strconv.Itoa(reads)), broken
	})
	get := func() (string, error) {
		r, err := cache.get(t.Context(), "ada", c.Now())
		if err != nil {
			return "", err
		}
		return r.template.Name, nil
	}
	for i, step := range []struct {
		wait time.Duration
		want string
	}{{0, "v1"}, {0, "v1"}, {3*time.Second - 1000, "v1"}, {1000, "v2"}, {2 * time.Second, "v2"}, {time.Second, "v3"}} {
		c.Advance(step.wait)
		if got, err := get(); err != nil || got != step.want {
			t.Fatalf("step %d: %q, %v; want %q", i, got, err, step.want)
		}
	}
	broken = errors.New("connection refused")
	c.Advance(2 * time.Second)
	if got, err := get(); err != nil || got != "v3" {
		t.Fatalf("still fresh: %q, %v", got, err)
	}
	c.Advance(time.Second)
	for range 2 {
		if _, err := get(); !fault.Is(err, fault.Unavailable) {
			t.Fatalf("rights that cannot be read again: %v", err)
		}
	}
	broken = fault.New(fault.Unauthenticated, "the client was deleted")
	if _, err := get(); !fault.Is(err, fault.Unauthenticated) {
		t.Fatalf("a client that is gone: %v", err)
	}
	broken = nil
	if _, err := get(); err != nil {
		t.Fatalf("after the database came back: %v", err)
	}
}

// The threat: a database that stalls in the middle of a snapshot hands out rights that were taken away meanwhile.
func TestRightsThatTookTooLongToReadAreReadAgain(t *testing.T) {
	c := clock.NewFake(monday)
	took := []time.Duration{staleAfter + time.Second, staleAfter, staleAfter - time.Microsecond, 0}
	reads := 0
	cache := newCache(c, func(context.Context, string) (*rights, error) {
		c.Advance(took[reads])
		reads++
		return rightsOf("v" + strconv.Itoa(reads)), nil
	})
	if r, err := cache.get(t.Context(), "ada", c.Now()); err != nil || r.template.Name != "v3" {
		t.Fatal(r, err)
	}
}

func TestWhatWasBeingReadWhenANoticeCameIsNotKept(t *testing.T) {
	c := clock.NewFake(monday)
	started, finish := make(chan struct{}), make(chan struct{})
	var reads atomic.Int32
	cache := newCache(c, func(context.Context, string) (*rights, error) {
		if reads.Add(1) > 1 {
			return rightsOf("after"), nil
		}
		close(started)
		<-finish
		return rightsOf("before"), nil
	})
	var early sync.WaitGroup
	early.Go(func() {
		if r, err := cache.get(t.Context(), "ada", c.Now()); err != nil || r.template.Name != "before" {
			t.Errorf("who asked before the notice: %v, %v", r, err)
		}
	})
	<-started
	cache.drop(func(*rights) bool { return false })
	if r, err := cache.get(t.Context(), "ada", c.Now()); err != nil || r.template.Name != "after" {
		t.Fatalf("who asked after the notice: %v, %v", r, err)
	}
	close(finish)
	early.Wait()
	if r, err := cache.get(t.Context(), "ada", c.Now()); err != nil || r.template.Name != "after" {
		t.Fatalf("later: %v, %v", r, err)
	}
}

func TestManyWhoAskAtOnceAreAnsweredByOneReading(t *testing.T) {
	c := clock.NewFake(monday)
	reads, finish := 0, make(chan struct{})
	cache := newCache(c, func(context.Context, string) (*rights, error) {
		reads++
		<-finish
		return rightsOf("ada"), nil
	})
	gone, leave := context.WithCancel(t.Context())
	first := cache.fill(gone, "ada")
	leave() // the one who started it gives up
	if _, err := cache.get(gone, "ada", c.Now()); err == nil {
		t.Error("a caller whose context has ended is answered")
	}
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := cache.get(t.Context(), "ada", c.Now()); err != nil {
				t.Error(err)
			}
		})
	}
	close(finish)
	all.Wait()
	<-first.done
	if reads != 1 {
		t.Errorf("read %d times", reads)
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	c := clock.NewFake(monday)
	cache := newCache(c, func(_ context.Context, id string) (*rights, error) { return rightsOf(id), nil })
	for i := range maxCached + 10 {
		if _, err := cache.get(t.Context(), strconv.Itoa(i), c.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if len(cache.entries) > maxCached {
		t.Errorf("%d entries", len(cache.entries))
	}
	r := newRecent[int, int](100)
	for i := range 1000 {
		r.put(i, i)
		r.get(0) // in use all the time
	}
	if _, ok := r.get(0); !ok || len(r.young)+len(r.old) > 200 {
		t.Errorf("kept %d, what is in use: %v", len(r.young)+len(r.old), ok)
	}
	if _, ok := r.get(300); ok {
		t.Error("something long unused is kept")
	}
}
