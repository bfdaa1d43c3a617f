package iam

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
)

// newBearer makes a secret that whoever holds it is let in by: 256 bits, URL-safe. Only its hash is stored.
func newBearer() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the process instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// hashOf is the form secrets are looked up by. A plain hash is enough for 256 random bits.
func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

func limitsText(l Limits) (string, error) {
	b, err := json.Marshal(l)
	return string(b), err
}

func parseLimits(s string) (l Limits, err error) {
	err = json.Unmarshal([]byte(s), &l)
	return l, err
}
