package transcode

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"

	"github.com/go-chi/chi/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/interim-access/interim/internal/platform/fault"
)

// operation is one route with everything looked up that a request will need.
type operation struct {
	gateway *Gateway
	verb    string
	path    string
	name    string // package.Service.Method
	info    *grpc.UnaryServerInfo
	handler grpc.MethodHandler // nil: not served, 501

	params      []binding      // path variables, in order
	query       map[string]int // name → index in queryFields; nil when the body is the whole message
	queryFields []binding
	update      *updateRule // nil for requests that are no updates
}

var jsonType = []string{"application/json"}

// buffers holds response buffers; one that grew past maxPooled is left to the collector.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

const maxPooled = 64 << 10 // bytes

// ServeHTTP decodes, runs the interceptors and the handler, and answers. A panic
// of any of them is a logged 500; the connection survives it.
func (op *operation) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, id := trace(w, r)
	values := chi.RouteContext(ctx).URLParams.Values
	values = values[len(values)-len(op.params):] // those before belong to routers around ours
	if slices.Contains(values, "") {             // chi takes /a//b for /a/{x}/b
		op.gateway.NotFound(w, r.WithContext(ctx))
		return
	}
	c := &call{op: op, w: w, r: r, values: values}
	defer func() {
		if p := recover(); p != nil {
			if abort, ok := p.(error); c.written || ok && errors.Is(abort, http.ErrAbortHandler) {
				panic(p) // an answer already begun can only be torn down
			}
			op.gateway.log.ErrorContext(ctx, "panic in a handler", slog.String("operation", op.name), slog.String("trace_id", id),
				slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			c.fail(id, fault.New(fault.Internal, internalMessage))
		}
	}()
	reply, err := op.invoke(c.context(ctx), c)
	if err == nil {
		err = c.succeed(reply)
	}
	if err != nil {
		op.logFailure(ctx, id, err)
		c.fail(id, err)
	}
}

// invoke runs the interceptors around the handler. An operation that is not
// served has no request worth decoding, but is judged by the interceptors all
// the same, so that a stranger learns nothing from a 501.
func (op *operation) invoke(ctx context.Context, c *call) (any, error) {
	if op.handler != nil {
		return op.handler(op.info.Server, ctx, c.decode, op.gateway.chain)
	}
	refuse := func(context.Context, any) (any, error) { return nil, fault.NotServed(op.name) }
	if op.gateway.chain == nil {
		return refuse(ctx, nil)
	}
	return op.gateway.chain(ctx, &emptypb.Empty{}, op.info, refuse)
}

// logFailure logs what is our own mistake, with the cause that no client sees.
func (op *operation) logFailure(ctx context.Context, id string, err error) {
	switch ToStatus(err).Code() {
	case codes.Internal, codes.Unknown, codes.DataLoss:
		cause := err.Error()
		if f := fault.Of(err); f.Cause() != "" {
			cause += ": " + f.Cause()
		}
		op.gateway.log.ErrorContext(ctx, "request failed",
			slog.String("operation", op.name), slog.String("trace_id", id), slog.String("error", cause))
	}
}

// succeed writes the answer of a handler: exactly 200, creates too.
func (c *call) succeed(reply any) error {
	m, ok := reply.(proto.Message)
	if !ok {
		return fault.Wrap(fault.Internal, errNoMessage, internalMessage)
	}
	buf := buffers.Get().(*[]byte)
	out, err := appendMessage((*buf)[:0], m.ProtoReflect())
	if err != nil {
		buffers.Put(buf)
		return fault.Wrap(fault.Internal, err, internalMessage)
	}
	c.write(http.StatusOK, out)
	if cap(out) <= maxPooled {
		*buf = out
		buffers.Put(buf)
	}
	return nil
}

// fail writes an error as google.rpc.Status.
func (c *call) fail(id string, err error) {
	st := ToStatus(err)
	c.write(httpStatus(st.Code()), statusJSON(st, id))
}

func (c *call) write(code int, body []byte) {
	h := c.w.Header()
	for key, values := range c.header {
		if !ownHeaders[key] {
			h[http.CanonicalHeaderKey(key)] = values
		}
	}
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.written = true
	c.w.WriteHeader(code)
	_, _ = c.w.Write(body) // a client that has gone is nobody's error
}
