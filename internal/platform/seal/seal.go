// Package seal keeps secrets at rest: connection strings, signing keys, the
// page-token key. Sealed bytes can neither be read nor changed nor put to
// another use by whoever holds the database or a backup of it, as long as they
// do not hold the key.
//
// Form: version (1 byte) | nonce (24 bytes) | XChaCha20-Poly1305 ciphertext.
// Each purpose has its own key, derived by HKDF-SHA256, and the version and
// purpose are authenticated.
package seal

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

const version = 1

// Overhead is how many bytes longer sealed bytes are than plain ones.
const Overhead = 1 + chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead

// ErrOpen says that bytes were not sealed with this key for this purpose, or
// are damaged. Which of these it is can not be told.
var ErrOpen = errors.New("seal: sealed with another key or for another purpose, or damaged")

// Box seals and opens with one key. It is safe for concurrent use.
type Box struct{ key [32]byte }

// New returns a Box over key, 32 random bytes (see LoadKey).
func New(key [32]byte) *Box { return &Box{key: key} }

// Seal encrypts plain for purpose, e.g. "connector/<id>". Put the id of the row
// into the purpose: then a sealed value copied to another row does not open.
func (b *Box) Seal(purpose string, plain []byte) ([]byte, error) {
	aead, err := b.aead(purpose)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 1+aead.NonceSize(), Overhead+len(plain))
	out[0] = version
	nonce := out[1:]
	_, _ = rand.Read(nonce) // never fails: crypto/rand ends the process instead
	return aead.Seal(out, nonce, plain, additional(purpose)), nil
}

// Open returns what was sealed for purpose, or ErrOpen.
func (b *Box) Open(purpose string, sealed []byte) ([]byte, error) {
	if len(sealed) < Overhead || sealed[0] != version {
		return nil, ErrOpen
	}
	aead, err := b.aead(purpose)
	if err != nil {
		return nil, err
	}
	body := 1 + aead.NonceSize()
	plain, err := aead.Open(nil, sealed[1:body], sealed[body:], additional(purpose))
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}

func (b *Box) aead(purpose string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, b.key[:], nil, "interim seal: "+purpose, chacha20poly1305.KeySize)
	if err != nil {
		return nil, fmt.Errorf("seal: derive the key: %w", err)
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return aead, nil
}

// additional is what is authenticated beside the ciphertext.
func additional(purpose string) []byte { return append([]byte{version}, purpose...) }
