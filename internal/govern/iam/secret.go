package iam

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"strings"
)

// secretPrefix is checked literally by the official TypeScript and Python clients (c1-api.md, section 1.3).
const secretPrefix = "secret-token:conductorone.com:v1:"

// maxSecret is the longest secret looked at, in bytes; those we make have 204.
const maxSecret = 1024

// newKey makes a client's key. The secret is the only copy of the private half.
func newKey() (public ed25519.PublicKey, secret string) {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails: crypto/rand ends the process instead
	public = publicOf(seed)
	return public, formatSecret(public, seed)
}

// formatSecret writes the private key as a JWK of exactly these members in this order, 129 bytes: official clients decode it
// without padding and with the plain alphabet, which works for this length and content only (c1-api.md, section 1.3).
func formatSecret(public ed25519.PublicKey, seed []byte) string {
	b64 := base64.RawURLEncoding.EncodeToString
	return secretPrefix + b64([]byte(`{"kty":"OKP","crv":"Ed25519","x":"`+b64(public)+`","d":"`+b64(seed)+`"}`))
}

// seedOf returns the private half inside a secret. What the secret claims about its public half is not looked at.
func seedOf(secret string) ([]byte, bool) {
	payload, ok := strings.CutPrefix(secret, secretPrefix)
	if !ok || len(secret) > maxSecret {
		return nil, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(payload)
	if err != nil {
		return nil, false
	}
	var jwk struct {
		Kty string `json:"kty"`
		Crv string `json:"crv"`
		D   string `json:"d"`
	}
	if json.Unmarshal(raw, &jwk) != nil || jwk.Kty != "OKP" || jwk.Crv != "Ed25519" {
		return nil, false
	}
	seed, err := base64.RawURLEncoding.Strict().DecodeString(jwk.D)
	return seed, err == nil && len(seed) == ed25519.SeedSize
}

func publicOf(seed []byte) ed25519.PublicKey {
	return ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
}

// secretFits reports whether secret is the private half of public. It does the same work whether or not the secret can be read
// and whether or not the client exists: the caller passes decoyKey for a client that does not.
func secretFits(secret string, public ed25519.PublicKey) bool {
	seed, ok := seedOf(secret)
	if !ok {
		seed = make([]byte, ed25519.SeedSize)
	}
	return subtle.ConstantTimeCompare(publicOf(seed), public) == 1 && ok
}

// decoyKey is nobody's key: its private half was never kept.
var decoyKey, _ = newKey()
