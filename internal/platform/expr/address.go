package expr

import "net/netip"

// The kinds of ip("10.0.0.1") and cidr("10.0.0.0/8").
var (
	addressShape = NewShape("net.IP")
	networkShape = NewShape("net.CIDR")
)

// addresses are the functions on addresses that every environment has, a part of CEL's network library.
var addresses = []Function{
	{"ip", []Overload{{Args: []Type{String}, Result: addressShape.Type, Pure: func(a []any) (any, error) {
		ip, err := netip.ParseAddr(a[0].(string))
		if err != nil || ip.Zone() != "" {
			return nil, failed("ip: not an address")
		}
		return addressShape.Of(ip), nil
	}}}},
	{"cidr", []Overload{{Args: []Type{String}, Result: networkShape.Type, Pure: func(a []any) (any, error) {
		n, err := netip.ParsePrefix(a[0].(string))
		if err != nil {
			return nil, failed("cidr: not a network")
		}
		return networkShape.Of(n), nil
	}}}},
	{"isIP", []Overload{{Args: []Type{String}, Result: Bool, Pure: func(a []any) (any, error) {
		ip, err := netip.ParseAddr(a[0].(string))
		return err == nil && ip.Zone() == "", nil
	}}}},
	{"isCIDR", []Overload{{Args: []Type{String}, Result: Bool, Pure: func(a []any) (any, error) {
		_, err := netip.ParsePrefix(a[0].(string))
		return err == nil, nil
	}}}},
	{"containsIP", []Overload{
		{Member: true, Args: []Type{networkShape.Type, addressShape.Type}, Result: Bool, Pure: func(a []any) (any, error) {
			return a[0].(netip.Prefix).Contains(a[1].(netip.Addr)), nil
		}},
		{Member: true, Args: []Type{networkShape.Type, String}, Result: Bool, Pure: func(a []any) (any, error) {
			ip, err := netip.ParseAddr(a[1].(string))
			if err != nil {
				return nil, failed("containsIP: not an address")
			}
			return a[0].(netip.Prefix).Contains(ip), nil
		}},
	}},
	{"family", []Overload{{Member: true, Args: []Type{addressShape.Type}, Result: Int, Pure: func(a []any) (any, error) {
		if a[0].(netip.Addr).Is4() {
			return int64(4), nil
		}
		return int64(6), nil
	}}}},
}
