package notify

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// keeping forgets notifications that have long been over.
type keeping struct{ *Service }

const keepBatch = 500

// Name implements due.Source.
func (keeping) Name() string { return "notify-keep" }

// Next implements due.Source.
func (k keeping) Next(ctx context.Context) (time.Time, bool, error) {
	return first(k.DB.Q(ctx), "state <> 'open'")
}

// Run implements due.Source.
func (k keeping) Run(ctx context.Context, now time.Time) (int, error) {
	var n int64
	err := k.DB.Write(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(`delete from notification where id in (select id from notification
			where state <> 'open' and due_at <= $1 order by due_at, id limit $2)`, clock.Micros(now), keepBatch)
		return err
	})
	return int(n), err
}

// Recover makes the notifications of a worker that died due again at once. On SQLite, at start, where no other process can be at work;
// on PostgreSQL a lease may be another replica's and has to run out.
func (s *Service) Recover(ctx context.Context) error {
	if s.DB.Engine() != db.SQLite {
		return nil
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`update notification set due_at = $1, lease = '' where state = 'open' and lease <> ''`,
			clock.Micros(s.Clock.Now()))
		return err
	})
}
