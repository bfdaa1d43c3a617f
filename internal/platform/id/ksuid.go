package id

import (
	"encoding/binary"
	"errors"
)

// Pattern is the form of a KSUID, for the message of a 400.
const Pattern = "^[a-zA-Z0-9]{27}$"

// Why a text is not the KSUID of one of our identities.
var (
	// ErrMalformed: not 27 characters of base62, or over the largest KSUID.
	// A door answers 400 naming the field and Pattern.
	ErrMalformed = errors.New("id: malformed KSUID")

	// ErrForeign: a KSUID, but one that Interim can not have made. There is no
	// such thing: a door answers 404, a list or search is empty.
	ErrForeign = errors.New("id: KSUID of somebody else")
)

// epoch is the second a KSUID's timestamp counts from, 2014-05-13 UTC
// (segmentio/ksuid).
const epoch = 1400000000

const (
	ksuidLen = 27
	digits   = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// KSUID returns the identity as C1 clients see it: 27 characters whose
// timestamp is the UUID's second and whose payload is the UUID. KSUIDs sort
// as their UUIDs do. "", and what is no UUID, give "".
func KSUID(uuid string) string {
	u, ok := parse(uuid)
	if !ok {
		return ""
	}
	return encode(image(u))
}

// FromKSUID returns the UUID inside a KSUID, or ErrMalformed or ErrForeign.
func FromKSUID(s string) (string, error) {
	raw, ok := decode(s)
	if !ok {
		return "", ErrMalformed
	}
	u := [16]byte(raw[4:])
	if !isV7(u) || image(u) != raw {
		return "", ErrForeign
	}
	return format(u), nil
}

// image is the KSUID of u in binary: four bytes of seconds, then u.
func image(u [16]byte) (raw [20]byte) {
	ms := binary.BigEndian.Uint64(u[:8]) >> 16
	binary.BigEndian.PutUint32(raw[:4], uint32(ms/1000-epoch))
	copy(raw[4:], u[:])
	return raw
}

// chunk is how many digits are converted at once: 62^5 is the largest power
// that fits 32 bits.
const (
	chunk = 5
	base  = 62 * 62 * 62 * 62 * 62
)

// encode writes raw, a number of 160 bits, in base 62, left-padded with zeros.
func encode(raw [20]byte) string {
	var words [5]uint32
	for i := range words {
		words[i] = binary.BigEndian.Uint32(raw[4*i:])
	}
	var out [ksuidLen]byte
	for end := ksuidLen; end > 0; end -= chunk {
		var rest uint64
		for j, w := range words {
			n := rest<<32 | uint64(w)
			words[j], rest = uint32(n/base), n%base
		}
		for i := end - 1; i >= max(end-chunk, 0); i-- {
			out[i] = digits[rest%62]
			rest /= 62
		}
	}
	return string(out[:])
}

// decode is the inverse of encode; it refuses what encode never writes.
func decode(s string) (raw [20]byte, ok bool) {
	if len(s) != ksuidLen {
		return raw, false
	}
	var words [5]uint32
	for i := 0; i < ksuidLen; {
		carry, factor := uint64(0), uint64(1)
		for range min(chunk, ksuidLen-i) {
			v, ok := value(s[i])
			if !ok {
				return raw, false
			}
			carry, factor = carry*62+v, factor*62
			i++
		}
		for j := len(words) - 1; j >= 0; j-- {
			n := uint64(words[j])*factor + carry
			words[j], carry = uint32(n), n>>32
		}
		if carry != 0 { // over 160 bits
			return raw, false
		}
	}
	for i, w := range words {
		binary.BigEndian.PutUint32(raw[4*i:], w)
	}
	return raw, true
}

// value is the place of a base62 digit in digits.
func value(c byte) (uint64, bool) {
	switch {
	case '0' <= c && c <= '9':
		return uint64(c - '0'), true
	case 'A' <= c && c <= 'Z':
		return uint64(c-'A') + 10, true
	case 'a' <= c && c <= 'z':
		return uint64(c-'a') + 36, true
	default:
		return 0, false
	}
}
