package oauth

import (
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

func TestATokenIsGivenForAnAssertionAndForASecret(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRig(t, d)
		ada := r.person("Ada")
		c, secret := r.client(ada)
		for name, form := range map[string]url.Values{
			"assertion": assertionForm(c, assertion(t, c, secret, monday, monday.Add(2*time.Minute))),
			"secret":    {"grant_type": {"client_credentials"}, "client_id": {c.ClientID}, "client_secret": {secret}},
		} {
			t.Run(name, func(t *testing.T) {
				m := r.json(r.post(r.browser(), tokenPath, form), http.StatusOK)
				if m["token_type"] != "Bearer" || m["expires_in"] != 3600.0 || len(m) != 3 {
					t.Errorf("answer %v", m)
				}
				p, err := r.iam.Authenticate(t.Context(), m["access_token"].(string), netip.MustParseAddr("127.0.0.1"))
				r.ok(err)
				if p.UserID != ada.ID {
					t.Errorf("principal %+v", p)
				}
			})
		}
	})
}

func TestTheTokenEndpointRefusesInOAuthsWords(t *testing.T) {
	r := newRig(t, dbtest.SQLite(t))
	c, secret := r.client(r.person("Ada"))
	good := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ClientID}, "client_secret": {secret}}
	but := func(changes ...string) url.Values {
		f := url.Values{}
		maps.Copy(f, good)
		for i := 0; i < len(changes); i += 2 {
			f.Set(changes[i], changes[i+1])
		}
		return f
	}
	said := assertion(t, c, secret, monday, monday.Add(time.Minute))
	r.json(r.post(r.browser(), tokenPath, assertionForm(c, said)), http.StatusOK)
	for _, test := range []struct {
		name   string
		form   url.Values
		status int
		word   string
		text   string
	}{
		{"no grant type", but("grant_type", ""), 400, "invalid_request", "grant_type"},
		{"password grant", but("grant_type", "password"), 400, "unsupported_grant_type", "client_credentials"},
		{"token exchange", but("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), 400, "unsupported_grant_type", "device_code"},
		{"no client id", but("client_id", ""), 400, "invalid_request", "client_id"},
		{"no secret", but("client_secret", ""), 400, "invalid_request", "client_secret"},
		{"both proofs", but("client_assertion", "x"), 400, "invalid_request", "not both"},
		{"assertion of another type", but("client_secret", "", "client_assertion", "x", "client_assertion_type", "saml"), 400, "invalid_request", "client_assertion_type"},
		{"a parameter twice", url.Values{"grant_type": {"client_credentials", "password"}}, 400, "invalid_request", "more than once"},
		{"wrong secret", but("client_secret", secret[:100]), 401, "invalid_client", "failed"},
		{"a malformed client id", but("client_id", "nobody"), 400, "invalid_request", "client_id"},
		{"unknown client", but("client_id", "brave-otter-99999@interim.example.com/pcc"), 401, "invalid_client", "failed"},
		{"an assertion again", assertionForm(c, said), 401, "invalid_client", "used before"},
		{"an assertion too far away", assertionForm(c, assertion(t, c, secret, monday, monday.Add(time.Hour))), 401, "invalid_client", "five minutes"},
		{"an assertion too long", assertionForm(c, strings.Repeat("a", 9000)), 400, "invalid_request", "8192"},
		{"a form too large", but("padding", strings.Repeat("a", maxForm)), 400, "invalid_request", "65536"},
		{"an unknown device code", url.Values{"grant_type": {grantDevice}, "client_id": {cone}, "device_code": {"x"}}, 400, "invalid_grant", "device_code"},
		{"no device code", url.Values{"grant_type": {grantDevice}, "client_id": {cone}}, 400, "invalid_request", "device_code"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if word := r.refusal(r.post(r.browser(), tokenPath, test.form), test.status, test.text); word != test.word {
				t.Errorf("error %q, want %q", word, test.word)
			}
		})
	}
	t.Run("parameters in the address", func(t *testing.T) {
		got := r.post(r.browser(), tokenPath+"?"+good.Encode(), url.Values{})
		if word := r.refusal(got, http.StatusBadRequest, "grant_type"); word != "invalid_request" {
			t.Errorf("error %q", word)
		}
	})
	t.Run("with GET", func(t *testing.T) {
		if got := r.get(r.browser(), tokenPath+"?"+good.Encode()); got.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("status %d", got.StatusCode)
		}
	})
	t.Run("not a form", func(t *testing.T) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.web.URL+tokenPath, strings.NewReader("%zz"))
		r.ok(err)
		r.refusal(r.do(r.browser(), req), http.StatusBadRequest, "urlencoded")
	})
}

func TestAClientIsRefusedAwayFromItsNetworks(t *testing.T) {
	r := newRig(t, dbtest.SQLite(t))
	sources, err := iam.ParseSources("allowSourceCidr", []string{"192.0.2.0/24"})
	r.ok(err)
	c, secret, err := r.iam.CreateClient(iam.AsSystem(t.Context()), r.person("Ada").ID, iam.NewClient{Sources: sources})
	r.ok(err)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ClientID}, "client_secret": {secret}}
	if word := r.refusal(r.post(r.browser(), tokenPath, form), http.StatusForbidden, "networks"); word != "unauthorized_client" {
		t.Errorf("error %q", word)
	}
	r.json(r.post(r.browser(), tokenPath, form, "X-Forwarded-For", "203.0.113.1, 192.0.2.8"), http.StatusOK)
	r.refusal(r.post(r.browser(), tokenPath, form, "X-Forwarded-For", "192.0.2.8, 203.0.113.1"), http.StatusForbidden, "networks")
	r.refusal(r.post(r.browser(), tokenPath, form, "X-Real-IP", "192.0.2.8", "Forwarded", "for=192.0.2.8"), http.StatusForbidden, "networks")
}

func TestTooManyFailuresAreAnsweredWithoutWork(t *testing.T) {
	r := newRig(t, dbtest.SQLite(t))
	c, secret := r.client(r.person("Ada"))
	other, otherSecret := r.client(r.person("Grace"))
	good := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ClientID}, "client_secret": {secret}}
	bad := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ClientID}, "client_secret": {"guess"}}
	web := r.browser()
	for range 100 {
		r.refusal(r.post(web, tokenPath, bad), http.StatusUnauthorized, "failed")
	}
	got := r.post(web, tokenPath, good)
	if word := r.refusal(got, http.StatusTooManyRequests, "too many"); word != "temporarily_unavailable" || got.Header.Get("Retry-After") != "1" {
		t.Errorf("error %q, headers %v", word, got.Header)
	}
	r.json(r.post(web, tokenPath, good, "X-Forwarded-For", "192.0.2.8"), http.StatusOK) // who fails elsewhere does not lock out the owner
	r.json(r.post(web, tokenPath, url.Values{"grant_type": {"client_credentials"}, "client_id": {other.ClientID}, "client_secret": {otherSecret}}), http.StatusOK)
	r.clock.Advance(time.Minute)
	r.json(r.post(web, tokenPath, good), http.StatusOK)
}

func TestTheKeySetVerifiesAccessTokens(t *testing.T) {
	r := newRig(t, dbtest.SQLite(t))
	c, secret := r.client(r.person("Ada"))
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ClientID}, "client_secret": {secret}}
	access := r.json(r.post(r.browser(), tokenPath, form), http.StatusOK)["access_token"].(string)
	r.ok(r.iam.RotateSigningKey(iam.AsSystem(t.Context())))
	got := r.get(r.browser(), jwksPath)
	var set jose.JSONWebKeySet
	if keys := r.json(got, http.StatusOK)["keys"].([]any); len(keys) != 2 || strings.Contains(got.body, `"d"`) {
		t.Fatalf("key set %s", got.body)
	}
	unmarshal(t, got.body, &set)
	token, err := jwt.ParseSigned(access, []jose.SignatureAlgorithm{jose.EdDSA})
	r.ok(err)
	var claims jwt.Claims
	r.ok(token.Claims(set, &claims))
	if claims.Subject != c.ClientID || claims.Issuer != testHost || !claims.Audience.Contains(testHost) || strings.Contains(access, "@example") {
		t.Errorf("claims %+v", claims)
	}
}

func FuzzParseForm(f *testing.F) {
	for _, s := range []string{"a=b&c=d", "a=1&a=2", "%zz", "=", "&&", "a=%00", "grant_type=client_credentials&client_id=" + strings.Repeat("x", 500)} {
		f.Add(s)
	}
	r := newRig(f, dbtest.SQLite(f))
	d := &door{iam: r.iam, clock: r.clock}
	f.Fuzz(func(t *testing.T, body string) {
		form, err := parseForm(body)
		if err == nil {
			_, err = d.exchange(t.Context(), form, netip.MustParseAddr("192.0.2.1"))
		}
		if err == nil {
			t.Fatal("a token for nothing")
		}
		if got := failureOf(err); got.status >= 500 || got.word == "" || got.text == "" {
			t.Errorf("%q is answered %+v", body, got)
		}
	})
}

func BenchmarkToken(b *testing.B) {
	r := newRig(b, dbtest.SQLite(b))
	c, secret := r.client(r.person("Ada"))
	forms := make([]url.Values, b.N)
	for i := range forms {
		end := monday.Add(time.Minute).Add(time.Duration(i) * time.Microsecond)
		forms[i] = assertionForm(c, assertion(b, c, secret, monday, end))
	}
	var next atomic.Int64
	b.SetParallelism(4)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		web := r.browser()
		for pb.Next() {
			if got := r.post(web, tokenPath, forms[next.Add(1)-1]); got.StatusCode != http.StatusOK {
				b.Error(got.StatusCode, got.body)
			}
		}
	})
}
