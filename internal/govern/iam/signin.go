package iam

import (
	"context"
	"net/netip"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Attempt is a client that wants an access token. Either Assertion or Secret proves who it is.
type Attempt struct {
	ClientID  string // may be empty with an assertion, which names it
	Assertion string
	Secret    string
	IP        netip.Addr // the source address as a trusted proxy tells it
	RequestID string
}

// SignIn checks an attempt and answers an access token that lives an hour, or less if the client ends before. Unauthenticated
// whoever it is that cannot be proved, in the same words whether or not the client exists; Denied for an address outside the
// client's networks; Unavailable when the client cannot be read. Anybody.
func (s *Service) SignIn(ctx context.Context, a Attempt) (Token, error) {
	now := s.clock.Now()
	proof, err := s.proofOf(a, now)
	if err != nil {
		return Token{}, err
	}
	if !clientIDForm.MatchString(proof.clientID) {
		return Token{}, fault.InvalidField("client_id", "must match %s", clientIDForm)
	}
	r, err := s.rights.get(ctx, proof.clientID, now)
	if err != nil && !fault.Is(err, fault.Unauthenticated) {
		return Token{}, err
	}
	key := decoyKey // a client that is not there costs as much as one that is
	if err == nil && r.client.Kind == KindPersonal {
		key = r.client.PublicKey
	}
	if !proof.fits(key) {
		return Token{}, fault.New(fault.Unauthenticated, "client authentication failed")
	}
	if err := r.usable(a.IP.Unmap(), now); err != nil {
		return Token{}, err
	}
	token, tokenID, err := s.issue(ctx, r.client, now)
	if err != nil {
		return Token{}, err
	}
	p := r.template
	p.TokenID, p.IP, p.RequestID = tokenID, a.IP.Unmap(), a.RequestID
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := spend(tx, r.client.Key, proof); err != nil {
			return err
		}
		return s.audit.Record(tx, p.Actor(), clientEvent(r.client, "client.signed_in", audit.Other,
			"signed in with "+r.client.ClientID, map[string]any{"method": proof.method, "tokenId": tokenID}))
	})
	if err != nil {
		return Token{}, err
	}
	s.usage.mark(r.client.Key, now)
	return token, nil
}

// proof is how a client shows who it is.
type proof struct {
	method    string
	clientID  string
	assertion *assertion
	secret    string
}

func (s *Service) proofOf(a Attempt, now time.Time) (proof, error) {
	if a.Assertion == "" {
		return proof{method: "secret", clientID: a.ClientID, secret: a.Secret}, nil
	}
	said, err := parseAssertion(a.Assertion, s.audiences, now)
	if err != nil {
		return proof{}, err
	}
	if a.ClientID != "" && a.ClientID != said.clientID {
		return proof{}, notAccepted("is about another client than client_id")
	}
	return proof{method: "assertion", clientID: said.clientID, assertion: &said}, nil
}

func (p proof) fits(key []byte) bool {
	if p.assertion != nil {
		return p.assertion.signedBy(key)
	}
	return secretFits(p.secret, key)
}

// spend notes that an assertion was used. Unauthenticated if it was used before: of two requests with one assertion, at once or in
// turn, here or on another replica, one gets a token.
func spend(tx *db.Tx, key ClientKey, p proof) error {
	if p.assertion == nil {
		return nil
	}
	n, err := tx.Exec(`insert into assertion (client_id, digest, expires_at) values ($1, $2, $3) on conflict do nothing`,
		string(key), p.assertion.digest, clock.Micros(p.assertion.until))
	if err == nil && n == 0 {
		err = notAccepted("was used before")
	}
	return err
}
