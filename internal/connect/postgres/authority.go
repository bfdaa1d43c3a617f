package postgres

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"net/url"

	"github.com/jackc/pgx/v5"

	"github.com/interim-access/interim/internal/platform/fault"
)

// trusted reads the certificates of a private authority; nil where there are none. With them the target must be verified: a mode in
// which they would not be looked at is refused, and who names no mode gets the strictest.
func trusted(text string, private bool, query url.Values) (*x509.CertPool, error) {
	const field = "caCertificate"
	if !private {
		return nil, nil //nolint:nilnil // none is what the driver takes for the machine's own
	}
	pool, found := x509.NewCertPool(), 0
	rest := bytes.TrimSpace([]byte(text))
	for len(rest) > 0 {
		var block *pem.Block
		if bytes.HasPrefix(rest, []byte("-----BEGIN ")) {
			block, rest = pem.Decode(rest)
		}
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, fault.InvalidField(field, "must be certificates in PEM and nothing else")
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fault.InvalidField(field, "certificate %d cannot be read", found+1)
		}
		pool.AddCert(certificate)
		found++
		rest = bytes.TrimSpace(rest)
	}
	if found == 0 {
		return nil, fault.InvalidField(field, "must be certificates in PEM and nothing else")
	}
	switch query.Get("sslmode") {
	case "":
		query.Set("sslmode", "verify-full")
	case "verify-full", "verify-ca":
	default:
		return nil, fault.InvalidField(field, "is looked at with sslmode verify-full and verify-ca only")
	}
	return pool, nil
}

// trust makes every way to the target check its certificate against roots, nil for the authorities the machine knows. The driver's
// own check for verify-ca reads them from the same place.
func trust(c *pgx.ConnConfig, roots *x509.CertPool) {
	if roots == nil {
		return
	}
	if c.TLSConfig != nil {
		c.TLSConfig.RootCAs = roots
	}
	for _, f := range c.Fallbacks {
		if f.TLSConfig != nil {
			f.TLSConfig.RootCAs = roots
		}
	}
}
