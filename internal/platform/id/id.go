// Package id makes identities and shows them. An identity is a UUIDv7, kept as
// lower-case text. Opal clients see the UUID; C1 clients see a KSUID (27
// characters of base62) whose payload is the UUID, so that neither form needs
// a lookup to become the other.
package id

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"sync"
	"time"
)

// randB is the 62 random bits of a UUIDv7 that follow its variant.
const randB = 1<<62 - 1

// maker remembers the last identity made, so that identities made at one
// microsecond still sort in the order they were made.
var maker struct {
	sync.Mutex
	micros int64
	tail   uint64
}

// New returns a new identity as UUIDv7 text. Identities sort by now, to the
// microsecond: the milliseconds are the UUID's timestamp, the rest is rand_a.
// Within one process those of the same microsecond sort in the order of the
// calls. A now before 1970 counts as 1970.
func New(now time.Time) string {
	micros := max(now.UnixMicro(), 0)
	var r [8]byte
	_, _ = rand.Read(r[:]) // never fails: crypto/rand ends the process instead
	random := binary.BigEndian.Uint64(r[:])

	maker.Lock()
	if micros == maker.micros {
		maker.tail = (maker.tail + 1 + random>>32) & randB
	} else {
		maker.micros, maker.tail = micros, random&(randB>>1) // the top bit is room to count
	}
	tail := maker.tail
	maker.Unlock()
	return format(v7(micros, tail))
}

// v7 lays out a UUIDv7: 48 bits of milliseconds, the version, 12 bits of
// fraction of a millisecond (RFC 9562, 6.2 method 3), the variant, the tail.
func v7(micros int64, tail uint64) (u [16]byte) {
	ms, fraction := uint64(micros/1000), uint64(micros%1000)*4096/1000
	binary.BigEndian.PutUint64(u[:8], ms<<16|0x7000|fraction)
	binary.BigEndian.PutUint64(u[8:], 1<<63|tail&randB)
	return u
}

// Beside returns the identity n places after that of something made, or before
// it where n is negative: those of its parts, which nothing is stored for. New
// leaves two billion places free after each on average, so that a part can be
// found from its identity, and sorts with what it is a part of. What is no
// identity gives "".
func Beside(uuid string, n int) string {
	u, ok := parse(uuid)
	if !ok || !isV7(u) {
		return ""
	}
	tail := binary.BigEndian.Uint64(u[8:]) + uint64(int64(n))
	binary.BigEndian.PutUint64(u[8:], 1<<63|tail&randB)
	return format(u)
}

// isV7 reports whether u has the version and variant of what New makes.
func isV7(u [16]byte) bool { return u[6]>>4 == 7 && u[8]>>6 == 2 }

// staticMillis is 2020-01-01, the timestamp of every static identity.
const staticMillis = 1577836800000

// Static returns the fixed identity of a built-in thing: the same name gives
// the same UUIDv7-shaped text in every installation and release.
func Static(name string) string {
	sum := sha256.Sum256([]byte(name))
	u := v7(staticMillis*1000, binary.BigEndian.Uint64(sum[2:]))
	u[6], u[7] = u[6]|sum[0]&0x0f, sum[1]
	return format(u)
}

// Valid reports whether uuid is a UUID as Interim writes it: 36 characters,
// lower case, any version. A door answers 400 to anything else.
func Valid(uuid string) bool {
	_, ok := parse(uuid)
	return ok
}

func format(u [16]byte) string {
	var b [36]byte
	hex.Encode(b[:8], u[:4])
	hex.Encode(b[9:13], u[4:6])
	hex.Encode(b[14:18], u[6:8])
	hex.Encode(b[19:23], u[8:10])
	hex.Encode(b[24:], u[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

func parse(s string) (u [16]byte, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return u, false
	}
	for i, at := range [16]int{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34} {
		hi, lo := nibble(s[at]), nibble(s[at+1])
		if hi|lo > 15 {
			return u, false
		}
		u[i] = hi<<4 | lo
	}
	return u, true
}

// nibble is the value of a lower-case hexadecimal digit, over 15 if it is none.
func nibble(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	default:
		return 0xff
	}
}
