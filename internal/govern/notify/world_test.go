package notify_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

// world is a server that tells people, with the mail server and the webhook it tells them by.
type world struct {
	testing.TB
	ctx    context.Context
	db     *db.DB
	clock  *clock.Fake
	log    *audit.Log
	people *directory.Service
	hooks  *webhook.Service
	notify *notify.Service

	mu     sync.Mutex
	mails  []notify.Message
	post   func(ctx context.Context, m notify.Message) error // nil: taken
	calls  []webhook.Request
	status int
}

func each(t *testing.T, test func(w *world)) {
	t.Helper()
	dbtest.Watched(t, func(t *testing.T, d *db.DB) { test(newWorld(t, d, true)) })
}

func newWorld(t *testing.T, d *db.DB, mail bool) *world {
	t.Helper()
	c := clock.NewFake(time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC))
	w := &world{TB: t, ctx: t.Context(), db: d, clock: c, log: audit.New(d, c), status: http.StatusOK}
	w.people = directory.New(d, c, w.log)
	quiet := slog.New(slog.DiscardHandler)
	w.hooks = webhook.New(webhook.Deps{
		DB: d, Clock: c, Log: quiet, Audit: w.log, Sender: receiver{w}, CallbackKey: make([]byte, 32), PublicURL: "https://interim.example.com",
		Sign: func(context.Context, any) (string, error) { return "token", nil },
	})
	t.Cleanup(w.hooks.Close)
	w.notify = w.service(mail)
	w.people.Tell(w.notify)
	return w
}

// service is another process on the same data.
func (w *world) service(mail bool) *notify.Service {
	w.Helper()
	deps := notify.Deps{
		DB: w.db, Clock: w.clock, Log: slog.New(slog.DiscardHandler), Audit: w.log, Webhooks: w.hooks, PublicURL: "https://interim.example.com",
	}
	if mail {
		deps.Mailer = w
	}
	s, err := notify.New(w.ctx, deps)
	w.ok(err)
	w.Cleanup(s.Close)
	return s
}

// Send implements notify.Mailer.
func (w *world) Send(ctx context.Context, m notify.Message) error {
	w.mu.Lock()
	post := w.post
	w.mu.Unlock()
	if post != nil {
		if err := post(ctx, m); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mails = append(w.mails, m)
	return nil
}

type receiver struct{ *world }

// Send implements webhook.Sender.
func (r receiver) Send(_ context.Context, m webhook.Request) (webhook.Reply, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, m)
	return webhook.Reply{Status: r.status}, nil
}

func (w *world) sent() []notify.Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]notify.Message{}, w.mails...)
}

func (w *world) called() []webhook.Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]webhook.Request{}, w.calls...)
}

func (w *world) person(name string) directory.User {
	w.Helper()
	u, err := w.people.Create(w.ctx, directory.User{DisplayName: name, Email: name + "@example.com"})
	w.ok(err)
	return u
}

// tell queues notices in a transaction of their own.
func (w *world) tell(notices ...notify.Notice) {
	w.Helper()
	w.ok(w.db.Write(w.ctx, func(tx *db.Tx) error { return w.notify.Tell(tx, notices...) }))
}

// due runs what is due, until nothing is, and returns how much was handled.
func (w *world) due(s *notify.Service) (n int) {
	w.Helper()
	for {
		before := n
		for _, source := range append(s.Sources(), w.hooks.Sources()...) {
			at, ok, err := source.Next(w.ctx)
			w.ok(err)
			if ok && !at.After(w.clock.Now()) {
				k, err := source.Run(w.ctx, w.clock.Now())
				w.ok(err)
				w.hooks.Idle()
				n += k
			}
		}
		if n == before {
			return n
		}
	}
}

func (w *world) rows() (n int) {
	w.Helper()
	w.ok(w.db.Q(w.ctx).Row(`select count(*) from notification`).Scan(&n))
	return n
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
