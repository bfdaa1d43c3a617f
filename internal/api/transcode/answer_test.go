package transcode

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// answered returns the JSON the door writes for a Thing given as proto3 JSON.
func answered(t *testing.T, thing string) string {
	t.Helper()
	m := dynamicpb.NewMessage(oddMessage(t, "Thing"))
	if err := protojson.Unmarshal([]byte(thing), m); err != nil {
		t.Fatal(err)
	}
	h := serveOdd(t, Options{}, func(context.Context, proto.Message) (any, error) { return m, nil })
	w := send(t, h, "POST", "/odd/v1/things", "")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	return canonical(t, w.Body.Bytes())
}

// Zero values, lists and maps are written; unset messages are null, whatever their
// type; unset oneof members (byRef, byName, byNothing, byProfile) and optional
// scalars (maybeFlag, maybeText, maybeColor) are left out.
func TestAnEmptyMessageIsWrittenOutInFull(t *testing.T) {
	want := canonical(t, []byte(`{
		"id":"", "displayName":"", "small":0, "big":"0", "huge":"0", "flag":false, "ratio":0, "blob":"", "color":"COLOR_UNSPECIFIED",
		"ref":null, "tags":[], "refs":[], "labels":{}, "refMap":{},
		"seenAt":null, "lasts":null, "readMask":null, "profile":null, "value":null, "any":null, "expanded":[], "rows":[],
		"rules":null, "APIKey":"", "madeAt":null, "ownerId":""}`))
	if got := answered(t, `{}`); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPopulatedFieldsAreWrittenAsProto3JSON(t *testing.T) {
	for thing, want := range map[string]string{
		`{"maybeFlag":false}`:                         `"maybeFlag":false`,
		`{"maybeText":""}`:                            `"maybeText":""`,
		`{"maybeColor":0}`:                            `"maybeColor":"COLOR_UNSPECIFIED"`,
		`{"byName":""}`:                               `"byName":""`,
		`{"byRef":{}}`:                                `"byRef":{"id":"","inner":null}`,
		`{"byNothing":{}}`:                            `"byNothing":{}`,
		`{"byProfile":{}}`:                            `"byProfile":{}`,
		`{"ref":{}}`:                                  `"ref":{"id":"","inner":null}`,
		`{"refs":[{}]}`:                               `"refs":[{"id":"","inner":null}]`,
		`{"profile":{}}`:                              `"profile":{}`,
		`{"profile":{"a":null}}`:                      `"profile":{"a":null}`,
		`{"value":null}`:                              `"value":null`,
		`{"readMask":""}`:                             `"readMask":""`,
		`{"readMask":"displayName,ref.id"}`:           `"readMask":"displayName,ref.id"`,
		`{"big":"-9223372036854775808"}`:              `"big":"-9223372036854775808"`,
		`{"huge":18446744073709551615}`:               `"huge":"18446744073709551615"`,
		`{"small":-2147483648}`:                       `"small":-2147483648`,
		`{"blob":"AP8="}`:                             `"blob":"AP8="`,
		`{"color":9}`:                                 `"color":9`,
		`{"lasts":"3600s"}`:                           `"lasts":"3600s"`,
		`{"lasts":"-0.5s"}`:                           `"lasts":"-0.500s"`,
		`{"seenAt":"2026-01-02T03:04:05Z"}`:           `"seenAt":"2026-01-02T03:04:05Z"`,
		`{"seenAt":"2026-01-02T03:04:05.1Z"}`:         `"seenAt":"2026-01-02T03:04:05.100Z"`,
		`{"seenAt":"2026-01-02T03:04:05.0001Z"}`:      `"seenAt":"2026-01-02T03:04:05.000100Z"`,
		`{"seenAt":"2026-01-02T03:04:05.000000001Z"}`: `"seenAt":"2026-01-02T03:04:05.000000001Z"`,
		`{"seenAt":"2026-01-02T03:04:05+02:00"}`:      `"seenAt":"2026-01-02T01:04:05Z"`,
		// An Any is a whole message of its own, unpopulated fields included.
		`{"expanded":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"R"}]}`: `"expanded":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"","metadata":{},"reason":"R"}]`,
		// proto2: what is unset is null, scalars too. Source: the C1 API's validate.* schemas.
		`{"rules":{"minLen":"1"}}`:      `"minBytes":null,"minLen":"1"`,
		`{"displayName":"<é\"\u2028>"}`: `"displayName":"\u003cé\"\u2028\u003e"`,
	} {
		if got := answered(t, thing); !strings.Contains(got, want) {
			t.Errorf("%s: no %s in\n%s", thing, want, got)
		}
	}
}

func TestSuccessIsExactly200ForEveryVerb(t *testing.T) {
	h := serveOdd(t, Options{}, nil)
	for verb, path := range map[string]string{
		"GET": "/odd/v1/things/a", "HEAD": "/odd/v1/things/a", "POST": "/odd/v1/things",
		"PUT": "/odd/v1/merge/a/b", "PATCH": "/odd/v1/numbers/1", "DELETE": "/odd/v1/things/a",
	} {
		w := send(t, h, verb, path, "")
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: %d %q", verb, path, w.Code, w.Header().Get("Content-Type"))
		}
		if w.Header().Get("c1-trace-id") == "" {
			t.Errorf("%s %s: no c1-trace-id", verb, path)
		}
	}
}

func TestHeadAnswersAsGetWithoutABody(t *testing.T) {
	server := httptest.NewServer(serveOdd(t, Options{}, nil))
	defer server.Close()
	get, err := http.Get(server.URL + "/odd/v1/things/a")
	if err != nil {
		t.Fatal(err)
	}
	defer get.Body.Close()
	head, err := http.Head(server.URL + "/odd/v1/things/a")
	if err != nil {
		t.Fatal(err)
	}
	defer head.Body.Close()
	body, err := io.ReadAll(head.Body)
	if err != nil || len(body) != 0 || head.StatusCode != http.StatusOK || head.ContentLength != get.ContentLength {
		t.Errorf("%v %d %d bytes, Content-Length %d of %d", err, head.StatusCode, len(body), head.ContentLength, get.ContentLength)
	}
}

func TestALargeAnswerHasItsLength(t *testing.T) {
	text := strings.Repeat("x", maxPooled*2)
	w := send(t, serveOdd(t, Options{}, nil), "POST", "/odd/v1/things", `{"displayName":"`+text+`"}`)
	if got := w.Header().Get("Content-Length"); got != strconv.Itoa(w.Body.Len()) || !strings.Contains(w.Body.String(), text) {
		t.Errorf("Content-Length %s of %d", got, w.Body.Len())
	}
}

func TestAnAnswerThatCannotBeWrittenIsAnInternalError(t *testing.T) {
	for name, reply := range map[string]any{
		"no message":       "text",
		"nothing":          nil,
		"text not UTF-8":   structpb.NewStringValue("\xff"),
		"NaN in a Value":   structpb.NewNumberValue(zeroDiv()),
		"time beyond 9999": &timestamppb.Timestamp{Seconds: 1 << 40},
	} {
		t.Run(name, func(t *testing.T) {
			h := serveOdd(t, Options{}, func(context.Context, proto.Message) (any, error) { return reply, nil })
			if got := failure(t, send(t, h, "GET", "/odd/v1/things/a", ""), codes.Internal); got != "Internal Server Error" {
				t.Error(got)
			}
		})
	}
}

func zeroDiv() float64 {
	zero := 0.0
	return zero / zero
}

func TestHandlersMaySetHeadersButNotTheDoorsOwn(t *testing.T) {
	h := serveOdd(t, Options{}, func(ctx context.Context, in proto.Message) (any, error) {
		if err := grpc.SetHeader(ctx, metadata.Pairs("retry-after", "3", "content-type", "text/html", "c1-trace-id", "forged")); err != nil {
			return nil, err
		}
		if err := grpc.SendHeader(ctx, metadata.Pairs("x-more", "a", "x-more", "b")); err != nil {
			return nil, err
		}
		if method, _ := grpc.Method(ctx); method != "/odd.v1.Odd/Get" {
			t.Errorf("method %q", method)
		}
		return in, grpc.SetTrailer(ctx, metadata.Pairs("x-end", "z"))
	})
	got := send(t, h, "GET", "/odd/v1/things/a", "").Header()
	if got.Get("Retry-After") != "3" || len(got.Values("X-More")) != 2 || got.Get("Content-Type") != "application/json" ||
		got.Get("c1-trace-id") == "forged" || got.Get("X-End") != "" {
		t.Errorf("%v", got)
	}
}
