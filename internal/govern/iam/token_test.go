package iam

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
)

func kidOf(t *testing.T, token string) string {
	t.Helper()
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Headers[0].KeyID
}

func TestAnAccessTokenIsRefused(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t), clock.NewFake(monday))
	c, secret := w.mint(w.person("Ada"), NewClient{})
	good := w.token(c, secret)
	forge := func(change func(*jwt.Claims), o *jose.SignerOptions) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: ed25519.NewKeyFromSeed(w.keys.keys[0].Seed), KeyID: w.keys.keys[0].KID}}, o)
		w.ok(err)
		claims := jwt.Claims{Issuer: testHost, Audience: jwt.Audience{testHost}, Subject: c.ClientID, Expiry: jwt.NewNumericDate(monday.Add(time.Hour))}
		change(&claims)
		raw, err := jwt.Signed(signer).Claims(claims).Serialize()
		w.ok(err)
		return raw
	}
	typed := func() *jose.SignerOptions { return (&jose.SignerOptions{}).WithType(tokenType) }
	keep := func(*jwt.Claims) {}
	if _, err := w.Authenticate(t.Context(), forge(keep, typed()), inside); err != nil {
		t.Fatalf("the forger does not know how: %v", err)
	}
	for name, token := range map[string]string{
		"empty":                   "",
		"garbage":                 "abc",
		"too long":                strings.Repeat("a", maxToken+1),
		"changed":                 swapped(good, len(good)-20),
		"without a signature":     good[:strings.LastIndex(good, ".")+1],
		"an assertion":            sign(t, secret, claims(c.ClientID, monday)),
		"of no type":              forge(keep, &jose.SignerOptions{}),
		"for another audience":    forge(func(c *jwt.Claims) { c.Audience = jwt.Audience{"elsewhere"} }, typed()),
		"for several audiences":   forge(func(c *jwt.Claims) { c.Audience = append(c.Audience, "elsewhere") }, typed()),
		"from another issuer":     forge(func(c *jwt.Claims) { c.Issuer = "elsewhere" }, typed()),
		"without an end":          forge(func(c *jwt.Claims) { c.Expiry = nil }, typed()),
		"of nobody":               forge(func(c *jwt.Claims) { c.Subject = "" }, typed()),
		"expired":                 forge(func(c *jwt.Claims) { c.Expiry = jwt.NewNumericDate(monday) }, typed()),
		"of a client never made":  forge(func(c *jwt.Claims) { c.Subject = "brave-otter-99999@" + testHost + "/pcc" }, typed()),
		"signed by another key":   signWith(t, jose.EdDSA, privateOf(t, secret), map[string]any{"iss": testHost, "aud": testHost, "sub": c.ClientID, "exp": monday.Unix() + 60}),
		"of another installation": newWorld(t, dbtest.SQLite(t), clock.NewFake(monday)).someToken(),
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // the second time it could be remembered
				_, err := w.Authenticate(t.Context(), token, inside)
				refused(t, err, fault.Unauthenticated, "")
			}
		})
	}
}

// swapped puts another letter at a place of s.
func swapped(s string, at int) string {
	letter := "A"
	if s[at] == 'A' {
		letter = "B"
	}
	return s[:at] + letter + s[at+1:]
}

func (w *world) someToken() string {
	w.t.Helper()
	return w.token(w.mint(w.person("Grace"), NewClient{}))
}

func TestATokenSaysNothingOfRights(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t), clock.NewFake(monday))
	parsed, err := jwt.ParseSigned(w.someToken(), []jose.SignatureAlgorithm{jose.EdDSA})
	w.ok(err)
	var claims map[string]any
	w.ok(parsed.UnsafeClaimsWithoutVerification(&claims))
	for name := range claims {
		if !strings.Contains(" iss aud sub iat exp jti ", " "+name+" ") {
			t.Errorf("the token carries %q", name)
		}
	}
}

func TestRightsThatCannotBeReadAreNoRights(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := w.someToken()
		if _, err := w.Authenticate(t.Context(), token, inside); err != nil {
			t.Fatal(err)
		}
		w.rights.load = func(context.Context, string) (*rights, error) { return nil, context.DeadlineExceeded }
		w.clock.Advance(staleAfter)
		_, err := w.Authenticate(t.Context(), token, inside)
		w.refused(err, fault.Unavailable, "rights")
	})
}

func TestSigningKeysAreSealedAtRest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var stored []byte
		w.ok(w.db.Q(t.Context()).Row(`select value from setting where name = $1`, signingKeys).Scan(&stored))
		seed, err := json.Marshal(w.keys.keys[0].Seed)
		w.ok(err)
		if strings.Contains(string(stored), string(seed)) || strings.Contains(string(stored), w.keys.keys[0].KID) {
			t.Error("the key lies open in the database")
		}
	})
}

func TestTwoRotationsAtOnceGiveOneNewKey(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, was, err := w.keys.settings.read(w.db.Q(t.Context()), signingKeys)
		w.ok(err)
		w.ok(w.RotateSigningKey(w.system()))
		err = w.keys.settings.replace(t.Context(), signingKeys, was, []byte("[]"), nil)
		w.refused(err, fault.Conflict, "someone else")
	})
}

func BenchmarkAuthenticate(b *testing.B) {
	w := newWorld(b, dbtest.SQLite(b), clock.NewFake(monday))
	token, ctx := w.someToken(), b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Authenticate(ctx, token, inside); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSignInWithAssertion(b *testing.B) {
	w := newWorld(b, dbtest.SQLite(b), clock.NewFake(monday))
	c, secret := w.mint(w.person("Ada"), NewClient{})
	said := make([]string, 4096)
	for i := range said {
		said[i] = sign(b, secret, with(claims(c.ClientID, monday), "nonce", i))
	}
	var next atomic.Int64
	b.SetParallelism(8)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := next.Add(1)
			if i >= int64(len(said)) {
				continue // every assertion is good once
			}
			if _, err := w.SignIn(b.Context(), Attempt{Assertion: said[i], IP: inside}); err != nil {
				b.Error(err)
			}
		}
	})
}
