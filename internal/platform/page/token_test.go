package page

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/platform/fault"
)

var tokens = NewTokens([]byte("0123456789abcdef0123456789abcdef"))

var keys = rapid.SliceOfN(rapid.String(), 1, 4)

func TestATokenBringsItsKeyBack(t *testing.T) {
	safe := regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	rapid.Check(t, func(t *rapid.T) {
		k, scope := Key(keys.Draw(t, "key")), rapid.String().Draw(t, "scope")
		token := tokens.Seal(scope, k)
		if !safe.MatchString(token) {
			t.Fatalf("%q is not URL-safe", token)
		}
		back, err := tokens.Open(scope, token)
		if err != nil || !slices.Equal(back, k) {
			t.Fatalf("%q came back as %q, %v", k, back, err)
		}
	})
}

func TestATokenOfAnotherListFilterOrServerIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := Key(keys.Draw(t, "key"))
		scope, other := rapid.String().Draw(t, "scope"), rapid.String().Draw(t, "other")
		if scope == other {
			return
		}
		if got, err := tokens.Open(other, tokens.Seal(scope, k)); !fault.Is(err, fault.Invalid) {
			t.Fatalf("opened in another scope: %q, %v", got, err)
		}
		if got, err := NewTokens([]byte("other")).Open(scope, tokens.Seal(scope, k)); !fault.Is(err, fault.Invalid) {
			t.Fatalf("opened with another key: %q, %v", got, err)
		}
	})
}

// The scope is part of what is signed, and so is where it ends: without its
// length a longer name could lend its tail to the key.
func TestNothingCanMoveBetweenScopeAndKey(t *testing.T) {
	token := tokens.Seal("app", Key{"x\x01\x01y"}) // its tail could pass for a whole token
	raw, _ := base64.RawURLEncoding.DecodeString(token)
	for cut := 1; cut < len(raw)-macSize; cut++ {
		moved := base64.RawURLEncoding.EncodeToString(raw[cut:])
		if got, err := tokens.Open("app"+string(raw[:cut]), moved); err == nil {
			t.Errorf("%d bytes moved: opened as %q", cut, got)
		}
	}
}

func TestATokenWithAnyByteChangedIsRefused(t *testing.T) {
	token := tokens.Seal("apps", Key{"1893456000000000", "0198c0de-7a4e-7f00-8abc-0123456789ab"})
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ \n"
	for i := range len(token) {
		for _, c := range letters {
			forged := token[:i] + string(c) + token[i+1:]
			if _, err := tokens.Open("apps", forged); (err == nil) != (forged == token) {
				t.Errorf("%q at %d: %v", c, i, err)
			}
		}
		if _, err := tokens.Open("apps", token[:i]); (err == nil) != (i == 0) {
			t.Errorf("cut to %d: %v", i, err)
		}
	}
}

func TestARefusalNamesTheFieldAndTheLimit(t *testing.T) {
	for _, c := range []struct{ name, token, says string }{
		{"garbage", "garbage!", "not a token of this list"},
		{"a newline inside", tokens.Seal("apps", Key{"a"})[:4] + "\n" + tokens.Seal("apps", Key{"a"})[4:], "not a token"},
		{"too long", strings.Repeat("A", MaxToken+1), "longer than 2048"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := tokens.Open("apps", c.token)
			if f := fault.Of(err); f.Code != fault.Invalid || f.Field != "pageToken" || !strings.Contains(f.Message, c.says) {
				t.Errorf("got %v %q", f.Code, f.Message)
			}
		})
	}
}

func TestNoTokenMeansTheFirstPageAndTheEnd(t *testing.T) {
	if tokens.Seal("apps", nil) != "" || tokens.Seal("apps", Key{}) != "" {
		t.Error("the end of a list has a token")
	}
	if k, err := tokens.Open("apps", ""); k != nil || err != nil {
		t.Errorf("the first page begins after %q, %v", k, err)
	}
}

func TestTheLongestKeyFitsAToken(t *testing.T) {
	token := tokens.Seal("apps", Key{strings.Repeat("x", MaxKey-36), strings.Repeat("y", 36)})
	if len(token) > MaxToken {
		t.Errorf("%d characters", len(token))
	}
	defer func() {
		if recover() == nil {
			t.Error("a key over MaxKey gives a token that can not be opened")
		}
	}()
	tokens.Seal("apps", Key{strings.Repeat("x", MaxKey+64)})
}

func TestScopesDifferInNameAndFilter(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range []string{Scope("a", nil), Scope("b", nil), Scope("a", []byte("f")), Scope("a", []byte("g")), Scope("af", nil)} {
		if seen[s] {
			t.Errorf("%q twice", s)
		}
		seen[s] = true
	}
}

func FuzzOpen(f *testing.F) {
	f.Add("apps", tokens.Seal("apps", Key{"1", "2"}))
	f.Add("apps", "")
	f.Add("apps", "AQ")
	f.Add("apps", tokens.Seal("apps", Key{"1", "2"})+"\r\n")
	f.Add("", strings.Repeat("A", 23))
	f.Fuzz(func(t *testing.T, scope, token string) {
		k, err := tokens.Open(scope, token)
		if err == nil && tokens.Seal(scope, k) != token {
			t.Errorf("%q opens as %q, which seals as %q", token, k, tokens.Seal(scope, k))
		}
		// What carries a valid signature must parse without surprises too.
		body := append([]byte{format}, token...)
		signed := base64.RawURLEncoding.EncodeToString(append(body, tokens.mac(scope, body)...))
		if _, err := tokens.Open(scope, signed); err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%v", err)
		}
	})
}
