package iam

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestAClientSignsInWithAnAssertionOrItsSecret(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.person("Ada")
		c, secret := w.mint(ada, NewClient{})
		for name, a := range map[string]Attempt{
			"assertion":                      {ClientID: c.ClientID, Assertion: sign(t, secret, claims(c.ClientID, monday))},
			"assertion that names itself":    {Assertion: sign(t, secret, with(claims(c.ClientID, monday), "nonce", "x"))},
			"audience as a string":           {Assertion: sign(t, secret, with(claims(c.ClientID, monday), "aud", "interim.example.com"))},
			"audience of another host of us": {Assertion: sign(t, secret, with(claims(c.ClientID, monday), "aud", "other.example.com"))},
			"exp exactly five minutes away":  {Assertion: sign(t, secret, with(claims(c.ClientID, monday), "exp", monday.Unix()+300))},
			"iat a little ahead":             {Assertion: sign(t, secret, with(claims(c.ClientID, monday), "iat", monday.Unix()+10))},
			"no iat and no nbf":              {Assertion: sign(t, secret, map[string]any{"iss": c.ClientID, "sub": c.ClientID, "aud": "interim.example.com", "exp": monday.Unix() + 60})},
			"plain secret":                   {ClientID: c.ClientID, Secret: secret},
		} {
			t.Run(name, func(t *testing.T) {
				a.IP = inside
				tok, err := w.SignIn(t.Context(), a)
				w.ok(err)
				if tok.ExpiresIn != 3600 {
					t.Errorf("expires in %d", tok.ExpiresIn)
				}
				p, err := w.Authenticate(t.Context(), tok.Access, inside)
				w.ok(err)
				if p.UserID != ada.ID || p.ClientID != c.ClientID || p.ClientKey != c.Key || p.SuperAdmin || p.Scoped {
					t.Errorf("principal %+v", p)
				}
				if e := w.lastEvent(); e.Kind != "client.signed_in" || e.Actor.IP != inside.String() || e.UserID != string(ada.ID) {
					t.Errorf("event %+v", e)
				}
			})
		}
	})
}

func with(claims map[string]any, name string, value any) map[string]any {
	out := maps.Clone(claims)
	if value == nil {
		delete(out, name)
	} else {
		out[name] = value
	}
	return out
}

func TestAnAssertionIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, secret := w.mint(w.person("Ada"), NewClient{})
		other, otherSecret := w.mint(w.person("Grace"), NewClient{})
		rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
		w.ok(err)
		good := claims(c.ClientID, monday)
		said := sign(t, secret, good)
		head, rest, _ := strings.Cut(said, ".")
		none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
		confused := signWith(t, jose.HS256, []byte(privateOf(t, secret).Public().(ed25519.PublicKey)), good)
		for _, c := range []struct {
			name, assertion, words string
		}{
			{"signed with RS256", signWith(t, jose.RS256, rsaKey, good), "EdDSA"},
			{"signed with HS256 and the public key", confused, "EdDSA"},
			{"alg none", none + "." + strings.Split(rest, ".")[0] + ".", "EdDSA"},
			{"alg none with a signature", none + "." + rest, "EdDSA"},
			{"another audience", sign(t, secret, with(good, "aud", "elsewhere.example.com")), "aud"},
			{"several audiences", sign(t, secret, with(good, "aud", []string{"interim.example.com", "elsewhere.example.com"})), "exactly one aud"},
			{"our audience twice", sign(t, secret, with(good, "aud", []string{"interim.example.com", "interim.example.com"})), "exactly one aud"},
			{"no audience", sign(t, secret, with(good, "aud", nil)), "exactly one aud"},
			{"empty audience", sign(t, secret, with(good, "aud", []string{})), "exactly one aud"},
			{"subject other than issuer", sign(t, secret, with(good, "sub", other.ClientID)), "sub"},
			{"no subject", sign(t, secret, with(good, "sub", nil)), "sub"},
			{"no issuer", sign(t, secret, with(good, "iss", nil)), "iss"},
			{"exp missing", sign(t, secret, with(good, "exp", nil)), "needs an exp"},
			{"exp over five minutes away", sign(t, secret, with(good, "exp", monday.Unix()+301)), "five minutes"},
			{"exp of the year 300 billion", sign(t, secret, with(good, "exp", 9e18)), ""},
			{"exp now", sign(t, secret, with(good, "exp", monday.Unix())), "expired"},
			{"exp as text", sign(t, secret, with(good, "exp", "soon")), "cannot be read"},
			{"iat in the future", sign(t, secret, with(good, "iat", monday.Unix()+11)), "iat"},
			{"nbf in the future", sign(t, secret, with(good, "nbf", monday.Unix()+11)), "nbf"},
			{"signed by another client", sign(t, otherSecret, good), "authentication failed"},
			{"unknown client", sign(t, secret, claims("brave-otter-99999@interim.example.com/pcc", monday)), "authentication failed"},
			{"changed after signing", head + "." + strings.Split(sign(t, secret, with(good, "nonce", "y")), ".")[1] + "." + strings.Split(rest, ".")[1], "authentication failed"},
			{"not a JWT", "hello", "compact"},
			{"two parts", "e30.e30", ""},
			{"line breaks inside", said[:10] + "\n" + said[10:], "compact"},
			{"another spelling of the last bits", respelled(said), "compact"},
			{"too long", strings.Repeat("a", maxAssertion+1), "8192"},
		} {
			t.Run(c.name, func(t *testing.T) {
				tok, err := w.SignIn(t.Context(), Attempt{Assertion: c.assertion, IP: inside})
				if tok.Access != "" || !fault.Is(err, fault.Unauthenticated) && !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.words) {
					t.Errorf("got token %q, error %v; want …%s…", tok.Access, err, c.words)
				}
			})
		}
		t.Run("client_id of another client", func(t *testing.T) {
			_, err := w.SignIn(t.Context(), Attempt{ClientID: other.ClientID, Assertion: said, IP: inside})
			w.refused(err, fault.Unauthenticated, "client_id")
		})
		t.Run("an access token as assertion", func(t *testing.T) {
			_, err := w.SignIn(t.Context(), Attempt{Assertion: w.token(c, secret), IP: inside})
			w.refused(err, fault.Unauthenticated, "access token")
		})
		_, err = w.SignIn(t.Context(), Attempt{Assertion: said, IP: inside})
		w.ok(err) // none of the above used it up
	})
}

// respelled changes a bit of the header's last character that decoders may skip: the header has 34 bytes, so that the character
// carries two bits and four spare ones.
func respelled(raw string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(raw, '.') - 1
	return raw[:last] + string(alphabet[strings.IndexByte(alphabet, raw[last])^1]) + raw[last+1:]
}

func TestASecondSpellingOfAnAssertionWouldVerify(t *testing.T) {
	public, secret := newKey()
	raw := respelled(sign(t, secret, claims("brave-otter-12345@interim.example.com/pcc", monday)))
	token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		t.Fatal(err)
	}
	if err := token.Claims(public); err != nil {
		t.Fatalf("this spelling is refused anyway, so canonical guards nothing: %v", err)
	}
	if canonical(raw) {
		t.Error("a second spelling counts as canonical")
	}
}

func TestAnAssertionIsGoodOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, secret := w.mint(w.person("Ada"), NewClient{})
		said := sign(t, secret, claims(c.ClientID, monday))
		var won, lost int
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				_, err := w.SignIn(t.Context(), Attempt{Assertion: said, IP: inside})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won++
				case fault.Is(err, fault.Unauthenticated) && strings.Contains(err.Error(), "used before"):
					lost++
				default:
					t.Errorf("unexpected: %v", err)
				}
			})
		}
		all.Wait()
		if won != 1 || lost != 7 {
			t.Errorf("%d got a token, %d were told it was used", won, lost)
		}
		// The same claims signed again are another text only if something in them differs; a new iat does.
		_, err := w.SignIn(t.Context(), Attempt{Assertion: sign(t, secret, claims(c.ClientID, monday.Add(time.Second))), IP: inside})
		w.ok(err)
	})
}

func TestASecretIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, secret := w.mint(w.person("Ada"), NewClient{})
		_, other := w.mint(w.person("Grace"), NewClient{})
		for name, a := range map[string]Attempt{
			"of another client":      {ClientID: c.ClientID, Secret: other},
			"cut short":              {ClientID: c.ClientID, Secret: secret[:len(secret)-1]},
			"without its prefix":     {ClientID: c.ClientID, Secret: strings.TrimPrefix(secret, secretPrefix)},
			"empty":                  {ClientID: c.ClientID},
			"for an unknown client":  {ClientID: "brave-otter-99999@interim.example.com/pcc", Secret: secret},
			"with a public key lied": {ClientID: c.ClientID, Secret: lied(t, c, other)},
		} {
			t.Run(name, func(t *testing.T) {
				a.IP = inside
				_, err := w.SignIn(t.Context(), a)
				w.refused(err, fault.Unauthenticated, "client authentication failed")
			})
		}
		for _, id := range []string{"", "no client id", "a@b", strings.Repeat("a", 1000) + "@b/pcc", "a\x00b@c/pcc"} {
			_, err := w.SignIn(t.Context(), Attempt{ClientID: id, Secret: secret, IP: inside})
			w.refused(err, fault.Invalid, "client_id")
		}
	})
}

// lied is another client's private key that claims the public key of c.
func lied(t *testing.T, c Client, secret string) string {
	t.Helper()
	seed, _ := seedOf(secret)
	return formatSecret(c.PublicKey, seed)
}

func TestAClientThatEndedGetsNoToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.person("Ada")
		for name, end := range map[string]func(Client){
			"expired":       func(Client) { w.clock.Advance(time.Minute) },
			"deleted":       func(c Client) { w.ok(w.DeleteClient(w.system(), c.Key)) },
			"user disabled": func(Client) { _, err := w.dir.Disable(w.system(), ada.ID, ""); w.ok(err) },
		} {
			t.Run(name, func(t *testing.T) {
				_, err := w.dir.Enable(w.system(), ada.ID, "")
				w.ok(err)
				c, secret := w.mint(ada, NewClient{Expires: time.Minute})
				live := w.token(c, secret)
				end(c)
				for _, a := range []Attempt{{ClientID: c.ClientID, Secret: secret}, {Assertion: sign(t, secret, claims(c.ClientID, w.clock.Now()))}} {
					a.IP = inside
					_, err := w.SignIn(t.Context(), a)
					w.refused(err, fault.Unauthenticated, "")
				}
				_, err = w.Authenticate(t.Context(), live, inside)
				w.refused(err, fault.Unauthenticated, "")
			})
		}
	})
}

func TestATokenNeverOutlivesItsClient(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, secret := w.mint(w.person("Ada"), NewClient{Expires: 10 * time.Minute})
		tok, err := w.SignIn(t.Context(), Attempt{ClientID: c.ClientID, Secret: secret, IP: inside})
		w.ok(err)
		if tok.ExpiresIn != 600 {
			t.Errorf("expires in %d", tok.ExpiresIn)
		}
		w.clock.Advance(10*time.Minute - time.Microsecond)
		_, err = w.Authenticate(t.Context(), tok.Access, inside)
		w.ok(err)
		w.clock.Advance(time.Microsecond)
		_, err = w.Authenticate(t.Context(), tok.Access, inside)
		w.refused(err, fault.Unauthenticated, "expired")
	})
}

func TestAClientIsBoundToItsNetworks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sources, err := ParseSources("allowSourceCidr", []string{"192.0.2.0/24"})
		w.ok(err)
		c, secret := w.mint(w.person("Ada"), NewClient{Sources: sources})
		for _, a := range []Attempt{{IP: away}, {}} {
			a.ClientID, a.Secret = c.ClientID, secret
			_, err := w.SignIn(t.Context(), a)
			w.refused(err, fault.Denied, "networks")
		}
		live := w.token(c, secret)
		_, err = w.Authenticate(t.Context(), live, away)
		w.refused(err, fault.Denied, "networks")
		_, err = w.Authenticate(t.Context(), live, mapped(inside))
		w.ok(err)
	})
}

func TestWhatSomebodySignedInWithIsFoundByThem(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, sql := range signedIn {
			if plan := dbtest.Plan(t, d, sql, "u"); !strings.Contains(plan, "_user") {
				t.Errorf("%s:\n%s", sql, plan)
			}
		}
	})
}
