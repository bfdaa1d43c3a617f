package iam

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/platform/fault"
)

func mapped(ip netip.Addr) netip.Addr { return netip.AddrFrom16(ip.As16()) }

func FuzzParseAssertion(f *testing.F) {
	_, secret := newKey()
	good := sign(f, secret, claims("brave-otter-12345@interim.example.com:8443/pcc", monday))
	for _, s := range []string{good, "", ".", "..", "e30.e30.", good + ".x", strings.ReplaceAll(good, ".", ".\n"), "eyJhbGciOiJub25lIn0.e30."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		a, err := parseAssertion(raw, []string{"interim.example.com"}, monday)
		if err != nil {
			if !fault.Is(err, fault.Unauthenticated) && !fault.Is(err, fault.Invalid) {
				t.Errorf("%v is not the fault of who sent it", err)
			}
			return
		}
		if !clientIDForm.MatchString(a.clientID) || len(a.digest) != 32 || !a.until.After(monday) || a.until.Sub(monday) > maxAssertionLife {
			t.Errorf("accepted %+v", a)
		}
		if strings.ContainsAny(raw, "\r\n=") || strings.Count(raw, ".") != 2 {
			t.Errorf("accepted a second spelling: %q", raw)
		}
	})
}

func FuzzParseSecret(f *testing.F) {
	_, secret := newKey()
	for _, s := range []string{secret, secret + "=", secretPrefix, secretPrefix + "e30", "", secretPrefix + "bnVsbA"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if seed, ok := seedOf(s); ok && len(seed) != 32 {
			t.Errorf("a seed of %d bytes", len(seed))
		}
		if secretFits(s, decoyKey) {
			t.Error("something fits nobody's key")
		}
	})
}

func FuzzParseSources(f *testing.F) {
	for _, s := range []string{"192.0.2.0/24", "::ffff:192.0.2.0/120", "::ffff:0:0/90", "2001:db8::/32", "0.0.0.0/0", "fe80::1%eth0/64", "1.2.3.4", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		list, err := ParseSources("allowSourceCidr", []string{s})
		if err != nil {
			refused(t, err, fault.Invalid, "allowSourceCidr")
			return
		}
		p := list[0]
		if p != p.Masked() || p.Addr().Is4In6() || p.Addr().Zone() != "" {
			t.Errorf("%q gives %v, which is not canonical", s, p)
		}
		again, err := ParseSources("allowSourceCidr", []string{p.String()})
		if err != nil || again[0] != p {
			t.Errorf("%q gives %v and then %v, %v", s, p, again, err)
		}
	})
}
