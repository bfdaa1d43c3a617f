package transcode

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/dynamicpb"
)

// Whatever the bytes, decoding does not panic (a panic would be a 500) and the
// answer is 200 or a refusal; what is accepted is what protojson accepts.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		"", " ", "{}", "null", "[]", `{"displayName":"x"}`, `{"nope":1}`, `{"refs":[{"inner":{"nope":1}}]}`, `{"small":1e400}`,
		`{"labels":{"a":"b","a":"c"}}`, `{"profile":{"a":[1,null,{"b":"\u0000"}]}}`, `{"seenAt":"2026-01-01T00:00:00Z","lasts":"1s"}`,
		`{"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}}`, `{"readMask":"a,b"}`, `{"value":[[[["\"`, "{\"a\":\"\xff\"}",
		`{"thing":{"displayName":"x","\u0066lag":true},"updateMask":null}`, `{"thing":{"ref":{"id":1}},"updateMask":"ref.id"}`,
	} {
		f.Add([]byte(seed))
	}
	h := serveOdd(f, Options{}, nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		made := send(t, h, "POST", "/odd/v1/things", string(body))
		checkDecoderAnswer(t, made)
		if accepted(t, body) != (made.Code == http.StatusOK) {
			t.Errorf("%d, unlike protojson: %s", made.Code, made.Body)
		}
		checkDecoderAnswer(t, send(t, h, "POST", "/odd/v1/boxes/b/things/t", string(body)))
		checkDecoderAnswer(t, send(t, h, "PUT", "/odd/v1/merge/a/b?from_query=x", string(body)))
	})
}

// accepted says what the rules say of a Thing's body, by a slower way.
func accepted(t *testing.T, body []byte) bool {
	m := dynamicpb.NewMessage(oddMessage(t, "Thing"))
	if strings.Trim(string(body), " \t\r\n") == "" {
		return true
	}
	if (protojson.UnmarshalOptions{AllowPartial: true, RecursionLimit: maxDepth}).Unmarshal(body, m) != nil {
		return false
	}
	text, err := protojson.MarshalOptions{AllowPartial: true}.Marshal(m)
	return err == nil && findNUL(text) < 0
}

func checkDecoderAnswer(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code != http.StatusOK && w.Code != http.StatusBadRequest {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w.Code == http.StatusBadRequest && w.Body.Len() > 2000 {
		t.Errorf("an error of %d bytes", w.Body.Len())
	}
	if strings.ContainsRune(w.Body.String(), '\u00a0') && w.Code == http.StatusOK {
		return // the client's own
	}
	if strings.Contains(w.Body.String(), "proto:") && w.Code != http.StatusOK && strings.Contains(w.Body.String(), `"message":"failed to unmarshal body: proto:`) {
		t.Errorf("the library's own words: %s", w.Body)
	}
}

// Whatever the path and query, the answer is 200, a refusal, a redirect to a path
// of ours, or 404/405.
func FuzzURL(f *testing.F) {
	for _, seed := range []string{
		"/odd/v1/things", "/odd/v1/things/", "/odd/v1/things/a%2Fb", "/odd/v1/things/%00", "/odd/v1/things?page_size=x", "/odd/v1/things?page_size=1&page_size=2",
		"/odd/v1/things?%zz=1&page_token=%zz", "//evil.example/", "/odd/v1/merge//b", "/odd/v1/numbers/1", "/odd/v1/later/x", "/odd/v1/things?;&=&color=2",
	} {
		f.Add("GET", seed)
		f.Add("PUT", seed)
	}
	h := serveOdd(f, Options{}, nil)
	f.Fuzz(func(t *testing.T, verb, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(target, "/") {
			return
		}
		r := &http.Request{Method: verb, URL: u, Header: http.Header{}, Host: "example.com", Body: http.NoBody, RemoteAddr: "192.0.2.1:1"}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		switch w.Code {
		case 200, 400, 404, 405, 501:
		case 301:
			if l := w.Header().Get("Location"); !strings.HasPrefix(l, "/odd/") {
				t.Errorf("redirected to %q", l)
			}
		default:
			t.Errorf("%s %s: %d %s", verb, target, w.Code, w.Body)
		}
	})
}

// The two scans run on text that was judged elsewhere, and must stand anything all the same.
func FuzzScans(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1,{"c":"\"}"}]}}`), 9)
	f.Add([]byte(`]]]}}},,,"\`), 5)
	f.Fuzz(func(t *testing.T, body []byte, at int) {
		at = min(max(at, 0), len(body))
		if path := pathAt(body, at); len(path) > maxReason+len("…") {
			t.Errorf("a path of %d bytes", len(path))
		}
		objectKeys(body, "a", "b")
		findNUL(body)
		if got := offset(body, at, at); got < 0 || got > len(body) {
			t.Errorf("offset %d of %d", got, len(body))
		}
	})
}
