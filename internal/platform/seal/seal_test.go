package seal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

var box = New([32]byte{1, 2, 3})

func mustSeal(t interface{ Fatal(args ...any) }, purpose string, plain []byte) []byte {
	sealed, err := box.Seal(purpose, plain)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestWhatIsSealedOpensForItsPurposeOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		purpose, other := rapid.String().Draw(t, "purpose"), rapid.String().Draw(t, "other")
		sealed := mustSeal(t, purpose, plain)
		if len(sealed) != len(plain)+Overhead {
			t.Fatalf("%d bytes of %d", len(sealed), len(plain))
		}
		if got, err := box.Open(purpose, sealed); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%q came back as %q, %v", plain, got, err)
		}
		if got, err := box.Open(other, sealed); (err == nil) != (other == purpose) {
			t.Fatalf("sealed for %q, opened for %q: %q, %v", purpose, other, got, err)
		}
		if _, err := New([32]byte{3, 2, 1}).Open(purpose, sealed); !errors.Is(err, ErrOpen) {
			t.Fatalf("opened with another key: %v", err)
		}
	})
}

func TestOneFlippedBitOrAMissingByteIsNoticed(t *testing.T) {
	sealed := mustSeal(t, "connector/1", []byte("postgres://ada@db.example.com"))
	for i := range len(sealed) * 8 {
		damaged := bytes.Clone(sealed)
		damaged[i/8] ^= 1 << (i % 8)
		if got, err := box.Open("connector/1", damaged); !errors.Is(err, ErrOpen) {
			t.Errorf("bit %d flipped: %q, %v", i, got, err)
		}
	}
	for n := range sealed {
		if got, err := box.Open("connector/1", sealed[:n]); !errors.Is(err, ErrOpen) {
			t.Errorf("cut to %d: %q, %v", n, got, err)
		}
	}
	if got, err := box.Open("connector/1", append(sealed, 0)); !errors.Is(err, ErrOpen) {
		t.Errorf("a byte more: %q, %v", got, err)
	}
}

func TestTheSameSecretNeverLooksTheSame(t *testing.T) {
	a, b := mustSeal(t, "p", []byte("secret")), mustSeal(t, "p", []byte("secret"))
	if bytes.Equal(a, b) || bytes.Contains(a, []byte("secret")) {
		t.Error("equal secrets can be told from outside")
	}
}

// Data sealed by one release opens in the next.
func TestTheFormDoesNotChange(t *testing.T) {
	sealed, err := hex.DecodeString("01e73efb1a64d35b79bbb5001a796d62b54445cd991edc5b58480887bb3a0f44a07c0b507953975dd254cb091d1d")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := box.Open("connector/1", sealed); err != nil || string(got) != "hello" {
		t.Errorf("%q, %v", got, err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add("p", mustSeal(f, "p", []byte("x")))
	f.Add("", []byte{})
	f.Add("p", bytes.Repeat([]byte{version}, Overhead))
	f.Fuzz(func(t *testing.T, purpose string, data []byte) {
		if plain, err := box.Open(purpose, data); err == nil && !bytes.Equal(plain, []byte("x")) {
			t.Errorf("%x opens as %q", data, plain)
		}
	})
}
