package opal

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"github.com/interim-access/interim/internal/api/guard"
	"github.com/interim-access/interim/internal/api/transcode"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Base is where the door stands.
const Base = "/v1"

// Door is the API, ready to be mounted. It is built once and may serve any number of requests at once.
type Door struct {
	*Deps

	api    huma.API
	router *chi.Mux
	known  map[string]transcode.Known
	served map[string]bool
}

// New builds the door. An error or a panic is a mistake of the program, found at start-up.
func New(deps *Deps, version string) (*Door, error) {
	habits()
	known, err := Known()
	if err != nil {
		return nil, err
	}
	d := &Door{Deps: deps, router: chi.NewRouter(), known: known, served: map[string]bool{}}
	config := huma.DefaultConfig("Interim, as Opal's clients see it", version)
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil // no $schema links
	config.AllowAdditionalPropertiesByDefault = true
	config.Info.Description = "Authorization is one bearer token: an API token, or an access token of the ConductorOne-compatible API. " +
		"Operations of the published API that are missing here answer 501."
	config.Servers = []*huma.Server{{URL: Base}}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"BearerAuth": {Type: "http", Scheme: "bearer"}}
	config.Security = []map[string][]string{{"BearerAuth": {}}}
	d.api = humachi.New(d.router, config)
	d.register()
	d.describeBodies()
	for op := range known {
		if !d.served[op] {
			d.unserved(op)
		}
	}
	d.router.NotFound(func(w http.ResponseWriter, _ *http.Request) {
		write(w, &failure{http.StatusNotFound, "there is no operation at this path"})
	})
	d.router.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		write(w, &failure{http.StatusMethodNotAllowed, "this path does not take " + r.Method[:min(len(r.Method), 16)]})
	})
	return d, nil
}

// Rules adds who may call what: each served operation has a permission of its own, everything else of the API is known. Clients of
// this API hold one opaque string and nothing else, so API tokens open all of it.
func (d *Door) Rules(rules guard.Rules) {
	for op := range d.known {
		full := fullMethod(op)
		rule := guard.Rule{Access: guard.Authenticated, NotServed: true, APITokens: true}
		if d.served[op] {
			rule = guard.Rule{Permission: iam.PermissionOf(full), Access: guard.Permission, APITokens: true}
		}
		rules[full] = rule
	}
}

// describeBodies says in the description what [incoming] does: a body of which nothing is required may be left out.
func (d *Door) describeBodies() {
	schemas := d.api.OpenAPI().Components.Schemas
	for _, path := range d.api.OpenAPI().Paths {
		for _, op := range []*huma.Operation{path.Post, path.Put} {
			if op == nil || op.RequestBody == nil {
				continue
			}
			s := op.RequestBody.Content["application/json"].Schema
			if s.Ref != "" {
				s = schemas.SchemaFromRef(s.Ref)
			}
			op.RequestBody.Required = len(s.Required) > 0
		}
	}
}

// Served reports whether the operation is served.
func (d *Door) Served(op string) bool { return d.served[op] }

// OpenAPI is the description of what is served, version 3.1, as JSON.
func (d *Door) OpenAPI() ([]byte, error) { return d.api.OpenAPI().MarshalJSON() }

// ServeHTTP answers requests below [Base]. Slashes too many are forgiven: base addresses are written with and without one at the end.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.EscapedPath(), Base)
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	if path = strings.TrimSuffix(path, "/"); path == "" {
		path = "/"
	}
	plain, err := url.PathUnescape(path)
	if err != nil {
		write(w, &failure{http.StatusBadRequest, "the path has a bad percent escape"})
		return
	}
	below := r.Clone(context.WithValue(r.Context(), chi.RouteCtxKey, nil)) // chi routes by it afresh
	below.URL.Path, below.URL.RawPath = plain, path
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler { //nolint:errorlint // the sentinel itself is what net/http panics with
				panic(p)
			}
			d.Log.ErrorContext(r.Context(), "panic in a handler", slog.String("path", r.Pattern), slog.Any("panic", p),
				slog.String("stack", string(debug.Stack())))
			write(w, refusal(fault.New(fault.Internal, "internal error")))
		}
	}()
	d.router.ServeHTTP(w, below)
}

// unserved answers 501 and the operation's name to whoever is signed in.
func (d *Door) unserved(op string) {
	k := d.known[op]
	d.router.MethodFunc(k.Verb, k.Path, func(w http.ResponseWriter, r *http.Request) {
		err := transcode.Pass(d.Interceptors, w, r, fullMethod(op), func(context.Context) error { return fault.NotServed(op) })
		d.fail(r.Context(), op, err)
		write(w, refusal(err))
	})
}

// fail logs what is our own mistake, with the cause that no client sees.
func (d *Door) fail(ctx context.Context, op string, err error) {
	if f := fault.Of(err); f.Code == fault.Internal {
		d.Log.ErrorContext(ctx, "request failed", slog.String("operation", op), slog.String("error", fmt.Sprint(err, ": ", f.Cause())))
	}
}
