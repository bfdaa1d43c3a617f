package transcode

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

var errNoMessage = errors.New("the handler's answer is not a proto.Message")

// call is one request on its way. It stands in for the gRPC transport, so that
// grpc.SetHeader and grpc.Method work in handlers and interceptors. It is not
// pooled: a handler's goroutine may outlive the request and still hold it.
type call struct {
	op      *operation
	w       http.ResponseWriter
	r       *http.Request
	values  []string    // of the path variables, still escaped when the URL has a RawPath
	header  metadata.MD // set by handlers and interceptors
	written bool
}

// ownHeaders are the response headers that belong to the door and the server,
// besides Content-Type and Content-Length, which the door writes last.
var ownHeaders = map[string]bool{"transfer-encoding": true, "connection": true, "trailer": true, "c1-trace-id": true}

// context gives interceptors what they would find in a gRPC server: the request's
// headers as incoming metadata (lower case; ":authority" is the Host), the peer
// with its TLS state, and the transport stream. Metadata is what the client sent
// and no more trustworthy than that.
func (c *call) context(ctx context.Context) context.Context { return incoming(ctx, c.r, c) }

func incoming(ctx context.Context, r *http.Request, stream grpc.ServerTransportStream) context.Context {
	md := make(metadata.MD, len(r.Header)+1)
	for key, values := range r.Header {
		md[strings.ToLower(key)] = values
	}
	md[":authority"] = []string{r.Host}
	ctx = metadata.NewIncomingContext(ctx, md)
	from := &peer.Peer{Addr: remote(r.RemoteAddr)}
	if r.TLS != nil {
		from.AuthInfo = credentials.TLSInfo{
			State:          *r.TLS,
			CommonAuthInfo: credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity},
		}
	}
	ctx = peer.NewContext(ctx, from)
	return grpc.NewContextWithServerTransportStream(ctx, stream)
}

// trace names the request, unless middleware has, and says the name in the response.
func trace(w http.ResponseWriter, r *http.Request) (context.Context, string) {
	ctx := r.Context()
	id := TraceID(ctx)
	if id == "" {
		id = NewTraceID()
		ctx = WithTraceID(ctx, id)
	}
	w.Header()[traceHeader] = []string{id}
	return ctx, id
}

// remote is the "host:port" of net/http as a net.Addr; grpc-go does the same when
// it serves below net/http.
type remote string

func (remote) Network() string  { return "tcp" }
func (r remote) String() string { return string(r) }

var _ grpc.ServerTransportStream = (*call)(nil)

// Method is part of grpc.ServerTransportStream.
func (c *call) Method() string { return c.op.info.FullMethod }

// SetHeader adds response headers; those the door owns are left out when it writes.
func (c *call) SetHeader(md metadata.MD) error {
	c.header = metadata.Join(c.header, md)
	return nil
}

// SendHeader adds response headers; they leave with the answer.
func (c *call) SendHeader(md metadata.MD) error { return c.SetHeader(md) }

// SetTrailer does nothing: a unary JSON answer has no trailers.
func (c *call) SetTrailer(metadata.MD) error { return nil }
