package transcode

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
)

// apps is a service of the contract with one app in memory, about 1 KB of JSON.
type apps struct {
	appv1.UnimplementedAppsServer
	app *appv1.App
}

func newApps() *apps {
	made := timestamppb.New(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	return &apps{app: &appv1.App{
		Id: "2Ru2yNqWd5bKfPZzSIRJF0BDn8L", DisplayName: "Accounting", Description: strings.Repeat("Books and ledgers. ", 8),
		Annotations: map[string]string{"cost-centre": "4711"}, CertifyPolicyId: "2Ru2yNqWd5bKfPZzSIRJF0BDn8M",
		GrantPolicyId: "2Ru2yNqWd5bKfPZzSIRJF0BDn8N", RevokePolicyId: "2Ru2yNqWd5bKfPZzSIRJF0BDn8O",
		IconUrl: "https://example.com/icon.png", MonthlyCostUsd: 12, IsManuallyManaged: true, CreatedAt: made, UpdatedAt: made,
	}}
}

func (s *apps) Get(_ context.Context, in *appv1.GetAppRequest) (*appv1.GetAppResponse, error) {
	app := s.app
	if in.GetId() != app.GetId() {
		app = &appv1.App{Id: in.GetId()}
	}
	return &appv1.GetAppResponse{App: app}, nil
}

func (s *apps) Update(_ context.Context, in *appv1.UpdateAppRequest) (*appv1.UpdateAppResponse, error) {
	return &appv1.UpdateAppResponse{App: in.GetApp()}, nil
}

func (s *apps) List(context.Context, *appv1.ListAppsRequest) (*appv1.ListAppsResponse, error) {
	return &appv1.ListAppsResponse{List: []*appv1.App{s.app}}, nil
}

// serveApps serves the app service among all routes of the contract, behind four
// interceptors that do nothing.
func serveApps(t testing.TB) http.Handler {
	pass := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		return handler(ctx, req)
	}
	g := New(Options{Known: listedOperations(t), Interceptors: []grpc.UnaryServerInterceptor{pass, pass, pass, pass}})
	appv1.RegisterAppsServer(g, newApps())
	return g.Handler()
}

const readPath = "/api/v1/apps/2Ru2yNqWd5bKfPZzSIRJF0BDn8L"

// sink is a ResponseWriter that keeps nothing, so that a benchmark counts the door alone.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(int)             {}

func benchmark(b *testing.B, h http.Handler, verb, target, body string) {
	b.Helper()
	r := httptest.NewRequest(verb, target, nil)
	r.Header = http.Header{
		"Authorization": {"Bearer " + strings.Repeat("x", 300)}, "User-Agent": {"bench"}, "Accept": {"application/json"},
		"Accept-Encoding": {"gzip"}, "Content-Type": {"application/json"},
	}
	r.ContentLength = int64(len(body))
	b.ReportAllocs()
	for b.Loop() {
		r := *r
		r.Body = http.NoBody
		if body != "" {
			r.Body = io.NopCloser(strings.NewReader(body))
		}
		h.ServeHTTP(&sink{http.Header{}}, &r)
	}
}

func BenchmarkRead(b *testing.B) { benchmark(b, serveApps(b), "GET", readPath, "") }

func BenchmarkList(b *testing.B) {
	benchmark(b, serveApps(b), "GET", "/api/v1/apps?page_size=25&page_token=abc", "")
}

func BenchmarkUpdate(b *testing.B) {
	text, err := protojson.Marshal(newApps().app)
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, serveApps(b), "POST", readPath, `{"app":`+string(text)+`}`)
}

func BenchmarkRefusal(b *testing.B) {
	benchmark(b, serveApps(b), "POST", readPath, `{"app":{"displayName":"x","nope":1}}`)
}

// BenchmarkEncode and BenchmarkEncodeByProtojson are one answer by the fast way and by its slow twin.
func BenchmarkEncode(b *testing.B) {
	reply := &appv1.GetAppResponse{App: newApps().app}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = appendMessage(buf[:0], reply.ProtoReflect()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeByProtojson(b *testing.B) {
	reply := &appv1.GetAppResponse{App: newApps().app}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = protoJSON.MarshalAppend(buf[:0], reply); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlainRead is the same read by net/http and encoding/json on one route.
func BenchmarkPlainRead(b *testing.B) {
	text, err := protoJSON.Marshal(&appv1.GetAppResponse{App: newApps().app})
	if err != nil {
		b.Fatal(err)
	}
	var reply map[string]any
	if err := json.Unmarshal(text, &reply); err != nil {
		b.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/apps/{id}", func(w http.ResponseWriter, r *http.Request) {
		_ = r.PathValue("id")
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(reply); err != nil {
			b.Error(err)
		}
	})
	benchmark(b, mux, "GET", readPath, "")
}

// BenchmarkReadOverTLS is a read by a client of this process over one kept connection.
func BenchmarkReadOverTLS(b *testing.B) {
	server := httptest.NewTLSServer(serveApps(b))
	defer server.Close()
	client := server.Client()
	b.ReportAllocs()
	for b.Loop() {
		res, err := client.Get(server.URL + readPath)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
			b.Fatal(res.StatusCode, err)
		}
		res.Body.Close()
	}
}
