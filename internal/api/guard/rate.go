package guard

import (
	"context"
	"net/netip"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/rate"
)

// Rate limits how many requests a client makes, and how many come from one network without a valid token. Its refusals are
// Exhausted; [rate.RetryAfter] says for how long. A nil Rate limits nothing. All doors share one.
type Rate struct {
	clients *rate.Limiter[string]
	sources *rate.Limiter[netip.Prefix]
}

// NewRate returns limits of so many requests a second, for each client and for each network alike, of which a whole second's may
// come at once. 0 is no limit.
func NewRate(c clock.Clock, perSecond int) *Rate {
	if perSecond < 1 {
		return nil
	}
	return &Rate{rate.New[string](c, perSecond, time.Second), rate.New[netip.Prefix](c, perSecond, time.Second)}
}

// Source counts a request of a stranger.
func (r *Rate) Source(ip netip.Addr) error {
	if r == nil {
		return nil
	}
	return r.sources.Take(Network(ip))
}

// client counts a request of p: by the credential, or by the person where that is a browser's session.
func (r *Rate) client(p *iam.Principal) error {
	if r == nil {
		return nil
	}
	key := string(p.ClientKey)
	if key == "" {
		key = string(p.UserID)
	}
	return r.clients.Take(key)
}

// Network is the network that addresses are counted by: IPv6 by the /64 that one subscriber has, else the address itself. The zero
// Prefix if it is not known.
func Network(ip netip.Addr) netip.Prefix {
	const subscriber = 64
	ip = ip.Unmap().WithZone("")
	p, err := ip.Prefix(min(ip.BitLen(), subscriber))
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// tell puts into the answer when to try again, where err says so.
func tell(ctx context.Context, err error) {
	if seconds := rate.RetryAfter(err); seconds != "" {
		_ = grpc.SetHeader(ctx, metadata.Pairs("retry-after", seconds))
	}
}
