package webhook

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
)

// Reply is what came back for a message.
type Reply struct {
	Status int // of HTTP
	Body   []byte
}

// Sender sends messages. Package connect/webhook has the one that does.
//
// An error that is a *fault.Fault shows its message to administrators; of any other only the log sees the text. It never follows a
// redirect, never reaches an address the operator did not allow, and reads at most MaxBody of a reply, over which it fails.
type Sender interface {
	Send(ctx context.Context, r Request) (Reply, error)
}

// Words are those of the API, in which messages tell and answers are given. They are known at the doors only, and are found before the
// transaction in which an answer takes effect.
type Words interface {
	// WebhookPayload makes the payload of a message that was asked for without one, when it is first sent. An Invalid or NotFound fault
	// gives the delivery up.
	WebhookPayload(ctx context.Context, d Delivery) (json.RawMessage, error)
	// WebhookSteps turns the steps of an answer that replaces the policy into what package policy keeps of them, a JSON list. Invalid,
	// naming the member, for steps that no policy could have.
	WebhookSteps(ctx context.Context, d Delivery, steps json.RawMessage) (json.RawMessage, error)
}

// Notice is told what came of the deliveries, in the transaction that closes them. Every listener is told of every delivery and passes
// over those whose event and Ref are not its own.
type Notice interface {
	// WebhookAnswered tells of an answer. If it is refused by a fault that is Invalid, NotFound or Precondition, the delivery is not
	// closed: it counts as a failed try, and who called back is told.
	WebhookAnswered(tx *db.Tx, d Delivery, a Answer, at time.Time) error
	// WebhookTried tells of a try that failed and will be made again. why is for people; bad says that the receiver answered, with what
	// cannot be taken.
	WebhookTried(tx *db.Tx, d Delivery, why string, bad bool, at time.Time) error
	// WebhookGaveUp tells that there will be no answer: after too many tries, because the receiver said so (410), because no callback
	// came in time, or because the webhook was deleted. why is for people.
	WebhookGaveUp(tx *db.Tx, d Delivery, why string, at time.Time) error
}

// Deps is what the service stands on. Registerer may be nil.
type Deps struct {
	DB          *db.DB
	Clock       clock.Clock
	Log         *slog.Logger
	Audit       *audit.Log
	Sender      Sender
	Sign        func(ctx context.Context, claims any) (token string, err error) // with a key that is shown under /auth/v1/jwks
	CallbackKey []byte                                                          // 32 bytes, the same for all replicas and ever
	PublicURL   string                                                          // https://host[:port], without a slash at the end
	Registerer  prometheus.Registerer
}

// Service holds the use cases about webhooks, and sends what is due.
type Service struct {
	Deps

	words   Words
	notices []Notice
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

// Tell adds a listener to what comes of deliveries. Only at start, before anything runs.
func (s *Service) Tell(n Notice) { s.notices = append(s.notices, n) }

// Speak says who knows the words of the API. Only at start, before anything runs; without them messages go out as they were asked for.
func (s *Service) Speak(w Words) { s.words = w }

// Close cuts calls under way short, as they would be by the end of the process, and waits for them.
func (s *Service) Close() { s.flights.close() }

// Idle waits until no call is under way.
func (s *Service) Idle() { s.flights.all.Wait() }

// Get reads a live webhook. NotFound if there is none.
func (s *Service) Get(ctx context.Context, webhookID ID) (Webhook, error) {
	return Get(s.DB.Q(ctx), webhookID)
}

// Create makes w, whose id, times and version are filled in; a callback timeout of zero is the default. Invalid for a broken limit.
// Super Administrators: it makes the server call out.
func (s *Service) Create(ctx context.Context, w Webhook) (Webhook, error) {
	now, actor := s.Clock.Now(), audit.From(ctx)
	w.ID, w.CreatedAt, w.UpdatedAt, w.DeletedAt, w.Version = ID(id.New(now)), now, now, time.Time{}, 1
	w.CreatedBy = directory.UserID(actor.UserID)
	if w.CallbackTimeout == 0 {
		w.CallbackTimeout = DefaultCallbackTimeout
	}
	if err := w.Validate(); err != nil {
		return Webhook{}, err
	}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		insert(tx, w)
		return s.Audit.Record(tx, actor, event(w, "webhook.created", audit.Create, "created webhook "+w.DisplayName))
	})
	return w, err
}

// Update changes a live webhook as change says; deliveries under way go to the address that is there when they are sent. Invalid,
// NotFound, Conflict. Super Administrators.
func (s *Service) Update(ctx context.Context, webhookID ID, change func(w *Webhook)) (Webhook, error) {
	var after Webhook
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		before, err := Get(tx, webhookID)
		if err != nil {
			return err
		}
		after = before
		change(&after)
		after.ID, after.CreatedBy, after.CreatedAt, after.UpdatedAt, after.DeletedAt, after.Version =
			before.ID, before.CreatedBy, before.CreatedAt, before.UpdatedAt, time.Time{}, before.Version
		if after.CallbackTimeout == 0 {
			after.CallbackTimeout = DefaultCallbackTimeout
		}
		if err := after.Validate(); err != nil || after == before {
			return err
		}
		after.UpdatedAt = s.Clock.Now()
		if err := update(tx, after); err != nil {
			return err
		}
		after.Version++
		e := event(after, "webhook.updated", audit.Update, "changed webhook "+after.DisplayName)
		e.Data = map[string]any{"displayName": after.DisplayName, "urlChanged": after.URL != before.URL}
		return s.Audit.Record(tx, audit.From(ctx), e)
	})
	return after, err
}

// Delete deletes a live webhook. Its deliveries that are not answered are given up. NotFound; Precondition for one that a policy or an
// entitlement has called. Super Administrators.
func (s *Service) Delete(ctx context.Context, webhookID ID) (Webhook, error) {
	var w Webhook
	err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if w, err = Get(tx, webhookID); err != nil {
			return err
		}
		if err := unused(tx, w); err != nil {
			return err
		}
		now := s.Clock.Now()
		w.UpdatedAt, w.DeletedAt = now, now
		if err := update(tx, w); err != nil {
			return err
		}
		s.makeDue(tx, webhookID, now)
		return s.Audit.Record(tx, audit.From(ctx), event(w, "webhook.deleted", audit.Delete, "deleted webhook "+w.DisplayName))
	})
	return w, err
}

func event(w Webhook, kind string, a audit.Activity, message string) audit.Event {
	return audit.Event{Kind: kind, Activity: a, ObjectType: "webhook", ObjectID: string(w.ID), Message: message}
}
