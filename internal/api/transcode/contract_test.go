package transcode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "github.com/interim-access/interim/gen/c1/api/app/v1"
	_ "github.com/interim-access/interim/gen/c1/api/auth/v1"
	_ "github.com/interim-access/interim/gen/c1/api/iam/v1"
	_ "github.com/interim-access/interim/gen/c1/api/systemlog/v1"
	_ "github.com/interim-access/interim/gen/c1/api/user/v1"
	_ "github.com/interim-access/interim/gen/interim/v1"
)

// ourServices are the linked services of our own contract.
func ourServices() []protoreflect.ServiceDescriptor {
	var list []protoreflect.ServiceDescriptor
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if name := string(file.Package()); strings.HasPrefix(name, "c1.api.") || strings.HasPrefix(name, "interim.") {
			for i := range file.Services().Len() {
				list = append(list, file.Services().Get(i))
			}
		}
		return true
	})
	return list
}

func listedOperations(t testing.TB) []Known {
	t.Helper()
	file, err := os.Open("../c1/known.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	known, err := ParseKnown(file)
	if err != nil {
		t.Fatal(err)
	}
	return known
}

// contractOperations reads the contract folder beside the checkout, nil when there is none.
func contractOperations(t *testing.T) []Known {
	t.Helper()
	text, err := os.ReadFile("../../../../shared/contract/c1.json")
	if errors.Is(err, fs.ErrNotExist) {
		t.Log("no contract folder beside the checkout: the list in internal/api/c1 is taken as it is")
		return nil
	}
	var contract struct {
		Ops []struct{ M, Path, Op string }
	}
	if err == nil {
		err = json.Unmarshal(text, &contract)
	}
	if err != nil {
		t.Fatal(err)
	}
	var list []Known
	for _, op := range contract.Ops {
		list = append(list, Known{Verb: op.M, Path: op.Path, Op: op.Op})
	}
	return list
}

func TestEveryPathOfTheContractReachesItsOwnOperation(t *testing.T) {
	sources := map[string][]Known{"the list": listedOperations(t)}
	if contract := contractOperations(t); contract != nil {
		if len(contract) < 638 {
			t.Errorf("the contract has %d operations, want at least 638", len(contract))
		}
		sources["the contract"] = contract
	}
	for name, known := range sources {
		t.Run(name, func(t *testing.T) { eachReachesItsOwn(t, known) })
	}
}

// eachReachesItsOwn serves all our services and the known operations on one router
// and sends each route a request with its own values.
func eachReachesItsOwn(t *testing.T, known []Known) {
	var method string
	var request proto.Message
	var params []string
	spy := func(ctx context.Context, req any, info *grpc.UnaryServerInfo, _ grpc.UnaryHandler) (any, error) {
		method, request = info.FullMethod, req.(proto.Message)
		params = chi.RouteContext(ctx).URLParams.Values
		return req, nil
	}
	g := New(Options{Known: known, Interceptors: []grpc.UnaryServerInterceptor{spy}})
	for _, service := range ourServices() {
		g.RegisterService(describe(service, nil), nil)
	}
	h := g.Handler()
	reached := map[string]bool{}
	for n, op := range g.operations {
		target, values := example(op, n)
		body := ""
		if op.update != nil {
			body = `{"` + op.update.wrapper.JSONName() + `":{}}`
		}
		method = ""
		w := send(t, h, op.verb, target, body)
		if method != op.info.FullMethod || w.Code != http.StatusOK {
			t.Errorf("%s %s: reached %q, want %q (%d %s)", op.verb, target, method, op.info.FullMethod, w.Code, w.Body)
			continue
		}
		if !slices.Equal(params, values) {
			t.Errorf("%s %s: parameters %q, want %q", op.verb, op.path, params, values)
		}
		if op.handler != nil {
			checkFilled(t, op, request, values)
		}
		reached[op.name] = true
	}
	for _, k := range known {
		if !reached[k.Op] {
			t.Errorf("%s is not reached", k.Op)
		}
	}
	t.Logf("%d routes for %d known operations", len(g.operations), len(known))
}

// example makes the path of a request and the values it should arrive with.
func example(op *operation, n int) (string, []string) {
	segments := strings.Split(op.path, "/")
	var values []string
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = fmt.Sprintf("%d%d", 1000+n, len(values))
			values = append(values, segments[i])
		}
	}
	return strings.Join(segments, "/"), values
}

func checkFilled(t *testing.T, op *operation, request proto.Message, values []string) {
	t.Helper()
	for i, p := range op.params {
		m := request.ProtoReflect()
		for _, parent := range p.parents {
			m = m.Get(parent).Message()
		}
		if got := m.Get(p.field).String(); got != values[i] {
			t.Errorf("%s: %s is %q, want %q", op.name, p.name, got, values[i])
		}
	}
}
