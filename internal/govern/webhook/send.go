package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
)

// outcome is how one call went: answered, promised, or failed with err.
type outcome struct {
	answer   Answer
	promised bool // a callback will come
	err      error
	final    bool // err is not mended by trying again
	bad      bool // the receiver answered, with what cannot be taken
	off      bool // not called, or cut short, because the server stops
}

// attempt sends the message of d once.
func (s *Service) attempt(ctx context.Context, d Delivery, w Webhook) (o outcome) {
	defer func() {
		if p := recover(); p != nil { // a receiver that breaks the sender must not take the server along
			o = outcome{err: fmt.Errorf("panic: %v\n%s", p, debug.Stack())}
		}
		s.metrics.called(d.Event, o)
	}()
	if w.ID == "" || !w.DeletedAt.IsZero() {
		return outcome{err: fault.New(fault.NotFound, "the webhook was deleted"), final: true}
	}
	request, err := s.message(ctx, d, w, s.Clock.Now())
	if err != nil {
		return outcome{err: err, final: fault.Is(err, fault.TooLarge)}
	}
	reply, err := s.Sender.Send(ctx, request)
	if err != nil {
		return outcome{err: err}
	}
	return s.judge(ctx, d, reply)
}

// judge reads a reply: 202 promises a callback, any other 2xx is the answer, 410 asks never to be told again.
func (s *Service) judge(ctx context.Context, d Delivery, r Reply) outcome {
	switch {
	case r.Status == http.StatusAccepted:
		return outcome{promised: true}
	case r.Status == http.StatusGone:
		return outcome{err: fault.New(fault.Precondition, "the receiver wants no more messages (410)"), final: true}
	case r.Status < 200 || r.Status > 299:
		return outcome{err: fault.New(fault.Unavailable, "the receiver answered with status %d", r.Status)}
	}
	a, err := s.understand(ctx, d, r.Body)
	return outcome{answer: a, err: err, bad: err != nil}
}

// understand reads an answer, and turns what it says in the words of the API into ours.
func (s *Service) understand(ctx context.Context, d Delivery, body []byte) (Answer, error) {
	a, err := ParseAnswer(d.Event, body)
	if err != nil || a.Verdict != ReplacePolicy || s.words == nil {
		return a, err
	}
	a.Steps, err = s.words.WebhookSteps(ctx, d, a.Steps)
	return a, err
}

// record writes down what came of a call, unless the delivery is somebody else's by now.
func (s *Service) record(ctx context.Context, d Delivery, w Webhook, o outcome) error {
	// What the receiver said is recorded also when the server stops: else it would be told again.
	ctx = context.WithoutCancel(ctx)
	if o.err != nil && !o.off {
		s.Log.WarnContext(ctx, "a webhook was not delivered", slog.String("delivery", string(d.ID)), slog.String("webhook", string(d.Webhook)),
			slog.Int("attempt", d.Attempts), slog.Any("error", o.err))
	}
	err := s.DB.Write(ctx, func(tx *db.Tx) error { return s.write(tx, d, w, o) })
	if o.err == nil && refuses(err) { // by a listener: the answer is no good
		o = outcome{err: err, bad: true}
		err = s.DB.Write(ctx, func(tx *db.Tx) error { return s.write(tx, d, w, o) })
	}
	return err
}

// refuses reports whether a listener refused an answer, rather than failed to take it.
func refuses(err error) bool {
	return err != nil && (fault.Is(err, fault.Invalid) || fault.Is(err, fault.NotFound) || fault.Is(err, fault.Precondition))
}

func (s *Service) write(tx *db.Tx, sent Delivery, w Webhook, o outcome) error {
	d, err := lockDelivery(tx, sent.ID, sent.lease)
	if errors.Is(err, db.ErrNoRows) {
		return nil // cancelled, or answered by callback meanwhile, or its lease ran out
	}
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	switch {
	case o.off:
		giveBack(tx, d, now)
		due.Wake(tx, now)
		return nil
	case o.promised:
		until := now.Add(w.CallbackTimeout)
		wait(tx, d, now, until)
		due.Wake(tx, until)
		return nil
	case o.err == nil:
		return s.answered(tx, d, o.answer, now)
	}
	d.LastError = Explain(o.err)
	if o.final || !d.retries() {
		return s.giveUp(tx, d, d.LastError, now)
	}
	again := now.Add(backoff())
	retry(tx, d, now, again)
	due.Wake(tx, again)
	for _, n := range s.notices {
		if err := n.WebhookTried(tx, d, d.LastError, o.bad, now); err != nil {
			return err
		}
	}
	return nil
}

// answered closes d and lets the answer take effect.
func (s *Service) answered(tx *db.Tx, d Delivery, a Answer, now time.Time) error {
	d.State, d.Verdict, d.LastError, d.UpdatedAt, d.DoneAt = Done, a.Verdict, "", now, now
	closeDelivery(tx, d, now.Add(Kept))
	for _, n := range s.notices {
		if err := n.WebhookAnswered(tx, d, a, now); err != nil {
			return err
		}
	}
	return nil
}

// giveUp closes d without an answer.
func (s *Service) giveUp(tx *db.Tx, d Delivery, why string, now time.Time) error {
	d.State, d.LastError, d.UpdatedAt, d.DoneAt = Failed, why, now, now
	closeDelivery(tx, d, now.Add(Kept))
	for _, n := range s.notices {
		if err := n.WebhookGaveUp(tx, d, why, now); err != nil {
			return err
		}
	}
	return s.Audit.Record(tx, audit.System(), audit.Event{
		Kind: "webhook.gave_up", Activity: audit.Other, Failed: true, ObjectType: "webhook", ObjectID: string(d.Webhook),
		Message: "gave up telling a webhook: " + why,
		Data:    map[string]any{"delivery": string(d.ID), "event": string(d.Event), "attempts": d.Attempts},
	})
}

// Explain is what administrators may read of why a call failed: the message of a fault, which is public, and else only what kind of
// failure it was. At most 512 characters.
func Explain(err error) string {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return cut(f.Message)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "the receiver did not answer in time"
	}
	return "the receiver could not be told; the server's log says why"
}

func cut(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	if utf8.RuneCountInString(s) <= maxError {
		return s
	}
	return string([]rune(s)[:maxError-1]) + "…"
}
