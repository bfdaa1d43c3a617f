package postgres

import (
	"crypto/tls"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/platform/fault"
	tlsca "github.com/interim-access/interim/internal/platform/tls"
)

// server answers PostgreSQL's request for TLS with a certificate and says how each handshake went; it goes no further.
func server(t *testing.T, ca tlsca.CA, hosts ...string) (address string, handshakes <-chan error) {
	t.Helper()
	certificate, key, err := ca.Issue(hosts, time.Now()) //nolint:forbidigo // the driver checks certificates by the machine's clock
	must(t, err)
	pair, err := tls.X509KeyPair(certificate, key)
	must(t, err)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	went := make(chan error, 16)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			ask := make([]byte, 8)
			if _, err = io.ReadFull(c, ask); err == nil {
				_, _ = c.Write([]byte("S"))
				s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
				if err = s.HandshakeContext(t.Context()); err == nil {
					_, err = s.Read(ask) // a client that does not trust us tells us here
				}
			}
			went <- err
			_ = c.Close()
		}
	}()
	return l.Addr().String(), went
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func authority(t *testing.T) tlsca.CA {
	t.Helper()
	ca, err := tlsca.NewCA(time.Now()) //nolint:forbidigo // as above
	must(t, err)
	return ca
}

func TestATargetIsTrustedByTheAuthorityItsConnectorNames(t *testing.T) {
	ours, other := authority(t), authority(t)
	const here, elsewhere = "127.0.0.1", "db.example.com"
	for _, c := range []struct {
		name, host, mode string // host is the one the certificate is for
		ca               string
		trusted          bool
	}{
		{"its authority", here, "", string(ours.CertPEM()), true},
		{"its authority, said strictly", here, "?sslmode=verify-full", string(ours.CertPEM()), true},
		{"its authority among others", here, "", string(other.CertPEM()) + "\n" + string(ours.CertPEM()), true},
		{"another authority", here, "", string(other.CertPEM()), false},
		{"another authority, whatever the host", here, "?sslmode=verify-ca", string(other.CertPEM()), false},
		{"the machine's authorities", here, "?sslmode=verify-full", "", false},
		{"another host's certificate", elsewhere, "", string(ours.CertPEM()), false},
		{"another host's certificate, which is allowed", elsewhere, "?sslmode=verify-ca", string(ours.CertPEM()), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			address, went := server(t, ours, c.host)
			secret := "postgres://interim@" + address + "/postgres" + c.mode
			if c.ca != "" {
				secret += "\n" + c.ca
			}
			target, err := Open(t.Context(), secret)
			must(t, err)
			defer target.Close()
			_, _, err = target.Check(t.Context(), "")
			if !fault.Is(err, fault.Unavailable) || strings.Contains(err.Error(), "caCertificate") == c.trusted {
				t.Errorf("checked: %v", err)
			}
			if err := <-went; (err == nil) != c.trusted {
				t.Errorf("handshake: %v", err)
			}
		})
	}
}

func TestCertificatesAreReadWholeOrRefused(t *testing.T) {
	ca := authority(t)
	_, key, err := ca.Issue([]string{"db"}, time.Now()) //nolint:forbidigo // as above
	must(t, err)
	good := string(ca.CertPEM())
	for name, s := range map[string]string{
		"nothing":           "\n",
		"words":             "\ntrust me",
		"words before":      "\ntrust me\n" + good,
		"words behind":      "\n" + good + "trust me",
		"a file's name":     "\n/etc/ssl/ca.pem",
		"a key":             "\n" + string(key),
		"a key behind":      "\n" + good + string(key),
		"half of one":       "\n" + good[:len(good)/2],
		"no certificate":    "\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		"a mode that looks": "?sslmode=require\n" + good,
		"no TLS":            "?sslmode=disable\n" + good,
		"maybe TLS":         "?sslmode=prefer\n" + good,
	} {
		if _, err := ParseConfig("postgres://interim@db/postgres" + s); !fault.Is(err, fault.Invalid) || fault.Of(err).Field != "caCertificate" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, end := range []string{"\n", "", "\r\n\r\n"} {
		c, err := ParseConfig("postgres://interim@db/postgres\n" + strings.TrimSpace(good) + end)
		if err != nil || c.ConnConfig.TLSConfig == nil || c.ConnConfig.TLSConfig.InsecureSkipVerify || len(c.ConnConfig.Fallbacks) != 0 {
			t.Errorf("with %q at the end: %v", end, err)
		}
	}
	two := strings.Join([]string{"postgres://a", "b"}, "\n")
	if _, err := url.Parse(two); err == nil {
		t.Error("a URL of two lines is one: connection strings could not be told from certificates")
	}
}
