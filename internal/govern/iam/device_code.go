package iam

import (
	"net/netip"
	"strings"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

func deviceBy(q db.Q, column string, hash []byte) (deviceGrant, error) {
	return db.One(q, func(r *db.Rows) (g deviceGrant, err error) {
		var limits string
		var created, expires int64
		if err := r.Scan(&g.app, &g.ip, &g.state, &g.userID, &limits, &created, &expires); err != nil {
			return g, err
		}
		g.created, g.expires = clock.FromMicros(created), clock.FromMicros(expires)
		g.limits, err = parseLimits(limits)
		return g, err
	}, `select app, source_ip, state, user_id, limits, created_at, expires_at from device_grant where `+column+` = $1`, hash)
}

// userCodeLetters leave out vowels, so that no code is a word, and Y.
const userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"

// newUserCode makes a code a person can type: 34 bits, which at most ten minutes and a signed-in person stand before.
func newUserCode() string {
	var b strings.Builder
	for i := range 8 {
		if i == 4 {
			b.WriteByte('-')
		}
		b.WriteByte(userCodeLetters[dice(len(userCodeLetters))])
	}
	return b.String()
}

// userCodeHash hashes what a person typed, whatever its case and separators. So few bits do not resist whoever reads the table, who
// gains a code that for ten minutes is of use to a signed-in person only.
func userCodeHash(code string) []byte {
	return hashOf(strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, strings.ToUpper(code)))
}

func addrText(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return ip.Unmap().String()
}
