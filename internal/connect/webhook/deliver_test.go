package webhook_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	callout "github.com/interim-access/interim/internal/connect/webhook"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/seal"
)

// ear hears what comes of deliveries.
type ear chan string

func (e ear) WebhookAnswered(tx *db.Tx, d webhook.Delivery, a webhook.Answer, _ time.Time) error {
	tx.OnCommit(func() { e <- d.Ref + ": " + string(a.Verdict) })
	return nil
}

func (ear) WebhookTried(*db.Tx, webhook.Delivery, string, bool, time.Time) error { return nil }

func (e ear) WebhookGaveUp(tx *db.Tx, d webhook.Delivery, why string, _ time.Time) error {
	tx.OnCommit(func() { e <- d.Ref + ": " + why })
	return nil
}

// A receiver on a real port, told by the due loop: it checks the message as a receiver should, asks for patience, calls back, and
// is told once.
func TestAReceiverIsToldByTheDueLoopAndCallsBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := clock.NewFake(time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC))
		log := audit.New(d, c)
		rights, err := iam.New(t.Context(), iam.Options{
			DB: d, Clock: c, Audit: log, Settings: iam.NewSettings(d, c, seal.New([32]byte{1})), Host: "interim.example.com",
		})
		if err != nil {
			t.Fatal(err)
		}
		defer rights.Close()
		keys, err := rights.JWKS(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var calls atomic.Int64
		callbacks := make(chan string, 1)
		receiver := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			var message struct{ CallbackURL, WebhookID string }
			token, err := jwt.ParseSigned(strings.TrimPrefix(r.Header.Get("Authorization"), "bearer "), []jose.SignatureAlgorithm{jose.EdDSA})
			if err != nil || json.Unmarshal(body, &message) != nil || r.Method != http.MethodPost || message.WebhookID != r.Header.Get("Webhook-Id") {
				t.Errorf("%v: %s", err, body)
				return
			}
			if err := token.Claims(keys.Key(token.Headers[0].KeyID)[0].Key, &map[string]any{}); err != nil {
				t.Error(err)
			}
			if calls.Add(1) == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			w.WriteHeader(http.StatusAccepted)
			callbacks <- message.CallbackURL
		}))
		defer receiver.Close()
		hear := make(ear, 1)
		s := webhook.New(webhook.Deps{
			DB: d, Clock: c, Log: slog.New(slog.DiscardHandler), Audit: log, Sign: rights.SignClaims, CallbackKey: make([]byte, 32),
			PublicURL: "https://interim.example.com",
			Sender: callout.New(callout.Options{
				Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Roots: receiver.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs,
			}),
		})
		defer s.Close()
		s.Tell(hear)
		hook, err := s.Create(t.Context(), webhook.Webhook{URL: receiver.URL + "/in", DisplayName: "CI"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		over := make(chan error)
		go func() { over <- due.New(due.Options{Clock: c, DB: d, Sources: s.Sources()}).Run(ctx) }()
		var delivery webhook.DeliveryID
		if err := d.Write(t.Context(), func(tx *db.Tx) (err error) {
			delivery, err = s.Deliver(tx, hook.ID, webhook.EventProvision, "step", json.RawMessage(`{}`))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for await(t, s, delivery).LastError == "" { // the first try fails
		}
		c.Advance(15 * time.Second)
		url := <-callbacks
		for await(t, s, delivery).State == webhook.Open { // the promise is being written down
		}
		if err := s.Callback(t.Context(), strings.TrimPrefix(url, "https://interim.example.com"+webhook.CallbackPath), []byte(`{"complete":{}}`)); err != nil {
			t.Fatal(err)
		}
		if got := <-hear; got != "step: complete" {
			t.Error(got)
		}
		c.Advance(20 * 24 * time.Hour)
		stop()
		if err := <-over; err != nil {
			t.Error(err)
		}
		if n := calls.Load(); n != 2 {
			t.Errorf("%d calls", n)
		}
	})
}

func await(t *testing.T, s *webhook.Service, d webhook.DeliveryID) webhook.Delivery {
	t.Helper()
	v, err := s.Delivery(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
