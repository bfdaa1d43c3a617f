package catalog

import (
	"context"
	"errors"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// RequestSettings hold for all requests.
type RequestSettings struct {
	// SkipJustification has clients leave out the question for a reason. The server demands none either way.
	SkipJustification bool `json:"skipJustification"`
	// MaxWait is how long a request for access may wait to be decided: whole seconds, [MinWait] to [MaxWait]; zero: for ever. It holds for
	// requests that are made from then on.
	MaxWait time.Duration `json:"maxWaitNanos,omitempty"`
}

// How long a request may wait, where that has a limit.
const (
	MinWait = time.Minute
	MaxWait = 366 * 24 * time.Hour
)

// Validate answers Invalid for the first member of v that breaks a limit.
func (v RequestSettings) Validate() error {
	if v.MaxWait != 0 && (v.MaxWait < MinWait || v.MaxWait > MaxWait || v.MaxWait%time.Second != 0) {
		return fault.InvalidField("maxWait", "must be whole seconds, at least one minute and at most %d days", MaxWait/(24*time.Hour))
	}
	return nil
}

// LongestWait is how long a request that is made now may wait; zero: for ever.
func (*Service) LongestWait(q db.Q) (time.Duration, error) {
	v, _, err := readSettings(q)
	return v.MaxWait, err
}

// RequestSettings reads the settings.
func (s *Service) RequestSettings(ctx context.Context) (RequestSettings, error) {
	v, _, err := readSettings(s.DB.Q(ctx))
	return v, err
}

// SetRequestSettings changes the settings as change says. Invalid, Conflict.
func (s *Service) SetRequestSettings(ctx context.Context, change func(v *RequestSettings)) (RequestSettings, error) {
	var after RequestSettings
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock("request_settings"); err != nil {
			return err
		}
		before, version, err := readSettings(tx)
		if err != nil {
			return err
		}
		after = before
		if change(&after); after == before {
			return nil
		}
		if err := after.Validate(); err != nil {
			return err
		}
		doc, err := document(after)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`insert into request_settings (id, doc, updated_at, version) values ('requests',$1,$2,$3)
			on conflict (id) do update set doc = excluded.doc, updated_at = excluded.updated_at, version = excluded.version`,
			doc, clock.Micros(s.Clock.Now()), version+1); err != nil {
			return err
		}
		return s.Audit.Record(tx, audit.From(ctx), audit.Event{
			Kind: "request_settings.updated", Activity: audit.Update, ObjectType: "request_settings", ObjectID: "requests",
			Message: "changed the settings of requests", Data: map[string]any{"from": before, "to": after},
		})
	})
	return after, err
}

func readSettings(q db.Q) (v RequestSettings, version int64, err error) {
	var doc string
	err = q.Row(`select doc, version from request_settings where id = 'requests'`).Scan(&doc, &version)
	if errors.Is(err, db.ErrNoRows) {
		return v, 0, nil
	}
	if err != nil {
		return v, 0, err
	}
	return v, version, undocument(doc, &v)
}
