package id

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// anyTime draws times a KSUID can hold, near each other often enough to clash.
func anyTime(t *rapid.T, name string) time.Time {
	base := rapid.SampledFrom([]int64{1577836800e6, 1900000000e6, 5600000000e6}).Draw(t, name+" base")
	return time.UnixMicro(base + rapid.Int64Range(0, 3000).Draw(t, name+" micros"))
}

func TestAnIdentityIsAUUIDv7OfItsTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := anyTime(t, "now")
		u, err := uuid.Parse(New(now))
		if err != nil || u.Version() != 7 || u.Variant() != uuid.RFC4122 {
			t.Fatalf("%v: version %v, variant %v, %v", u, u.Version(), u.Variant(), err)
		}
		if ms := int64(u[0])<<40 | int64(u[1])<<32 | int64(u[2])<<24 | int64(u[3])<<16 | int64(u[4])<<8 | int64(u[5]); ms != now.UnixMilli() {
			t.Fatalf("timestamp %d, want %d", ms, now.UnixMilli())
		}
		if !Valid(u.String()) {
			t.Fatalf("%v is not Valid", u)
		}
	})
}

func TestIdentitiesSortByTimeAndSoDoTheirKSUIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyTime(t, "a"), anyTime(t, "b")
		if !a.Before(b) {
			return
		}
		x, y := New(a), New(b)
		if x >= y {
			t.Errorf("%v at %v is not before %v at %v", x, a, y, b)
		}
		if KSUID(x) >= KSUID(y) {
			t.Errorf("KSUID %v at %v is not before %v at %v", KSUID(x), a, KSUID(y), b)
		}
	})
}

func TestWhatIsBesideAnIdentityIsOneToo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole, n := New(anyTime(t, "at")), rapid.IntRange(1, 127).Draw(t, "n")
		part := Beside(whole, n)
		if back, err := FromKSUID(KSUID(part)); err != nil || back != part || part <= whole || Beside(part, -n) != whole || Beside(whole, 0) != whole {
			t.Fatalf("%d beside %s: %s, %v", n, whole, part, err)
		}
	})
	if got := Beside("x", 1); got != "" {
		t.Error(got)
	}
}

func TestIdentitiesOfOneMomentSortInTheOrderTheyWereMade(t *testing.T) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	var ids []string
	for range 5000 {
		ids = append(ids, New(now))
	}
	if !slices.IsSorted(ids) || len(slices.Compact(ids)) != 5000 {
		t.Error("not in order, or not unique")
	}
}

func TestTimesNoUUIDCanHoldStillGiveAnIdentity(t *testing.T) {
	for _, now := range []time.Time{{}, time.Unix(-1, 0)} {
		if s := New(now); !Valid(s) || !strings.HasPrefix(s, "00000000-0000-7") {
			t.Errorf("New(%v) = %s", now, s)
		}
	}
}

// Built-in roles and policies are referred to by these in Terraform files:
// they must never change.
func TestStaticIdentitiesNeverChange(t *testing.T) {
	for name, want := range map[string]string{
		"":             "016f5e66-e800-73b0-8442-98fc1c149afb",
		"system:owner": "016f5e66-e800-72cf-93ac-73bd28c3ecd2",
	} {
		got := Static(name)
		if got != want {
			t.Errorf("Static(%q) = %s, want %s", name, got, want)
		}
		if back, err := FromKSUID(KSUID(got)); back != got || err != nil {
			t.Errorf("Static(%q) is %s, %v after a round trip", name, back, err)
		}
	}
	if Static("a") == Static("b") {
		t.Error("two names share an identity")
	}
}

func TestOnlyLowerCaseUUIDTextIsValid(t *testing.T) {
	good := "0198c0de-7a4e-7f00-8abc-0123456789ab"
	if !Valid(good) {
		t.Fatal("a good one is refused")
	}
	for _, bad := range []string{
		"", strings.ToUpper(good), good[:35], good + "0", "{" + good + "}", strings.ReplaceAll(good, "-", ""),
		strings.Replace(good, "-", "0", 1), strings.Replace(good, "a", "g", 1), strings.Replace(good, "a", " ", 1),
		"0198c0de-7a4e-7f00-8abc-0123456789a\x00",
	} {
		if Valid(bad) {
			t.Errorf("%q is Valid", bad)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	now := time.Unix(1900000000, 0)
	for b.Loop() {
		New(now)
	}
}
