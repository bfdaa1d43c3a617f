package tlsca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"net"
	"slices"
	"testing"
	"time"
)

var now = time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)

func newCA(t testing.TB) CA {
	t.Helper()
	ca, err := NewCA(now)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func issue(t *testing.T, ca CA, at time.Time, hosts ...string) *x509.Certificate {
	t.Helper()
	certPEM, keyPEM, err := ca.Issue(hosts, at)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := parseLeaf(append(certPEM, keyPEM...))
	if err != nil {
		t.Fatal(err)
	}
	return leaf.Leaf
}

func TestACertificateServesItsHostsForItsTime(t *testing.T) {
	ca := newCA(t)
	roots := x509.NewCertPool()
	roots.AddCert(ca.Cert)
	leaf := issue(t, ca, now, Hosts("access.example.com:8443")...)
	for _, c := range []struct {
		name string
		at   time.Time
		good bool
	}{
		{"127.0.0.1", now, true},
		{"::1", now, true},
		{"localhost", now, true},
		{"access.example.com", now, true},
		{"other.example.com", now, false},
		{"10.0.0.1", now, false},
		{"localhost", now.Add(-59 * time.Minute), true},
		{"localhost", now.Add(-61 * time.Minute), false},
		{"localhost", now.Add(397 * 24 * time.Hour), true},
		{"localhost", now.Add(397*24*time.Hour + time.Second), false},
	} {
		_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: c.name, CurrentTime: c.at})
		if (err == nil) != c.good {
			t.Errorf("%s at %v: %v", c.name, c.at, err)
		}
	}
	if life := leaf.NotAfter.Sub(leaf.NotBefore); life > 398*24*time.Hour {
		t.Errorf("clients refuse a life of %v", life)
	}
}

func TestTheAuthorityLivesTenYearsAndSignsServersOnly(t *testing.T) {
	ca := newCA(t)
	c := ca.Cert
	if !c.NotAfter.Equal(now.AddDate(10, 0, 0)) || !c.IsCA || c.MaxPathLen != 0 || c.KeyUsage&x509.KeyUsageCertSign == 0 {
		t.Errorf("ends %v, CA %v, path %d, usage %v", c.NotAfter, c.IsCA, c.MaxPathLen, c.KeyUsage)
	}
	if key, ok := c.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		t.Errorf("key %T", c.PublicKey)
	}
	leaf := issue(t, ca, now, "localhost")
	if leaf.IsCA || !slices.Equal(leaf.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) {
		t.Errorf("CA %v, usage %v", leaf.IsCA, leaf.ExtKeyUsage)
	}
	if a, b := newCA(t).Cert, newCA(t).Cert; a.Subject.String() == b.Subject.String() || a.SerialNumber.Cmp(b.SerialNumber) == 0 {
		t.Error("two authorities can not be told apart")
	}
}

func TestNoCertificateOutlivesItsAuthority(t *testing.T) {
	ca := newCA(t)
	if leaf := issue(t, ca, now.AddDate(9, 11, 0), "localhost"); !leaf.NotAfter.Equal(ca.Cert.NotAfter) {
		t.Errorf("ends %v, the authority %v", leaf.NotAfter, ca.Cert.NotAfter)
	}
}

func TestAHostThatNoCertificateCanNameIsAnError(t *testing.T) {
	if _, _, err := newCA(t).Issue([]string{"müller.example"}, now); err == nil {
		t.Error("a certificate for a name that is not ASCII")
	}
}

func TestHostsAreLoopbackAndThePublicOne(t *testing.T) {
	for public, extra := range map[string]string{
		"":                        "",
		"localhost:8443":          "",
		"127.0.0.1:8443":          "",
		"[::1]:8443":              "",
		"[::1]":                   "",
		"[0:0::1]:1":              "",
		"[::ffff:127.0.0.1]:1":    "",
		"Access.Example.com":      "access.example.com",
		"access.example.com:8443": "access.example.com",
		"[2001:DB8::1]:8443":      "2001:db8::1",
		"10.1.2.3":                "10.1.2.3",
	} {
		want := []string{"127.0.0.1", "::1", "localhost"}
		if extra != "" {
			want = append(want, extra)
		}
		if got := Hosts(public); !slices.Equal(got, want) {
			t.Errorf("Hosts(%q) = %v", public, got)
		}
	}
}

func TestAnAuthorityComesBackFromItsPEM(t *testing.T) {
	ca := newCA(t)
	text, err := ca.PEM()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseCA(text)
	if err != nil || !back.Cert.Equal(ca.Cert) || !back.key.Equal(ca.key) {
		t.Errorf("%v", err)
	}
	if leaf := issue(t, back, now, "::1"); leaf.CheckSignatureFrom(ca.Cert) != nil || !leaf.IPAddresses[0].Equal(net.IPv6loopback) {
		t.Error("what came back does not sign as before")
	}
}

func TestOnlyAWholeAuthorityIsRead(t *testing.T) {
	ca, other := newCA(t), newCA(t)
	key, err := encodeKey(ca.key)
	if err != nil {
		t.Fatal(err)
	}
	leafCert, leafKey, err := ca.Issue([]string{"localhost"}, now)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"nothing":          nil,
		"no PEM":           []byte("hello"),
		"no key":           ca.CertPEM(),
		"no certificate":   key,
		"another's key":    append(other.CertPEM(), key...),
		"a server's":       append(leafCert, leafKey...),
		"damaged":          append([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), key...),
		"a damaged key":    append(ca.CertPEM(), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"...),
		"cut in the midst": ca.CertPEM()[:100],
	} {
		if _, err := ParseCA(text); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

func FuzzParseCA(f *testing.F) {
	text, err := newCA(f).PEM()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(text[:len(text)-40])
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		ca, err := ParseCA(text)
		if err == nil && (ca.Cert == nil || ca.key == nil || !ca.Cert.IsCA) {
			t.Errorf("%q is read as %+v", text, ca)
		}
	})
}
