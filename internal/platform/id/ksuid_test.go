package id

import (
	"bytes"
	"encoding/hex"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAKSUIDHasTheFormC1ClientsCheck(t *testing.T) {
	form := regexp.MustCompile(Pattern)
	rapid.Check(t, func(t *rapid.T) {
		u := New(anyTime(t, "now"))
		k := KSUID(u)
		if !form.MatchString(k) {
			t.Fatalf("%q", k)
		}
		back, err := FromKSUID(k)
		if back != u || err != nil {
			t.Fatalf("%s came back as %s, %v", u, back, err)
		}
	})
}

// Vectors of segmentio/ksuid.
func TestTheEncodingIsThatOfOtherKSUIDs(t *testing.T) {
	for text, raw := range map[string]string{
		"0ujtsYcgvSTl8PAuAdqWYSMnLOv": "0669f7efb5a1cd34b5f99d1154fb6853345c9735",
		"0ujzPyRiIAffKhBux4PvQdDqMHY": "066a029c73fc1aa3b2446246d6e89fcd909e8fe8",
		"000000000000000000000000000": strings.Repeat("00", 20),
		"aWgEPTl1tmebfsQzFP4bxwgy80V": strings.Repeat("ff", 20),
	} {
		b, err := hex.DecodeString(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := encode([20]byte(b)); got != text {
			t.Errorf("encode(%s) = %s, want %s", raw, got, text)
		}
		if got, ok := decode(text); !ok || hex.EncodeToString(got[:]) != raw {
			t.Errorf("decode(%s) = %x, %v", text, got, ok)
		}
	}
}

func TestBase62RoundTripsAnyTwentyBytesInOrder(t *testing.T) {
	twenty := rapid.SliceOfN(rapid.Byte(), 20, 20)
	rapid.Check(t, func(t *rapid.T) {
		a, b := [20]byte(twenty.Draw(t, "a")), [20]byte(twenty.Draw(t, "b"))
		if back, ok := decode(encode(a)); !ok || back != a {
			t.Fatalf("%x came back as %x, %v", a, back, ok)
		}
		if bytes.Compare(a[:], b[:]) != strings.Compare(encode(a), encode(b)) {
			t.Fatalf("%x and %x change places", a, b)
		}
	})
}

func TestWhatIsNoKSUIDIsMalformedAndWhatIsNotOursIsForeign(t *testing.T) {
	ours := KSUID(New(time.Unix(1900000000, 0)))
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"empty", "", ErrMalformed},
		{"short", ours[:26], ErrMalformed},
		{"long", ours + "0", ErrMalformed},
		{"another character", ours[:26] + "-", ErrMalformed},
		{"not ASCII", ours[:25] + "é", ErrMalformed},
		{"over the largest", "aWgEPTl1tmebfsQzFP4bxwgy80W", ErrMalformed},
		{"far over the largest", strings.Repeat("z", 27), ErrMalformed},
		{"the largest", "aWgEPTl1tmebfsQzFP4bxwgy80V", ErrForeign},
		{"zero", strings.Repeat("0", 27), ErrForeign},
		{"the hosted service's", "2HErg7BRmNdHgX8sTCWVq4E1fyh", ErrForeign},
		{"ours with another second", shifted(ours), ErrForeign},
		{"a UUID of another version", KSUID("0198c0de-7a4e-4f00-8abc-0123456789ab"), ErrForeign},
		{"a UUID of another variant", KSUID("0198c0de-7a4e-7f00-cabc-0123456789ab"), ErrForeign},
		{"ours", ours, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := FromKSUID(c.text)
			if !errors.Is(err, c.want) || (err != nil) != (got == "") {
				t.Errorf("FromKSUID(%q) = %q, %v; want %v", c.text, got, err, c.want)
			}
		})
	}
}

// shifted is the same payload under the next second.
func shifted(ksuid string) string {
	raw, _ := decode(ksuid)
	raw[3]++
	return encode(raw)
}

func TestNoIdentityHasNoKSUID(t *testing.T) {
	for _, s := range []string{"", "nonsense", strings.Repeat("0", 36)} {
		if got := KSUID(s); got != "" {
			t.Errorf("KSUID(%q) = %q", s, got)
		}
	}
}

func FuzzFromKSUID(f *testing.F) {
	f.Add("2HErg7BRmNdHgX8sTCWVq4E1fyh")
	f.Add("aWgEPTl1tmebfsQzFP4bxwgy80V")
	f.Add(KSUID(Static("system:owner")))
	f.Add("")
	form := regexp.MustCompile(Pattern)
	f.Fuzz(func(t *testing.T, s string) {
		u, err := FromKSUID(s)
		switch {
		case err == nil && (!Valid(u) || KSUID(u) != s):
			t.Errorf("%q is taken for %q, whose KSUID is %q", s, u, KSUID(u))
		case errors.Is(err, ErrForeign) && !form.MatchString(s):
			t.Errorf("%q is called foreign, but is malformed", s)
		case errors.Is(err, ErrMalformed) && form.MatchString(s) && s <= "aWgEPTl1tmebfsQzFP4bxwgy80V":
			t.Errorf("%q is called malformed, but is a KSUID", s)
		}
	})
}

func BenchmarkKSUID(b *testing.B) {
	u := New(time.Unix(1900000000, 0))
	for b.Loop() {
		KSUID(u)
	}
}
