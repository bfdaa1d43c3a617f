package transcode

import (
	"context"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Pass runs handle behind the interceptors as the operation fullMethod, "/package.Service/Method": for doors whose messages are not
// protobuf, so that every door is watched, measured and limited by the same ones. Interceptors see an empty request; the headers they
// set are those of the response. What handle fails with is what they see of it; Pass itself writes nothing else.
func Pass(list []grpc.UnaryServerInterceptor, w http.ResponseWriter, r *http.Request, fullMethod string,
	handle func(ctx context.Context) error,
) error {
	run := func(ctx context.Context, _ any) (any, error) { return &emptypb.Empty{}, handle(ctx) }
	ctx, _ := trace(w, r)
	ctx = incoming(ctx, r, passing{fullMethod, w})
	chain := chainInterceptors(list)
	if chain == nil {
		return handle(ctx)
	}
	_, err := chain(ctx, &emptypb.Empty{}, &grpc.UnaryServerInfo{FullMethod: fullMethod}, run)
	return err
}

// passing is the transport of a request that no protobuf method answers.
type passing struct {
	method string
	w      http.ResponseWriter
}

var _ grpc.ServerTransportStream = passing{}

// Method is part of grpc.ServerTransportStream.
func (p passing) Method() string { return p.method }

// SetHeader adds response headers, as long as the answer has not begun.
func (p passing) SetHeader(md metadata.MD) error {
	for key, values := range md {
		if !ownHeaders[key] {
			p.w.Header()[http.CanonicalHeaderKey(key)] = values
		}
	}
	return nil
}

// SendHeader adds response headers; they leave with the answer.
func (p passing) SendHeader(md metadata.MD) error { return p.SetHeader(md) }

// SetTrailer does nothing: a JSON answer has no trailers.
func (passing) SetTrailer(metadata.MD) error { return nil }
