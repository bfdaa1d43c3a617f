package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/page"
	"github.com/interim-access/interim/internal/platform/seal"
)

// world is a server with webhooks, the receivers of its messages, and who listens to what comes of them.
type world struct {
	testing.TB
	ctx   context.Context
	db    *db.DB
	clock *clock.Fake
	log   *audit.Log
	iam   *iam.Service
	hooks *webhook.Service

	mu       sync.Mutex
	sent     []webhook.Request
	reply    func(r webhook.Request) (webhook.Reply, error)
	told     []string // what listeners were told came of deliveries
	misread  []string // and of answers that could not be taken
	refusing error    // what the listener says to answers
}

func each(t *testing.T, test func(w *world)) {
	t.Helper()
	dbtest.Watched(t, func(t *testing.T, d *db.DB) { test(newWorld(t, d)) })
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	c := clock.NewFake(time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC))
	w := &world{TB: t, ctx: t.Context(), db: d, clock: c, log: audit.New(d, c), reply: replies(http.StatusOK, "{}")}
	var err error
	w.iam, err = iam.New(t.Context(), iam.Options{
		DB: d, Clock: c, Audit: w.log, Settings: iam.NewSettings(d, c, seal.New([32]byte{1})), Host: "interim.example.com:8443",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.iam.Close)
	w.hooks = w.service()
	return w
}

// service is another process on the same data.
func (w *world) service() *webhook.Service {
	s := webhook.New(webhook.Deps{
		DB: w.db, Clock: w.clock, Log: slog.New(slog.DiscardHandler), Audit: w.log, Sender: w, Sign: w.iam.SignClaims, CallbackKey: make([]byte, 32),
		PublicURL: "https://interim.example.com:8443",
	})
	s.Tell(w)
	w.Cleanup(s.Close)
	return s
}

// Send implements webhook.Sender: it plays the receivers.
func (w *world) Send(_ context.Context, r webhook.Request) (webhook.Reply, error) {
	w.mu.Lock()
	w.sent = append(w.sent, r)
	reply := w.reply
	w.mu.Unlock()
	return reply(r)
}

func replies(status int, body string) func(webhook.Request) (webhook.Reply, error) {
	return func(webhook.Request) (webhook.Reply, error) {
		return webhook.Reply{Status: status, Body: []byte(body)}, nil
	}
}

func (w *world) messages() []webhook.Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]webhook.Request{}, w.sent...)
}

// WebhookAnswered implements webhook.Notice.
func (w *world) WebhookAnswered(tx *db.Tx, d webhook.Delivery, a webhook.Answer, _ time.Time) error {
	if w.refusing != nil {
		return w.refusing
	}
	w.tell(tx, fmt.Sprintf("%s: %s %s", d.Ref, a.Verdict, a.Comment+string(a.Steps)))
	return nil
}

// WebhookTried implements webhook.Notice.
func (w *world) WebhookTried(tx *db.Tx, d webhook.Delivery, why string, bad bool, _ time.Time) error {
	if bad {
		tx.OnCommit(func() { w.mu.Lock(); defer w.mu.Unlock(); w.misread = append(w.misread, d.Ref+": "+why) })
	}
	return nil
}

// WebhookGaveUp implements webhook.Notice.
func (w *world) WebhookGaveUp(tx *db.Tx, d webhook.Delivery, why string, _ time.Time) error {
	w.tell(tx, d.Ref+": gave up: "+why)
	return nil
}

func (w *world) tell(tx *db.Tx, what string) {
	tx.OnCommit(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.told = append(w.told, strings.TrimSpace(what))
	})
}

func (w *world) hook(name string) webhook.Webhook {
	w.Helper()
	h, err := w.hooks.Create(w.ctx, webhook.Webhook{URL: "https://" + strings.Trim(name, "%") + ".example.com/in?secret=1", DisplayName: name})
	w.ok(err)
	return h
}

func (w *world) deliver(h webhook.Webhook, event webhook.Event, ref string) (d webhook.DeliveryID) {
	w.Helper()
	w.ok(w.db.Write(w.ctx, func(tx *db.Tx) (err error) {
		d, err = w.hooks.Deliver(tx, h.ID, event, ref, json.RawMessage(`{"taskView":{"task":{"id":"x"}}}`))
		return err
	}))
	return d
}

func (w *world) state(d webhook.DeliveryID) string {
	w.Helper()
	v, err := w.hooks.Delivery(w.ctx, d)
	w.ok(err)
	return fmt.Sprintf("%s %d %s", v.State, v.Attempts, v.LastError)
}

// due runs what is due in s, until nothing is, and returns how much was handled.
func (w *world) due(s *webhook.Service) (n int) {
	w.Helper()
	for {
		before := n
		for _, source := range s.Sources() {
			at, ok, err := source.Next(w.ctx)
			w.ok(err)
			if !ok || at.After(w.clock.Now()) {
				continue
			}
			k, err := source.Run(w.ctx, w.clock.Now())
			w.ok(err)
			s.Idle()
			n += k
		}
		if n == before {
			return n
		}
	}
}

// next is when s has something to do again.
func (w *world) next(s *webhook.Service) (first time.Time) {
	w.Helper()
	for _, source := range s.Sources() {
		at, ok, err := source.Next(w.ctx)
		w.ok(err)
		if ok && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

func (w *world) callback(d webhook.DeliveryID, body string) error {
	_, token, _ := strings.Cut(w.hooks.CallbackURL(d), webhook.CallbackPath)
	return w.hooks.Callback(w.ctx, token, []byte(body))
}

func (w *world) events(kind string) (list []audit.Event) {
	w.Helper()
	p, err := w.log.List(w.ctx, audit.Filter{}, page.Request{Size: 100})
	w.ok(err)
	for _, e := range p.Items {
		if e.Kind == kind {
			list = append(list, e)
		}
	}
	return list
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err, errors.Unwrap(err))
	}
}

func (w *world) same(what string, got, want any) {
	w.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.Errorf("%s: %v, want %v", what, got, want)
	}
}
