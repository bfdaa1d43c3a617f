package transcode

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

func TestATrailingSlashIsRedirectedToThePathWithoutIt(t *testing.T) {
	h := serveOdd(t, Options{}, nil)
	for target, want := range map[string]string{
		"/odd/v1/things/":                 "/odd/v1/things",
		"/odd/v1/things//":                "/odd/v1/things",
		"/odd/v1/things/a/":               "/odd/v1/things/a",
		"/odd/v1/things/a%2Fb/":           "/odd/v1/things/a%2Fb",
		"/odd/v1/things/?page_size=5&a=/": "/odd/v1/things?page_size=5&a=/",
	} {
		w := send(t, h, "GET", target, "")
		if w.Code != http.StatusMovedPermanently || w.Header().Get("Location") != want {
			t.Errorf("%s: %d %q, want 301 %q", target, w.Code, w.Header().Get("Location"), want)
		}
	}
	if w := send(t, h, "POST", "/odd/v1/things/", "{}"); w.Code != http.StatusMovedPermanently {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestAnUnknownPathIs404InTheDoorsShape(t *testing.T) {
	h := serveOdd(t, Options{}, nil)
	for _, target := range []string{
		"/", "/odd", "/odd/v1/nope", "/odd/v1/nope/", "/odd/v1/things/a/b", "/odd/v1/merge//b", "/odd/v1/merge/a/", "//odd/v1/things",
		"/odd/v1/merge//", "/odd/v1/Things", "/odd/v1//things",
	} {
		for _, verb := range []string{"GET", "PUT"} {
			w := send(t, h, verb, "http://example.com"+target, "")
			if w.Code == http.StatusMethodNotAllowed && verb == "GET" && strings.HasPrefix(target, "/odd/v1/merge/") {
				continue // the path is known under PUT
			}
			if got := failure(t, w, codes.NotFound); got != "there is no operation at this path" {
				t.Errorf("%s %s: %s", verb, target, got)
			}
		}
	}
}

// A Location that starts with two slashes leads to another host.
func TestARedirectNeverLeavesTheServer(t *testing.T) {
	h := serveOdd(t, Options{}, nil)
	for _, target := range []string{"//evil.example/", "//evil.example/odd/v1/things/", "/%2Fevil.example/", "//odd/v1/things/"} {
		if w := send(t, h, "GET", "http://example.com"+target, ""); w.Code != http.StatusNotFound || w.Header().Get("Location") != "" {
			t.Errorf("%s: %d %q", target, w.Code, w.Header().Get("Location"))
		}
	}
}

func TestAKnownPathWithAnotherVerbIs405NamingTheVerbs(t *testing.T) {
	h := serveOdd(t, Options{}, nil)
	for target, want := range map[string]string{
		"/odd/v1/things":    "GET, HEAD, POST",
		"/odd/v1/things/a":  "GET, HEAD, DELETE",
		"/odd/v1/numbers/1": "PATCH",
	} {
		w := send(t, h, "OPTIONS", target, "")
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != want {
			t.Errorf("%s: %d, Allow %q, want %q", target, w.Code, w.Header().Get("Allow"), want)
		}
		if got := statusMessage(t, w, codes.Unimplemented); got != "this path does not take OPTIONS" {
			t.Error(got)
		}
	}
}

func TestAdditionalBindingsReachTheSameMethod(t *testing.T) {
	if got := decoded(t, "GET", "/odd/v2/things/a", ""); got != `{"id":"a"}` {
		t.Error(got)
	}
}

func TestAMethodWithoutAnAnnotationHasNoRoute(t *testing.T) {
	g := New(Options{})
	g.RegisterService(describe(oddService(t), nil), nil)
	for _, op := range g.operations {
		if op.name == "odd.v1.Odd.Unrouted" {
			t.Errorf("%s has the route %s", op.name, op.path)
		}
	}
}

func TestTheGatewayMountsBelowAnotherRouter(t *testing.T) {
	g := New(Options{})
	g.RegisterService(describe(oddService(t), nil), nil)
	mounted := chi.NewRouter()
	mounted.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	g.Mount(mounted)
	wildcard := chi.NewRouter()
	wildcard.Handle("/odd/*", g.Handler())
	for name, h := range map[string]http.Handler{"mounted": mounted, "wildcard": wildcard} {
		t.Run(name, func(t *testing.T) {
			if w := send(t, h, "GET", "/odd/v1/things/a%2Fb", ""); w.Body.String() != `{"id":"a/b"}` {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if w := send(t, h, "PUT", "/odd/v1/merge/p/q", ""); !strings.Contains(canonical(t, w.Body.Bytes()), `"fromPath":"p"`) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if w := send(t, h, "GET", "/odd/v1/things/", ""); w.Code != http.StatusMovedPermanently {
				t.Errorf("%d", w.Code)
			}
			failure(t, send(t, h, "GET", "/odd/v1/nope", ""), codes.NotFound)
			if w := send(t, h, "DELETE", "/odd/v1/things", ""); w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%d", w.Code)
			}
		})
	}
}

func TestARuleThatCannotBeServedIsRefusedAtStart(t *testing.T) {
	bad := oddService(t).ParentFile().Services().ByName("Bad")
	for i := range bad.Methods().Len() {
		method := bad.Methods().Get(i)
		if ops, err := New(Options{}).operationsOf(method, nil, nil); err == nil {
			t.Errorf("%s: served as %s %s", method.Name(), ops[0].verb, ops[0].path)
		}
	}
	mustPanic(t, "odd.v1.Bad.Custom", func() { New(Options{}).RegisterService(describe(bad, nil), nil) })
}

func TestMistakesOfRegistrationPanic(t *testing.T) {
	odd := describe(oddService(t), nil)
	registered := New(Options{})
	registered.RegisterService(odd, nil)
	mustPanic(t, "both want", func() { registered.RegisterService(odd, nil) })
	registered.Handler()
	mustPanic(t, "after Handler", func() { registered.RegisterService(odd, nil) })
	mustPanic(t, "not found", func() { New(Options{}).RegisterService(&grpc.ServiceDesc{ServiceName: "no.Such"}, nil) })
	mustPanic(t, "not a service", func() { New(Options{}).RegisterService(&grpc.ServiceDesc{ServiceName: "odd.v1.Thing"}, nil) })
	mustPanic(t, "no method Nope", func() {
		New(Options{}).RegisterService(&grpc.ServiceDesc{ServiceName: "odd.v1.Odd", Methods: []grpc.MethodDesc{{MethodName: "Nope"}}}, nil)
	})
	mustPanic(t, "does not implement", func() {
		New(Options{}).RegisterService(&grpc.ServiceDesc{ServiceName: "odd.v1.Odd", HandlerType: (*http.Handler)(nil)}, "text")
	})
	taken := New(Options{Known: []Known{{"GET", "/odd/v1/things/{other_name}", "odd.v1.Other.Get"}}})
	taken.RegisterService(odd, nil)
	mustPanic(t, "both want GET /odd/v1/things/{}", func() { taken.Handler() })
}

func mustPanic(t *testing.T, want string, do func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if p, _ := recover().(string); !strings.Contains(p, want) {
			t.Errorf("panic %q, want %q", p, want)
		}
	}()
	do()
}
