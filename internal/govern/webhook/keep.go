package webhook

import (
	"context"
	"errors"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// keeping gives up callbacks that did not come in time and forgets deliveries that have long been over.
type keeping struct{ *Service }

const keepBatch = 250

// Name implements due.Source.
func (keeping) Name() string { return "webhook-keep" }

// Next implements due.Source.
func (k keeping) Next(ctx context.Context) (time.Time, bool, error) {
	var at int64
	err := k.DB.Q(ctx).Row(`select due_at from webhook_delivery where state <> 'open' order by due_at, id limit 1`).Scan(&at)
	if errors.Is(err, db.ErrNoRows) {
		return time.Time{}, false, nil
	}
	return clock.FromMicros(at), err == nil, err
}

// Run implements due.Source.
func (k keeping) Run(ctx context.Context, now time.Time) (n int, err error) {
	err = k.DB.Write(ctx, func(tx *db.Tx) error {
		list, err := overdue(tx, now)
		if err != nil {
			return err
		}
		n = len(list)
		var over []Delivery
		for _, d := range list {
			if d.State != Waiting {
				over = append(over, d)
				continue
			}
			if err := k.giveUp(tx, d, "no callback came in time", now); err != nil {
				return err
			}
		}
		return forget(tx, over)
	})
	return n, err
}

// Recover makes the deliveries of a worker that died due again at once. On SQLite, at start, where no other process can be at work; on
// PostgreSQL a lease may be another replica's and has to run out.
func (s *Service) Recover(ctx context.Context) error {
	if s.DB.Engine() != db.SQLite {
		return nil
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`update webhook_delivery set due_at = $1, lease = '' where state = 'open' and lease <> ''`,
			clock.Micros(s.Clock.Now()))
		return err
	})
}
