package transcode

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

// thingOf makes a valid body of exactly n bytes.
func thingOf(n int) string {
	const frame = `{"displayName":""}`
	return `{"displayName":"` + strings.Repeat("x", n-len(frame)) + `"}`
}

func TestABodyOverFourMiBIsRefused(t *testing.T) {
	h := serveOdd(t, Options{}, nil)
	if w := send(t, h, "POST", "/odd/v1/things", thingOf(4<<20)); w.Code != http.StatusOK {
		t.Errorf("exactly the limit: %d %.200s", w.Code, w.Body)
	}
	got := failure(t, send(t, h, "POST", "/odd/v1/things", thingOf(4<<20+1)), codes.InvalidArgument)
	if got != "request body too large: the limit is 4194304 bytes" {
		t.Error(got)
	}
}

// The threat: {} is two bytes of a body and a hundred of memory.
func TestABodyOfTooManyValuesIsRefused(t *testing.T) {
	many := `{"refs":[{}` + strings.Repeat(",{}", maxValues) + `]}`
	got := refused(t, "POST", "/odd/v1/things", many, codes.InvalidArgument)
	if got != "request body too large: it has more than 100000 values" {
		t.Error(got)
	}
}

// unread fails the test that reads it.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body is read")
	return 0, io.EOF
}

func TestABodyThatSaysItIsTooLongIsNotRead(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/odd/v1/things", unread{t})
	r.ContentLength = 4<<20 + 1
	w := httptest.NewRecorder()
	serveOdd(t, Options{}, nil).ServeHTTP(w, r)
	failure(t, w, codes.InvalidArgument)
}

func TestTheBodyLimitCanBeSet(t *testing.T) {
	h := serveOdd(t, Options{MaxBody: 100}, nil)
	if w := send(t, h, "POST", "/odd/v1/things", thingOf(100)); w.Code != http.StatusOK {
		t.Errorf("exactly the limit: %d", w.Code)
	}
	failure(t, send(t, h, "POST", "/odd/v1/things", thingOf(101)), codes.InvalidArgument)
}

func TestAChunkedBodyIsReadAndLimited(t *testing.T) {
	server := httptest.NewServer(serveOdd(t, Options{MaxBody: 1000}, nil))
	defer server.Close()
	for size, want := range map[int]int{100: http.StatusOK, 1000: http.StatusOK, 1001: http.StatusBadRequest, 1 << 20: http.StatusBadRequest} {
		body := struct{ io.Reader }{strings.NewReader(thingOf(size))} // no length to be seen
		res, err := http.Post(server.URL+"/odd/v1/things", "", body)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != want {
			t.Errorf("%d bytes: %d %v %.200s", size, res.StatusCode, err, text)
		}
	}
}

func TestACompressedBodyIsRefusedClearly(t *testing.T) {
	for _, encoding := range []string{"gzip", "zstd", "br, gzip"} {
		got := refused(t, "POST", "/odd/v1/things", "\x1f\x8b\x08", codes.InvalidArgument, "Content-Encoding: "+encoding)
		if got != `Content-Encoding: "`+encoding+`" is not supported, send the body uncompressed` {
			t.Error(got)
		}
	}
	if got := decoded(t, "POST", "/odd/v1/things", `{"small":1}`, "Content-Encoding: Identity"); got != `{"small":1}` {
		t.Error(got)
	}
}

// converse sends raw bytes over a connection and returns the answer, and whether
// it ends the connection, without closing its own side.
func converse(t *testing.T, address, request string) (w *httptest.ResponseRecorder, closed bool) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	return readAnswer(t, bufio.NewReader(conn))
}

func readAnswer(t *testing.T, from *bufio.Reader) (w *httptest.ResponseRecorder, closed bool) {
	t.Helper()
	res, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	w = httptest.NewRecorder()
	w.Code = res.StatusCode
	maps.Copy(w.Header(), res.Header)
	if _, err := w.Body.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	return w, res.Close
}

func TestABodyThatDoesNotArriveInTimeIsRefused(t *testing.T) {
	server := httptest.NewServer(serveOdd(t, Options{BodyTimeout: time.Millisecond}, nil))
	defer server.Close()
	for name, framing := range map[string]string{"length": "Content-Length: 100\r\n\r\n{", "chunks": "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"} {
		t.Run(name, func(t *testing.T) {
			w, closed := converse(t, server.Listener.Addr().String(), "POST /odd/v1/things HTTP/1.1\r\nHost: x\r\n"+framing)
			if !closed {
				t.Error("the connection is kept: the rest of the body would be taken for a request")
			}
			if got := failure(t, w, codes.InvalidArgument); got != "request body did not arrive within 1ms" {
				t.Error(got)
			}
		})
	}
}

func TestABodyThatEndsEarlyIsRefused(t *testing.T) {
	server := httptest.NewServer(serveOdd(t, Options{}, nil))
	defer server.Close()
	w, _ := converse(t, server.Listener.Addr().String(), "POST /odd/v1/things HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n")
	if got := failure(t, w, codes.InvalidArgument); got != "request body ended early" {
		t.Error(got)
	}
}

func TestTheConnectionIsUsedAgainAfterABodyIsRefused(t *testing.T) {
	server := httptest.NewServer(serveOdd(t, Options{}, nil))
	defer server.Close()
	request := func(body string) string {
		return fmt.Sprintf("POST /odd/v1/things HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	for i, c := range []struct {
		body string
		code int
	}{{`{"nope":1}`, 400}, {`{"small":1}`, 200}, {`{`, 400}, {"", 200}} {
		if _, err := io.WriteString(conn, request(c.body)); err != nil {
			t.Fatal(err)
		}
		if w, _ := readAnswer(t, answers); w.Code != c.code {
			t.Errorf("request %d: %d %s", i, w.Code, w.Body)
		}
	}
}
