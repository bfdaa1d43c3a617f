package story

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// object is a JSON object as the wire has it.
type object = map[string]any

// person is somebody with a personal client, calling the API as an official client does: an assertion, a token, JSON.
type person struct {
	s        *server
	http     *http.Client
	clientID string
	key      ed25519.PrivateKey
	token    string
	until    time.Time
}

// admin is the Super Administrator that first start makes.
func (s *server) admin() *person {
	s.t.Helper()
	return s.person(s.boot.ClientID, s.boot.ClientSecret)
}

func (s *server) person(clientID, secret string) *person {
	s.t.Helper()
	parts := strings.Split(secret, ":")
	if len(parts) != 4 || parts[2] != "v1" {
		s.t.Fatalf("secret has another form: %d parts", len(parts))
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[3])
	if err != nil {
		s.t.Fatal(err)
	}
	var jwk struct{ Kty, Crv, X, D string }
	if err := json.Unmarshal(raw, &jwk); err != nil {
		s.t.Fatal(err)
	}
	seed, err := base64.RawURLEncoding.DecodeString(jwk.D)
	if err != nil || len(seed) != ed25519.SeedSize {
		s.t.Fatalf("secret holds no Ed25519 key: %v", err)
	}
	return &person{s: s, http: s.client(), clientID: clientID, key: ed25519.NewKeyFromSeed(seed)}
}

// assertion is the JWT that the official Go client sends.
func (p *person) assertion() string {
	host, _, err := net.SplitHostPort(strings.TrimPrefix(p.s.boot.URL, "https://"))
	if err != nil {
		p.s.t.Fatal(err)
	}
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce)
	now := p.s.now()
	part := func(v any) string {
		b, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	input := part(object{"alg": "EdDSA", "nonce": hex.EncodeToString(nonce)}) + "." + part(object{
		"iss": p.clientID, "sub": p.clientID, "aud": []string{host},
		"iat": now.Unix(), "nbf": now.Add(-2 * time.Minute).Unix(), "exp": now.Add(2 * time.Minute).Unix(),
	})
	return input + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(p.key, []byte(input)))
}

// signIn gets an access token, when there is none or the one there is has run out.
func (p *person) signIn() {
	p.s.t.Helper()
	if p.token != "" && p.s.now().Before(p.until) {
		return
	}
	status, answer := p.tryToken(p.assertion())
	if status != http.StatusOK {
		p.s.t.Fatalf("token endpoint: %d %v", status, answer)
	}
	p.token = answer["access_token"].(string)
	p.until = p.s.now().Add(time.Duration(answer["expires_in"].(float64)*float64(time.Second)) - time.Minute)
}

func (p *person) tryToken(assertion string) (int, object) {
	p.s.t.Helper()
	res, err := p.http.PostForm(p.s.boot.URL+"/auth/v1/token", url.Values{
		"grant_type":            {"client_credentials"},
		"client_id":             {p.clientID},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
	})
	if err != nil {
		p.s.t.Fatal(err)
	}
	return decode(p.s.t, res)
}

// try calls an operation and returns what came back, whatever it was. A nil body sends none.
func (p *person) try(method, path string, body any) (int, object) {
	p.s.t.Helper()
	p.signIn()
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			p.s.t.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, p.s.boot.URL+path, r)
	if err != nil {
		p.s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	res, err := p.http.Do(req)
	if err != nil {
		p.s.t.Fatal(err)
	}
	return decode(p.s.t, res)
}

// do is try for what must succeed.
func (p *person) do(method, path string, body any) object {
	p.s.t.Helper()
	status, answer := p.try(method, path, body)
	if status != http.StatusOK {
		p.s.t.Fatalf("%s %s: %d %v", method, path, status, answer)
	}
	return answer
}

func (p *person) get(path string) object { p.s.t.Helper(); return p.do(http.MethodGet, path, nil) }

func (p *person) post(path string, body object) object {
	p.s.t.Helper()
	return p.do(http.MethodPost, path, body)
}

// refused calls an operation that must fail with this HTTP status, and returns the message.
func (p *person) refused(status int, method, path string, body any) string {
	p.s.t.Helper()
	got, answer := p.try(method, path, body)
	if got != status {
		p.s.t.Fatalf("%s %s: %d %v, want %d", method, path, got, answer, status)
	}
	message, _ := answer["message"].(string)
	return message
}

func decode(t *testing.T, res *http.Response) (int, object) {
	t.Helper()
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer := object{}
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatalf("%s answered no JSON object: %d %s", res.Request.URL.Path, res.StatusCode, raw)
	}
	return res.StatusCode, answer
}

// at walks an answer: at(o, "appEntitlementView", "appEntitlement", "id").
func at(o object, path ...string) any {
	var v any = o
	for _, p := range path {
		m, ok := v.(object)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

func text(o object, path ...string) string {
	s, _ := at(o, path...).(string)
	return s
}

func list(o object, path ...string) []object {
	items, _ := at(o, path...).([]any)
	out := make([]object, 0, len(items))
	for _, i := range items {
		if m, ok := i.(object); ok {
			out = append(out, m)
		}
	}
	return out
}
