package transcode

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// NotFound answers a path without an operation: 301 to the path without its
// trailing slash when that is one, else 404 with code 5. It redirects to
// paths of its own only: "//evil.example/" must not become a Location.
func (g *Gateway) NotFound(w http.ResponseWriter, r *http.Request) {
	g.build()
	if trimmed := strings.TrimRight(r.URL.EscapedPath(), "/"); trimmed != r.URL.EscapedPath() && g.matches(r.Method, trimmed) {
		_, _ = trace(w, r)
		if r.URL.RawQuery != "" {
			trimmed += "?" + r.URL.RawQuery
		}
		w.Header().Set("Location", trimmed)
		w.WriteHeader(http.StatusMovedPermanently)
		return
	}
	refuse(w, r, http.StatusNotFound, status.New(codes.NotFound, "there is no operation at this path"))
}

// MethodNotAllowed answers a path that has an operation under other verbs only:
// 405 with code 12 and an Allow header.
func (g *Gateway) MethodNotAllowed(w http.ResponseWriter, r *http.Request) {
	g.build()
	var allowed []string
	for _, verb := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		if g.matches(verb, r.URL.EscapedPath()) {
			allowed = append(allowed, verb)
		}
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	refuse(w, r, http.StatusMethodNotAllowed, status.New(codes.Unimplemented, "this path does not take "+short(r.Method)))
}

func (g *Gateway) matches(verb, path string) bool {
	return g.router.Match(chi.NewRouteContext(), verb, path)
}

func refuse(w http.ResponseWriter, r *http.Request, code int, st *status.Status) {
	_, id := trace(w, r)
	w.Header()["Content-Type"] = jsonType
	w.WriteHeader(code)
	_, _ = w.Write(statusJSON(st, id))
}
