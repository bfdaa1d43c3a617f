package transcode

import (
	"context"
	"crypto/rand"
	"encoding/hex"
)

// traceHeader carries the id of a request in every response of the door, in the
// canonical form of net/http. Source: the C1 API's c1-trace-id.
const traceHeader = "C1-Trace-Id"

type traceKey struct{}

// WithTraceID returns a context that names its request. The gateway makes an id
// for a request whose context has none; middleware in front of it, and the gRPC
// server's interceptor, may set one. The id is public and must be printable ASCII.
func WithTraceID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, traceKey{}, id)
}

// TraceID returns the id the client sees for this request, "" outside of one.
func TraceID(ctx context.Context) string {
	id, _ := ctx.Value(traceKey{}).(string)
	return id
}

// NewTraceID returns a fresh id: 32 hexadecimal digits, as W3C trace ids are.
func NewTraceID() string {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails
	return hex.EncodeToString(raw[:])
}
