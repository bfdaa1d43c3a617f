package transcode

import (
	"context"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestKnownOperationsAreReadLineByLine(t *testing.T) {
	got, err := ParseKnown(strings.NewReader("# contract\n\nGET /api/v1/apps c1.api.app.v1.Apps.List\n  DELETE\t/api/v1/apps/{id}  c1.api.app.v1.Apps.Delete \n"))
	want := []Known{{"GET", "/api/v1/apps", "c1.api.app.v1.Apps.List"}, {"DELETE", "/api/v1/apps/{id}", "c1.api.app.v1.Apps.Delete"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v %v", got, err)
	}
	for _, line := range []string{"GET /x", "GET x a.B.C", "FETCH /x a.B.C", "GET /x NoDots", "GET /x a.B.C more"} {
		if _, err := ParseKnown(strings.NewReader("\n" + line)); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v", line, err)
		}
	}
}

var knownWidgets = []Known{
	{"GET", "/api/v1/widgets/{id}", "c1.api.widget.v1.Widgets.Get"},
	{"POST", "/api/v1/widgets/{widget_id}", "c1.api.widget.v1.Widgets.Update"},
	{"GET", "/odd/v1/things/{thing_id}", "odd.v1.Odd.Get"}, // served
}

func TestAKnownOperationThatIsNotServedAnswers501NamingItself(t *testing.T) {
	h := serveOdd(t, Options{Known: knownWidgets}, nil)
	for verb, want := range map[string]string{
		"GET": "c1.api.widget.v1.Widgets.Get is not served yet", "POST": "c1.api.widget.v1.Widgets.Update is not served yet",
	} {
		if got := failure(t, send(t, h, verb, "/api/v1/widgets/a", `{"no such`), codes.Unimplemented); got != want {
			t.Errorf("%s: %s", verb, got)
		}
	}
	if got := failure(t, send(t, h, "GET", "/odd/v1/later/a", ""), codes.Unimplemented); got != "odd.v1.Odd.Later is not served yet" {
		t.Error(got)
	}
	if w := send(t, h, "GET", "/odd/v1/things/a", ""); w.Code != 200 {
		t.Errorf("a known operation that is served: %d", w.Code)
	}
}

func TestAStrangerLearnsNothingFromAnOperationThatIsNotServed(t *testing.T) {
	var methods []string
	stranger := func(_ context.Context, req any, info *grpc.UnaryServerInfo, _ grpc.UnaryHandler) (any, error) {
		if req == nil {
			t.Error("interceptors expect a request")
		}
		methods = append(methods, info.FullMethod)
		return nil, status.Error(codes.Unauthenticated, "who are you?")
	}
	h := serveOdd(t, Options{Known: knownWidgets, Interceptors: []grpc.UnaryServerInterceptor{stranger}}, nil)
	for _, path := range []string{"/api/v1/widgets/a", "/odd/v1/later/a"} {
		if got := failure(t, send(t, h, "GET", path, ""), codes.Unauthenticated); got != "who are you?" {
			t.Errorf("%s: %s", path, got)
		}
	}
	if want := []string{"/c1.api.widget.v1.Widgets/Get", "/odd.v1.Odd/Later"}; !slices.Equal(methods, want) {
		t.Errorf("%v, want %v", methods, want)
	}
}
