package c1

import (
	"context"
	"errors"
	"regexp"

	"google.golang.org/grpc"

	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// identity is a UUIDv7 as it stands in the messages of our rules, which know no other spelling.
var identity = regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b`)

// Spelled returns a registrar whose services spell the identities in their refusals as this door does, "app not found: <KSUID>", so
// that a caller finds there what they sent.
func Spelled(r grpc.ServiceRegistrar) grpc.ServiceRegistrar { return spelled{r} }

type spelled struct{ grpc.ServiceRegistrar }

func (s spelled) RegisterService(desc *grpc.ServiceDesc, impl any) {
	d := *desc
	d.Methods = make([]grpc.MethodDesc, len(desc.Methods))
	for i, m := range desc.Methods {
		d.Methods[i] = grpc.MethodDesc{MethodName: m.MethodName, Handler: spelledHandler(m.Handler)}
	}
	s.ServiceRegistrar.RegisterService(&d, impl)
}

// spelledHandler puts the spelling between a method and the interceptors, since one of those turns faults into statuses.
func spelledHandler(handle grpc.MethodHandler) grpc.MethodHandler {
	return func(srv any, ctx context.Context, dec func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		return handle(srv, ctx, dec, func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			method := func(ctx context.Context, req any) (any, error) {
				reply, err := next(ctx, req)
				return reply, spell(err)
			}
			if interceptor == nil {
				return method(ctx, req)
			}
			return interceptor(ctx, req, info, method)
		})
	}
}

// spell rewrites the identities in the message and details of a fault; any other error is returned as it is.
func spell(err error) error {
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok || !mentions(f) {
		return err
	}
	g := *f
	g.Message = identity.ReplaceAllStringFunc(f.Message, id.KSUID)
	g.Details = make([]fault.Detail, len(f.Details))
	for i, d := range f.Details {
		g.Details[i] = fault.Detail{Reason: d.Reason, Metadata: map[string]string{}}
		for k, v := range d.Metadata {
			g.Details[i].Metadata[k] = identity.ReplaceAllStringFunc(v, id.KSUID)
		}
	}
	return &g
}

func mentions(f *fault.Fault) bool {
	if identity.MatchString(f.Message) {
		return true
	}
	for _, d := range f.Details {
		for _, v := range d.Metadata {
			if identity.MatchString(v) {
				return true
			}
		}
	}
	return false
}
