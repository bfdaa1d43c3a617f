package guard

import (
	"context"

	"google.golang.org/grpc"
)

// First returns a registrar whose methods read their request only when the interceptors have let it in; until then those see an
// empty one. The threat: a gRPC handler reads before it asks, and a body of 4 MiB that a stranger may send becomes hundreds of
// megabytes of messages.
func First(r grpc.ServiceRegistrar) grpc.ServiceRegistrar { return first{r} }

type first struct{ grpc.ServiceRegistrar }

func (f first) RegisterService(desc *grpc.ServiceDesc, impl any) {
	d := *desc
	d.Methods = make([]grpc.MethodDesc, len(desc.Methods))
	for i, m := range desc.Methods {
		d.Methods[i] = grpc.MethodDesc{MethodName: m.MethodName, Handler: readLast(m.Handler)}
	}
	f.ServiceRegistrar.RegisterService(&d, impl)
}

func readLast(handle grpc.MethodHandler) grpc.MethodHandler {
	return func(srv any, ctx context.Context, read func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		if interceptor == nil {
			return handle(srv, ctx, read, nil)
		}
		later := func(any) error { return nil }
		judged := func(ctx context.Context, req any, info *grpc.UnaryServerInfo, method grpc.UnaryHandler) (any, error) {
			return interceptor(ctx, req, info, func(ctx context.Context, req any) (any, error) {
				if err := read(req); err != nil {
					return nil, err
				}
				return method(ctx, req)
			})
		}
		return handle(srv, ctx, later, judged)
	}
}
