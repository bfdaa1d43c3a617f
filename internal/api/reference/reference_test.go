package reference

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
)

func get(t *testing.T, method, path string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	r := chi.NewRouter()
	Mount(r, func() ([]byte, error) { return []byte(`{"openapi": "3.1.0"}`), nil })
	req := httptest.NewRequest(method, path, nil)
	maps.Copy(req.Header, header)
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w
}

func TestThePageAndItsPartsAreServed(t *testing.T) {
	for path, kind := range map[string]string{
		"/docs":              "text/html; charset=utf-8",
		"/docs/viewer.css":   "text/css; charset=utf-8",
		"/docs/viewer.js":    "text/javascript; charset=utf-8",
		"/docs/openapi.json": "application/json",
		"/docs/opal.json":    "application/json",
	} {
		w := get(t, http.MethodGet, path, nil)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != kind || w.Body.Len() == 0 {
			t.Errorf("%s: %d %s, %d bytes", path, w.Code, w.Header().Get("Content-Type"), w.Body.Len())
		}
		if head := get(t, http.MethodHead, path, nil); head.Code != http.StatusOK || head.Body.Len() != 0 {
			t.Errorf("HEAD %s: %d, %d bytes", path, head.Code, head.Body.Len())
		}
		again := get(t, http.MethodGet, path, http.Header{"If-None-Match": {w.Header().Get("ETag")}})
		if again.Code != http.StatusNotModified {
			t.Errorf("%s with its own ETag: %d", path, again.Code)
		}
	}
	if w := get(t, http.MethodGet, "/docs/index.htm", nil); w.Code != http.StatusNotFound {
		t.Errorf("a part that does not exist: %d", w.Code)
	}
}

// A browser without a network shows the page all the same, and a script slipped into it has nowhere to send anything.
func TestThePageReachesForNoOtherHost(t *testing.T) {
	links := regexp.MustCompile(`(?:src|href)="([^"]*)"`)
	for _, path := range []string{"/docs", "/docs/viewer.css", "/docs/viewer.js"} {
		w := get(t, http.MethodGet, path, nil)
		if body := w.Body.String(); strings.Contains(body, "://") || strings.Contains(body, `"//`) {
			t.Errorf("%s names another host", path)
		}
		for _, link := range links.FindAllStringSubmatch(w.Body.String(), -1) {
			if own := link[1]; !strings.HasPrefix(own, "#") && get(t, http.MethodGet, own, nil).Code != http.StatusOK {
				t.Errorf("%s links to %s, which is not served", path, own)
			}
		}
		csp := w.Header().Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
	html := get(t, http.MethodGet, "/docs", nil).Body.String()
	if regexp.MustCompile(`(?i)<style|\son\w+=|\sstyle=|<script>`).MatchString(html) {
		t.Error("the page has inline script or style, which its policy forbids")
	}
	if js := get(t, http.MethodGet, "/docs/viewer.js", nil).Body.String(); regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(`).MatchString(js) {
		t.Error("the viewer writes markup from text")
	}
}

func TestTheDescriptionHoldsBothAPIsAndHowToSignIn(t *testing.T) {
	var doc struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			OperationID string            `json:"operationId"`
			Summary     string            `json:"summary"`
			Tags        []string          `json:"tags"`
			Permission  string            `json:"x-permission"`
			NotServed   bool              `json:"x-not-served"`
			Body        json.RawMessage   `json:"requestBody"`
			Security    []json.RawMessage `json:"security"`
		} `json:"paths"`
		Components struct {
			Schemas         map[string]json.RawMessage `json:"schemas"`
			SecuritySchemes map[string]struct {
				Type, Scheme string
				Flows        struct {
					ClientCredentials struct{ TokenURL string } `json:"clientCredentials"`
				}
			} `json:"securitySchemes"`
		} `json:"components"`
	}
	raw := get(t, http.MethodGet, "/docs/openapi.json", nil).Body.Bytes()
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("openapi %q", doc.OpenAPI)
	}
	if doc.Components.SecuritySchemes["bearer"].Scheme != "bearer" ||
		doc.Components.SecuritySchemes["client"].Flows.ClientCredentials.TokenURL != "/auth/v1/token" {
		t.Errorf("security schemes %+v", doc.Components.SecuritySchemes)
	}
	for _, must := range []string{"get /api/v1/apps", "post /api/interim/v1/access/check", "post /auth/v1/token"} {
		verb, path, _ := strings.Cut(must, " ")
		if doc.Paths[path][verb].OperationID == "" {
			t.Errorf("%s is missing", must)
		}
	}
	seen := map[string]bool{}
	for path, item := range doc.Paths {
		for verb, op := range item {
			where := verb + " " + path
			if seen[op.OperationID] || len(op.Tags) != 1 || op.Summary == "" {
				t.Errorf("%s: operation %q, tags %v, summary %q", where, op.OperationID, op.Tags, op.Summary)
			}
			seen[op.OperationID] = true
			if strings.HasPrefix(path, "/api/") && op.Permission != "permission/"+op.OperationID {
				t.Errorf("%s: permission %q", where, op.Permission)
			}
			if verb == "delete" && len(op.Body) == 0 {
				t.Errorf("%s lost its body", where)
			}
		}
	}
	if !doc.Paths["/api/v1/search/graph"]["post"].NotServed {
		t.Error("an operation that is not served does not say so")
	}
	for _, ref := range regexp.MustCompile(`"#/components/schemas/([^"]+)"`).FindAllSubmatch(raw, -1) {
		if doc.Components.Schemas[string(ref[1])] == nil {
			t.Errorf("schema %s is referred to and missing", ref[1])
		}
	}
}
