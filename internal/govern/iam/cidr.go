package iam

import (
	"net/netip"
	"slices"

	"github.com/interim-access/interim/internal/platform/fault"
)

// MaxSources is how many networks one client may name.
const MaxSources = 32

// ParseSources reads networks in CIDR form and returns them canonical: host bits cleared, IPv4 written as IPv6 taken as IPv4,
// sorted, each once. Invalid, naming the field, for anything else.
func ParseSources(field string, list []string) ([]netip.Prefix, error) {
	if len(list) > MaxSources {
		return nil, fault.InvalidField(field, "at most %d networks", MaxSources)
	}
	out := make([]netip.Prefix, 0, len(list))
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fault.InvalidField(field, "%q is not a network such as 192.0.2.0/24 or 2001:db8::/32", brief(s))
		}
		if p, err = unmapped(p); err != nil {
			return nil, fault.InvalidField(field, "%q reaches beyond IPv4 addresses written as IPv6", brief(s))
		}
		out = append(out, p)
	}
	slices.SortFunc(out, netip.Prefix.Compare)
	return slices.Compact(out), nil
}

// unmapped turns ::ffff:192.0.2.0/120 into 192.0.2.0/24, because source addresses are compared unmapped. A prefix that is shorter
// than the mapping itself holds IPv4 and IPv6 at once and would silently match neither.
func unmapped(p netip.Prefix) (netip.Prefix, error) {
	const mapping = 96
	if !p.Addr().Is4In6() {
		return p.Masked(), nil
	}
	return p.Addr().Unmap().Prefix(p.Bits() - mapping)
}
