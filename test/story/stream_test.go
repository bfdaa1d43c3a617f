package story

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/platform/id"
)

// sink is another system that is sent events over TLS. It keeps those that are signed with its secret.
type sink struct {
	s      *server
	server *httptest.Server

	mu     sync.Mutex
	secret string
	status int
	events []object // in the order of their arrival, repeated ones too
	calls  int
	broken []string
}

// withSink runs a story on both engines against a server that may send to loopback, and trusts the sink's certificate.
func withSink(t *testing.T, story func(c *company, k *sink)) {
	t.Helper()
	onEngines(t, func(t *testing.T, database string) {
		s := start(t, database)
		s.stop()
		k := &sink{s: s, status: http.StatusOK}
		k.server = httptest.NewUnstartedServer(k)
		k.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		k.server.StartTLS()
		t.Cleanup(k.server.Close)
		ca := filepath.Join(t.TempDir(), "sink.pem")
		raw := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.server.Certificate().Raw})
		if err := os.WriteFile(ca, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		s.flags = []string{"--webhook-allow", "127.0.0.0/8", "--webhook-ca", ca}
		s.up()
		story(newCompany(newPaperOffice(s)), k)
		for _, b := range k.broken {
			t.Error(b)
		}
	})
}

// ServeHTTP takes a message.
func (k *sink) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	raw, err := io.ReadAll(q.Body)
	k.mu.Lock()
	defer k.mu.Unlock()
	mac := hmac.New(sha256.New, []byte(k.secret))
	fmt.Fprintf(mac, "v0:%s:%s", q.Header.Get("X-Opal-Request-Timestamp"), raw)
	if want := hex.EncodeToString(mac.Sum(nil)); err != nil || q.TLS == nil || q.Header.Get("X-Opal-Signature") != want {
		k.broken = append(k.broken, "a message is not signed as it should be")
	}
	var body struct{ Events []object }
	if err := json.Unmarshal(raw, &body); err != nil || len(body.Events) == 0 {
		k.broken = append(k.broken, "a message holds no events: "+string(raw))
	}
	k.calls++
	k.events = append(k.events, body.Events...) // also of those it says it could not take: it may have
	w.WriteHeader(k.status)
}

func (k *sink) answers(status int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.status = status
}

// has is the event of that type whose sub-event has that member, nil until it arrives.
func (k *sink) has(kind, member, value string) object {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range k.events {
		subs := list(e, "sub_events")
		if text(e, "event_type") == kind && len(subs) > 0 && text(subs[0], member) == value {
			return e
		}
	}
	return nil
}

// arrived are the ids of the events, each once, in the order in which they first came.
func (k *sink) arrived() (ids []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	seen := map[string]bool{}
	for _, e := range k.events {
		if one := text(e, "event_id"); !seen[one] {
			seen[one] = true
			ids = append(ids, one)
		}
	}
	return ids
}

// sends calls the Opal-compatible API as the administrator.
func (s *server) sends(method, path string, body any) object {
	s.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequest(method, s.boot.URL+"/v1"+path, bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.boot.OpalToken)
	res, err := s.client().Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		s.t.Fatalf("%s %s: %d", method, path, res.StatusCode)
	}
	if method == http.MethodDelete {
		_ = res.Body.Close()
		return nil
	}
	_, answer := decode(s.t, res)
	return answer
}

func TestAnEventStreamTellsOfADelegationAndLosesNothing(t *testing.T) {
	withSink(t, func(c *company, k *sink) {
		before := c.sends(http.MethodGet, "/events?page_size=1", nil)
		made := c.sends(http.MethodPost, "/event-streams", object{
			"name": "SIEM", "connection_type": "WEBHOOK", "webhook_url": k.server.URL + "/in",
			"credentials": object{"auth_type": "HMAC", "hmac_credential_1": object{"secret": "a secret of the sink's own"}},
		})
		k.mu.Lock()
		k.secret = text(made, "connection", "credentials", "hmac_credential_1", "secret")
		k.mu.Unlock()
		// One that leads where nothing may go fails by itself, and stops nobody.
		refused := c.sends(http.MethodPost, "/event-streams", object{
			"name": "Inside", "connection_type": "WEBHOOK", "webhook_url": "https://[::1]:8443/in",
		})

		window := object{"delegator_user_id": c.uuid(c.owner.id), "delegate_user_id": c.uuid(c.deputy.id), "reason": "leave",
			"start_time": c.now().UTC().Format(time.RFC3339), "end_time": c.now().Add(time.Hour).UTC().Format(time.RFC3339)}
		first := text(c.sends(http.MethodPost, "/delegations", window), "id")
		c.await("the sink hears of the delegation", func() bool { return k.has("DELEGATIONS_CREATED", "delegation_id", first) != nil })
		heard := k.has("DELEGATIONS_CREATED", "delegation_id", first)
		same := c.sends(http.MethodGet, "/events/"+text(heard, "event_id"), nil)
		if toText(heard) != toText(same) || text(heard, "actor_user_id") != c.uuid(c.boot.UserID) || text(heard, "api_token_name") == "" {
			c.t.Errorf("the sink hears %v\nthe list shows %v", heard, same)
		}

		// What happens while the sink is down, and while the server is, arrives once both are back.
		k.answers(http.StatusServiceUnavailable)
		second := text(c.sends(http.MethodPost, "/delegations", window), "id")
		c.await("the sink is told and does not take it", func() bool { return k.has("DELEGATIONS_CREATED", "delegation_id", second) != nil })
		c.sends(http.MethodDelete, "/delegations/"+first, nil)
		c.kill()
		c.up()
		k.answers(http.StatusOK)
		c.advance(10 * time.Minute)
		c.await("the sink hears that the delegation is gone", func() bool {
			return k.has("DELEGATIONS_DELETED", "delegation_id", first) != nil || k.has("DELEGATIONS_REMOVED", "delegation_id", first) != nil
		})
		var last object
		c.await("the stream is well", func() bool {
			for _, s := range list(c.sends(http.MethodGet, "/event-streams", nil), "event_streams") {
				if text(s, "event_stream_id") == text(made, "event_stream_id") {
					last = s
				} else if text(s, "event_stream_id") == text(refused, "event_stream_id") {
					refused = s
				}
			}
			return text(last, "connection", "last_error") == "" && text(last, "connection", "last_delivered_at") != ""
		})
		if why := text(refused, "connection", "last_error"); !strings.Contains(why, "is not public") {
			c.t.Errorf("the address inside: %v", refused)
		}
		c.complete(k, text(list(before, "results")[0], "event_id"))
	})
}

// uuid is an id as the Opal-compatible API spells it.
func (s *server) uuid(ksuid string) string {
	s.t.Helper()
	uuid, err := id.FromKSUID(ksuid)
	if err != nil {
		s.t.Fatal(err)
	}
	return uuid
}

// complete compares what the sink has with the list of events after one.
func (c *company) complete(k *sink, after string) {
	c.t.Helper()
	want := map[string]bool{}
	c.await("the sink has all there is", func() bool {
		for _, e := range list(c.sends(http.MethodGet, "/events?page_size=1000", nil), "results") {
			if text(e, "event_id") == after {
				break
			}
			want[text(e, "event_id")] = true
		}
		return len(k.arrived()) >= len(want)
	})
	for _, one := range k.arrived() {
		if !want[one] {
			c.t.Errorf("the sink was sent %s, which is not in the list", one)
		}
		delete(want, one)
	}
	for one := range want {
		c.t.Errorf("the sink was not sent %s: %v", one, c.sends(http.MethodGet, "/events/"+one, nil))
	}
}
