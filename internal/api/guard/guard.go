package guard

import (
	"context"
	"log/slog"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/interim-access/interim/internal/api/transcode"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Guard judges requests by the rules of their methods.
type Guard struct {
	iam   *iam.Service
	rules func(fullMethod string) (Rule, bool)
	rate  *Rate
	log   *slog.Logger
}

// New returns a guard. A method for which rules answers false is denied to everybody. limit may be nil.
func New(service *iam.Service, rules func(fullMethod string) (Rule, bool), limit *Rate, log *slog.Logger) *Guard {
	return &Guard{iam: service, rules: rules, rate: limit, log: log}
}

// Unary is the interceptor for the gRPC server and the JSON gateway alike. It answers *fault.Fault: what turns faults into statuses
// stands outside of it, as does what names the request and its deadline.
func (g *Guard) Unary() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		ctx, err := g.enter(ctx, info.FullMethod)
		if err != nil {
			return nil, err
		}
		reply, err := handler(ctx, req)
		if err == nil {
			err = g.asked(ctx, info.FullMethod)
		}
		if err != nil {
			return nil, err
		}
		return reply, nil
	}
}

// Stream is Unary for streams. What a stream sent cannot be taken back, so a stream is judged at its start only and needs scope All.
func (g *Guard) Stream() grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		ctx, err := g.enter(ss.Context(), info.FullMethod)
		if err != nil {
			return err
		}
		if rule, _ := g.rules(info.FullMethod); rule.Access == Permission && iam.ScopeOf(ctx) != iam.All {
			return iam.Denial(rule.Permission)
		}
		return handler(srv, &stream{ss, ctx})
	}
}

type stream struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // a stream carries its context
}

func (s *stream) Context() context.Context { return s.ctx }

// enter judges a request and returns the context its handler runs in.
func (g *Guard) enter(ctx context.Context, fullMethod string) (context.Context, error) {
	inside, err := g.judge(ctx, fullMethod)
	tell(ctx, err)
	return inside, err
}

func (g *Guard) judge(ctx context.Context, fullMethod string) (context.Context, error) {
	rule, ok := g.rules(fullMethod)
	if !ok {
		return nil, iam.Denial(iam.PermissionOf(fullMethod))
	}
	if rule.Access == Public {
		return ctx, g.rate.Source(IP(ctx))
	}
	p, err := g.principal(ctx, rule)
	if err != nil {
		return nil, err
	}
	if rule.NotServed {
		return nil, fault.NotServed(strings.ReplaceAll(strings.TrimPrefix(fullMethod, "/"), "/", "."))
	}
	if rule.Access == Authenticated {
		return iam.WithPrincipal(ctx, p), nil
	}
	return g.iam.Enter(ctx, p, rule.Permission)
}

// principal is who makes a request of an operation with that rule.
func (g *Guard) principal(ctx context.Context, rule Rule) (*iam.Principal, error) {
	authenticate := g.iam.Authenticate
	if rule.APITokens {
		authenticate = g.iam.AuthenticateBearer
	}
	token, err := bearer(ctx)
	if err == nil {
		var p *iam.Principal
		if p, err = authenticate(ctx, token, IP(ctx)); err == nil {
			p.RequestID = transcode.TraceID(ctx)
			return p, g.rate.client(p)
		}
	}
	if over := g.rate.Source(IP(ctx)); over != nil {
		return nil, over
	}
	if fault.Is(err, fault.Unauthenticated) { // RFC 6750, section 3
		_ = grpc.SetHeader(ctx, metadata.Pairs("www-authenticate", "Bearer"))
	}
	return nil, err
}

// bearer is the access token of a request. Two Authorization headers are refused: a proxy may have judged the other one.
func bearer(ctx context.Context) (string, error) {
	values := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(values) == 0 {
		return "", fault.New(fault.Unauthenticated, "an access token is required: Authorization: Bearer …")
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimLeft(token, " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "bearer") || token == "" {
		return "", fault.New(fault.Unauthenticated, "the Authorization header must be one Bearer token")
	}
	return token, nil
}

// asked refuses the answer of a handler that had to look at objects and did not.
func (g *Guard) asked(ctx context.Context, fullMethod string) error {
	rule, _ := g.rules(fullMethod)
	if rule.Access != Permission || iam.Checked(ctx) {
		return nil
	}
	g.log.ErrorContext(ctx, "a handler answered without asking what its caller may see", slog.String("method", fullMethod))
	return iam.Denial(rule.Permission)
}
