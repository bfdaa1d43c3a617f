package stream_test

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
	"github.com/interim-access/interim/internal/govern/stream"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/seal"
)

// world is a server with streams, and the receiver of what they send.
type world struct {
	testing.TB
	ctx     context.Context
	db      *db.DB
	clock   *clock.Fake
	log     *audit.Log
	streams *stream.Service

	mu    sync.Mutex
	held  bool // a test holds a transaction open
	sent  []webhook.Request
	reply func(r webhook.Request) (webhook.Reply, error)
}

func each(t *testing.T, test func(w *world)) {
	t.Helper()
	dbtest.Watched(t, func(t *testing.T, d *db.DB) { test(newWorld(t, d)) })
}

func newWorld(t testing.TB, d *db.DB) *world {
	t.Helper()
	c := clock.NewFake(time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC))
	w := &world{TB: t, ctx: t.Context(), db: d, clock: c, log: audit.New(d, c), reply: status(http.StatusOK)}
	w.streams = w.service()
	return w
}

// service is another process on the same data.
func (w *world) service() *stream.Service {
	s := stream.New(stream.Deps{
		DB: w.db, Clock: w.clock, Log: slog.New(slog.DiscardHandler), Audit: audit.New(w.db, w.clock), Box: seal.New([32]byte{1}), Sender: w,
	})
	s.Speak(words{})
	w.Cleanup(s.Close)
	return s
}

// words tells of an event in a few words of its own.
type words struct{}

func (words) StreamEvents(_ context.Context, events []audit.Event) ([]json.RawMessage, error) {
	list := make([]json.RawMessage, len(events))
	for i, e := range events {
		list[i], _ = json.Marshal(map[string]string{"id": e.ID, "what": e.Message})
	}
	return list, nil
}

func (words) StreamSignature() stream.Signature {
	return stream.Signature{At: "X-At", Of: "X-Signature"}
}

// Send implements webhook.Sender: it plays the receiver.
func (w *world) Send(_ context.Context, r webhook.Request) (webhook.Reply, error) {
	w.mu.Lock()
	w.sent = append(w.sent, r)
	reply := w.reply
	w.mu.Unlock()
	return reply(r)
}

func status(code int) func(webhook.Request) (webhook.Reply, error) {
	return func(webhook.Request) (webhook.Reply, error) { return webhook.Reply{Status: code}, nil }
}

func (w *world) replies(with func(webhook.Request) (webhook.Reply, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reply = with
}

// taken are the messages that came since the last call.
func (w *world) taken() []webhook.Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.sent
	w.sent = nil
	return list
}

// said is what the events of messages say, those of one message together.
func (w *world) said(list []webhook.Request) []string {
	w.Helper()
	var out []string
	for _, r := range list {
		var body struct{ Events []struct{ ID, What string } }
		if err := json.Unmarshal(r.Body, &body); err != nil {
			w.Fatal(err)
		}
		var one []string
		for _, e := range body.Events {
			if e.ID == "" {
				w.Errorf("an event without an id: %s", r.Body)
			}
			one = append(one, e.What)
		}
		out = append(out, strings.Join(one, " "))
	}
	return out
}

// happens records events.
func (w *world) happens(messages ...string) {
	w.Helper()
	for _, m := range messages {
		w.ok(w.db.Write(w.ctx, func(tx *db.Tx) error {
			return w.log.Record(tx, audit.System(), audit.Event{Kind: "test", Message: m})
		}))
	}
}

const address = "https://siem.example.com/in?key=hidden"

// stream makes one that is signed, and lets its own creation pass.
func (w *world) stream() stream.Stream {
	w.Helper()
	s, err := w.streams.Create(w.ctx, "SIEM", address, stream.Credentials{Auth: stream.HMAC})
	w.ok(err)
	w.due(w.streams)
	w.taken()
	return s
}

// due runs what is due in s, until nothing is.
func (w *world) due(s *stream.Service) {
	w.Helper()
	source := s.Source()
	for range 1000 {
		at, ok, err := source.Next(w.ctx)
		w.ok(err)
		if !ok || w.clock.Now().Before(at) {
			if behind, err := w.unsettled(); err != nil || !behind {
				w.ok(err)
				return
			}
			continue // somebody else on the same server writes
		}
		_, err = source.Run(w.ctx, w.clock.Now())
		w.ok(err)
		s.Idle()
	}
	w.Fatal("always something due")
}

// unsettled reports whether somebody on the database server writes who could have recorded an event.
func (w *world) unsettled() (bool, error) {
	settled, err := w.log.Settled(w.ctx)
	if err != nil {
		return false, err
	}
	last, err := audit.End(w.db.Q(w.ctx), w.db.Engine())
	return last > settled && !w.held, err
}

func (w *world) read(id stream.ID) stream.Stream {
	w.Helper()
	list, err := w.streams.List(w.ctx)
	w.ok(err)
	for _, s := range list {
		if s.ID == id {
			return s
		}
	}
	w.Fatalf("no stream %s", id)
	return stream.Stream{}
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) refused(err error, code fault.Code, words string) {
	w.Helper()
	if !fault.Is(err, code) || !strings.Contains(fault.Of(err).Message, words) {
		w.Errorf("got %v, want %v with %q", err, code, words)
	}
}

var errDown = errors.New("the receiver is down")

func down(webhook.Request) (webhook.Reply, error) { return webhook.Reply{}, errDown }

func names(from, to int) (list []string) {
	for n := from; n < to; n++ {
		list = append(list, fmt.Sprint(n))
	}
	return list
}
