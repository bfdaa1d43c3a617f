package transcode

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/rate"
)

// errorDomain is the domain of every google.rpc.ErrorInfo this server sends.
const errorDomain = "interim"

// internalMessage is all a client learns of an error that is neither a fault nor a status.
const internalMessage = "Internal Server Error"

var faultCodes = [...]codes.Code{
	fault.Invalid:         codes.InvalidArgument,
	fault.Unauthenticated: codes.Unauthenticated,
	fault.Denied:          codes.PermissionDenied,
	fault.NotFound:        codes.NotFound,
	fault.Exists:          codes.AlreadyExists,
	fault.Conflict:        codes.Aborted,
	fault.Precondition:    codes.FailedPrecondition,
	fault.Exhausted:       codes.ResourceExhausted,
	fault.Unimplemented:   codes.Unimplemented,
	fault.Unavailable:     codes.Unavailable,
	fault.Timeout:         codes.DeadlineExceeded,
	fault.TooLarge:        codes.InvalidArgument,
	fault.Internal:        codes.Internal,
}

// httpCodes maps a gRPC code to the HTTP status of the C1 API; its place in the
// list is the code. Source: ConductorOne's public gateway generator.
var httpCodes = [...]int{
	codes.OK:                 http.StatusInternalServerError,
	codes.Canceled:           499,
	codes.Unknown:            http.StatusInternalServerError,
	codes.InvalidArgument:    http.StatusBadRequest,
	codes.DeadlineExceeded:   http.StatusGatewayTimeout,
	codes.NotFound:           http.StatusNotFound,
	codes.AlreadyExists:      http.StatusConflict,
	codes.PermissionDenied:   http.StatusForbidden,
	codes.ResourceExhausted:  http.StatusTooManyRequests,
	codes.FailedPrecondition: http.StatusBadRequest,
	codes.Aborted:            http.StatusConflict,
	codes.OutOfRange:         http.StatusBadRequest,
	codes.Unimplemented:      http.StatusNotImplemented,
	codes.Internal:           http.StatusInternalServerError,
	codes.Unavailable:        http.StatusServiceUnavailable,
	codes.DataLoss:           http.StatusInternalServerError,
	codes.Unauthenticated:    http.StatusUnauthorized,
}

// HTTPStatus returns the HTTP status of err at any door.
func HTTPStatus(err error) int { return httpStatus(ToStatus(err).Code()) }

// httpStatus returns the HTTP status of a failure with the given code.
func httpStatus(c codes.Code) int {
	if int(c) < len(httpCodes) {
		return httpCodes[c]
	}
	return http.StatusInternalServerError
}

// ToStatus is the one translation of an error into what a client sees; the
// gateway uses it, and so must the outermost interceptor of the gRPC server, so
// that both doors agree. A *fault.Fault keeps its message and its details (as
// google.rpc.ErrorInfo); a gRPC status anywhere in the chain is taken as it is,
// without the words wrapped around it; an error of the context is code 1 or 4;
// anything else is code 13 with a fixed message. The cause of a fault is never
// part of the answer. ToStatus(nil) is nil, which counts as OK.
func ToStatus(err error) *status.Status {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return faultStatus(f)
	}
	if s, ok := errors.AsType[interface {
		error
		GRPCStatus() *status.Status
	}](err); ok {
		if st := s.GRPCStatus(); st.Code() != codes.OK {
			return st
		}
	}
	switch {
	case errors.Is(err, context.Canceled):
		return status.New(codes.Canceled, "the request was cancelled")
	case errors.Is(err, context.DeadlineExceeded):
		return status.New(codes.DeadlineExceeded, "the request took too long")
	default:
		return status.New(codes.Internal, internalMessage)
	}
}

func faultStatus(f *fault.Fault) *status.Status {
	code := codes.Internal
	if f.Code >= fault.Invalid && int(f.Code) < len(faultCodes) {
		code = faultCodes[f.Code]
	}
	st := status.New(code, f.Message)
	if len(f.Details) == 0 {
		return st
	}
	details := make([]protoadapt.MessageV1, len(f.Details), len(f.Details)+1)
	for i, d := range f.Details {
		details[i] = &errdetails.ErrorInfo{Reason: d.Reason, Domain: errorDomain, Metadata: d.Metadata}
	}
	if seconds, err := strconv.Atoi(rate.RetryAfter(f)); err == nil { // what gRPC clients read instead of a Retry-After header
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(time.Duration(seconds) * time.Second)})
	}
	if with, err := st.WithDetails(details...); err == nil {
		return with
	}
	return st
}

// statusJSON writes st as the C1 API shows it: only what is set, the trace id at
// the end of the message, and the same bytes from every build (protojson varies
// its spacing on purpose).
func statusJSON(st *status.Status, traceID string) []byte {
	p := st.Proto()
	p.Message = strings.ToValidUTF8(p.GetMessage(), "\uFFFD") + " (request-id: " + traceID + ")"
	out, err := protojson.Marshal(p)
	if err != nil { // a detail of a type that is not linked in
		p.Details = nil
		if out, err = protojson.Marshal(p); err != nil {
			return []byte(`{"code":13,"message":"` + internalMessage + `"}`)
		}
	}
	var compact bytes.Buffer
	if json.Compact(&compact, out) != nil {
		return out
	}
	return compact.Bytes()
}
