package c1_test

import (
	"context"
	"net"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/interim-access/interim/internal/api/interim"
	"github.com/interim-access/interim/internal/api/transcode"
)

// dial serves the same handlers over gRPC and calls them.
func (d *door) dial() *grpc.ClientConn {
	d.Helper()
	wire := bufconn.Listen(1 << 16)
	server := grpc.NewServer(grpc.ChainUnaryInterceptor(statuses, d.enter))
	d.deps.Register(server)
	interim.Register(server, d.deps)
	served := make(chan error, 1)
	go func() { served <- server.Serve(wire) }()
	conn, err := grpc.NewClient("passthrough:door", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return wire.DialContext(ctx) }))
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() {
		if err := conn.Close(); err != nil {
			d.Error(err)
		}
		server.Stop()
		if err := <-served; err != nil {
			d.Error(err)
		}
	})
	return conn
}

// statuses turns faults into what a client sees, as the server's outermost interceptor does.
func statuses(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	reply, err := handler(ctx, req)
	if err != nil {
		return nil, transcode.ToStatus(err).Err()
	}
	return reply, nil
}

// forward has every request of the JSON door answered by the gRPC door: what it decoded crosses that wire as a client's call would, and
// what it answers is what came back. A transcript is therefore the same through both.
func (d *door) forward(conn *grpc.ClientConn) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, _ grpc.UnaryHandler) (any, error) {
		reply, err := emptyReply(info.FullMethod)
		if err != nil {
			return nil, err
		}
		if err := conn.Invoke(ctx, info.FullMethod, req, reply); err != nil {
			return nil, err
		}
		return reply, nil
	}
}

// emptyReply is a message of the type that a method answers with.
func emptyReply(method string) (proto.Message, error) {
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(method, "/"), "/", "."))
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		return nil, err
	}
	kind, err := protoregistry.GlobalTypes.FindMessageByName(found.(protoreflect.MethodDescriptor).Output().FullName())
	if err != nil {
		return nil, err
	}
	return kind.New().Interface(), nil
}
