package story

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// receiver is a webhook on loopback. It checks each message as a receiver should, and answers as it was told to.
type receiver struct {
	s      *server
	server *httptest.Server

	mu     sync.Mutex
	got    []message
	status int
	body   string
	broken []string // what is wrong with messages
}

// message is one that arrived.
type message struct {
	id, event, callback string
	body                object
}

// withReceiver runs a story on both engines against a server that may call webhooks on loopback, and one of those.
func withReceiver(t *testing.T, story func(c *company, r *receiver)) {
	t.Helper()
	onEngines(t, func(t *testing.T, database string) {
		s := start(t, database)
		s.stop()
		s.flags = []string{"--webhook-allow", "127.0.0.0/8"}
		s.up()
		r := &receiver{s: s, status: http.StatusOK}
		r.server = httptest.NewServer(r)
		t.Cleanup(r.server.Close)
		story(newCompany(newPaperOffice(s)), r)
		for _, b := range r.broken {
			t.Error(b)
		}
	})
}

// answers has the receiver answer from now on.
func (r *receiver) answers(status int, body string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status, r.body = status, body
}

func (r *receiver) messages() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]message{}, r.got...)
}

// hears waits for the n-th message and answers it.
func (r *receiver) hears(n int) message {
	r.s.t.Helper()
	r.s.await("a message arrives", func() bool { return len(r.messages()) >= n })
	return r.messages()[n-1]
}

// ServeHTTP takes a message.
func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	raw, err := io.ReadAll(q.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	m := message{id: q.Header.Get("Webhook-Id"), event: q.Header.Get("Webhook-Event"), callback: q.Header.Get("Webhook-Callback-Url")}
	if err != nil || json.Unmarshal(raw, &m.body) != nil {
		r.broken = append(r.broken, "a message is no JSON")
	}
	sum := sha256.Sum256(raw)
	digest := base64.StdEncoding.EncodeToString(sum[:])
	claims, signed := r.claims(strings.TrimPrefix(q.Header.Get("Authorization"), "bearer "))
	if !signed || q.Header.Get("Content-Digest") != "sha-256="+digest || claims["htb_s256"] != digest || claims["jti"] != m.id ||
		claims["c1typ"] != "wh" || claims["htm"] != "POST" || claims["aud"] != "127.0.0.1" {
		r.broken = append(r.broken, "a message is not signed as it should be: "+text(m.body, "event"))
	}
	r.got = append(r.got, m)
	w.WriteHeader(r.status)
	_, _ = io.WriteString(w, r.body)
}

// claims are those of a message's token, if a key of the server signed it.
func (r *receiver) claims(token string) (object, bool) {
	parts := strings.Split(token, ".")
	res, err := r.s.client().Get(r.s.boot.URL + "/auth/v1/jwks")
	if err != nil || len(parts) != 3 {
		return nil, false
	}
	defer res.Body.Close()
	var keys struct{ Keys []struct{ X string } }
	if json.NewDecoder(res.Body).Decode(&keys) != nil {
		return nil, false
	}
	signature, err1 := base64.RawURLEncoding.DecodeString(parts[2])
	raw, err2 := base64.RawURLEncoding.DecodeString(parts[1])
	claims := object{}
	if err1 != nil || err2 != nil || json.Unmarshal(raw, &claims) != nil {
		return nil, false
	}
	for _, k := range keys.Keys {
		public, err := base64.RawURLEncoding.DecodeString(k.X)
		if err == nil && len(public) == ed25519.PublicKeySize && ed25519.Verify(public, []byte(parts[0]+"."+parts[1]), signature) {
			return claims, true
		}
	}
	return nil, false
}

// callsBack sends an answer to where the message said, and returns the status it gets.
func (r *receiver) callsBack(m message, body string) int {
	r.s.t.Helper()
	res, err := r.s.client().Post(m.callback, "application/json", bytes.NewReader([]byte(body)))
	if err != nil {
		r.s.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

// hook makes the receiver a webhook.
func (c *company) hook(r *receiver, name string) string {
	c.t.Helper()
	return text(c.admin.post("/api/v1/webhooks", object{"url": r.server.URL + "/in?key=secret", "displayName": name}), "webhook", "id")
}

func byWebhook(id string) object {
	return object{"approval": object{"webhook": object{"webhookId": id}}}
}

func provisionedBy(id string) object {
	return object{"provision": object{"provisionPolicy": object{"webhook": object{"webhookId": id}}}}
}

const (
	approves = `{"version":"v1","approve":{"comment":"fine"}}`
	denies   = `{"version":"v1","deny":{"comment":"not now"}}`
	complete = `{"version":"v1","complete":{"comment":"done"}}`
)

// retried moves the clock past the wait of a message that failed, as often as it takes.
func (r *receiver) retried(until func() bool) {
	r.s.t.Helper()
	for r.hears(1); !until(); {
		before := len(r.messages())
		r.s.advance(16 * time.Second)
		r.s.await("it is tried again", func() bool { return len(r.messages()) > before || until() })
	}
}

// toText is the JSON of what came back.
func toText(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
