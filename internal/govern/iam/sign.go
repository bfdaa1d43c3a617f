package iam

import (
	"context"
	"crypto/ed25519"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// messageType is the type of tokens that go out with messages of ours. They are signed with the same keys as access tokens, and never
// pass for one: an access token is of another type.
const messageType = "JWT"

// SignClaims returns a token with these claims, signed with the key that signs access tokens; who receives it finds the key under
// /auth/v1/jwks. A key that was replaced is shown there for an hour more.
func (s *Service) SignClaims(ctx context.Context, claims any) (string, error) {
	if _, err := s.keys.current(ctx, s.clock.Now()); err != nil {
		return "", err
	}
	s.keys.mu.RLock()
	key := s.keys.keys[0]
	s.keys.mu.RUnlock()
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: ed25519.NewKeyFromSeed(key.Seed), KeyID: key.KID}},
		(&jose.SignerOptions{}).WithType(messageType))
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}
