package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
)

const (
	// tokens is the least rate of signing in.
	tokens = 2000
	// signed is more than how many assertions can be redeemed in a second; they are signed before the round.
	signed = 15_000
)

// token measures signing in with an assertion, each good once, beside the statements of it.
func (b *bench) token(ctx context.Context, h *house) error {
	private, err := privateKey(h.boot.ClientSecret)
	if err != nil {
		return err
	}
	v := volley{
		address: h.full, most: signed, headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
		make: func(int) request {
			return request{http.MethodPost, "/auth/v1/token", url.Values{
				"grant_type":            {"client_credentials"},
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
				"client_assertion":      {assertion(private, h.boot.ClientID)},
			}.Encode()}
		},
	}
	if err := h.says(ctx, v, `"access_token"`); err != nil {
		return err
	}
	raw := side{name: "raw", round: func(ctx context.Context, length time.Duration) (sample, error) {
		return crowd(ctx, connections, length, func(ctx context.Context) error { return spend(ctx, h.DB) })
	}}
	m, err := b.contest(ctx, "token", b.fires("full", v), raw)
	if err != nil {
		return err
	}
	b.add(result{
		name: "token endpoint, assertions", figure: rate(m[0]), baseline: "raw " + perSecond(m[1].rate), ratio: m[0].rate / m[1].rate,
		target: "≥ " + perSecond(tokens), met: m[0].rate >= tokens,
	})
	return nil
}

// spend does in the database what the server does for one assertion.
func spend(ctx context.Context, d *db.DB) error {
	now := time.Now()
	who := id.New(now)
	digest := sha256.Sum256([]byte(who))
	return d.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(spendSQL, "raw", digest[:], clock.Micros(now.Add(time.Minute))); err != nil {
			return err
		}
		tx.Queue(eventSQL, id.New(now), clock.Micros(now), "client.signed_in", 99, false, "user", who, "Administrator", "", who, "",
			"127.0.0.1", who, "client", who, "", who, "signed in with brave-otter-12345@127.0.0.1:8443/pcc",
			`{"method":"assertion","tokenId":"01980000-0000-7000-8000-000000000000"}`)
		return nil
	})
}

// privateKey reads the key inside a client secret.
func privateKey(secret string) (ed25519.PrivateKey, error) {
	text, err := base64.RawURLEncoding.DecodeString(secret[strings.LastIndexByte(secret, ':')+1:])
	if err != nil {
		return nil, err
	}
	var jwk struct{ D string }
	if err := json.Unmarshal(text, &jwk); err != nil {
		return nil, err
	}
	seed, err := base64.RawURLEncoding.DecodeString(jwk.D)
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, errors.New("the client secret holds no Ed25519 key")
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// assertion signs a statement who the client is, good once and for four minutes.
func assertion(private ed25519.PrivateKey, client string) string {
	host := client[strings.IndexByte(client, '@')+1 : strings.IndexByte(client, '/')]
	now := time.Now()
	text := encoded(`{"alg":"EdDSA","typ":"JWT"}`) + "." + encoded(fmt.Sprintf(
		`{"iss":%[1]q,"sub":%[1]q,"aud":%[2]q,"iat":%[3]d,"nbf":%[3]d,"exp":%[4]d,"jti":%[5]q}`,
		client, host, now.Unix(), now.Add(4*time.Minute).Unix(), rand.Text()))
	return text + "." + encoded(string(ed25519.Sign(private, []byte(text))))
}

func encoded(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
