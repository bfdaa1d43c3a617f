package server

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/interim-access/interim/internal/api/transcode"
)

// requestLimit is how long one request may take in all.
const requestLimit = 30 * time.Second

// deadline bounds a request in time, if its caller did not bound it tighter.
func deadline(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	return handler(ctx, req)
}

var errPanic = errors.New("the handler panicked")

// statuses stands outermost in the gRPC server: it names the request, turns faults into what a client may see, and logs what a client
// may not.
func (p *parts) statuses(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (
	reply any, err error,
) {
	trace := transcode.NewTraceID()
	defer func() {
		if r := recover(); r != nil { // one broken request must not take the others along
			p.log.ErrorContext(ctx, "a gRPC call panicked", slog.String("method", info.FullMethod), slog.String("trace", trace),
				slog.Any("panic", r), slog.String("stack", string(debug.Stack())))
			reply, err = nil, transcode.ToStatus(errPanic).Err()
		}
	}()
	_ = grpc.SetHeader(ctx, metadata.Pairs("c1-trace-id", trace))
	if reply, err = handler(transcode.WithTraceID(ctx, trace), req); err != nil {
		return nil, p.refusal(ctx, info.FullMethod, trace, err)
	}
	return reply, nil
}

// streamStatuses is statuses for streams.
func (p *parts) streamStatuses(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if err := handler(srv, ss); err != nil {
		return p.refusal(ss.Context(), info.FullMethod, transcode.NewTraceID(), err)
	}
	return nil
}

func (p *parts) refusal(ctx context.Context, method, trace string, err error) error {
	st := transcode.ToStatus(err)
	if st.Code() == codes.Internal || st.Code() == codes.Unknown || st.Code() == codes.DataLoss {
		p.log.ErrorContext(ctx, "a gRPC call failed", slog.String("method", method), slog.String("trace", trace), slog.Any("error", err))
	}
	return st.Err()
}

// measured counts requests by operation and outcome, and how long they took.
func (p *parts) measured() grpc.UnaryServerInterceptor {
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "interim_request_seconds", Help: "How long requests took, by operation and gRPC code.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5},
	}, []string{"operation", "code"})
	p.metrics.MustRegister(seconds)
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		began := time.Now() //nolint:forbidigo // how long it took on the wall, whatever the server's clock says
		reply, err := handler(ctx, req)
		code := "OK"
		if err != nil {
			code = transcode.ToStatus(err).Code().String()
		}
		took := time.Since(began).Seconds() //nolint:forbidigo // on the wall, too
		seconds.WithLabelValues(strings.TrimPrefix(info.FullMethod, "/"), code).Observe(took)
		return reply, err
	}
}
