package config

import (
	"net/netip"
	"strconv"
	"strings"
)

// isHost reports whether s is an IP address or a DNS name as certificates
// spell it: ASCII letters, digits and inner hyphens.
func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	if len(s) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.Trim(label, ldh) != "" {
			return false
		}
		last = label
	}
	return strings.Trim(last, "0123456789") != "" // or it is a mistyped IP address
}

const ldh = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

// isPort reports whether s is a number from 0 to 65535.
func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && strconv.FormatUint(n, 10) == s
}
