package c1_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	authv1 "github.com/interim-access/interim/gen/interim/auth/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/api/interim"
)

// routes knows which operation of a service a line of a transcript calls.
type routes struct {
	*testing.T
	router   *chi.Mux
	services []string
	of       map[string]string // verb and path's pattern → service
}

// RegisterService keeps what the service serves by the JSON door.
func (r *routes) RegisterService(desc *grpc.ServiceDesc, _ any) {
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(desc.ServiceName))
	if err != nil {
		r.Fatal(err)
	}
	served := false
	methods := found.(protoreflect.ServiceDescriptor).Methods()
	for i := range methods.Len() {
		options := methods.Get(i).Options()
		http, _ := proto.GetExtension(options, annotations.E_Http).(*annotations.HttpRule)
		auth, _ := proto.GetExtension(options, authv1.E_Rule).(*authv1.Rule)
		if http == nil || auth.GetNotServed() {
			continue
		}
		served = true
		for _, rule := range append(http.GetAdditionalBindings(), http) {
			verb, path := pattern(rule)
			r.router.MethodFunc(verb, path, nil)
			r.of[verb+" "+path] = desc.ServiceName
		}
	}
	if served {
		r.services = append(r.services, desc.ServiceName)
	}
}

func pattern(rule *annotations.HttpRule) (verb, path string) {
	for verb, path := range map[string]string{
		http.MethodGet: rule.GetGet(), http.MethodPost: rule.GetPost(), http.MethodPut: rule.GetPut(),
		http.MethodPatch: rule.GetPatch(), http.MethodDelete: rule.GetDelete(),
	} {
		if path != "" {
			return verb, path
		}
	}
	return "", ""
}

// service answers whose operation a call is, empty for none.
func (r *routes) service(verb, path string) string {
	at := chi.NewRouteContext()
	if !r.router.Match(at, verb, path) {
		return ""
	}
	return r.of[verb+" "+at.RoutePattern()]
}

var called = regexp.MustCompile(`(?m)^(GET|POST|PUT|PATCH|DELETE) (/\S*)`)

// Every transcript is played over HTTP and over gRPC (onDoors), so a service that is in one is tried through both.
func TestEveryServiceIsInATranscript(t *testing.T) {
	r := &routes{T: t, router: chi.NewRouter(), of: map[string]string{}}
	deps := &c1.Deps{}
	deps.Register(r)
	interim.Register(r, deps)
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	played := map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range called.FindAllStringSubmatch(string(text), -1) {
			path, _, _ := strings.Cut(call[2], "?")
			played[r.service(call[1], path)]++
		}
	}
	for _, service := range r.services {
		if played[service] == 0 {
			t.Errorf("%s is served and is in no transcript", service)
		}
	}
}
