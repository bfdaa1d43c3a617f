package guard

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"google.golang.org/grpc/peer"
)

type ipKey struct{}

// ClientIP is middleware that finds out where a request comes from, for [IP]. The address is that of the connection; only if it
// lies in trusted is X-Forwarded-For read, from its end: the last address that is not a trusted proxy itself. What stands before
// that, the caller may have written. Forwarded, X-Real-IP and other headers are never read: a proxy that writes one passes the
// others on as the caller sent them.
func ClientIP(trusted []netip.Prefix) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ip := addrOf(r.RemoteAddr)
			if within(ip, trusted) {
				ip = forwardedFor(ip, r.Header.Values("X-Forwarded-For"), trusted)
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), ipKey{}, ip)))
		})
	}
}

// IP is the source address of the request in ctx, IPv4 unmapped; the zero Addr if it is not known. Outside of [ClientIP] it is the
// address of the gRPC peer.
func IP(ctx context.Context) netip.Addr {
	if ip, ok := ctx.Value(ipKey{}).(netip.Addr); ok {
		return ip
	}
	if p, ok := peer.FromContext(ctx); ok && p.Addr != nil {
		return addrOf(p.Addr.String())
	}
	return netip.Addr{}
}

// forwardedFor walks X-Forwarded-For back from the proxy at ip. A part that is no address ends the walk in the zero Addr: who sent
// it is not known, which is not the same as being the proxy.
func forwardedFor(ip netip.Addr, headers []string, trusted []netip.Prefix) netip.Addr {
	hops := strings.Split(strings.Join(headers, ","), ",")
	for _, hop := range slices.Backward(hops) {
		if hop = strings.TrimSpace(hop); hop == "" {
			continue
		}
		if ip = addrOf(hop); !within(ip, trusted) {
			return ip
		}
	}
	return ip
}

func within(ip netip.Addr, list []netip.Prefix) bool {
	return ip.IsValid() && slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// addrOf reads an address with or without a port.
func addrOf(s string) netip.Addr {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	ip, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return ip.Unmap().WithZone("")
}
