package transcode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/interim-access/interim/internal/platform/fault"
)

// failing serves the odd service with a handler that fails.
func failing(t *testing.T, o Options, err error) http.Handler {
	t.Helper()
	return serveOdd(t, o, func(context.Context, proto.Message) (any, error) { return nil, err })
}

func TestEveryCodeHasItsHTTPStatus(t *testing.T) {
	for code, want := range map[codes.Code]int{
		1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 10: 409, 11: 400, 12: 501, 13: 500, 14: 503, 15: 500, 16: 401,
		17: 500, 1000: 500,
	} {
		w := send(t, failing(t, Options{}, status.Error(code, "no")), "GET", "/odd/v1/things/a", "")
		if w.Code != want {
			t.Errorf("code %d: %d, want %d", code, w.Code, want)
		}
		if got := statusMessage(t, w, code); got != "no" {
			t.Errorf("code %d: message %q", code, got)
		}
	}
}

func TestEveryFaultHasItsCode(t *testing.T) {
	for code, want := range map[fault.Code]codes.Code{
		fault.Invalid: 3, fault.Unauthenticated: 16, fault.Denied: 7, fault.NotFound: 5, fault.Exists: 6, fault.Conflict: 10, fault.Precondition: 9,
		fault.Exhausted: 8, fault.Unimplemented: 12, fault.Unavailable: 14, fault.Timeout: 4, fault.TooLarge: 3, fault.Internal: 13, 0: 13, 99: 13,
	} {
		st := ToStatus(fmt.Errorf("store: %w", fault.Wrap(code, errors.New("select * from secret"), "public words")))
		if st.Code() != want || st.Message() != "public words" || len(st.Details()) != 0 {
			t.Errorf("%v: %v", code, st)
		}
	}
}

func TestAnErrorThatIsNoStatusTellsNothing(t *testing.T) {
	var log bytes.Buffer
	h := failing(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))}, fmt.Errorf("store: %w", errors.New("no such table: secret")))
	w := send(t, h, "GET", "/odd/v1/things/a", "")
	if got := failure(t, w, codes.Internal); got != "Internal Server Error" {
		t.Error(got)
	}
	for _, want := range []string{"no such table: secret", "odd.v1.Odd.Get", w.Header().Get("c1-trace-id")} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in the log: %s", want, log.String())
		}
	}
}

func TestTheCauseOfAnInternalFaultIsLoggedAndNotShown(t *testing.T) {
	var log bytes.Buffer
	h := failing(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))}, fault.Wrap(fault.Internal, errors.New("disk on fire"), "internal error"))
	if got := failure(t, send(t, h, "GET", "/odd/v1/things/a", ""), codes.Internal); got != "internal error" {
		t.Error(got)
	}
	if !strings.Contains(log.String(), "disk on fire") {
		t.Errorf("log: %s", log.String())
	}
}

func TestARefusalIsNotLogged(t *testing.T) {
	var log bytes.Buffer
	h := failing(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))}, fault.Missing("user", "x"))
	send(t, h, "GET", "/odd/v1/things/a", "")
	if log.Len() != 0 {
		t.Error(log.String())
	}
}

func TestToStatusTakesAStatusOutOfItsWrapping(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want *status.Status
	}{
		"a status":                   {status.Error(codes.NotFound, "gone"), status.New(codes.NotFound, "gone")},
		"a wrapped status":           {fmt.Errorf("lookup: %w", status.Error(codes.NotFound, "gone")), status.New(codes.NotFound, "gone")},
		"a status that is no error":  {emptyStatusError{}, status.New(codes.Internal, "Internal Server Error")},
		"a fault caused by a status": {fault.Wrap(fault.Denied, status.Error(codes.NotFound, "gone"), "no"), status.New(codes.PermissionDenied, "no")},
		"cancelled":                  {fmt.Errorf("q: %w", context.Canceled), status.New(codes.Canceled, "the request was cancelled")},
		"late":                       {fmt.Errorf("q: %w", context.DeadlineExceeded), status.New(codes.DeadlineExceeded, "the request took too long")},
		"nothing wrong":              {nil, nil},
	} {
		if got := ToStatus(c.err); !proto.Equal(got.Proto(), c.want.Proto()) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

type emptyStatusError struct{}

func (emptyStatusError) Error() string              { return "fine" }
func (emptyStatusError) GRPCStatus() *status.Status { return nil }

func TestDetailsAreShownOnlyWhenThereAreAny(t *testing.T) {
	plain := fault.New(fault.Denied, "no")
	w := send(t, failing(t, Options{}, plain), "GET", "/odd/v1/things/a", "")
	id := w.Header().Get("c1-trace-id")
	if got, want := w.Body.String(), `{"code":7,"message":"no (request-id: `+id+`)"}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	detailed := plain.With(fault.Detail{Reason: "ROLE_MISSING", Metadata: map[string]string{"role": "viewer"}})
	w = send(t, failing(t, Options{}, detailed), "GET", "/odd/v1/things/a", "")
	id = w.Header().Get("c1-trace-id")
	want := `{"code":7,"message":"no (request-id: ` + id + `)","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo",` +
		`"reason":"ROLE_MISSING","domain":"interim","metadata":{"role":"viewer"}}]}`
	if got := w.Body.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestADetailOfAnUnknownTypeIsLeftOut(t *testing.T) {
	p := status.New(codes.NotFound, "gone").Proto()
	p.Details = []*anypb.Any{{TypeUrl: "type.googleapis.com/no.Such"}}
	if got := failure(t, send(t, failing(t, Options{}, status.ErrorProto(p)), "GET", "/odd/v1/things/a", ""), codes.NotFound); got != "gone" {
		t.Error(got)
	}
	with, err := status.New(codes.NotFound, "gone").WithDetails(&errdetails.ErrorInfo{Reason: "R"})
	if err != nil {
		t.Fatal(err)
	}
	if w := send(t, failing(t, Options{}, with.Err()), "GET", "/odd/v1/things/a", ""); !strings.Contains(w.Body.String(), `"reason":"R"`) {
		t.Error(w.Body)
	}
}

func TestAMessageThatIsNotUTF8IsMended(t *testing.T) {
	if got := failure(t, send(t, failing(t, Options{}, fault.New(fault.Invalid, "a\xffb")), "GET", "/odd/v1/things/a", ""), codes.InvalidArgument); got != "a\ufffdb" {
		t.Errorf("%q", got)
	}
}

func TestATraceIDSetByMiddlewareIsUsed(t *testing.T) {
	inner := serveOdd(t, Options{}, func(ctx context.Context, _ proto.Message) (any, error) {
		return nil, fault.New(fault.Invalid, "seen %s", TraceID(ctx))
	})
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(w, r.WithContext(WithTraceID(r.Context(), "given")))
	})
	w := send(t, h, "GET", "/odd/v1/things/a", "")
	if got := failure(t, w, codes.InvalidArgument); got != "seen given" || w.Header().Get("c1-trace-id") != "given" {
		t.Errorf("%s, header %s", got, w.Header().Get("c1-trace-id"))
	}
}

func TestEveryRequestHasItsOwnTraceID(t *testing.T) {
	h := serveOdd(t, Options{}, nil)
	seen := map[string]bool{}
	for range 100 {
		id := send(t, h, "GET", "/odd/v1/things/a", "").Header().Get("c1-trace-id")
		if len(id) != 32 || seen[id] {
			t.Fatalf("id %q is malformed or taken", id)
		}
		seen[id] = true
	}
	if TraceID(t.Context()) != "" {
		t.Error("an id outside of a request")
	}
}

func TestAPanicIsALogged500AndTheConnectionSurvives(t *testing.T) {
	var log bytes.Buffer
	h := serveOdd(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))}, func(_ context.Context, in proto.Message) (any, error) {
		if strings.Contains(fmt.Sprint(in), "boom") {
			panic("secret " + "words")
		}
		return in, nil
	})
	server := httptest.NewServer(h)
	defer server.Close()
	var peers []string
	get := func(id string) (code int, closed bool) {
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) {
			peers = append(peers, c.Conn.LocalAddr().String())
		}})
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/odd/v1/things/"+id, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var body bytes.Buffer
		if _, err := body.ReadFrom(res.Body); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(body.String(), "secret") {
			t.Errorf("the panic is shown: %s", body.String())
		}
		return res.StatusCode, res.Close
	}
	if code, closed := get("boom"); code != http.StatusInternalServerError || closed {
		t.Errorf("%d, closed %v", code, closed)
	}
	if code, _ := get("fine"); code != http.StatusOK {
		t.Errorf("%d", code)
	}
	if len(peers) != 2 || peers[0] != peers[1] {
		t.Errorf("connections: %v", peers)
	}
	for _, want := range []string{"secret words", "goroutine", "failure_test.go", "odd.v1.Odd.Get"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in the log: %.500s", want, log.String())
		}
	}
}

func TestAnAbortedHandlerStaysAborted(t *testing.T) {
	h := serveOdd(t, Options{}, func(context.Context, proto.Message) (any, error) { panic(http.ErrAbortHandler) })
	defer func() {
		if p, _ := recover().(error); !errors.Is(p, http.ErrAbortHandler) {
			t.Errorf("recovered %v", p)
		}
	}()
	send(t, h, "GET", "/odd/v1/things/a", "")
}
