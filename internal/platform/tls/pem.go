package tlsca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

const (
	typeCert = "CERTIFICATE"
	typeKey  = "PRIVATE KEY"
)

// Why stored certificates are of no use.
var (
	errNoPEM    = errors.New("no certificate and key in PEM form")
	errNotACA   = errors.New("the certificate is not a certificate authority's")
	errMismatch = errors.New("the key does not belong to the certificate")
)

// CertPEM returns the authority's certificate, for clients; it is public.
func (c CA) CertPEM() []byte { return encodeCert(c.Cert) }

// PEM returns certificate and key in one text, to be kept secret.
func (c CA) PEM() ([]byte, error) {
	key, err := encodeKey(c.key)
	return append(encodeCert(c.Cert), key...), err
}

// ParseCA is the inverse of PEM.
func ParseCA(text []byte) (CA, error) {
	cert, key, err := parsePair(text)
	if err == nil && !cert.IsCA {
		err = errNotACA
	}
	if err != nil {
		return CA{}, fmt.Errorf("read the CA: %w", err)
	}
	return CA{Cert: cert, key: key}, nil
}

// parsePair reads the first certificate and the first key of a text, in either
// order; other blocks are passed over.
func parsePair(text []byte) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	var certDER, keyDER []byte
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case block.Type == typeCert && certDER == nil:
			certDER = block.Bytes
		case block.Type == typeKey && keyDER == nil:
			keyDER = block.Bytes
		}
	}
	if certDER == nil || keyDER == nil {
		return nil, nil, errNoPEM
	}
	cert, err := x509.ParseCertificate(certDER)
	if err != nil {
		return nil, nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(keyDER)
	if err != nil {
		return nil, nil, err
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() || !key.PublicKey.Equal(cert.PublicKey) {
		return nil, nil, errMismatch
	}
	return cert, key, nil
}

func encodeCert(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: typeCert, Bytes: cert.Raw})
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode a key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: typeKey, Bytes: der}), nil
}
