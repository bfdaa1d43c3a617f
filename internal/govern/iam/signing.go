package iam

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

const signingKeys = "signing_keys"

// signingKey is one key that access tokens are signed with.
type signingKey struct {
	KID       string    `json:"kid"`
	Seed      []byte    `json:"seed"`
	CreatedAt time.Time `json:"createdAt"`
}

// keyring holds the signing keys: the first signs, all verify. Rotation puts a new one in front and drops those whose successor is
// older than any token.
type keyring struct {
	settings *Settings

	mu     sync.RWMutex
	keys   []signingKey
	read   time.Time
	signer jose.Signer
	public map[string]ed25519.PublicKey
}

func newSigningKey(now time.Time) signingKey {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails: crypto/rand ends the process instead
	return signingKey{KID: id.KSUID(id.New(now)), Seed: seed, CreatedAt: now}
}

// load reads the keys, making the first one on an empty database.
func (k *keyring) load(ctx context.Context, now time.Time) error {
	raw, err := k.settings.Ensure(ctx, signingKeys, func() ([]byte, error) { return json.Marshal([]signingKey{newSigningKey(now)}) })
	if err != nil {
		return err
	}
	keys, err := parseSigningKeys(raw)
	if err != nil {
		return err
	}
	return k.use(keys, now)
}

func parseSigningKeys(raw []byte) ([]signingKey, error) {
	var keys []signingKey
	if err := json.Unmarshal(raw, &keys); err != nil || len(keys) == 0 {
		return nil, fault.Wrap(fault.Internal, err, "the signing keys cannot be read")
	}
	return keys, nil
}

func (k *keyring) use(keys []signingKey, now time.Time) error {
	public := make(map[string]ed25519.PublicKey, len(keys))
	for _, key := range keys {
		public[key.KID] = publicOf(key.Seed)
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: ed25519.NewKeyFromSeed(keys[0].Seed), KeyID: keys[0].KID}},
		(&jose.SignerOptions{}).WithType(tokenType))
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys, k.public, k.signer, k.read = keys, public, signer, now
	return nil
}

// current is what signs now. After a notice that the keys changed, they are read first.
func (k *keyring) current(ctx context.Context, now time.Time) (jose.Signer, error) {
	k.mu.RLock()
	signer, expired := k.signer, k.read.IsZero()
	k.mu.RUnlock()
	if !expired {
		return signer, nil
	}
	if err := k.load(ctx, now); err != nil {
		return nil, err
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.signer, nil
}

// find returns the public key with that id. An id that is not known may be the new key of another replica: the keys are read
// again, at most once a second, so that made-up ids cost nothing.
func (k *keyring) find(ctx context.Context, kid string, now time.Time) (ed25519.PublicKey, bool) {
	k.mu.RLock()
	key, ok := k.public[kid]
	fresh := now.Sub(k.read) < time.Second
	k.mu.RUnlock()
	if ok || fresh || k.load(ctx, now) != nil {
		return key, ok
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	key, ok = k.public[kid]
	return key, ok
}

// JWKS are the public keys that access tokens verify with, for /auth/v1/jwks.
func (s *Service) JWKS(ctx context.Context) (jose.JSONWebKeySet, error) {
	if _, err := s.keys.current(ctx, s.clock.Now()); err != nil {
		return jose.JSONWebKeySet{}, err
	}
	s.keys.mu.RLock()
	defer s.keys.mu.RUnlock()
	var set jose.JSONWebKeySet
	for _, key := range s.keys.keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{
			Key: s.keys.public[key.KID], KeyID: key.KID, Algorithm: string(jose.EdDSA), Use: "sig",
		})
	}
	return set, nil
}

// RotateSigningKey makes a new key that signs from now on; tokens signed with the one before stay good until they expire. For the
// operator.
func (s *Service) RotateSigningKey(ctx context.Context) error {
	now := s.clock.Now()
	next := newSigningKey(now)
	raw, was, err := s.keys.settings.read(s.db.Q(ctx), signingKeys)
	if err != nil {
		return err
	}
	old, err := parseSigningKeys(raw)
	if err != nil {
		return err
	}
	keys := append([]signingKey{next}, stillVerifying(old, now)...)
	plain, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	err = s.keys.settings.replace(ctx, signingKeys, was, plain, func(tx *db.Tx) error {
		tx.Notify(topic, noticeKeys)
		return s.audit.Record(tx, audit.From(ctx), audit.Event{
			Kind: "signing_key.rotated", Activity: audit.Update, ObjectType: "signing_key", ObjectID: next.KID,
			Message: "rotated the key that signs access tokens",
		})
	})
	if err != nil {
		return err
	}
	return s.keys.use(keys, now)
}

// stillVerifying leaves out the keys, newest first, whose successor signs longer than a token lives.
func stillVerifying(keys []signingKey, now time.Time) []signingKey {
	for i := 1; i < len(keys); i++ {
		if now.Sub(keys[i-1].CreatedAt) > tokenLife {
			return keys[:i]
		}
	}
	return keys
}

// expire makes the next use read the keys again.
func (k *keyring) expire() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.read = time.Time{}
}
