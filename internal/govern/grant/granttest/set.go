package granttest

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"sync"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Set is a target that holds memberships and nothing else: as real as a target can be without a wire.
type Set struct {
	mu     sync.Mutex
	has    map[member]bool
	called int
	twice  int // grants of what it held already, and revocations of what it did not hold
	down   error
	hook   func(kind provision.Kind) // runs inside a call, before the set changes
	lose   int                       // calls to come that take effect but answer with an error
	crash  Moment                    // when the next call takes its process with it
}

// Moment is a moment of a call.
type Moment int

// The moments at which a process may die.
const (
	Never Moment = iota
	BeforeTheChange
	AfterTheChange
)

// Crash makes the next call the last thing that its worker does, as kill -9 would: whatever comes after the call is not run.
func (s *Set) Crash(at Moment) { s.mu.Lock(); s.crash = at; s.mu.Unlock() }

type member struct{ account, entitlement string }

// NewSet returns an empty target.
func NewSet() *Set { return &Set{has: map[member]bool{}} }

// Target implements provision.Targets.
func (s *Set) Target(context.Context, app.Connector) (provision.Target, error) { return s, nil }

// Grant implements provision.Target.
func (s *Set) Grant(ctx context.Context, c provision.Change) (string, error) {
	return s.change(ctx, provision.Grant, c, true)
}

// Revoke implements provision.Target.
func (s *Set) Revoke(ctx context.Context, c provision.Change) (string, error) {
	return s.change(ctx, provision.Revoke, c, false)
}

func (s *Set) change(ctx context.Context, kind provision.Kind, c provision.Change, wanted bool) (string, error) {
	s.mu.Lock()
	hook := s.hook
	s.mu.Unlock()
	if hook != nil {
		hook(kind)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.called++
	if s.down != nil {
		return "", s.down
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if s.crash == BeforeTheChange {
		s.crash = Never
		runtime.Goexit()
	}
	m := member{c.Account.ExternalID, c.Entitlement.ExternalID}
	if s.has[m] == wanted {
		s.twice++
	}
	if wanted {
		s.has[m] = true
	} else {
		delete(s.has, m)
	}
	if s.crash == AfterTheChange {
		s.crash = Never
		runtime.Goexit()
	}
	if s.lose > 0 {
		s.lose--
		return "", fault.New(fault.Unavailable, "the answer was lost")
	}
	return "", nil
}

// Down makes the target fail with err from now on; nil brings it back.
func (s *Set) Down(err error) { s.mu.Lock(); s.down = err; s.mu.Unlock() }

// Clear takes all memberships, as somebody would who works in the target itself.
func (s *Set) Clear() { s.mu.Lock(); clear(s.has); s.mu.Unlock() }

// Put makes a membership be there or not, as somebody would who works in the target itself.
func (s *Set) Put(account, entitlement string, there bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if delete(s.has, member{account, entitlement}); there {
		s.has[member{account, entitlement}] = true
	}
}

// Lose makes the next n calls take effect and fail.
func (s *Set) Lose(n int) { s.mu.Lock(); s.lose = n; s.mu.Unlock() }

// During runs fn inside every call, before it takes effect; nil for nothing.
func (s *Set) During(fn func(provision.Kind)) { s.mu.Lock(); s.hook = fn; s.mu.Unlock() }

// Size is how many memberships the target holds.
func (s *Set) Size() int { s.mu.Lock(); defer s.mu.Unlock(); return len(s.has) }

// Calls is how often the target was called.
func (s *Set) Calls() int { s.mu.Lock(); defer s.mu.Unlock(); return s.called }

// Twice is how many calls found what they wanted there already.
func (s *Set) Twice() int { s.mu.Lock(); defer s.mu.Unlock(); return s.twice }

// Holders are the external ids of the accounts that hold anything, sorted.
func (s *Set) Holders() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for m := range maps.Keys(s.has) {
		all = append(all, m.account)
	}
	return slices.Sorted(slices.Values(all))
}
