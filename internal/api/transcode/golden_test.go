package transcode

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"google.golang.org/grpc"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/platform/fault"
)

var update = flag.Bool("update", false, "write the golden answers anew")

// serveGolden serves the apps of the contract and the odd service on one router.
// An app whose id is "missing" is not found.
func serveGolden(t *testing.T) http.Handler {
	t.Helper()
	missing := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		if get, ok := req.(*appv1.GetAppRequest); ok && get.GetId() == "missing" {
			return nil, fault.Missing("app", get.GetId()).With(fault.Detail{Reason: "APP_NOT_FOUND", Metadata: map[string]string{"id": "missing"}})
		}
		return handler(ctx, req)
	}
	g := New(Options{Known: listedOperations(t), Interceptors: []grpc.UnaryServerInterceptor{missing}})
	appv1.RegisterAppsServer(g, newApps())
	g.RegisterService(describe(oddService(t), nil), nil)
	h := g.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(WithTraceID(r.Context(), "trace")))
	})
}

// testdata/golden.txt holds requests and the exact answers to them.
// Each begins with "## name"; then the request (verb and target, headers, an empty
// line, the body), a line "-- answer", and the answer (status, headers, body).
// `go test -run Golden -update` writes the answers anew: read the difference.
func TestAnswersAreTheGoldenOnes(t *testing.T) {
	const file = "testdata/golden.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	h := serveGolden(t)
	intro, rest, _ := strings.Cut(string(text), "## ")
	var out strings.Builder
	out.WriteString(intro)
	for block := range strings.SplitSeq(rest, "\n## ") {
		name, exchange, _ := strings.Cut(block, "\n")
		request, want, _ := strings.Cut(exchange, "\n-- answer\n")
		want = strings.TrimSuffix(want, "\n")
		t.Run(name, func(t *testing.T) {
			got := goldenAnswer(t, h, request)
			if got != want && !*update {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			fmt.Fprintf(&out, "## %s\n%s\n-- answer\n%s\n\n", name, request, got)
		})
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.TrimSuffix(out.String(), "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func goldenAnswer(t *testing.T, h http.Handler, request string) string {
	t.Helper()
	head, body, _ := strings.Cut(request, "\n\n")
	lines := strings.Split(head, "\n")
	verb, target, _ := strings.Cut(lines[0], " ")
	w := send(t, h, verb, target, strings.TrimSuffix(body, "\n"), lines[1:]...)
	return answerText(w)
}

func answerText(w *httptest.ResponseRecorder) string {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%d\n", w.Code)
	for _, key := range []string{"Allow", "C1-Trace-Id", "Content-Type", "Location"} {
		if values := w.Header()[key]; values != nil {
			fmt.Fprintf(&out, "%s: %s\n", key, strings.Join(values, ", "))
		}
	}
	out.WriteString("\n")
	if w.Body.Len() > 0 {
		_ = json.Compact(&out, w.Body.Bytes()) // protojson's spacing differs between builds
	}
	return strings.TrimSuffix(out.String(), "\n")
}
