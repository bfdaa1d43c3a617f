package iam

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/platform/fault"
)

func TestNetworksAreKeptCanonical(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7/24":           "192.0.2.0/24",
		"192.0.2.7/32":           "192.0.2.7/32",
		"0.0.0.0/0":              "0.0.0.0/0",
		"2001:DB8::1/32":         "2001:db8::/32",
		"::ffff:192.0.2.7/120":   "192.0.2.0/24",
		"::ffff:0:0/96":          "0.0.0.0/0",
		"::ffff:192.0.2.7/128":   "192.0.2.7/32",
		"::ffff:c000:207/128":    "192.0.2.7/32",
		"2001:db8:0:0:0:0:0:0/0": "::/0",
	} {
		got, err := ParseSources("allowSourceCidr", []string{in})
		if err != nil || len(got) != 1 || got[0].String() != want {
			t.Errorf("%s: %v, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "192.0.2.7", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2/24", "fe80::%eth0/64", "::ffff:0:0/95", "any", "192.0.2.0/024"} {
		_, err := ParseSources("allowSourceCidr", []string{in})
		refused(t, err, fault.Invalid, "allowSourceCidr")
	}
	got, err := ParseSources("allowSourceCidr", []string{"192.0.2.0/24", "::ffff:192.0.2.99/120", "10.0.0.0/8"})
	if err != nil || len(got) != 2 || got[0].String() != "10.0.0.0/8" {
		t.Errorf("doubles and order: %v, %v", got, err)
	}
	_, err = ParseSources("allowSourceCidr", strings.Split(strings.Repeat("192.0.2.0/24,", 32)+"192.0.2.0/24", ","))
	refused(t, err, fault.Invalid, "32")
}

func drawLimits(t *rapid.T, label string) Limits {
	networks := []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("::/0"),
	}
	l := Limits{
		Roles:   rapid.SliceOfN(rapid.SampledFrom([]RoleID{"a", "b", "c"}), 0, 2).Draw(t, label+" roles"),
		Sources: rapid.SliceOfN(rapid.SampledFrom(networks), 0, 2).Draw(t, label+" sources"),
	}
	if n := rapid.IntRange(0, 3).Draw(t, label+" until"); n > 0 {
		l.Until = monday.Add(time.Duration(n) * time.Hour)
	}
	return l
}

func TestNothingMadeExceedsItsMaker(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		asked, maker, other := drawLimits(t, "asked"), drawLimits(t, "maker"), drawLimits(t, "other")
		made := asked.or(maker)
		if made.exceeds(maker) != "" && asked.exceeds(maker) == "" {
			t.Fatal("filling in bounds widened what was asked for")
		}
		if (Limits{}).or(maker).exceeds(maker) != "" {
			t.Fatal("what asks for nothing exceeds its maker")
		}
		if asked.exceeds(asked) != "" {
			t.Fatal("exceeds itself")
		}
		if asked.exceeds(maker) == "" && maker.exceeds(other) == "" && asked.exceeds(other) != "" {
			t.Fatal("within its maker, who is within another, and yet beyond that one")
		}
		if asked.exceeds(maker) != "" {
			return
		}
		for _, ip := range []string{"10.1.2.3", "10.9.9.9", "192.0.2.1", "2001:db8::1"} {
			if ip := netip.MustParseAddr(ip); asked.admits(ip) && !maker.admits(ip) {
				t.Fatalf("usable from %v, its maker is not", ip)
			}
		}
		for h := range 5 {
			if now := monday.Add(time.Duration(h) * time.Hour); !asked.dead(now) && maker.dead(now) {
				t.Fatalf("lives at %v, its maker does not", now)
			}
		}
	})
}

func TestLimitsSurviveBeingStored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLimits(t, "limits")
		text, err := limitsText(l)
		if err != nil {
			t.Fatal(err)
		}
		back, err := parseLimits(text)
		if err != nil || back.exceeds(l) != "" || l.exceeds(back) != "" {
			t.Fatalf("%+v became %+v, %v", l, back, err)
		}
	})
}
