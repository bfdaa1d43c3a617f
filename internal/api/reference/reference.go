// Package reference serves the API reference: a page that shows the OpenAPI description of everything this server serves,
// made for people to read and search, and the description itself for programs.
//
// The page is our own, embedded, and loads nothing from elsewhere: it works without a network, and its content security
// policy forbids every other host. It is open to anyone who reaches the server; what it shows is in the public repository.
package reference

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/interim-access/interim/gen/openapi"
)

//go:embed page
var page embed.FS

// policy lets the page load its own script, style and description, and be framed by nobody.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// kinds are the content types of what is served; the machine's own table of them may be anything.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".json": "application/json",
}

// Mount adds the page at /docs, its parts below, and the description at /docs/openapi.json. opal describes the Opal API and is served
// at /docs/opal.json; the page shows it as /docs?api=opal. It is asked once, when somebody first wants to see it.
func Mount(r chi.Router, opal func() ([]byte, error)) {
	parts, err := fs.ReadDir(page, "page")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	for _, part := range parts {
		content, err := page.ReadFile("page/" + part.Name())
		if err != nil {
			panic(err)
		}
		if part.Name() == "index.html" {
			serve(r, "/docs", "index.html", content)
			continue
		}
		serve(r, "/docs/"+part.Name(), part.Name(), content)
	}
	lazily(r, "openapi.json", openapi.JSON)
	lazily(r, "opal.json", opal)
}

// lazily answers GET and HEAD of /docs/<name> with a description that is made when somebody first asks.
func lazily(r chi.Router, name string, made func() ([]byte, error)) {
	described := sync.OnceValues(func() (http.HandlerFunc, error) {
		content, err := made()
		return unchanging(name, content), err
	})
	both(r, "/docs/"+name, func(w http.ResponseWriter, req *http.Request) {
		answer, err := described()
		if err != nil {
			http.Error(w, "the description cannot be shown", http.StatusInternalServerError)
			return
		}
		answer(w, req)
	})
}

// serve answers GET and HEAD of a route with content that never changes while the server runs.
func serve(r chi.Router, route, name string, content []byte) {
	both(r, route, unchanging(name, content))
}

func both(r chi.Router, route string, handler http.HandlerFunc) {
	r.Get(route, handler)
	r.Head(route, handler)
}

// unchanging answers with content that never changes while the server runs: a browser asks again each time and is told so by its ETag.
func unchanging(name string, content []byte) http.HandlerFunc {
	sum := sha256.Sum256(content)
	etag := `"` + hex.EncodeToString(sum[:16]) + `"`
	kind := kinds[path.Ext(name)]
	return func(w http.ResponseWriter, req *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		h.Set("Content-Type", kind)
		h.Set("ETag", etag)
		http.ServeContent(w, req, name, time.Time{}, bytes.NewReader(content))
	}
}
