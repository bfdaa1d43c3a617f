package iam

import (
	"context"
	"crypto/ed25519"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
	"github.com/interim-access/interim/internal/platform/seal"
)

const testHost = "interim.example.com:8443"

var (
	monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	inside = netip.MustParseAddr("192.0.2.7")
	away   = netip.MustParseAddr("203.0.113.9")
)

// world is one installation: a database, a clock and the services over it.
type world struct {
	*Service
	t     testing.TB
	db    *db.DB
	clock *clock.Fake
	log   *audit.Log
	dir   *directory.Service
}

// each runs test in a new world on both engines.
func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(t, newWorld(t, d, clock.NewFake(monday))) })
}

func newWorld(t testing.TB, d *db.DB, c *clock.Fake) *world {
	t.Helper()
	w := &world{t: t, db: d, clock: c, log: audit.New(d, c)}
	var err error
	w.Service, err = New(t.Context(), Options{
		DB: d, Clock: c, Audit: w.log, Settings: NewSettings(d, c, seal.New([32]byte{1})), Host: testHost, Hosts: []string{"Other.Example.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	w.dir = directory.New(d, c, w.log)
	w.dir.Tell(w.Service)
	w.dir.TellCreated(w.Service)
	return w
}

func (w *world) system() context.Context { return AsSystem(w.t.Context()) }

// person makes a user with the given built-in roles beside Basic User.
func (w *world) person(name string, roles ...string) directory.User {
	w.t.Helper()
	u, err := w.dir.Create(w.system(), directory.User{DisplayName: name, Email: strings.ToLower(name) + "@example.com"})
	w.ok(err)
	for _, r := range roles {
		w.ok(w.AddMember(w.system(), u.ID, BuiltinID(r)))
	}
	return u
}

// mint makes a client without asking anybody.
func (w *world) mint(owner directory.User, n NewClient) (Client, string) {
	w.t.Helper()
	c, secret, err := w.CreateClient(w.system(), owner.ID, n)
	w.ok(err)
	return c, secret
}

// token signs in with a secret.
func (w *world) token(c Client, secret string) string {
	w.t.Helper()
	tok, err := w.SignIn(w.t.Context(), Attempt{ClientID: c.ClientID, Secret: secret, IP: inside})
	w.ok(err)
	return tok.Access
}

// as returns a context in which the owner of a new client acts through it.
func (w *world) as(owner directory.User, n NewClient) context.Context {
	w.t.Helper()
	return w.with(w.token(w.mint(owner, n)))
}

func (w *world) with(token string) context.Context {
	w.t.Helper()
	p, err := w.Authenticate(w.t.Context(), token, inside)
	w.ok(err)
	return WithPrincipal(w.t.Context(), p)
}

// custom makes a role of permissions, named without their prefix.
func (w *world) custom(name string, permissions ...string) Role {
	w.t.Helper()
	r, err := w.CreateRole(w.system(), name, prefixed(permissions))
	w.ok(err)
	return r
}

func prefixed(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = permissionPrefix + n
	}
	return out
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err, fault.Of(err).Cause())
	}
}

func (w *world) refused(err error, code fault.Code, words string) {
	w.t.Helper()
	refused(w.t, err, code, words)
}

func refused(t testing.TB, err error, code fault.Code, words string) {
	t.Helper()
	if !fault.Is(err, code) || !strings.Contains(err.Error(), words) {
		t.Fatalf("got %v, want %s: …%s…", err, code, words)
	}
}

// events returns the kinds of the events recorded so far, oldest first.
func (w *world) events() []audit.Event {
	w.t.Helper()
	var all []audit.Event
	r := page.Request{Size: 100}
	for {
		p, err := w.log.List(w.t.Context(), audit.Filter{}, r)
		w.ok(err)
		all = append(all, p.Items...)
		if p.Next == nil {
			return all
		}
		r.After = p.Next
	}
}

func (w *world) lastEvent() audit.Event {
	w.t.Helper()
	all := w.events()
	return all[len(all)-1]
}

// sign makes an assertion as the official clients do; change bends it.
func sign(t testing.TB, secret string, claims map[string]any) string {
	t.Helper()
	return signWith(t, jose.EdDSA, privateOf(t, secret), claims)
}

func signWith(t testing.TB, alg jose.SignatureAlgorithm, key any, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithHeader("nonce", "bm9uY2Vz"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func privateOf(t testing.TB, secret string) ed25519.PrivateKey {
	t.Helper()
	seed, ok := seedOf(secret)
	if !ok {
		t.Fatalf("not a secret: %q", secret)
	}
	return ed25519.NewKeyFromSeed(seed)
}

// claims are those of the official Go client.
func claims(clientID string, now time.Time) map[string]any {
	return map[string]any{
		"iss": clientID, "sub": clientID, "aud": []string{"interim.example.com"},
		"iat": now.Unix(), "nbf": now.Add(-2 * time.Minute).Unix(), "exp": now.Add(2 * time.Minute).Unix(),
	}
}
