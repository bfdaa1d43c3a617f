// Package tlsca makes the certificates a fresh installation serves with: a
// certificate authority of its own, and a server certificate that it renews
// without a restart. Clients are given the authority's certificate once
// (bootstrap.json names the file) and it stays the same for ten years.
package tlsca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// How long certificates live. A leaf stays below the 398 days that clients
// accept at most (CA/Browser Forum baseline requirements, 6.3.2).
const (
	caYears  = 10
	leafLife = 397 * 24 * time.Hour
	renewal  = 30 * 24 * time.Hour // a certificate is replaced when it has less than this left
	backdate = time.Hour           // for clients whose clocks are behind
)

// CA is a certificate authority with its key.
type CA struct {
	Cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewCA makes an authority that is valid for ten years from now. It signs
// server certificates, not further authorities.
func NewCA(now time.Time) (CA, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return CA{}, fmt.Errorf("make the CA's key: %w", err)
	}
	number := serial()
	cert, err := sign(&x509.Certificate{
		SerialNumber:          number,
		Subject:               pkix.Name{Organization: []string{"Interim"}, CommonName: "Interim CA " + hex.EncodeToString(number.Bytes()[:4])},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.AddDate(caYears, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}, nil, &key.PublicKey, key)
	if err != nil {
		return CA{}, fmt.Errorf("make the CA: %w", err)
	}
	return CA{Cert: cert, key: key}, nil
}

// Issue makes a server certificate with a key of its own for hosts, which are
// DNS names and IP addresses without ports, for 397 days from now or as long
// as the authority lives.
func (c CA) Issue(hosts []string, now time.Time) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make the server's key: %w", err)
	}
	end := now.Add(leafLife)
	if end.After(c.Cert.NotAfter) {
		end = c.Cert.NotAfter
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{Organization: []string{"Interim"}, CommonName: "Interim server"},
		NotBefore:    now.Add(-backdate),
		NotAfter:     end,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range hosts {
		if ip, err := netip.ParseAddr(h); err == nil {
			template.IPAddresses = append(template.IPAddresses, net.IP(ip.AsSlice()))
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	cert, err := sign(template, c.Cert, &key.PublicKey, c.key)
	if err != nil {
		return nil, nil, fmt.Errorf("make a certificate for %s: %w", strings.Join(hosts, ", "), err)
	}
	keyPEM, err = encodeKey(key)
	return encodeCert(cert), keyPEM, err
}

// Hosts returns the names a server certificate is made for: those of this
// machine's loopback, and the host of public, which is HOST or HOST:PORT.
func Hosts(public string) []string {
	hosts := []string{"127.0.0.1", "::1", "localhost"}
	host, _, err := net.SplitHostPort(public)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(public, "["), "]")
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.WithZone("").Unmap().String()
	} else {
		host = strings.ToLower(host)
	}
	if host != "" && !slices.Contains(hosts, host) {
		hosts = append(hosts, host)
	}
	return hosts
}

// sign has parent sign a certificate; without a parent it signs itself.
func sign(template, parent *x509.Certificate, public *ecdsa.PublicKey, by *ecdsa.PrivateKey) (*x509.Certificate, error) {
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, by)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// serial is a random positive number of 126 bits.
func serial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[0] = b[0]&0x3f | 0x20 // positive, and never fewer bytes
	return new(big.Int).SetBytes(b[:])
}
