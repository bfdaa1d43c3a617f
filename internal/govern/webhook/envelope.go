package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

const (
	version    = "v1"
	typePrefix = "type.googleapis.com/"
	tokenLife  = 2 * time.Minute // of a message's token, from its making
	tokenEarly = time.Minute     // and before it, for clocks that are slow
)

// envelope is the body of a message.
type envelope struct {
	Version     string          `json:"version"`
	WebhookID   string          `json:"webhookId"` // names the message, not the webhook: upstream tells receivers to take each id once
	CallbackURL string          `json:"callbackUrl"`
	Event       Event           `json:"event"`
	Payload     json.RawMessage `json:"payload"`
}

// claims are those of the token that a message carries, by which its receiver knows who sent it, to whom, and what.
type claims struct {
	Issuer   string `json:"iss"` // host of this installation
	Audience string `json:"aud"` // host of the receiver
	ID       string `json:"jti"` // the message's
	Type     string `json:"c1typ"`
	IssuedAt int64  `json:"iat"`
	Expiry   int64  `json:"exp"`
	NotFor   int64  `json:"nbf"`
	Method   string `json:"htm"`
	URL      string `json:"htu"` // without its query, which may hold a secret
	BodyHash string `json:"htb_s256"`
}

// Request is a message as it is sent.
type Request struct {
	URL    string
	Header http.Header
	Body   []byte
}

// message builds what is sent for d.
func (s *Service) message(ctx context.Context, d Delivery, w Webhook, now time.Time) (Request, error) {
	payload, err := typed(d.Event, d.payload)
	if err != nil {
		return Request{}, err
	}
	shown, callback := id.KSUID(string(d.ID)), s.callbackURL(d.ID)
	body, err := json.Marshal(envelope{version, shown, callback, d.Event, payload})
	if err != nil {
		return Request{}, err
	}
	if len(body) > MaxBody {
		return Request{}, fault.New(fault.TooLarge, "the message has %d bytes; at most %d are sent", len(body), MaxBody)
	}
	target, err := url.Parse(w.URL)
	if err != nil {
		return Request{}, fault.New(fault.Invalid, "the webhook's address cannot be read")
	}
	sum := sha256.Sum256(body)
	digest := base64.StdEncoding.EncodeToString(sum[:])
	target.RawQuery, target.ForceQuery = "", false
	token, err := s.Sign(ctx, claims{
		Issuer: strings.TrimPrefix(s.PublicURL, "https://"), Audience: target.Hostname(), ID: shown, Type: "wh",
		IssuedAt: now.Unix(), Expiry: now.Add(tokenLife).Unix(), NotFor: now.Add(-tokenEarly).Unix(),
		Method: http.MethodPost, URL: target.String(), BodyHash: digest,
	})
	if err != nil {
		return Request{}, err
	}
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "Interim")
	h.Set("Authorization", "bearer "+token)
	h.Set("Content-Digest", "sha-256="+digest)
	h.Set("Webhook-Version", version)
	h.Set("Webhook-Id", shown)
	h.Set("Webhook-Event", string(d.Event))
	h.Set("Webhook-Callback-Url", callback)
	return Request{URL: w.URL, Header: h, Body: body}, nil
}

// typed puts the name of its type into a payload.
func typed(event Event, payload string) (json.RawMessage, error) {
	members := map[string]json.RawMessage{}
	if payload != "" {
		if err := json.Unmarshal([]byte(payload), &members); err != nil {
			return nil, err
		}
	}
	name, err := json.Marshal(typePrefix + string(event))
	if err != nil {
		return nil, err
	}
	members["@type"] = name
	return json.Marshal(members)
}

// CallbackPath is where receivers send what they could not answer at once; the token of the message follows.
const CallbackPath = "/webhooks/v1/callback/"

// callbackURL is the address to which the answer to a delivery may be sent, once. It can be told by who knows the key only.
func (s *Service) callbackURL(d DeliveryID) string {
	return s.PublicURL + CallbackPath + id.KSUID(string(d)) + "." + s.callbackToken(d)
}

func (s *Service) callbackToken(d DeliveryID) string {
	mac := hmac.New(sha256.New, s.CallbackKey)
	mac.Write([]byte("webhook callback\x00" + string(d)))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:24])
}

// openCallback returns the delivery that a callback's token is for. NotFound for one that was never given out.
func (s *Service) openCallback(token string) (DeliveryID, error) {
	unknown := fault.New(fault.NotFound, "callback not found")
	shown, secret, ok := strings.Cut(token, ".")
	if !ok {
		return "", unknown
	}
	raw, err := id.FromKSUID(shown)
	if err != nil || !hmac.Equal([]byte(secret), []byte(s.callbackToken(DeliveryID(raw)))) {
		return "", unknown
	}
	return DeliveryID(raw), nil
}
