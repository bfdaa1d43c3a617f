package stream

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/seal"
)

// Words are those of the API, in which events are told. They are known at the doors only.
type Words interface {
	// StreamEvents makes of each event the JSON object that receivers are sent, in the same order.
	StreamEvents(ctx context.Context, events []audit.Event) ([]json.RawMessage, error)
	// StreamSignature says in which headers a message is signed.
	StreamSignature() Signature
}

// Signature names the headers of a signature: what was signed at which second, and how.
type Signature struct{ At, Of string }

// Deps is what the service stands on. Registerer may be nil.
type Deps struct {
	DB         *db.DB
	Clock      clock.Clock
	Log        *slog.Logger
	Audit      *audit.Log
	Box        *seal.Box
	Sender     webhook.Sender
	Registerer prometheus.Registerer
}

// Service holds the use cases about streams, and sends what is due.
type Service struct {
	Deps

	words   Words
	flights flights
	metrics metrics
}

// New returns the service. [Service.Close] ends what it has under way.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	return &Service{Deps: d, flights: newFlights(), metrics: newMetrics(d.Registerer)}
}

// Speak says who knows the words of the API. Only at start, before anything runs.
func (s *Service) Speak(w Words) { s.words = w }

// List answers all streams, oldest first, without the values of their credentials. Whoever may list them.
func (s *Service) List(ctx context.Context) ([]Stream, error) {
	list, err := s.all(s.DB.Q(ctx))
	for i, v := range list {
		list[i].Credentials = v.Credentials.shown(v.Credentials)
	}
	return list, err
}

// Create makes a stream of what is recorded from now on. The answer holds the secrets of its credentials, which are not shown again.
// Invalid for a broken limit; Precondition where there are [MaxStreams]. Super Administrators: it makes the server call out, and tells
// all that happens.
func (s *Service) Create(ctx context.Context, name, address string, c Credentials) (Stream, error) {
	now, actor := s.Clock.Now(), audit.From(ctx)
	v := Stream{
		ID: ID(id.New(now)), Name: name, URL: address, Enabled: true, CreatedBy: directory.UserID(actor.UserID), CreatedAt: now, UpdatedAt: now,
		Version: 1, dueAt: now,
	}
	err := v.validate()
	if err == nil {
		v.Credentials, err = c.resolve(Credentials{}, now)
	}
	if err != nil {
		return Stream{}, err
	}
	sealed, err := s.seal(v)
	if err != nil {
		return Stream{}, err
	}
	return v, s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock("event streams"); err != nil {
			return err
		}
		var n int
		if err := tx.Row(`select count(*) from event_stream`).Scan(&n); err != nil {
			return err
		}
		if n >= MaxStreams {
			return fault.New(fault.Precondition, "there are %d event streams, which is the most", MaxStreams)
		}
		if v.place, err = audit.End(tx, s.DB.Engine()); err != nil {
			return err
		}
		insert(tx, v, sealed)
		due.Wake(tx, now)
		return s.Audit.Record(tx, actor, event(v, "event_stream.created", audit.Create, "created event stream "+v.Name))
	})
}

// Update changes a stream; a batch under way is not called back. Switched on again, it goes on with what it has not sent. The answer
// holds the values of those credentials that are new. Invalid, NotFound, Conflict. Super Administrators.
func (s *Service) Update(ctx context.Context, streamID ID, c Change) (Stream, error) {
	before, err := s.get(s.DB.Q(ctx), streamID)
	if err != nil {
		return Stream{}, err
	}
	now := s.Clock.Now()
	after, err := before.changed(c, now)
	if err != nil {
		return Stream{}, err
	}
	sealed, err := s.seal(after)
	if err != nil {
		return Stream{}, err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := update(tx, after, sealed); err != nil {
			return err
		}
		if after.Enabled { // somebody has looked at it: no more waiting
			resume(tx, after.ID, now)
			due.Wake(tx, now)
		}
		e := event(after, "event_stream.updated", audit.Update, "changed event stream "+after.Name)
		e.Data = map[string]any{
			"name": after.Name, "enabled": after.Enabled, "urlChanged": after.URL != before.URL, "credentialsChanged": c.Credentials != nil,
		}
		return s.Audit.Record(tx, audit.From(ctx), e)
	})
	after.Version++
	after.Credentials = after.Credentials.shown(before.Credentials)
	return after, err
}

// changed is v after a change. Keys that are kept stay with the host they were given for: whoever may change a stream and does not know
// its keys is not to have them sent to a server of their own.
func (v Stream) changed(c Change, now time.Time) (Stream, error) {
	before := v
	if c.Name != nil {
		v.Name = *c.Name
	}
	if c.URL != nil {
		v.URL = *c.URL
	}
	if err := v.validate(); err != nil {
		return v, err
	}
	kept := len(before.Credentials.Keys) > 0
	if c.Credentials != nil {
		var err error
		if v.Credentials, err = c.Credentials.resolve(before.Credentials, now); err != nil {
			return v, err
		}
		kept = v.Credentials.keeps(before.Credentials, *c.Credentials)
	}
	if kept && !sameHost(v.URL, before.URL) {
		return v, fault.InvalidField("credentials", "have to be sent again with an address on another host")
	}
	if c.Enabled != nil {
		v.Enabled = *c.Enabled
	}
	if v.Enabled {
		v.Failures, v.Reason = 0, ""
	}
	v.UpdatedAt = now
	return v, nil
}

// Delete deletes a stream and its credentials. A batch under way may still arrive. NotFound. Super Administrators.
func (s *Service) Delete(ctx context.Context, streamID ID) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		v, err := s.get(tx, streamID)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`delete from event_stream where id = $1`, string(streamID)); err != nil {
			return err
		}
		return s.Audit.Record(tx, audit.From(ctx), event(v, "event_stream.deleted", audit.Delete, "deleted event stream "+v.Name))
	})
}

func event(v Stream, kind string, a audit.Activity, message string) audit.Event {
	return audit.Event{Kind: kind, Activity: a, ObjectType: "event_stream", ObjectID: string(v.ID), Message: message}
}
