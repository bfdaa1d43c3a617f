package oauth

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/interim-access/interim/internal/api/guard"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/seal"
)

const (
	testHost = "interim.example.com:8443"
	cone     = "2RGdOS94VDferT9e80mdgntl36K"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// rig is the door over a real database, served over TLS.
type rig struct {
	t     testing.TB
	clock *clock.Fake
	iam   *iam.Service
	dir   *directory.Service
	log   *audit.Log
	web   *httptest.Server
}

// perSecond is the rate limit of the door under test: more than any test but that of the limit sends.
const perSecond = 500

func newRig(t testing.TB, d *db.DB) *rig {
	t.Helper()
	r := &rig{t: t, clock: clock.NewFake(monday)}
	r.log = audit.New(d, r.clock)
	var err error
	r.iam, err = iam.New(t.Context(), iam.Options{
		DB: d, Clock: r.clock, Audit: r.log, Settings: iam.NewSettings(d, r.clock, seal.New([32]byte{1})), Host: testHost,
	})
	r.ok(err)
	t.Cleanup(r.iam.Close)
	r.dir = directory.New(d, r.clock, r.log)
	r.dir.Tell(r.iam)
	r.dir.TellCreated(r.iam)
	h, err := New(Options{IAM: r.iam, Clock: r.clock, Log: slog.New(slog.DiscardHandler), PublicURL: "https://" + testHost, Rate: guard.NewRate(r.clock, perSecond)})
	r.ok(err)
	r.web = httptest.NewTLSServer(guard.ClientIP([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")})(h))
	t.Cleanup(r.web.Close)
	return r
}

func (r *rig) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) person(name string) directory.User {
	r.t.Helper()
	u, err := r.dir.Create(iam.AsSystem(r.t.Context()), directory.User{DisplayName: name, Email: strings.ToLower(name) + "@example.com"})
	r.ok(err)
	return u
}

func (r *rig) client(u directory.User) (iam.Client, string) {
	r.t.Helper()
	c, secret, err := r.iam.CreateClient(iam.AsSystem(r.t.Context()), u.ID, iam.NewClient{})
	r.ok(err)
	return c, secret
}

// browser is a client with a cookie jar that does not follow redirects.
func (r *rig) browser() *http.Client {
	r.t.Helper()
	jar, err := cookiejar.New(nil)
	r.ok(err)
	return &http.Client{Transport: r.web.Client().Transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

// reply is an answer with its body read.
type reply struct {
	*http.Response
	body string
}

func (r *rig) do(c *http.Client, req *http.Request) reply {
	r.t.Helper()
	res, err := c.Do(req)
	r.ok(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	r.ok(err)
	return reply{res, string(b)}
}

func (r *rig) get(c *http.Client, path string) reply {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.web.URL+path, nil)
	r.ok(err)
	return r.do(c, req)
}

func (r *rig) post(c *http.Client, path string, form url.Values, headers ...string) reply {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.web.URL+path, strings.NewReader(form.Encode()))
	r.ok(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return r.do(c, req)
}

// json reads an answer that must have that status.
func (r *rig) json(got reply, status int) map[string]any {
	r.t.Helper()
	if got.StatusCode != status || got.Header.Get("Content-Type") != "application/json" || got.Header.Get("Cache-Control") != "no-store" {
		r.t.Fatalf("got %d %v %s, want %d", got.StatusCode, got.Header, got.body, status)
	}
	var m map[string]any
	r.ok(json.Unmarshal([]byte(got.body), &m))
	return m
}

// refusal reads a failure and returns its word; the description must hold the given text.
func (r *rig) refusal(got reply, status int, text string) string {
	r.t.Helper()
	m := r.json(got, status)
	if said, _ := m["error_description"].(string); !strings.Contains(said, text) || said == "" {
		r.t.Fatalf("description %q, want …%s…", said, text)
	}
	return m["error"].(string)
}

// assertion is what the official Go client sends, with the given end.
func assertion(t testing.TB, c iam.Client, secret string, now, end time.Time) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(secret[strings.LastIndex(secret, ":")+1:])
	if err != nil {
		t.Fatal(err)
	}
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON(raw); err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jwk.Key.(ed25519.PrivateKey)},
		(&jose.SignerOptions{}).WithHeader("nonce", base64.RawURLEncoding.EncodeToString([]byte(end.String()))))
	if err != nil {
		t.Fatal(err)
	}
	said, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: c.ClientID, Subject: c.ClientID, Audience: jwt.Audience{"interim.example.com"},
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now.Add(-2 * time.Minute)), Expiry: jwt.NewNumericDate(end),
	}).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return said
}

func assertionForm(c iam.Client, said string) url.Values {
	return url.Values{
		"grant_type": {"client_credentials"}, "client_id": {c.ClientID},
		"client_assertion_type": {assertionType}, "client_assertion": {said},
	}
}
