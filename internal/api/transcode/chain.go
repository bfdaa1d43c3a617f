package transcode

import (
	"context"

	"google.golang.org/grpc"
)

// chainInterceptors makes one interceptor of several, the first one outermost,
// as grpc.ChainUnaryInterceptor does; nil when there are none.
func chainInterceptors(list []grpc.UnaryServerInterceptor) grpc.UnaryServerInterceptor {
	if len(list) == 0 {
		return nil
	}
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		return list[0](ctx, req, info, rest(list[1:], info, handler))
	}
}

func rest(list []grpc.UnaryServerInterceptor, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) grpc.UnaryHandler {
	if len(list) == 0 {
		return handler
	}
	return func(ctx context.Context, req any) (any, error) {
		return list[0](ctx, req, info, rest(list[1:], info, handler))
	}
}
