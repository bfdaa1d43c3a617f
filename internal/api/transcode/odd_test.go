package transcode

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/protoutil"
	_ "github.com/envoyproxy/protoc-gen-validate/validate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// compileTestProto compiles a .proto of testdata against the linked descriptors
// and registers it, as generated code would.
func compileTestProto(name string) (protoreflect.FileDescriptor, error) {
	linked := protocompile.ResolverFunc(func(path string) (protocompile.SearchResult, error) {
		file, err := protoregistry.GlobalFiles.FindFileByPath(path)
		return protocompile.SearchResult{Desc: file}, err
	})
	compiler := protocompile.Compiler{Resolver: protocompile.CompositeResolver{
		&protocompile.SourceResolver{ImportPaths: []string{"testdata"}}, linked,
	}}
	files, err := compiler.Compile(context.Background(), name)
	if err != nil {
		return nil, err
	}
	raw, err := proto.Marshal(protoutil.ProtoFromFileDescriptor(files[0]))
	if err != nil {
		return nil, err
	}
	var parsed descriptorpb.FileDescriptorProto // options become the linked extension types
	if err := proto.Unmarshal(raw, &parsed); err != nil {
		return nil, err
	}
	file, err := protodesc.NewFile(&parsed, protoregistry.GlobalFiles)
	if err != nil {
		return nil, err
	}
	return file, protoregistry.GlobalFiles.RegisterFile(file)
}

var oddFile = sync.OnceValues(func() (protoreflect.FileDescriptor, error) { return compileTestProto("odd.proto") })

// answer is a handler of the odd service; nil echoes the request.
type answer func(ctx context.Context, in proto.Message) (any, error)

// describe makes a grpc.ServiceDesc of a compiled service: every method runs answer.
func describe(service protoreflect.ServiceDescriptor, run answer) *grpc.ServiceDesc {
	desc := &grpc.ServiceDesc{ServiceName: string(service.FullName())}
	for i := range service.Methods().Len() {
		method := service.Methods().Get(i)
		desc.Methods = append(desc.Methods, grpc.MethodDesc{
			MethodName: string(method.Name()),
			Handler: func(srv any, ctx context.Context, dec func(any) error, chain grpc.UnaryServerInterceptor) (any, error) {
				in := dynamicpb.NewMessage(method.Input())
				if err := dec(in); err != nil {
					return nil, err
				}
				handler := func(ctx context.Context, req any) (any, error) {
					if run == nil {
						return req, nil
					}
					return run(ctx, req.(proto.Message))
				}
				if chain == nil {
					return handler(ctx, in)
				}
				info := &grpc.UnaryServerInfo{Server: srv, FullMethod: fmt.Sprintf("/%s/%s", service.FullName(), method.Name())}
				return chain(ctx, in, info, handler)
			},
		})
	}
	return desc
}

func oddService(t testing.TB) protoreflect.ServiceDescriptor {
	t.Helper()
	file, err := oddFile()
	if err != nil {
		t.Fatal(err)
	}
	return file.Services().ByName("Odd")
}

// oddMessage returns a message type of the odd service.
func oddMessage(t testing.TB, name protoreflect.Name) protoreflect.MessageDescriptor {
	t.Helper()
	return oddService(t).ParentFile().Messages().ByName(name)
}

// serveOdd serves the odd service; a nil answer echoes every request.
func serveOdd(t testing.TB, o Options, run answer) http.Handler {
	t.Helper()
	g := New(o)
	g.RegisterService(describe(oddService(t), run), nil)
	return g.Handler()
}

// send makes one request in process. A header is "Name: value".
func send(t testing.TB, h http.Handler, verb, target, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(verb, target, reader)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// canonical returns JSON without spacing and with sorted keys; numbers keep their spelling.
func canonical(t testing.TB, text []byte) string {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, text)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// decoded sends one request to the odd service and returns what its handler got,
// as proto3 JSON of the populated fields; a refusal fails the test.
func decoded(t testing.TB, verb, target, body string, headers ...string) string {
	t.Helper()
	var got string
	h := serveOdd(t, Options{}, func(_ context.Context, in proto.Message) (any, error) {
		text, err := protojson.Marshal(in)
		got = canonical(t, text)
		return in, err
	})
	if w := send(t, h, verb, target, body, headers...); w.Code != http.StatusOK {
		t.Fatalf("%s %s: %d %s", verb, target, w.Code, w.Body)
	}
	return got
}

// refused sends one request to the odd service, expects a failure in the door's
// shape, and returns its message without the trace id.
func refused(t testing.TB, verb, target, body string, code codes.Code, headers ...string) string {
	t.Helper()
	return failure(t, send(t, serveOdd(t, Options{}, nil), verb, target, body, headers...), code)
}

// failure checks that an answer is a google.rpc.Status with the HTTP status of
// its code and the trace id in header and message, and returns the message's rest.
func failure(t testing.TB, w *httptest.ResponseRecorder, code codes.Code) string {
	t.Helper()
	if w.Code != httpStatus(code) {
		t.Fatalf("status %d, want %d: %s", w.Code, httpStatus(code), w.Body)
	}
	return statusMessage(t, w, code)
}

// statusMessage is failure for answers whose HTTP status is not the code's.
func statusMessage(t testing.TB, w *httptest.ResponseRecorder, code codes.Code) string {
	t.Helper()
	var st struct {
		Code    uint32
		Message string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &st); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q", got)
	}
	id := w.Header().Get("c1-trace-id")
	message, ok := strings.CutSuffix(st.Message, " (request-id: "+id+")")
	if id == "" || !ok {
		t.Errorf("trace id %q is not at the end of %q", id, st.Message)
	}
	if codes.Code(st.Code) != code {
		t.Errorf("code %d, want %v: %s", st.Code, code, message)
	}
	return message
}
