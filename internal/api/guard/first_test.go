package guard_test

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/grpc"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/api/guard"
	"github.com/interim-access/interim/internal/platform/fault"
)

// registered keeps the methods that are registered.
type registered map[string]grpc.MethodHandler

func (r registered) RegisterService(desc *grpc.ServiceDesc, _ any) {
	for _, m := range desc.Methods {
		r[m.MethodName] = m.Handler
	}
}

type echo struct{ appv1.UnimplementedAppsServer }

func (echo) Get(_ context.Context, req *appv1.GetAppRequest) (*appv1.GetAppResponse, error) {
	return &appv1.GetAppResponse{App: &appv1.App{Id: req.GetId()}}, nil
}

func get(t *testing.T) grpc.MethodHandler {
	t.Helper()
	r := registered{}
	appv1.RegisterAppsServer(guard.First(r), echo{})
	return r["Get"]
}

func TestWhatAStrangerSendsIsNotRead(t *testing.T) {
	denied := fault.New(fault.Unauthenticated, "sign in first")
	_, err := get(t)(echo{}, t.Context(), func(any) error {
		t.Error("the request was read")
		return nil
	}, func(context.Context, any, *grpc.UnaryServerInfo, grpc.UnaryHandler) (any, error) { return nil, denied })
	if !errors.Is(err, denied) {
		t.Errorf("got %v", err)
	}
}

func TestWhoIsLetInIsReadAndAnswered(t *testing.T) {
	read := func(into any) error {
		into.(*appv1.GetAppRequest).Id = "sent"
		return nil
	}
	letIn := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if req.(*appv1.GetAppRequest).GetId() != "" {
			t.Error("the request was read before it was judged")
		}
		return next(ctx, req)
	}
	for name, interceptor := range map[string]grpc.UnaryServerInterceptor{"behind an interceptor": letIn, "behind none": nil} {
		reply, err := get(t)(echo{}, t.Context(), read, interceptor)
		if err != nil || reply.(*appv1.GetAppResponse).GetApp().GetId() != "sent" {
			t.Errorf("%s: %v, %v", name, reply, err)
		}
	}
	bad := fault.New(fault.Invalid, "no JSON")
	if _, err := get(t)(echo{}, t.Context(), func(any) error { return bad }, letIn); !errors.Is(err, bad) {
		t.Errorf("got %v", err)
	}
}
