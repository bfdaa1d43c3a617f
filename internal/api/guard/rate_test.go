package guard_test

import (
	"net/netip"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/interim-access/interim/internal/api/guard"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/rate"
)

func TestAClientThatAsksTooOftenIsToldWhenToComeBack(t *testing.T) {
	g := newGate(t)
	client, secret, err := g.iam.CreateClient(iam.AsSystem(t.Context()), g.user.ID, iam.NewClient{})
	g.ok(err)
	other, err := g.iam.SignIn(t.Context(), iam.Attempt{ClientID: client.ClientID, Secret: secret})
	g.ok(err)
	for range perSecond {
		_, err := g.call(allList, forgets, g.bearer())
		g.ok(err)
	}
	for _, method := range []string{allList, ownList, forbids, missing, signed} {
		_, err := g.call(method, never(t), g.bearer())
		refused(t, err, fault.Exhausted, "try again in 1 s")
		if rate.RetryAfter(err) != "1" {
			t.Errorf("%s: Retry-After %q", method, rate.RetryAfter(err))
		}
	}
	if _, err := g.call(allList, forgets, "Bearer "+other.Access); err != nil {
		t.Errorf("another client of the same person: %v", err)
	}
	if _, err := g.call(public, forgets); err != nil {
		t.Errorf("a stranger at the same address: %v", err)
	}
	g.clock.Advance(time.Second / perSecond)
	if _, err := g.call(allList, forgets, g.bearer()); err != nil {
		t.Errorf("when the next one is due: %v", err)
	}
}

func TestStrangersAreCountedByWhereTheyComeFrom(t *testing.T) {
	g := newGate(t)
	for i := range perSecond {
		var err error
		switch i % 3 {
		case 0:
			_, err = g.call(public, forgets)
		case 1:
			_, err = g.call(allList, never(t))
		default:
			_, err = g.call(allList, never(t), "Bearer abc")
		}
		if fault.Is(err, fault.Exhausted) {
			t.Fatalf("number %d: %v", i, err)
		}
	}
	for _, authorization := range [][]string{nil, {"Bearer abc"}} {
		_, err := g.call(allList, never(t), authorization...)
		refused(t, err, fault.Exhausted, "too many requests")
	}
	_, err := g.call(public, never(t))
	refused(t, err, fault.Exhausted, "too many requests")
	err = g.Stream()(nil, serverStream{ctx: fromPeer(t.Context())}, &grpc.StreamServerInfo{FullMethod: public},
		func(any, grpc.ServerStream) error { t.Error("the stream ran"); return nil })
	refused(t, err, fault.Exhausted, "too many requests")
	if _, err := g.call(allList, forgets, g.bearer()); err != nil {
		t.Errorf("who shows a valid token there: %v", err)
	}
}

func TestARefusalSaysInItsHeaderWhenToComeBack(t *testing.T) {
	g := newGate(t)
	said := &headers{}
	for range perSecond + 1 {
		ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", g.bearer()))
		_, _ = g.Unary()(grpc.NewContextWithServerTransportStream(ctx, said), nil, &grpc.UnaryServerInfo{FullMethod: allList}, forgets)
	}
	if got := said.md.Get("retry-after"); len(got) != 1 || got[0] != "1" {
		t.Errorf("retry-after %v", got)
	}
}

type headers struct {
	grpc.ServerTransportStream
	md metadata.MD
}

func (h *headers) SetHeader(md metadata.MD) error {
	h.md = metadata.Join(h.md, md)
	return nil
}

func TestAddressesAreCountedByTheNetworkOfTheirSubscriber(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.1": "192.0.2.1/32", "::ffff:192.0.2.1": "192.0.2.1/32", "2001:db8::1": "2001:db8::/64", "2001:db8::ffff:2": "2001:db8::/64",
		"fe80::1%eth0": "fe80::/64",
	} {
		if got := guard.Network(netip.MustParseAddr(addr)).String(); got != want {
			t.Errorf("%s counts as %s, want %s", addr, got, want)
		}
	}
	if guard.Network(netip.Addr{}).IsValid() {
		t.Error("an address that is not known has a network")
	}
}
