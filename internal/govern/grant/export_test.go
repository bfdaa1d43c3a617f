package grant

import (
	"context"
	"time"
)

// Held is a grant as somebody read it who is about to change it.
type Held = held

// Read is the first half of a change.
func (s *Service) Read(ctx context.Context, k Key) (Held, error) { return live(s.DB.Q(ctx), k) }

// MoveRead is the second half of SetEnd.
func (s *Service) MoveRead(ctx context.Context, h Held, end time.Time) (Grant, error) {
	return s.write(ctx, h, func(h held, now time.Time) (Grant, Effect, error) { return h.SetEnd(end, now) })
}

// RevokeRead is the second half of Revoke.
func (s *Service) RevokeRead(ctx context.Context, h Held) (Grant, error) {
	return s.write(ctx, h, func(h held, now time.Time) (Grant, Effect, error) { return h.Revoke(Person{}, "", now) })
}
