package iam

import (
	"crypto/ed25519"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
)

// The official TypeScript and Python clients decode exactly this form (c1-api.md, section 1.3).
func TestASecretHasTheFormOfficialClientsDecode(t *testing.T) {
	for range 200 {
		public, secret := newKey()
		payload, ok := strings.CutPrefix(secret, "secret-token:conductorone.com:v1:")
		if !ok || len(payload) != 172 || strings.ContainsAny(payload, "-_=") {
			t.Fatalf("payload %q", payload)
		}
		jwk, err := base64.StdEncoding.DecodeString(payload) // as atob does
		if err != nil || len(jwk) != 129 {
			t.Fatalf("%d bytes, %v", len(jwk), err)
		}
		m := regexp.MustCompile(`^\{"kty":"OKP","crv":"Ed25519","x":"([\w-]{43})","d":"([\w-]{43})"\}$`).FindSubmatch(jwk)
		if m == nil || string(m[1]) != base64.RawURLEncoding.EncodeToString(public) {
			t.Fatalf("jwk %s", jwk)
		}
		seed, ok := seedOf(secret)
		if !ok || !publicOf(seed).Equal(public) || !secretFits(secret, public) {
			t.Fatal("the secret does not fit its own key")
		}
	}
}

func TestNobodysKeyIsFittedByNothing(t *testing.T) {
	_, secret := newKey()
	zero := formatSecret(publicOf(make([]byte, 32)), make([]byte, 32))
	for _, s := range []string{"", secret, zero, secretPrefix, "garbage"} {
		if secretFits(s, decoyKey) {
			t.Errorf("%q fits", s)
		}
	}
	if secretFits("garbage", publicOf(make([]byte, 32))) {
		t.Error("a secret that cannot be read fits the key that stands in for it")
	}
	if secretFits(secret, ed25519.PublicKey{}) {
		t.Error("a secret fits a client without a key")
	}
}

func TestClientNamesAreFriendlyAndSeldomAlike(t *testing.T) {
	form := regexp.MustCompile(`^[a-z]+-[a-z]+-[1-9]\d{4}@127\.0\.0\.1:8443/pcc$`)
	seen := map[string]bool{}
	for range 1000 {
		name := clientName("127.0.0.1:8443", "pcc")
		if !form.MatchString(name) || !clientIDForm.MatchString(name) {
			t.Fatalf("name %q", name)
		}
		seen[name] = true
	}
	if len(seen) < 999 {
		t.Errorf("%d different names of 1000", len(seen))
	}
	for _, list := range [][]string{adjectives, animals} {
		words := map[string]bool{}
		for _, w := range list {
			if words[w] {
				t.Errorf("%q stands there twice", w)
			}
			words[w] = true
		}
		if len(list) < 100 {
			t.Errorf("%d words", len(list))
		}
	}
}

func TestHostNamesAreComparedWithoutPortAndCase(t *testing.T) {
	for in, want := range map[string]string{
		"Interim.Example.com": "interim.example.com", "interim.example.com:8443": "interim.example.com",
		"127.0.0.1:8443": "127.0.0.1", "[::1]:8443": "::1", "::1": "::1", "[::1]": "::1", "": "",
	} {
		if got := hostName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"brave-otter-12345@127.0.0.1:8443/pcc": "127.0.0.1", "brave-otter-12345@[::1]:8443/pcc": "::1", "none": "", "@": "",
	} {
		if got := clientHost(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
