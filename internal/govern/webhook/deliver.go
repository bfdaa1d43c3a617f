package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// Deliver asks that a live webhook is told of event, once tx commits, and returns what to know the answer by; ref says to the caller's
// own [Notice], and to [Service.Cancel], what it is about. payload is a JSON object with the members of the event's message; nil has
// [Words] asked for it when it is sent. NotFound without such a webhook.
func (s *Service) Deliver(tx *db.Tx, webhookID ID, event Event, ref string, payload json.RawMessage) (DeliveryID, error) {
	if _, err := Get(tx, webhookID); err != nil {
		return "", err
	}
	now := s.Clock.Now()
	d := Delivery{
		ID: DeliveryID(id.New(now)), Webhook: webhookID, Event: event, Ref: ref, State: Open, CreatedAt: now, payload: string(payload),
	}
	insertDelivery(tx, d, now)
	due.Wake(tx, now)
	return d.ID, nil
}

// Cancel ends the deliveries about ref that are not answered; nobody is told. An answer to one that is on its way comes to nothing.
func (s *Service) Cancel(tx *db.Tx, ref string) error {
	return cancel(tx, ref, s.Clock.Now())
}

// Delivery reads one delivery. NotFound if there is none, or none any more: closed ones are kept for 30 days.
func (s *Service) Delivery(ctx context.Context, d DeliveryID) (Delivery, error) {
	return getDelivery(s.DB.Q(ctx), d)
}

// Test sends the webhook a message of event Test now and returns how that went. Of a receiver that promises a callback the delivery is
// Waiting; what fails is not tried again. NotFound. Super Administrators.
func (s *Service) Test(ctx context.Context, webhookID ID) (Delivery, error) {
	now := s.Clock.Now()
	d := Delivery{
		ID: DeliveryID(id.New(now)), Webhook: webhookID, Event: EventTest, State: Open, CreatedAt: now, Attempts: 1, LastAttemptAt: now,
		lease: id.New(now),
	}
	var w Webhook
	err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if w, err = Get(tx, webhookID); err != nil {
			return err
		}
		insertDelivery(tx, d, now.Add(Lease))
		due.Wake(tx, now.Add(Lease))
		return s.Audit.Record(tx, audit.From(ctx), event(w, "webhook.tested", audit.Other, "sent a test to webhook "+w.DisplayName))
	})
	if err != nil {
		return Delivery{}, err
	}
	call, cancel := context.WithTimeout(ctx, testLimit)
	defer cancel()
	if err := s.record(ctx, d, w, s.attempt(call, d, w)); err != nil {
		return Delivery{}, err
	}
	return s.Delivery(ctx, d.ID)
}

// testLimit is how long a test may take: shorter than a request.
const testLimit = 20 * time.Second

// Callback takes what was sent to the callback address with that token, once. NotFound for an address that was never given out; Invalid
// for an answer that cannot be taken, after which another may be sent; Precondition when the answer was given before, came too late or
// is no longer wanted. Whoever knows the address may call.
func (s *Service) Callback(ctx context.Context, token string, body []byte) error {
	deliveryID, err := s.openCallback(token)
	if err != nil {
		return err
	}
	d, err := s.Delivery(ctx, deliveryID)
	if fault.Is(err, fault.NotFound) {
		return used() // it was forgotten since
	}
	if err != nil {
		return err
	}
	if err := d.callable(s.Clock.Now()); err != nil {
		return err
	}
	a, err := s.understand(ctx, d, body)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		now := s.Clock.Now()
		d, err := lockDelivery(tx, deliveryID, "")
		if errors.Is(err, db.ErrNoRows) {
			return used()
		}
		if err != nil {
			return err
		}
		if err := d.callable(now); err != nil {
			return err
		}
		return s.answered(tx, d, a, now)
	})
}

// callable answers why an answer to d cannot be taken any more. It may come while the promise of it is still being written down.
func (d Delivery) callable(now time.Time) error {
	switch {
	case d.State == Done || d.State == Cancelled || d.State == Failed || d.Attempts == 0:
		return used()
	case d.State == Waiting && !now.Before(d.ExpiresAt):
		return fault.New(fault.Precondition, "the callback came too late")
	default:
		return nil
	}
}

func used() error {
	return fault.New(fault.Precondition, "the callback address was used before, or its answer is no longer wanted")
}
