package transcode

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

func TestInterceptorsRunInOrderAroundTheHandlerAndSeeTheDecodedRequest(t *testing.T) {
	var order []string
	note := func(name string) grpc.UnaryServerInterceptor {
		return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			order = append(order, name+" "+info.FullMethod)
			defer func() { order = append(order, name+" end") }()
			if text := canonical(t, mustJSON(t, req.(proto.Message))); text != `{"id":"a"}` {
				t.Errorf("%s saw %s", name, text)
			}
			return handler(ctx, req)
		}
	}
	h := serveOdd(t, Options{Interceptors: []grpc.UnaryServerInterceptor{note("one"), note("two"), note("three")}},
		func(_ context.Context, in proto.Message) (any, error) {
			order = append(order, "handler")
			return in, nil
		})
	send(t, h, "GET", "/odd/v1/things/a", "")
	want := "one /odd.v1.Odd/Get,two /odd.v1.Odd/Get,three /odd.v1.Odd/Get,handler,three end,two end,one end"
	if got := strings.Join(order, ","); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Interceptors written for gRPC find headers, peer and method where gRPC puts them.
func TestInterceptorsFindTheRequestWhereGRPCPutsIt(t *testing.T) {
	seen := make(chan context.Context, 1)
	keep := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		seen <- ctx
		return handler(ctx, req)
	}
	server := httptest.NewTLSServer(serveOdd(t, Options{Interceptors: []grpc.UnaryServerInterceptor{keep}}, nil))
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/odd/v1/things/a", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header["Authorization"] = []string{"Bearer one", "Bearer two"}
	res, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	checkGRPCContext(<-seen, t, server.Listener.Addr().String())
}

func checkGRPCContext(ctx context.Context, t *testing.T, host string) {
	t.Helper()
	if got := metadata.ValueFromIncomingContext(ctx, "authorization"); !slices.Equal(got, []string{"Bearer one", "Bearer two"}) {
		t.Errorf("authorization: %q", got)
	}
	if got := metadata.ValueFromIncomingContext(ctx, ":authority"); !slices.Equal(got, []string{host}) {
		t.Errorf(":authority %q, want %q", got, host)
	}
	from, ok := peer.FromContext(ctx)
	if !ok {
		t.Fatal("no peer")
	}
	if addr, err := netip.ParseAddrPort(from.Addr.String()); err != nil || !addr.Addr().IsLoopback() || from.Addr.Network() != "tcp" {
		t.Errorf("peer %v: %v", from.Addr, err)
	}
	if tls, ok := from.AuthInfo.(credentials.TLSInfo); !ok || !tls.State.HandshakeComplete {
		t.Errorf("no TLS state: %v", from.AuthInfo)
	}
}

func mustJSON(t *testing.T, m proto.Message) []byte {
	t.Helper()
	text, err := protojson.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
