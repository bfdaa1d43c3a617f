package page

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/interim-access/interim/internal/platform/fault"
)

// MaxToken is the longest page token, in bytes; a longer one is refused unread.
const MaxToken = 2048

const (
	format  = 1  // first byte of every token
	macSize = 16 // HMAC-SHA256, cut
)

// Tokens turns keys into page tokens and back. A token is signed, not
// encrypted: it holds only what its reader was just shown. The threat is a
// token that was made up, or taken from another list, and would start a
// listing where the filters of this one never lead.
type Tokens struct{ key []byte }

// NewTokens returns Tokens signed with key, 32 random bytes that all replicas
// share.
func NewTokens(key []byte) *Tokens { return &Tokens{key: append([]byte(nil), key...)} }

// Scope names one list under one filter. The filter is any deterministic
// encoding of everything that decides which rows the list has and in which
// order, the page size left out; nil when there is nothing to filter.
func Scope(name string, filter []byte) string {
	sum := sha256.Sum256(filter)
	return name + "#" + base64.RawURLEncoding.EncodeToString(sum[:macSize])
}

// Seal returns the token for the page after k in the list named by scope,
// URL-safe and at most MaxToken long; "" for an empty key, the end of the
// list. It panics when k is over MaxKey, since a list whose sort column can be
// that long could never be read to its end.
func (t *Tokens) Seal(scope string, k Key) string {
	if len(k) == 0 {
		return ""
	}
	body := []byte{format}
	for _, v := range k {
		body = binary.AppendUvarint(body, uint64(len(v)))
		body = append(body, v...)
	}
	if len(body) > MaxKey+32 {
		panic("page: a key of " + scope + " is over MaxKey")
	}
	return base64.RawURLEncoding.EncodeToString(append(body, t.mac(scope, body)...))
}

// Open returns the key inside a token that Seal made for the same scope; nil
// for "". Anything else is an Invalid fault about pageToken.
func (t *Tokens) Open(scope, token string) (Key, error) {
	if token == "" {
		return nil, nil
	}
	if len(token) > MaxToken {
		return nil, fault.InvalidField("pageToken", "longer than %d characters", MaxToken)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < 1+macSize || strings.ContainsAny(token, "\r\n") { // which the decoder skips
		return nil, refused()
	}
	body, mac := raw[:len(raw)-macSize], raw[len(raw)-macSize:]
	if !hmac.Equal(mac, t.mac(scope, body)) || body[0] != format {
		return nil, refused()
	}
	var k Key
	for rest := body[1:]; len(rest) > 0; {
		size, n := binary.Uvarint(rest)
		if n <= 0 || size > uint64(len(rest)-n) {
			return nil, refused()
		}
		end := n + int(size)
		k, rest = append(k, string(rest[n:end])), rest[end:]
	}
	return k, nil
}

func (t *Tokens) mac(scope string, body []byte) []byte {
	h := hmac.New(sha256.New, t.key)
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(len(scope)))
	h.Write(size[:])
	h.Write([]byte(scope))
	h.Write(body)
	return h.Sum(nil)[:macSize]
}

// refused says the same whatever is wrong with a token.
func refused() error {
	return fault.InvalidField("pageToken", "not a token of this list with these filters; start again without it")
}
