package iam

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/interim-access/interim/internal/platform/fault"
)

const (
	// maxAssertion is the longest assertion looked at, in bytes; those of official clients have under 700.
	maxAssertion = 8192
	// maxAssertionLife is how far away the end of an assertion may be; upstream documents five minutes (c1-api.md, section 1.2).
	maxAssertionLife = 5 * time.Minute
	// clockSkew is how far a client's clock may run ahead: its iat and nbf may be that much in the future.
	clockSkew = 10 * time.Second
)

// assertion is a client's signed statement who it is, its claims judged and its signature not yet.
type assertion struct {
	clientID string
	until    time.Time
	digest   []byte // SHA-256 of the signing input, by which it is known again
	token    *jwt.JSONWebToken
}

// parseAssertion reads an assertion and judges its claims at now. audiences are the host names that are ours beside the one in the
// client id itself. The nonce official clients put in the header or the claims is not needed: an assertion is good once.
func parseAssertion(raw string, audiences []string, now time.Time) (assertion, error) {
	if len(raw) > maxAssertion {
		return assertion{}, fault.InvalidField("client_assertion", "at most %d bytes", maxAssertion)
	}
	signed := strings.LastIndexByte(raw, '.')
	if signed < 0 || !canonical(raw) {
		return assertion{}, notAccepted("is not a JWT in compact form")
	}
	token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return assertion{}, notAccepted("is not a JWT signed with EdDSA")
	}
	if token.Headers[0].ExtraHeaders[jose.HeaderType] == tokenType {
		return assertion{}, notAccepted("is an access token")
	}
	var c jwt.Claims
	if err := token.UnsafeClaimsWithoutVerification(&c); err != nil {
		return assertion{}, notAccepted("has claims that cannot be read")
	}
	if err := judge(c, audiences, now); err != nil {
		return assertion{}, err
	}
	digest := sha256.Sum256([]byte(raw[:signed]))
	return assertion{clientID: c.Issuer, until: c.Expiry.Time(), digest: digest[:], token: token}, nil
}

func judge(c jwt.Claims, audiences []string, now time.Time) error {
	switch {
	case !clientIDForm.MatchString(c.Issuer):
		return notAccepted("needs an iss that is the client id")
	case c.Subject != c.Issuer:
		return notAccepted("needs a sub that equals its iss")
	case len(c.Audience) != 1:
		return notAccepted("needs exactly one aud")
	case !slices.Contains(append([]string{clientHost(c.Issuer)}, audiences...), hostName(c.Audience[0])):
		return notAccepted("has an aud that is not the host name of this server")
	case c.Expiry == nil:
		return notAccepted("needs an exp")
	case !now.Before(c.Expiry.Time()):
		return notAccepted("has expired")
	case c.Expiry.Time().Sub(now) > maxAssertionLife:
		return notAccepted("has an exp more than five minutes away")
	case c.IssuedAt != nil && c.IssuedAt.Time().Sub(now) > clockSkew:
		return notAccepted("has an iat in the future")
	case c.NotBefore != nil && c.NotBefore.Time().Sub(now) > clockSkew:
		return notAccepted("has an nbf in the future")
	default:
		return nil
	}
}

// signedBy reports whether the assertion was signed with the private half of key.
func (a assertion) signedBy(key ed25519.PublicKey) bool {
	return len(key) == ed25519.PublicKeySize && a.token.Claims(key) == nil
}

// canonical reports whether every part of a compact JWT is base64url in its one right spelling. The threat: bits and line breaks
// that decoders skip would give one signature many texts, and the replay check knows an assertion by its text.
func canonical(raw string) bool {
	if strings.ContainsAny(raw, "\r\n") {
		return false
	}
	for part := range strings.SplitSeq(raw, ".") {
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return false
		}
	}
	return true
}

// clientIDForm is what a client id looks like (c1-api.md, section 1.3); nothing else is looked up.
var clientIDForm = regexp.MustCompile(`^[a-z0-9-]{1,100}@[A-Za-z0-9.:\[\]_-]{1,300}/[a-z]{1,16}$`)

// clientHost is the host name inside a client id, "127.0.0.1" of "brave-otter-12345@127.0.0.1:8443/pcc". A client that exists has a
// host that was ours when its id was made, and clients go on using it as audience (c1-api.md, section 1.2).
func clientHost(clientID string) string {
	_, rest, _ := strings.Cut(clientID, "@")
	host, _, _ := strings.Cut(rest, "/")
	return hostName(host)
}

// hostName strips the port and the brackets of an IPv6 address, and folds case.
func hostName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

func notAccepted(why string) error {
	return fault.New(fault.Unauthenticated, "the client assertion %s", why)
}
