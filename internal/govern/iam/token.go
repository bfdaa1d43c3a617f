package iam

import (
	"context"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

const (
	// tokenLife is how long an access token lives at most. Not shorter: the official TypeScript client keeps a token for a fixed
	// hour whatever it is told (c1-api.md, section 1.1).
	tokenLife = time.Hour
	// tokenType keeps assertions and access tokens apart (RFC 9068): neither passes for the other.
	tokenType = "at+jwt"
	// maxToken is the longest access token looked at, in bytes; ours have about 450.
	maxToken = 4096
	// maxVerified is how many verified tokens are remembered; checking a signature costs about 58 us.
	maxVerified = 8192
)

// Token is an access token just made.
type Token struct {
	Access    string
	ExpiresIn int // seconds, rounded down
}

// verified is what a token says, after its signature was checked.
type verified struct {
	clientID string
	tokenID  string
	until    time.Time
}

// issue makes a token for the client: an hour, or less if the client ends before.
func (s *Service) issue(ctx context.Context, c Client, now time.Time) (Token, string, error) {
	signer, err := s.keys.current(ctx, now)
	if err != nil {
		return Token{}, "", err
	}
	until := soonest(now.Add(tokenLife), c.Limits.Until)
	claims := jwt.Claims{
		Issuer: s.host, Audience: jwt.Audience{s.host}, Subject: c.ClientID, ID: id.New(now),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(until),
	}
	access, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		return Token{}, "", err
	}
	return Token{Access: access, ExpiresIn: int(until.Sub(now) / time.Second)}, claims.ID, nil
}

// verify checks an access token of ours. The check is remembered by the token's hash, the token itself is not.
func (s *Service) verify(ctx context.Context, token string, now time.Time) (verified, error) {
	if len(token) > maxToken {
		return verified{}, badToken()
	}
	if isAPIToken(token) {
		return verified{}, fault.New(fault.Unauthenticated, "an API token is no credential here: an access token is required")
	}
	hash := sha256.Sum256([]byte(token))
	v, ok := s.verified.get(hash)
	if !ok {
		var err error
		if v, err = s.check(ctx, token, now); err != nil {
			return verified{}, err
		}
		s.verified.put(hash, v)
	}
	if !now.Before(v.until) {
		return verified{}, fault.New(fault.Unauthenticated, "the access token has expired")
	}
	return v, nil
}

func (s *Service) check(ctx context.Context, token string, now time.Time) (verified, error) {
	t, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil || len(t.Headers) != 1 || t.Headers[0].ExtraHeaders[jose.HeaderType] != tokenType {
		return verified{}, badToken()
	}
	key, ok := s.keys.find(ctx, t.Headers[0].KeyID, now)
	if !ok {
		return verified{}, badToken()
	}
	var c jwt.Claims
	if err := t.Claims(key, &c); err != nil {
		return verified{}, badToken()
	}
	if c.Issuer != s.host || len(c.Audience) != 1 || c.Audience[0] != s.host || c.Expiry == nil || c.Subject == "" {
		return verified{}, badToken()
	}
	return verified{clientID: strings.Clone(c.Subject), tokenID: c.ID, until: c.Expiry.Time()}, nil
}

func badToken() error { return fault.New(fault.Unauthenticated, "the access token is not valid") }
