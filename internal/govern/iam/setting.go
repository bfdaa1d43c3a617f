package iam

import (
	"bytes"
	"context"
	"errors"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/seal"
)

// Settings are the server's own secrets, sealed in the database so that replicas share them: signing keys, page-token key, CA.
type Settings struct {
	db    *db.DB
	clock clock.Clock
	box   *seal.Box
}

// NewSettings returns the settings in d, sealed with box.
func NewSettings(d *db.DB, c clock.Clock, box *seal.Box) *Settings { return &Settings{d, c, box} }

// Ensure returns the value of name. If there is none yet, create makes it; of two replicas that start at once, both get the value
// of the one that was faster.
func (s *Settings) Ensure(ctx context.Context, name string, create func() ([]byte, error)) ([]byte, error) {
	value, _, err := s.read(s.db.Q(ctx), name)
	if !errors.Is(err, db.ErrNoRows) {
		return value, err
	}
	plain, err := create()
	if err != nil {
		return nil, err
	}
	sealed, err := s.box.Seal(purpose(name), plain)
	if err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`insert into setting (name, value, updated_at) values ($1, $2, $3) on conflict do nothing`,
			name, sealed, clock.Micros(s.clock.Now())); err != nil {
			return err
		}
		value, _, err = s.read(tx, name)
		return err
	})
	return value, err
}

// Get returns the value of name, and false if there is none.
func (s *Settings) Get(ctx context.Context, name string) ([]byte, bool, error) {
	value, _, err := s.read(s.db.Q(ctx), name)
	if errors.Is(err, db.ErrNoRows) {
		return nil, false, nil
	}
	return value, err == nil, err
}

// Swap keeps value under name if what is kept there is still old (nil: nothing), and returns what is kept now: value, or what
// somebody else was faster to put there.
func (s *Settings) Swap(ctx context.Context, name string, old, value []byte) ([]byte, error) {
	if old == nil {
		return s.Ensure(ctx, name, func() ([]byte, error) { return value, nil })
	}
	kept, sealed, err := s.read(s.db.Q(ctx), name)
	if err != nil || !bytes.Equal(kept, old) {
		return kept, err
	}
	err = s.replace(ctx, name, sealed, value, func(*db.Tx) error { return nil })
	if fault.Is(err, fault.Conflict) {
		kept, _, err = s.read(s.db.Q(ctx), name)
		return kept, err
	}
	return value, err
}

// replace writes plain over the value that was sealed as was, and runs then in the same transaction. Conflict if another process
// was faster.
func (s *Settings) replace(ctx context.Context, name string, was, plain []byte, then func(tx *db.Tx) error) error {
	sealed, err := s.box.Seal(purpose(name), plain)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`update setting set value = $3, updated_at = $4 where name = $1 and value = $2`,
			name, was, sealed, clock.Micros(s.clock.Now()))
		if err == nil && n == 0 {
			err = fault.New(fault.Conflict, "the setting was changed by someone else; try again")
		}
		if err != nil {
			return err
		}
		return then(tx)
	})
}

// read returns the value and the bytes it is sealed in.
func (s *Settings) read(q db.Q, name string) (plain, sealed []byte, err error) {
	if err = q.Row(`select value from setting where name = $1`, name).Scan(&sealed); err != nil {
		return nil, nil, err
	}
	plain, err = s.box.Open(purpose(name), sealed)
	return plain, sealed, err
}

func purpose(name string) string { return "setting/" + name }
