package guard_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"google.golang.org/grpc/peer"

	"github.com/interim-access/interim/internal/api/guard"
)

type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}

func TestTheSourceAddressIsWhatATrustedProxySays(t *testing.T) {
	for _, c := range []struct {
		name, remote string
		headers      []string
		want         string
	}{
		{"no proxy", "192.0.2.1:5000", nil, "192.0.2.1"},
		{"a stranger's header", "192.0.2.1:5000", []string{"X-Forwarded-For", "203.0.113.5"}, "192.0.2.1"},
		{"a proxy", "10.0.0.1:5000", []string{"X-Forwarded-For", "203.0.113.5"}, "203.0.113.5"},
		{"a proxy over IPv4 in IPv6", "[::ffff:10.0.0.1]:5000", []string{"X-Forwarded-For", "203.0.113.5"}, "203.0.113.5"},
		{"a proxy without the header", "10.0.0.1:5000", nil, "10.0.0.1"},
		{"what the caller wrote before the proxy's part", "10.0.0.1:5000", []string{"X-Forwarded-For", "198.51.100.1, 203.0.113.5"}, "203.0.113.5"},
		{"two proxies", "10.0.0.1:5000", []string{"X-Forwarded-For", "198.51.100.1, 203.0.113.5, 10.0.0.2"}, "203.0.113.5"},
		{"two headers", "10.0.0.1:5000", []string{"X-Forwarded-For", "198.51.100.1", "X-Forwarded-For", "203.0.113.5, 10.0.0.2"}, "203.0.113.5"},
		{"proxies all the way", "10.0.0.1:5000", []string{"X-Forwarded-For", "10.0.0.3,10.0.0.2"}, "10.0.0.3"},
		{"a port", "10.0.0.1:5000", []string{"X-Forwarded-For", "203.0.113.5:4711"}, "203.0.113.5"},
		{"IPv6 in brackets", "[fd00::1]:5000", []string{"X-Forwarded-For", "[2001:db8::5]"}, "2001:db8::5"},
		{"IPv4 written as IPv6", "10.0.0.1:5000", []string{"X-Forwarded-For", "::ffff:203.0.113.5"}, "203.0.113.5"},
		{"no address", "10.0.0.1:5000", []string{"X-Forwarded-For", "203.0.113.5, unknown"}, "invalid IP"},
		{"empty parts", "10.0.0.1:5000", []string{"X-Forwarded-For", " , 203.0.113.5 ,, "}, "203.0.113.5"},
		{"other headers", "10.0.0.1:5000", []string{"Forwarded", "for=203.0.113.5", "X-Real-Ip", "203.0.113.5", "True-Client-Ip", "203.0.113.5"}, "10.0.0.1"},
		{"a remote address that is none", "@", []string{"X-Forwarded-For", "203.0.113.5"}, "invalid IP"},
		{"a zone", "[fe80::1%eth0]:5000", nil, "fe80::1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.RemoteAddr = c.remote
			for i := 0; i < len(c.headers); i += 2 {
				r.Header.Add(c.headers[i], c.headers[i+1])
			}
			var got netip.Addr
			guard.ClientIP(proxies)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = guard.IP(r.Context()) })).
				ServeHTTP(httptest.NewRecorder(), r)
			if got.String() != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestWithoutTheMiddlewareTheAddressIsThePeers(t *testing.T) {
	if got := guard.IP(t.Context()); got.IsValid() {
		t.Errorf("nobody comes from %v", got)
	}
	ctx := peer.NewContext(t.Context(), &peer.Peer{Addr: address("192.0.2.1:443")})
	if got := guard.IP(ctx); got.String() != "192.0.2.1" {
		t.Errorf("got %v", got)
	}
}

func FuzzForwardedFor(f *testing.F) {
	for _, s := range []string{"203.0.113.5", "a, b", ",", "[::1]:80, 10.0.0.1", "10.0.0.1%x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = "192.0.2.1:5000"
		r.Header["X-Forwarded-For"] = []string{header}
		next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if got := guard.IP(r.Context()); got.String() != "192.0.2.1" {
				t.Errorf("a stranger chose the address %v", got)
			}
		})
		guard.ClientIP(proxies)(next).ServeHTTP(httptest.NewRecorder(), r)
		r.RemoteAddr = "10.0.0.1:5000"
		guard.ClientIP(proxies)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if got := guard.IP(r.Context()); got.Is4In6() || got.Zone() != "" {
				t.Errorf("%q gives %v, which is compared with nothing", header, got)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
	})
}
