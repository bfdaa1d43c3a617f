package transcode

import (
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Limits of the door. maxDepth counts messages, lists in Struct and objects in
// Struct alike.
const (
	defaultMaxBody     = 4 << 20 // bytes; the C1 API's own limit
	defaultBodyTimeout = 30 * time.Second
	maxDepth           = 100
	maxValues          = 100_000 // in one body: 4 MiB of {} would be 200 MB of messages
)

// Options of a Gateway. The zero value serves without interceptors and without a log.
type Options struct {
	Interceptors []grpc.UnaryServerInterceptor // outermost first; the same list as the gRPC server's
	Log          *slog.Logger                  // panics and internal errors, with their cause
	MaxBody      int64                         // bytes; 0 means 4 MiB; a longer body is a 400
	BodyTimeout  time.Duration                 // for a whole body to arrive; 0 means 30 s; later is a 400
	Known        []Known                       // answered 501 unless a registered service serves them
}

// Gateway serves registered gRPC services as JSON over HTTP. Register first,
// then take Handler or Mount; a Gateway may serve any number of requests at once.
type Gateway struct {
	chain       grpc.UnaryServerInterceptor // nil without interceptors
	log         *slog.Logger
	maxBody     int64
	bodyTimeout time.Duration
	known       []Known

	operations []*operation
	taken      map[string]*operation // by verb and shape of the path
	served     map[string]bool       // by full method
	once       sync.Once
	router     *chi.Mux // nil until all operations are there
}

var _ grpc.ServiceRegistrar = (*Gateway)(nil)

// New returns a Gateway without services.
func New(o Options) *Gateway {
	g := &Gateway{
		chain:       chainInterceptors(o.Interceptors),
		log:         o.Log,
		maxBody:     o.MaxBody,
		bodyTimeout: o.BodyTimeout,
		known:       o.Known,
		taken:       map[string]*operation{},
		served:      map[string]bool{},
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	if g.maxBody <= 0 {
		g.maxBody = defaultMaxBody
	}
	if g.bodyTimeout <= 0 {
		g.bodyTimeout = defaultBodyTimeout
	}
	return g
}

// RegisterService adds a route for every method of desc that has a
// google.api.http annotation; methods without one stay gRPC only. The service's
// file must be linked into the binary. It panics, naming the method, on
// an annotation it cannot serve, on a second route of the same shape, and when
// impl does not implement the service: each is a mistake of the program, found at
// start-up.
func (g *Gateway) RegisterService(desc *grpc.ServiceDesc, impl any) {
	if g.router != nil {
		panic("transcode: RegisterService of " + desc.ServiceName + " after Handler or Mount")
	}
	if want := reflect.TypeOf(desc.HandlerType); impl != nil && want != nil && !reflect.TypeOf(impl).Implements(want.Elem()) {
		panic(fmt.Sprintf("transcode: %T does not implement %v", impl, want.Elem()))
	}
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(desc.ServiceName))
	if err != nil {
		panic(fmt.Sprintf("transcode: service %s: %v", desc.ServiceName, err))
	}
	service, ok := found.(protoreflect.ServiceDescriptor)
	if !ok {
		panic("transcode: " + desc.ServiceName + " is not a service")
	}
	for i := range desc.Methods {
		method := service.Methods().ByName(protoreflect.Name(desc.Methods[i].MethodName))
		if method == nil {
			panic("transcode: " + desc.ServiceName + " has no method " + desc.Methods[i].MethodName)
		}
		g.served["/"+desc.ServiceName+"/"+desc.Methods[i].MethodName] = true
		operations, err := g.operationsOf(method, desc.Methods[i].Handler, impl)
		if err != nil {
			panic(fmt.Sprintf("transcode: %s: %v", method.FullName(), err))
		}
		for _, op := range operations {
			g.add(op)
		}
	}
}

// add keeps an operation, or panics when its verb and shape are taken: which of
// two handlers runs must never depend on the order of registration.
func (g *Gateway) add(op *operation) {
	key := op.verb + " " + shape(op.path)
	if other := g.taken[key]; other != nil {
		panic(fmt.Sprintf("transcode: %s and %s both want %s", other.info.FullMethod, op.info.FullMethod, key))
	}
	g.taken[key] = op
	g.operations = append(g.operations, op)
}

// build adds the known operations nobody serves and makes the router, once.
func (g *Gateway) build() { g.once.Do(g.makeRouter) }

func (g *Gateway) makeRouter() {
	for _, k := range g.known {
		if !g.served[k.fullMethod()] {
			g.add(g.unserved(k))
		}
	}
	r := chi.NewRouter()
	g.mount(r)
	g.router = r
}

func (g *Gateway) mount(r chi.Router) {
	r.NotFound(g.NotFound)
	r.MethodNotAllowed(g.MethodNotAllowed)
	for _, op := range g.operations {
		r.Method(op.verb, op.path, op)
		if op.verb == http.MethodGet {
			r.Method(http.MethodHead, op.path, op)
		}
	}
}

// Handler returns the whole door: every route, and the door's own answers to
// paths and verbs it does not have. No service can be registered after it.
func (g *Gateway) Handler() http.Handler {
	g.build()
	return g.router
}

// Mount adds the routes to a router that has others too, and makes the door's own
// answers that router's NotFound and MethodNotAllowed; set others after it where
// they should be others. No service can be registered after it.
func (g *Gateway) Mount(r chi.Router) {
	g.build()
	g.mount(r)
}
