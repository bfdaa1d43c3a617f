package iam

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

const (
	// usedEvery is how often lastUsedAt moves at most.
	usedEvery = time.Minute
	// usageTimeout is how long one writing down may take, the last one at the end included.
	usageTimeout = 2 * time.Second
)

// usage gathers which clients were used, so that a request never waits for writing it down.
type usage struct {
	marked *recent[ClientKey, time.Time]
	wake   chan struct{}

	mu      sync.Mutex
	pending map[ClientKey]time.Time
}

func newUsage() *usage {
	return &usage{marked: newRecent[ClientKey, time.Time](maxCached), wake: make(chan struct{}, 1), pending: map[ClientKey]time.Time{}}
}

func (u *usage) mark(key ClientKey, now time.Time) {
	if last, ok := u.marked.get(key); ok && now.Sub(last) < usedEvery {
		return
	}
	u.marked.put(key, now)
	u.mu.Lock()
	u.pending[key] = now
	u.mu.Unlock()
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

func (u *usage) take() map[ClientKey]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	p := u.pending
	u.pending = map[ClientKey]time.Time{}
	return p
}

// Run writes lastUsedAt down until ctx ends, then once more.
func (s *Service) Run(ctx context.Context) error {
	for ended := false; !ended; {
		select {
		case <-s.usage.wake:
		case <-ctx.Done():
			ended = true
		}
		write, cancel := context.WithTimeout(context.WithoutCancel(ctx), usageTimeout)
		s.writeUsage(write)
		cancel()
	}
	return nil
}

// writeUsage writes what was gathered. What cannot be written is lost: it is a convenience, not a record.
func (s *Service) writeUsage(ctx context.Context) {
	type use struct {
		key ClientKey
		at  time.Time
	}
	var uses []use
	for key, at := range s.usage.take() {
		uses = append(uses, use{key, at})
	}
	for _, chunk := range db.Chunks(uses) {
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			for _, u := range chunk {
				tx.Queue(`update client set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at <= $3)`,
					string(u.key), clock.Micros(u.at), clock.Micros(u.at.Add(-usedEvery)))
			}
			return nil
		})
		if err != nil {
			s.log.WarnContext(ctx, "cannot write when clients were last used", slog.Int("clients", len(chunk)), slog.Any("error", err))
		}
	}
}
