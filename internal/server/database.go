package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/config"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/seal"
)

// data is an open database with the key to what is sealed in it, and the clock that never goes behind it.
type data struct {
	db    *db.DB
	box   *seal.Box
	clock *clock.SystemClock
}

// open opens the database that o names and brings it up to date.
func open(ctx context.Context, o Options) (*data, error) {
	d, err := OpenDatabase(ctx, o.Config.Storage, o.Log)
	if err != nil {
		return nil, err
	}
	opened, err := unlock(ctx, d, o)
	if err != nil {
		_ = d.Close()
		return nil, err
	}
	return opened, nil
}

// OpenDatabase opens the database of s alone, bringing its schema up to date. Of two processes on one SQLite folder the second is
// refused.
func OpenDatabase(ctx context.Context, s config.Storage, log *slog.Logger) (*db.DB, error) {
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	return db.Open(ctx, db.Options{Path: s.SQLiteFile(), URL: s.Database, Log: log})
}

// tolerated is how far a machine's clock may be behind without a word.
const tolerated = time.Second

// unlock finds the key and the time. A key is only made for a SQLite folder in which nothing is sealed yet: replicas on one
// PostgreSQL must be given the same.
func unlock(ctx context.Context, d *db.DB, o Options) (*data, error) {
	var sealed, newest int64
	q := d.Q(ctx)
	if err := q.Row(`select count(*) from setting`).Scan(&sealed); err != nil {
		return nil, err
	}
	if err := q.Row(`select coalesce(max(at), 0) from event`).Scan(&newest); err != nil {
		return nil, err
	}
	key, err := seal.LoadKey(o.Key, o.Config.Data, d.Engine() == db.SQLite && sealed == 0)
	if err != nil {
		if d.Engine() == db.Postgres && o.Key == "" {
			err = fmt.Errorf("set INTERIM_KEY to 32 bytes in base64 or hexadecimal, the same for all servers of this database: %w", err)
		}
		return nil, err
	}
	c := clock.System(clock.FromMicros(newest))
	if behind := c.Behind(); behind > tolerated {
		o.Log.WarnContext(ctx, "this machine's clock is behind what was recorded: time stands still until it has caught up",
			slog.Duration("behind", behind), slog.Time("recorded", c.Now()))
	}
	return &data{db: d, box: seal.New(key), clock: c}, nil
}

// StderrLog is the log of commands that are over soon: warnings and errors, in words.
func StderrLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
